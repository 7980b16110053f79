import { withoutDefaults, type Block, type Schema } from '../../form/schema.ts';
import { pathOf, type EditOp } from '../../plan/plan.ts';

/** The part of the hub file that these screens change, with all defaults filled in, as `GET /config` gives it. */
export interface Plant {
  hub: { name: string; site?: string };
  devices: Readonly<Record<string, DeviceBlock>>;
  apps: Readonly<Record<string, AppBlock>>;
}
export interface DeviceBlock {
  driver: string;
  settings: Block;
  path?: string;
  groups: Readonly<Record<string, GroupBlock>>;
}
export interface GroupBlock {
  interval: string;
  tags: Readonly<Record<string, Block>>;
}
export interface AppBlock {
  type: string;
  settings: Block;
  subscriptions: readonly Subscription[];
}
export interface Subscription {
  device: string;
  group: string;
  topic?: string;
}

export const plantOf = (config: Record<string, unknown>): Plant => {
  const { hub = { name: '' }, devices = {}, apps = {} } = config as Partial<Plant>;
  return { hub, devices, apps };
};

const entryOf = (schema: Schema | undefined, section: string): Schema =>
  (schema?.properties?.[section]?.additionalProperties as Schema | undefined) ?? {};
export const sectionSchema = (schema: Schema | undefined, section: string): Schema => schema?.properties?.[section] ?? {};
export const deviceSchema = (schema: Schema | undefined): Schema => entryOf(schema, 'devices');
export const appSchema = (schema: Schema | undefined): Schema => entryOf(schema, 'apps');
export const groupsSchema = (schema: Schema | undefined): Schema => deviceSchema(schema).properties?.['groups'] ?? {};
export const groupSchema = (schema: Schema | undefined): Schema => (groupsSchema(schema).additionalProperties as Schema | undefined) ?? {};
export const tagsSchema = (schema: Schema | undefined): Schema => groupSchema(schema).properties?.['tags'] ?? {};
export const tagSchema = (schema: Schema | undefined): Schema => (tagsSchema(schema).additionalProperties as Schema | undefined) ?? {};

/** The settings that `key: id` asks for; `key` is what chooses them in the file. */
export function settingsSchema(entry: Schema, key: 'driver' | 'type', id: string): Schema | undefined {
  for (const branch of entry.allOf ?? []) {
    if (branch.if?.properties?.[key]?.const === id) return branch.then?.properties?.['settings'];
  }
  return undefined;
}

/** A device as a person writes it: in this order, without what is the default. */
export function newDevice(schema: Schema, driver: string, settings: Block, path: string): Block {
  const own = settingsSchema(schema, 'driver', driver);
  const plain = own === undefined ? settings : withoutDefaults(own, settings);
  return { driver, ...(Object.keys(plain).length === 0 ? {} : { settings: plain }), ...(path === '' ? {} : { path }) };
}

/** Where a device's tags stand in the namespace when its file says nothing. */
export const defaultPath = (plant: Plant, device: string): string =>
  plant.hub.site === undefined ? device : `${plant.hub.site}/${device}`;

/** Takes the subscriptions away that would name what is gone, and says whose they are. */
export function withoutSubscriptions(plant: Plant, device: string, group?: string): { ops: EditOp[]; apps: string[] } {
  const ops: EditOp[] = [];
  const apps: string[] = [];
  for (const [name, app] of Object.entries(plant.apps)) {
    const at = app.subscriptions
      .map((s, i) => (s.device === device && (group === undefined || s.group === group) ? i : -1))
      .filter((i) => i >= 0);
    if (at.length === 0) continue;
    apps.push(name);
    if (at.length === app.subscriptions.length) ops.push({ op: 'remove', path: pathOf('apps', name, 'subscriptions') });
    else for (const i of at.reverse()) ops.push({ op: 'remove', path: pathOf('apps', name, 'subscriptions', i) });
  }
  return { ops, apps };
}

/** `250 ms`, `1 s`, `2 min`. */
export const everyText = (ms: number): string =>
  ms < 1000 ? `${ms} ms` : ms < 60_000 ? `${ms / 1000} s` : ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
