import { Quality } from '@omh/core';
import type { Micros, QualityWord, Tag, TagId, TagValue } from '@omh/core';
import type { CurrentValue, CurrentValues } from '../current-values.ts';
import type { NamespaceDevice } from '../namespace.ts';

/** A tag at a path; its device and group are made from the path. */
export function tagOf(id: number, path: string, extra: Partial<Tag> = {}): Tag {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { id: id as TagId, device: 'd', group: 'g', name, path, address: `1!${40_000 + id}`, type: 'double', access: 'read', ...extra };
}

export interface PlantValues extends CurrentValues {
  put(tag: Tag, value?: TagValue, quality?: QualityWord, valueTime?: number): void;
  drop(tag: Tag): void;
}

/** A table of last values that holds what it is told. */
export function plantValues(): PlantValues {
  const byId = new Map<number, CurrentValue>();
  const byPath = new Map<string, CurrentValue>();
  const counts = new Map<string, Record<QualityWord, number>>();
  const codes = { good: Quality.good, uncertain: Quality.uncertain, bad: Quality.bad };
  return {
    get: (id) => (id === undefined ? undefined : byId.get(id)),
    byPath: (path) => byPath.get(path),
    counts: (device = '') => counts.get(device) ?? { good: 0, uncertain: 0, bad: 0 },
    put(tag, value = 1, quality = 'good', valueTime = 1_700_000_000_000_000) {
      const of = counts.get(tag.device) ?? { good: 0, uncertain: 0, bad: 0 };
      counts.set(tag.device, of);
      const former = byId.get(tag.id);
      if (former !== undefined) of[former.quality]--;
      of[quality]++;
      const time = valueTime as Micros;
      const row = { tag, value, valueTime: time, quality, qualityCode: codes[quality], since: time, reason: undefined };
      byId.set(tag.id, row);
      byPath.set(tag.path, row);
    },
    drop(tag) {
      const former = byId.get(tag.id);
      if (former === undefined) return;
      counts.get(tag.device)![former.quality]--;
      byId.delete(tag.id);
      if (byPath.get(tag.path) === former) byPath.delete(tag.path);
    },
  };
}

/** `devices` devices of `tags` tags each, below `acme/area{n}/line{n}/machine{n}`; their values are good. */
export function bigPlant(values: PlantValues, devices: number, tags: number): NamespaceDevice[] {
  let id = 0;
  return Array.from({ length: devices }, (_, d) => {
    const name = `device${d}`;
    const path = `acme/area${d % 5}/line${d % 25}/machine${d}`;
    const made = Array.from({ length: tags }, (_unused, i) =>
      tagOf(++id, `${path}/tag${i}`, { device: name, unit: i % 2 === 0 ? 'Cel' : 'bar', description: `Point ${i} of Machine ${d}` }),
    );
    for (const tag of made) values.put(tag);
    return { name, path, groups: [{ name: 'g', tags: made }] };
  });
}
