import { parseDurationMs, type Tag } from '@omh/core';
import type { HubConfig } from '@omh/config';
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

/** The devices of a hub file with their tags identified: each tag gets its id and its namespace path. */
export function plantOf(config: HubConfig, tags: TagRegistry): PlantDevice[] {
  const keys: string[] = [];
  for (const [device, d] of Object.entries(config.devices)) {
    for (const [group, g] of Object.entries(d.groups)) for (const name of Object.keys(g.tags)) keys.push(`${device}/${group}/${name}`);
  }
  const ids = tags.resolve(keys);
  let next = 0;
  return Object.entries(config.devices).map(([device, d]) => {
    const path = d.path ?? (config.hub.site === undefined ? device : `${config.hub.site}/${device}`);
    return {
      name: device,
      path,
      groups: Object.entries(d.groups).map(([group, g]) => ({
        name: group,
        intervalMs: parseDurationMs(g.interval)!,
        tags: Object.entries(g.tags).map(([name, t]): Tag => ({ ...t, id: ids[next++]!, device, group, name, path: `${path}/${name}` })),
      })),
    };
  });
}
