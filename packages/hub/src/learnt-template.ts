import { isDeepStrictEqual } from 'node:util';
import { templateText, withBraces, type DeviceConfig } from '@omh/config';
import type { DeviceHole, DriverModule, DriverStats } from '@omh/core';

/** What is of one device alone: the next one says its own. */
const ownSettings = ['host', 'port', 'listen', 'backup', 'unit'] as const;

type Known = Readonly<Record<string, { readonly default?: unknown }>>;

/** A device and what was learnt of it, as a template; what the driver takes by itself is left out. */
export function learntTemplate(
  name: string,
  device: DeviceConfig,
  stats: Pick<DriverStats, 'holes' | 'limits'>,
  module: DriverModule | undefined,
): string {
  const { driver, groups } = device;
  const variables: Record<string, { default?: string | number | boolean; description?: string }> = {};
  const settings: Record<string, unknown> = {};
  const known = (module?.settings as { properties?: Known } | undefined)?.properties ?? {};
  for (const [key, value] of Object.entries(device.settings)) {
    const own = (ownSettings as readonly string[]).includes(key);
    if (!own && Object.hasOwn(known, key) && isDeepStrictEqual(known[key]!.default, value)) continue;
    if (!own) settings[key] = typeof value === 'string' ? withBraces(value) : value;
    else if (key === 'host' || (key === 'port' && typeof value === 'string')) {
      variables[key] = {};
      settings[key] = `{${key}}`;
    } else if (typeof value === 'number') {
      variables[key] = { default: value };
      settings[key] = `{${key}}`;
    }
  }
  for (const [key, areas] of limitSettings) {
    const least = Math.min(...(stats.limits ?? []).filter(({ area }) => areas.includes(area)).map(({ count }) => count));
    if (key in known && Number.isFinite(least) && least < Number(settings[key] ?? Infinity)) settings[key] = least;
  }
  const unit = unitOf(device);
  const holes = 'holes' in known ? holesOf(settings['holes'], stats.holes ?? [], unit) : [];
  if (holes.length > 0) settings['holes'] = holes;
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

/** V1.1b3, section 7: the address is not in the device. What is refused with another code may be there tomorrow. */
const noSuchAddress = 2;
/** Of a type of device, not of one device: known ranges that are refused as such. */
const isOfType = ({ code, count, gap = false }: DeviceHole): boolean => code === noSuchAddress && !gap && count < 65_536;

/** What the setting takes. */
const mostHoles = 10_000;

interface HoleSetting {
  readonly unit?: number;
  readonly area: string;
  readonly start: number;
  readonly count?: number;
}

/** What the settings say and what was learnt, neighbours as one; without a unit where all addresses have the same. */
function holesOf(said: unknown, learnt: readonly DeviceHole[], unit: number | undefined): HoleSetting[] {
  const all: HoleSetting[] = [...((said ?? []) as readonly HoleSetting[]), ...learnt.filter(isOfType)].filter(
    (hole) => unit === undefined || hole.unit === undefined || hole.unit === unit,
  );
  const byPlace = new Map<string, { unit: number | undefined; area: string; start: number; end: number }[]>();
  for (const { area, start, count = 1, ...hole } of all) {
    const own = unit === undefined ? hole.unit : undefined;
    const key = `${own ?? ''}/${area}`;
    const place = byPlace.get(key) ?? [];
    byPlace.set(key, place);
    place.push({ unit: own, area, start, end: start + count });
  }
  const merged = [...byPlace.values()].flatMap((place) => {
    const out: typeof place = [];
    for (const span of place.sort((a, b) => a.start - b.start)) {
      const last = out.at(-1);
      if (last !== undefined && span.start <= last.end) last.end = Math.max(last.end, span.end);
      else out.push(span);
    }
    return out.map((span) => ({
      ...(span.unit === undefined ? {} : { unit: span.unit }),
      area: span.area,
      start: span.start,
      count: span.end - span.start,
    }));
  });
  return merged.slice(0, mostHoles);
}

/** What is no setting: each device learns it within a few requests. */
function remarksOf({ holes = [], limits = [] }: Pick<DriverStats, 'holes' | 'limits'>): string[] {
  const most = 100;
  const others = holes.filter((hole) => !isOfType(hole));
  return [
    ...limits.map(({ unit, area, count }) => `Unit ${unit} gives at most ${count} points of ${area} in one request.`),
    ...others
      .slice(0, most)
      .map(
        ({ unit, area, start, count, code, gap }) =>
          `Unit ${unit} refuses ${gap ? 'some of ' : ''}${area} ${spanOf(start, count)} with exception ${code}.`,
      ),
    ...(others.length > most ? [`It refuses ${others.length - most} more ranges.`] : []),
  ];
}
const spanOf = (start: number, count: number): string => (count === 1 ? String(start) : `${start} to ${start + count - 1}`);
