import { ok, type Result } from '@omh/core';
import { issue, quote } from './address-fault.ts';
import type { AddressedTag, Addressing } from './addressing.ts';
import type { Area } from './function-code.ts';
import { profiles, type Profile, type ProfileRow } from './profile.ts';

/** Where an address points to, and what follows the place. */
export interface Place {
  readonly area: Area;
  readonly start: number;
  /** After the point, without it: a bit or a length. */
  readonly suffix: string | undefined;
  /** The place as written, for examples. */
  readonly written: string;
}

const areaOfDigit: Readonly<Record<string, Area>> = { 0: 'coil', 1: 'discrete', 3: 'input', 4: 'holding' };
const digitOfArea: Readonly<Record<Area, string>> = { coil: '0', discrete: '1', input: '3', holding: '4' };
const areaList = '0 (coils), 1 (discrete inputs), 3 (input registers) or 4 (holding registers)';
const shortName: Readonly<Record<Area, string>> = { coil: 'co', discrete: 'di', input: 'ir', holding: 'hr' };
const areaOfName: Readonly<Record<string, Area>> = {
  co: 'coil',
  coil: 'coil',
  coils: 'coil',
  di: 'discrete',
  discrete: 'discrete',
  ir: 'input',
  input: 'input',
  hr: 'holding',
  holding: 'holding',
};

const profileOf = (addressing: Addressing): Profile | undefined => profiles[addressing.addressing as keyof typeof profiles];

/** A place of the area in the device's notation, to show how one is written. */
export function exampleOf(addressing: Addressing, area: 'coil' | 'holding'): string {
  const profile = profileOf(addressing);
  if (profile !== undefined) return profile.example[area];
  return addressing.addressing === 'zero' ? `${shortName[area]}0` : `${digitOfArea[area]}0001`;
}

/** `body` is the address without unit and byte order; `prefix` its unit as written, for examples. */
export function parsePlace(body: string, tag: AddressedTag, addressing: Addressing, prefix: string): Result<Place> {
  const profile = profileOf(addressing);
  if (profile !== undefined) return profilePlace(body, tag, profile, addressing, prefix);
  const dot = body.indexOf('.');
  const written = dot < 0 ? body : body.slice(0, dot);
  const suffix = dot < 0 ? undefined : body.slice(dot + 1);
  if (addressing.addressing === 'zero') return zeroPlace(written, suffix, prefix);
  return digitPlace(written, suffix, addressing, prefix);
}

/** With base 1 the first point is number 1 (and 0, as in Neuron); with base 0 it is number 0 (and 65536 is 65535). */
function digitPlace(written: string, suffix: string | undefined, addressing: Addressing, prefix: string): Result<Place> {
  const digit = written[0] ?? '';
  const area = areaOfDigit[digit];
  if (area === undefined) {
    const found = digit === '' ? 'nothing stands there' : `${quote(digit)} is none of them`;
    const where = prefix === '' ? 'An address begins with' : `After "${prefix}" comes`;
    return issue('MODBUS_ADDRESS_AREA', `${where} the area: ${areaList}; ${found}.`, `For example ${prefix}40001.`);
  }
  const text = written.slice(1);
  if (!/^\d+$/.test(text)) {
    const found = text === '' ? 'nothing stands there' : `${quote(text)} is none`;
    return issue('MODBUS_ADDRESS_NUMBER', `After the area ${digit} comes a number; ${found}.`, `For example ${prefix}${digit}0001.`);
  }
  const isModicon = addressing.addressing === 'modicon';
  const number = text.length > 9 ? Number.POSITIVE_INFINITY : Number(text);
  const least = isModicon ? (addressing.addressBase ?? 1) : 0;
  if ((isModicon && text.length !== 4 && text.length !== 5) || number < least) {
    return issue(
      'MODBUS_ADDRESS_NUMBER',
      `The place ${quote(written)} is none: the area and a number of four or five digits, from ${least} on, belong here.`,
      `For example ${prefix}${digit}0001 or ${prefix}${digit}00001.`,
    );
  }
  if (number > 65536) {
    return issue(
      'MODBUS_ADDRESS_NUMBER',
      `The number ${quote(text)} is past the end: an area has the numbers 0 to 65536.`,
      `For example ${prefix}${digit}00001.`,
    );
  }
  const start = (addressing.addressBase ?? 1) === 1 ? Math.max(0, number - 1) : Math.min(65535, number);
  return ok({ area, start, suffix, written });
}

function zeroPlace(written: string, suffix: string | undefined, prefix: string): Result<Place> {
  const match = /^(?:([a-z]+):?)?(0x[0-9a-f]{1,8}|\d{1,9})$/i.exec(written);
  const name = match?.[1]?.toLowerCase() ?? 'holding';
  const area = match === null ? undefined : areaOfName[name];
  if (area === undefined) {
    return issue(
      'MODBUS_ADDRESS_AREA',
      `The place ${quote(written)} is none: an area (coil, discrete, input, holding) and its number from 0 on belong here.`,
      `For example ${prefix}holding:0, ${prefix}hr16 or ${prefix}0x0010.`,
    );
  }
  const start = Number(match![2]);
  if (start > 65535) {
    return issue(
      'MODBUS_ADDRESS_NUMBER',
      `The number ${quote(match![2]!)} is past the end: an area has the numbers 0 to 65535.`,
      `For example ${prefix}${shortName[area]}0.`,
    );
  }
  return ok({ area, start, suffix, written });
}

function profilePlace(body: string, tag: AddressedTag, profile: Profile, addressing: Addressing, prefix: string): Result<Place> {
  const match = /^%?([A-Za-z]+)(\d+)(?:(\.|:[Xx])(.*))?$/.exec(body);
  const name = match?.[1]?.toUpperCase() ?? '';
  const named = match === null ? [] : profile.rows.filter((row) => row.name === name);
  const example = `For example ${prefix}${profile.example.holding} or ${prefix}${profile.example.coil}.`;
  if (named.length === 0) {
    const names = [...new Set(profile.rows.map((row) => row.name))].join(', ');
    return issue('MODBUS_ADDRESS_AREA', `${quote(body)} is no place in ${profile.title}: it has ${names}, each with a number.`, example);
  }
  let suffix = match![4];
  let written = `${profile.percent ? '%' : ''}${name}${match![2]!}`;
  const wantsBit = (tag.type === 'bit' || tag.type === 'bool') && suffix === undefined;
  const isBitRow = (row: ProfileRow): boolean => row.area === 'coil' || row.area === 'discrete';
  const rows = named.some((row) => isBitRow(row) === wantsBit) ? named.filter((row) => isBitRow(row) === wantsBit) : named;
  const { radix = 10, bits = false } = rows[0]!;
  let number = numberIn(match![2]!, radix);
  if (bits && number !== undefined) {
    const bit = suffix !== undefined && /^[0-7]$/.test(suffix) ? Number(suffix) : undefined;
    if (bit === undefined) {
      return issue('MODBUS_ADDRESS_BIT', `${quote(body)} needs its bit from 0 to 7 after a point.`, `For example ${prefix}${written}.0.`);
    }
    number = number * 8 + bit;
    written += `.${bit}`;
    suffix = undefined;
  }
  const row = number === undefined ? undefined : rows.find((r) => number >= (r.first ?? 0) && number <= r.last);
  if (row === undefined) {
    const what = radix === 8 ? 'octal numbers' : 'numbers';
    const ranges = rows.map((r) => rangeOf(r)).join(' and ');
    return issue('MODBUS_ADDRESS_NUMBER', `${quote(body)} is no place in ${profile.title}: ${name} has the ${what} ${ranges}.`, example);
  }
  const start = startOf(row, number!, addressing);
  if (start < 0 || start > 65535) {
    return issue(
      'MODBUS_ADDRESS_NUMBER',
      `${quote(body)} ends past the last one of a Modbus device.`,
      `Correct its offset in the device's settings, for example 0.`,
    );
  }
  return ok({ area: row.area, start, suffix, written });
}

function numberIn(text: string, radix: number): number | undefined {
  if (text.length > 9 || !(radix === 8 ? /^[0-7]+$/ : /^\d+$/).test(text)) return undefined;
  return Number.parseInt(text, radix);
}

function startOf(row: ProfileRow, number: number, addressing: Addressing): number {
  const own = addressing.offsets?.[row.name];
  const step = row.step ?? 1;
  return own === undefined ? row.start + (number - (row.first ?? 0)) * step : own + number * step;
}

const numberText = (row: ProfileRow, number: number): string =>
  row.bits ? `${number >> 3}.${number & 7}` : number.toString(row.radix ?? 10);
const rangeOf = (row: ProfileRow): string => `${numberText(row, row.first ?? 0)} to ${numberText(row, row.last)}`;

/** The one spelling of a place in the device's notation; where the PLC has no name for it, that of `neuron`. */
export function formatPlace(area: Area, start: number, addressing: Addressing): string {
  const profile = profileOf(addressing);
  for (const row of profile?.rows ?? []) {
    if (row.area !== area) continue;
    const first = row.first ?? 0;
    const number = (start - startOf(row, first, addressing)) / (row.step ?? 1) + first;
    if (Number.isInteger(number) && number >= first && number <= row.last)
      return `${profile!.percent ? '%' : ''}${row.name}${numberText(row, number)}`;
  }
  if (addressing.addressing === 'zero') return `${shortName[area]}${start}`;
  return `${digitOfArea[area]}${String(start + (addressing.addressBase ?? 1)).padStart(5, '0')}`;
}
