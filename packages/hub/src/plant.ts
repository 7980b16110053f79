import { parseDurationMs, type Tag, type TagId } from '@omh/core';
import { defineTag, type HubConfig, type TagConfig } from '@omh/config';
import type { TagRegistry } from '@omh/acquisition';

export interface PlantGroup {
  readonly name: string;
  readonly intervalMs: number;
  readonly tags: readonly Tag[];
}
export interface PlantDevice {
  readonly name: string;
  readonly path: string;
  readonly groups: readonly PlantGroup[];
}

const sliceTags = 1000;

/**
 * The devices of a hub file with their tags identified: each tag gets its id and its namespace path. Made in slices; devices of the former
 * plant that did not change are taken over.
 */
export async function plantOf(
  config: HubConfig,
  registry: TagRegistry,
  former: readonly PlantDevice[],
  changed: ReadonlySet<string>,
  pause: () => Promise<void>,
): Promise<PlantDevice[]> {
  const known = new Map(former.map((device) => [device.name, device]));
  const names = Object.keys(config.devices);
  const ids = registry.resolve(
    keysOf(
      config,
      names.filter((name) => changed.has(name) || !known.has(name)),
    ),
  );
  await pause();
  let next = 0;
  const out: PlantDevice[] = [];
  for (const name of names) {
    const same = changed.has(name) ? undefined : known.get(name);
    if (same !== undefined) {
      out.push(same);
      continue;
    }
    const { path, groups: blocks } = config.devices[name]!;
    const at = path ?? pathOf(config, name);
    const groups: PlantGroup[] = [];
    for (const [group, { interval, tags: definitions }] of Object.entries(blocks)) {
      const tags: Tag[] = [];
      for (const [tag, t] of Object.entries(definitions)) {
        tags.push(tagOf(t, ids[next++]!, name, group, tag, at, interval));
        if (tags.length % sliceTags === 0) await pause();
      }
      groups.push({ name: group, intervalMs: parseDurationMs(interval)!, tags });
    }
    out.push({ name, path: at, groups });
  }
  return out;
}

/** A value is no longer shown as usable after so many missed intervals, where the tag says nothing else. */
const expireIntervals = 60;
function tagOf(t: TagConfig, id: TagId, device: string, group: string, name: string, at: string, interval: string): Tag {
  const tag = defineTag({ id, device, group, path: `${at}/${name}` }, name, t) as { -readonly [K in keyof Tag]: Tag[K] };
  tag.expireMs ??= expireIntervals * parseDurationMs(interval)!;
  return tag;
}

const pathOf = (config: HubConfig, device: string): string => (config.hub.site === undefined ? device : `${config.hub.site}/${device}`);

function keysOf(config: HubConfig, names: readonly string[]): string[] {
  const keys: string[] = [];
  for (const device of names) {
    for (const [group, g] of Object.entries(config.devices[device]!.groups))
      for (const name of Object.keys(g.tags)) keys.push(`${device}/${group}/${name}`);
  }
  return keys;
}
