import { templateText, withBraces, type DeviceConfig } from '@omh/config';
import type { DriverModule, DriverStats } from '@omh/core';

/** What is of one device alone: the next one says its own. */
const ownSettings = ['host', 'port', 'listen', 'backup', 'unit'] as const;

/** A device and what was learnt of it, as a template. */
export function learntTemplate(
  name: string,
  device: DeviceConfig,
  stats: Pick<DriverStats, 'holes' | 'limits'>,
  module: DriverModule | undefined,
): string {
  const { driver, groups } = device;
  const variables: Record<string, { default?: string | number | boolean; description?: string }> = {};
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(device.settings)) {
    const own = (ownSettings as readonly string[]).includes(key);
    if (!own) settings[key] = typeof value === 'string' ? withBraces(value) : value;
    else if (key === 'host' || (key === 'port' && typeof value === 'string')) {
      variables[key] = {};
      settings[key] = `{${key}}`;
    } else if (typeof value === 'number') {
      variables[key] = { default: value };
      settings[key] = `{${key}}`;
    }
  }
  const known = (module?.settings as { properties?: Readonly<Record<string, unknown>> } | undefined)?.properties ?? {};
  for (const [key, areas] of limitSettings) {
    const least = Math.min(...(stats.limits ?? []).filter(({ area }) => areas.includes(area)).map(({ count }) => count));
    if (key in known && Number.isFinite(least) && least < Number(settings[key] ?? Infinity)) settings[key] = least;
  }
  const unit = unitOf(device);
  if (unit !== undefined) variables['unit'] = { default: unit };
  return templateText(name, { variables, driver, settings, groups: unit === undefined ? groups : withUnit(groups) }, remarksOf(stats));
}

const limitSettings: readonly (readonly [string, readonly string[]])[] = [
  ['maxRegisters', ['holding', 'input']],
  ['maxBits', ['coil', 'discrete']],
];

const unitPrefix = /^(\d+)!/;

/** The unit that all addresses name. */
function unitOf({ groups }: DeviceConfig): number | undefined {
  const units = new Set<string | undefined>();
  for (const { tags } of Object.values(groups))
    for (const { address } of Object.values(tags)) if (address !== undefined && address !== '') units.add(unitPrefix.exec(address)?.[1]);
  const [unit] = units;
  return units.size === 1 && unit !== undefined ? Number(unit) : undefined;
}
const withUnit = (groups: DeviceConfig['groups']): DeviceConfig['groups'] =>
  Object.fromEntries(
    Object.entries(groups).map(([name, group]) => [
      name,
      {
        ...group,
        tags: Object.fromEntries(
          Object.entries(group.tags).map(([tag, definition]) => [
            tag,
            definition.address === undefined ? definition : { ...definition, address: definition.address.replace(unitPrefix, '{unit}!') },
          ]),
        ),
      },
    ]),
  );

/** Holes are no setting: each device learns its own within a few requests. */
function remarksOf({ holes = [], limits = [] }: Pick<DriverStats, 'holes' | 'limits'>): string[] {
  const most = 100;
  return [
    ...limits.map(({ unit, area, count }) => `Unit ${unit} gives at most ${count} points of ${area} in one request.`),
    ...holes
      .slice(0, most)
      .map(({ unit, area, start, count, code }) => `Unit ${unit} refuses ${area} ${spanOf(start, count)} with exception ${code}.`),
    ...(holes.length > most ? [`It refuses ${holes.length - most} more ranges.`] : []),
  ];
}
const spanOf = (start: number, count: number): string => (count === 1 ? String(start) : `${start} to ${start + count - 1}`);
