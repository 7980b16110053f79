import type { DataType, TagValue } from '@omh/core';
import { modbus } from '@omh/wire';
import type { Area } from '../simulator.ts';
import type { UnitConfig } from './config.ts';
import type { Table } from './table.ts';

/** Where a signal stands and how its value is written there. */
export interface Place {
  readonly area: Area;
  /** On the wire. */
  readonly start: number;
  /** Points of one entry, and entries one after the other. */
  readonly each: number;
  readonly count: number;
  readonly type: DataType;
  readonly mask: modbus.OrderMask;
  readonly bit: number | undefined;
  readonly text: { readonly length: number; readonly layout: modbus.TextLayout };
  readonly decimal: number;
  readonly bias: number;
}

export const endOf = (place: Place): number => place.start + place.each * place.count;
export const wholeType = (type: DataType): boolean => type !== 'float' && type !== 'double' && type !== 'string' && type !== 'bytes';

export interface Placing {
  readonly at: string | number;
  readonly type?: DataType;
  readonly count?: number;
  readonly decimal?: number;
  readonly bias?: number;
}

/** The place of an address, or the sentence that says why it is none. */
export function placeOf(unit: number, settings: UnitConfig, placing: Placing): Place | string {
  const { at, count, decimal = 1, bias = 0 } = placing;
  const text = String(at);
  const { addressing, base: addressBase } = settings;
  const notation: modbus.Addressing = {
    unit,
    ...(addressing !== undefined && { addressing }),
    ...(addressBase !== undefined && { addressBase }),
  };
  const parse = (type: DataType) => modbus.parseAddress(text, { type, access: 'read', count }, notation);
  let type = placing.type ?? 'uint16';
  let parsed = parse(type);
  // Without a type a place that holds single bits is one.
  if (!parsed.ok && placing.type === undefined) {
    const asBit = parse('bit');
    if (asBit.ok) [type, parsed] = ['bit', asBit];
  }
  if (!parsed.ok) {
    const { message, fix } = parsed.error[0]!;
    const hint = typeof at === 'number' && at < 10_000 ? 'A coil stands in quotes, for example "00001".' : fix;
    return hint === undefined ? message : `${message} ${hint}`;
  }
  const address = parsed.value;
  if (address.unit !== unit) return `It names unit ${address.unit}, and this is unit ${unit}.`;
  if (address.bit !== undefined && count !== undefined) return 'Bits of a register are no array here.';
  const size = modbus.valueSize(type);
  return {
    area: address.area,
    start: address.start,
    each: address.count / (count ?? 1),
    count: count ?? 1,
    type,
    mask: size === undefined ? 0 : modbus.orderMask(size, address.endian, settings.order ?? 'ABCD', settings.order64 ?? 'ABCDEFGH'),
    bit: address.bit,
    text: { length: address.length, layout: address.layout },
    decimal,
    bias,
  };
}

const integerRange: Readonly<Partial<Record<DataType, readonly [number, number]>>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
};
const wide: Readonly<Partial<Record<DataType, readonly [bigint, bigint]>>> = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};
const scratch = new Uint8Array(256);

/** The raw value of an engineering one: rounded and held at the ends of the type, as a controller does. */
function rawOf(place: Place, value: number): TagValue {
  const { type } = place;
  const raw = place.decimal === 1 && place.bias === 0 ? value : (value - place.bias) / place.decimal;
  if (type === 'float' || type === 'double') return raw;
  if (type === 'bool' || type === 'bit') return raw >= 0.5;
  const whole = Number.isFinite(raw) ? Math.round(raw) : 0;
  const range = integerRange[type];
  if (range !== undefined) return Math.min(range[1], Math.max(range[0], whole));
  const big = wide[type];
  if (big === undefined) return String(value);
  const exact = BigInt(whole);
  return exact < big[0] ? big[0] : exact > big[1] ? big[1] : exact;
}

export const putNumber = (table: Table, place: Place, i: number, value: number): void => {
  putRaw(table, place, i, rawOf(place, value));
};

/** Whether a raw value fits, without writing it. */
export function rawFault(place: Place, raw: TagValue): modbus.EncodeFault | undefined {
  if (modbus.isBitArea(place.area) || place.bit !== undefined)
    return typeof raw === 'boolean' || raw === 0 || raw === 1 ? undefined : 'type';
  return modbus.encodeValue(place.type, raw, scratch.subarray(0, place.each * 2), place.mask, place.text);
}

/** Writes a raw value; returns `type` or `range` where it does not fit. */
export function putRaw(table: Table, place: Place, i: number, raw: TagValue): modbus.EncodeFault | undefined {
  const { area, type, each, bit } = place;
  const at = place.start + i * each;
  if (modbus.isBitArea(area)) {
    if (typeof raw !== 'boolean' && raw !== 0 && raw !== 1) return 'type';
    table.set(at, raw ? 1 : 0);
    return undefined;
  }
  if (bit !== undefined) {
    if (typeof raw !== 'boolean' && raw !== 0 && raw !== 1) return 'type';
    const shift = place.mask === 0 ? bit : bit ^ 8;
    table.set(at, raw ? table.get(at) | (1 << shift) : table.get(at) & ~(1 << shift));
    return undefined;
  }
  const out = scratch.subarray(0, each * 2);
  out.fill(0);
  const fault = modbus.encodeValue(type, raw, out, place.mask, place.text);
  if (fault === undefined) table.write(at, each, out);
  return fault;
}

/** The engineering value that stands in entry `i`; text is 0. */
export function getNumber(table: Table, place: Place, i: number): number {
  const at = place.start + i * place.each;
  if (table.bits) return table.get(at);
  const { bytes } = table;
  const raw =
    place.bit !== undefined
      ? modbus.decodeBit(bytes, at * 2, place.mask, place.bit)
      : place.type === 'int64'
        ? Number(modbus.decodeInt64(bytes, at * 2, place.mask))
        : place.type === 'uint64'
          ? Number(BigInt.asUintN(64, modbus.decodeInt64(bytes, at * 2, place.mask)))
          : place.type === 'string' || place.type === 'bytes'
            ? 0
            : modbus.decodeNumber(place.type, bytes, at * 2, place.mask);
  return raw * place.decimal + place.bias;
}

/** What stands in entry `i`, as a person reads it. */
export function getShown(table: Table, place: Place, i: number): number | string | boolean {
  const at = (place.start + i * place.each) * 2;
  if (place.type === 'string') return modbus.decodeText(table.bytes, at, place.text.length, place.text.layout);
  if (place.type === 'bytes') return Buffer.from(table.bytes.subarray(at, at + place.text.length)).toString('hex');
  if (place.decimal === 1 && place.bias === 0 && !table.bits && place.bit === undefined) {
    if (place.type === 'int64') return String(modbus.decodeInt64(table.bytes, at, place.mask));
    if (place.type === 'uint64') return String(BigInt.asUintN(64, modbus.decodeInt64(table.bytes, at, place.mask)));
  }
  const value = getNumber(table, place, i);
  return place.type === 'bit' || place.type === 'bool' ? value !== 0 : value;
}
