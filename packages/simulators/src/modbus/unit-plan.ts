import type { OmhError, TagValue } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import type { SignalConfig } from '../signals/config.ts';
import { inputsOf, outputKeys } from '../signals/make.ts';
import type { Area } from '../simulator.ts';
import type { UnitConfig } from './config.ts';
import { constantRaw } from './constant.ts';
import { endOf, placeOf, rawFault, type Place, type Placing } from './place.ts';
import { covers, merged, type Range } from './table.ts';

export type Path = readonly (string | number)[];
/** Takes what is wrong, with its place below the simulator's block. */
export type Tell = (path: Path, error: OmhError) => void;

export interface PlannedSignal {
  readonly name: string;
  readonly config: SignalConfig;
  readonly place: Place;
  readonly outputs: readonly { readonly key: string; readonly place: Place }[];
}
export interface PlannedRegister {
  readonly place: Place;
  /** A value for each entry. */
  readonly raw: readonly TagValue[];
}

/** A unit with everything placed; nothing is made yet. */
export interface UnitPlan {
  readonly unit: number;
  readonly settings: UnitConfig;
  readonly ranges: Readonly<Record<Area, readonly Range[]>>;
  readonly signals: readonly PlannedSignal[];
  readonly registers: readonly PlannedRegister[];
}

const usualPoints = 1000;

/** Places the signals and registers of a unit; what cannot stand is told and left out. */
export function planUnit(key: string, settings: UnitConfig, tell: Tell): UnitPlan {
  const unit = /^(0|[1-9]\d{0,2})$/.test(key) ? Number(key) : Number.NaN;
  const at = ['units', key];
  if (!(unit <= 255)) tell(at, errors.SIMULATORS_UNIT({ unit: key }));
  const taken: { readonly place: Place; readonly what: string; readonly path: Path }[] = [];
  const take = (placing: Placing, what: string, path: Path): Place | undefined => {
    const place = placeOf(Number.isNaN(unit) ? 1 : unit, settings, placing);
    if (typeof place === 'string') {
      tell(path, errors.SIMULATORS_PLACE({ what, at: String(placing.at), why: place }));
      return undefined;
    }
    taken.push({ place, what, path });
    return place;
  };
  const registers: PlannedRegister[] = [];
  for (const [address, value] of Object.entries(settings.registers ?? {})) {
    const list = Array.isArray(value) ? (value as readonly unknown[]) : undefined;
    const place = take(list === undefined ? { at: address } : { at: address, count: list.length }, `Register ${address}`, [
      ...at,
      'registers',
      address,
    ]);
    if (place === undefined) continue;
    const entries = list ?? [value];
    const raw = entries.map((entry) =>
      typeof entry === 'number' && entry < 0 && entry >= -32768 ? entry + 65536 : constantRaw(place, entry),
    );
    const wrong = raw.findIndex((entry) => entry === undefined || rawFault(place, entry) !== undefined);
    if (wrong < 0) registers.push({ place, raw: raw as TagValue[] });
    else tell([...at, 'registers', address], errors.SIMULATORS_VALUE({ value: shown(entries[wrong]), type: place.type, at: address }));
  }
  const signals: PlannedSignal[] = [];
  const names = new Set<string>();
  for (const [i, config] of (settings.signals ?? []).entries()) {
    const path = [...at, 'signals', i];
    const name = config.name ?? String(config.at);
    if (names.has(name)) tell([...path, config.name === undefined ? 'at' : 'name'], errors.SIMULATORS_NAME_TWICE({ unit: key, name }));
    names.add(name);
    const place = take(config, `The signal ${name}`, [...path, 'at']);
    const outputs = outputKeys.flatMap((outputKey) => {
      const where = (config as unknown as Record<string, unknown>)[outputKey];
      if (typeof where !== 'string') return [];
      const output = take({ at: where, type: 'bit' }, `${outputKey} of ${name}`, [...path, outputKey]);
      return output === undefined ? [] : [{ key: outputKey, place: output }];
    });
    for (const period of ['period', 'every', 'tau'])
      if (/^0+(\.0+)?\s*[a-z]/.test(String((config as unknown as Record<string, unknown>)[period] ?? '')))
        tell([...path, period], errors.SIMULATORS_DURATION({ key: period }));
    if (place !== undefined && config.signal === 'constant') {
      const entries = Array.isArray(config.value) ? (config.value as readonly unknown[]) : [config.value];
      const wrong = entries.find((entry) => !fitsPlace(place, entry));
      if (wrong !== undefined)
        tell([...path, 'value'], errors.SIMULATORS_VALUE({ value: shown(wrong), type: place.type, at: String(config.at) }));
    }
    if (place !== undefined) signals.push({ name, config, place, outputs });
  }
  for (const [i, config] of (settings.signals ?? []).entries())
    for (const input of inputsOf(config))
      if (!names.has(input.name)) tell([...at, 'signals', i, input.key], errors.SIMULATORS_INPUT({ ...input, unit: key }));
  findTwins(taken, tell);
  return { unit, settings, ranges: rangesOf(settings, taken, at, tell), signals, registers };
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 40) ?? 'nothing';
function fitsPlace(place: Place, value: unknown): boolean {
  const raw = constantRaw(place, value);
  return raw !== undefined && rawFault(place, raw) === undefined;
}

/** Bits of one register may stand beside each other; nothing else shares a point. */
function findTwins(taken: readonly { place: Place; what: string; path: Path }[], tell: Tell): void {
  const order = [...taken].sort((a, b) =>
    a.place.area < b.place.area
      ? -1
      : a.place.area > b.place.area
        ? 1
        : a.place.start - b.place.start || (a.place.bit ?? -1) - (b.place.bit ?? -1),
  );
  let last: (typeof taken)[number] | undefined;
  for (const one of order) {
    const bothBits = last?.place.bit !== undefined && one.place.bit !== undefined && last.place.bit !== one.place.bit;
    if (last !== undefined && last.place.area === one.place.area && one.place.start < endOf(last.place) && !bothBits)
      tell(one.path, errors.SIMULATORS_OVERLAP({ what: one.what, other: last.what }));
    if (last === undefined || last.place.area !== one.place.area || endOf(one.place) >= endOf(last.place)) last = one;
  }
}

function rangesOf(
  settings: UnitConfig,
  taken: readonly { place: Place; what: string; path: Path }[],
  at: Path,
  tell: Tell,
): Record<Area, readonly Range[]> {
  const out = {} as Record<Area, readonly Range[]>;
  for (const area of modbus.areas) {
    const asked = settings.areas?.[area];
    const own = taken.filter(({ place }) => place.area === area);
    if (asked === undefined) {
      out[area] = [{ start: 0, end: Math.max(usualPoints, ...own.map(({ place }) => endOf(place))) }];
      continue;
    }
    out[area] =
      typeof asked === 'number'
        ? merged([{ start: 0, end: asked }])
        : merged(asked.map((text, i) => rangeOf(text, [...at, 'areas', area, i], tell)));
    for (const { place, what, path } of own)
      if (!covers(out[area], place.start, endOf(place)))
        tell(path, errors.SIMULATORS_OUTSIDE({ what, last: endOf(place) - 1, area, unit: String(at[1]) }));
  }
  return out;
}

function rangeOf(text: string, path: Path, tell: Tell): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const start = Number(match?.[1] ?? Number.NaN);
  const last = Number(match?.[2] ?? start);
  if (start <= last && last <= 65535) return { start, end: last + 1 };
  tell(path, errors.SIMULATORS_RANGE({ range: text }));
  return { start: 0, end: 0 };
}
