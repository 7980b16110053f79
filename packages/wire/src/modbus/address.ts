import { ok, type DataType, type Result } from '@omh/core';
import type { AddressedTag, Addressing } from './addressing.ts';
import { issue, quote, type AddressFault } from './address-fault.ts';
import { endianSuffixes, suffixesFor, type EndianSuffix } from './byte-order.ts';
import { isBitArea, maxReadRegisters, type Area, type Query } from './function-code.ts';
import { exampleOf, formatPlace, parsePlace } from './notation.ts';
import { isQuery, queryAddress } from './query.ts';

/** How text lies in registers: H two characters, high byte first; L low byte first; D one in the low byte; E one in the high byte. */
export type TextLayout = 'H' | 'L' | 'D' | 'E';

/** A parsed address, the same for every notation: `[unit!]place[.suffix][#endian]`. */
export interface Address {
  /** 0 to 255. */
  readonly unit: number;
  /** Of a query an area that can only be read. */
  readonly area: Area;
  /** Not in a table: a FIFO queue, where `start` is its pointer, or a diagnostic counter, where it is the sub-function. */
  readonly query: Query | undefined;
  /** As it goes over the wire, 0 to 65535. */
  readonly start: number;
  /** Bit inside a register, 0 the least significant; of an array the first one. */
  readonly bit: number | undefined;
  /** Bytes of a string or of raw bytes; 0 for every other type. */
  readonly length: number;
  readonly layout: TextLayout;
  readonly endian: EndianSuffix | undefined;
  /** Values of an array; undefined for a single one. */
  readonly elements: number | undefined;
  /** Points the value takes: registers, or bits in a bit area. */
  readonly count: number;
}

const areaNames: Readonly<Record<Area, string>> = {
  coil: 'coils',
  discrete: 'discrete inputs',
  input: 'input registers',
  holding: 'holding registers',
};

/** Registers of the types whose size is fixed. */
const fixedCount: Readonly<Partial<Record<DataType, number>>> = {
  bool: 1,
  bit: 1,
  int8: 1,
  uint8: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float: 2,
  int64: 4,
  uint64: 4,
  double: 4,
};

const neuron: Addressing = {};

/** Parses and checks an address against the tag's type and access. Every fault is one sentence and, in `fix`, one example. */
export function parseAddress(text: string, tag: AddressedTag, addressing: Addressing = neuron): Result<Address> {
  const bang = text.indexOf('!');
  const unit = bang < 0 ? unitOf(text, addressing) : Number(text.slice(0, bang));
  if (typeof unit !== 'number') return unit;
  if (bang >= 0 && (!/^\d{1,3}$/.test(text.slice(0, bang)) || unit > 255)) {
    return issue(
      'MODBUS_ADDRESS_UNIT',
      `The unit ${quote(text.slice(0, bang))} is no whole number from 0 to 255.`,
      `An address begins with its unit, for example 1!${exampleOf(addressing, 'holding')}.`,
    );
  }
  if (isQuery(text.slice(bang + 1))) return queryAddress(text.slice(bang + 1), unit, tag, text.slice(0, bang + 1));
  const hash = text.lastIndexOf('#');
  const body = text.slice(bang + 1, hash < 0 ? undefined : hash);
  const prefix = text.slice(0, bang + 1);
  const place = parsePlace(body, tag, addressing, prefix);
  if (!place.ok) return place;
  const { area, start, suffix, written } = place.value;
  if (tag.access !== 'read' && (area === 'discrete' || area === 'input')) {
    const instead = area === 'discrete' ? 'coil' : 'holding';
    return issue(
      'MODBUS_ADDRESS_READ_ONLY',
      `The ${areaNames[area]} of a Modbus device can only be read.`,
      `Set access to read, or write to a ${instead === 'coil' ? 'coil' : 'holding register'}, for example ${prefix}${exampleOf(addressing, instead)}.`,
    );
  }
  const elements = tag.count;
  if (elements !== undefined && !(Number.isInteger(elements) && elements >= 1 && elements <= 65536)) {
    return issue('MODBUS_ADDRESS_COUNT', 'The count of an array is a whole number from 1 to 65536.', 'For example 10.');
  }
  const name = `${prefix}${written}`;
  const shape = isBitArea(area) ? bitShape(area, suffix, tag.type, name) : registerShape(suffix, tag.type, name);
  if (!shape.ok) return shape;
  const endian = endianOf(hash < 0 ? undefined : text.slice(hash + 1), area, tag.type, name);
  if (!endian.ok) return endian;
  const { bit, length, layout } = shape.value;
  const count =
    elements === undefined ? shape.value.count : bit === undefined ? shape.value.count * elements : Math.ceil((bit + elements) / 16);
  if (start + count > 65536) {
    return issue(
      'MODBUS_ADDRESS_NUMBER',
      `${quote(text)} takes ${count} ${isBitArea(area) ? 'bits' : 'registers'} and ends past the last one of a Modbus device.`,
      'Begin lower or choose a smaller type.',
    );
  }
  return ok({ unit, area, query: undefined, start, bit, length, layout, endian: endian.value, elements, count });
}

/** The unit of an address without one. */
function unitOf(text: string, addressing: Addressing): number | AddressFault {
  if (addressing.unit !== undefined) return addressing.unit;
  if ((addressing.addressing ?? 'neuron') !== 'neuron') return 1;
  const number = /^\d{1,6}$/.test(text) ? text : '40001';
  return issue(
    'MODBUS_ADDRESS_UNIT',
    `The address ${quote(text)} has no unit.`,
    `Write the unit and "!" before it, for example 1!${number}.`,
  );
}

type Shape = Pick<Address, 'bit' | 'length' | 'layout' | 'count'>;
const plain = (count: number, bit?: number): Result<Shape> => ok({ bit, length: 0, layout: 'H', count });

function bitShape(area: Area, suffix: string | undefined, type: DataType, place: string): Result<Shape> {
  if (type !== 'bit' && type !== 'bool') {
    return issue(
      'MODBUS_ADDRESS_TYPE',
      `The ${areaNames[area]} hold single bits, so the type ${type} does not fit.`,
      'Set the type to bit or bool.',
    );
  }
  if (suffix !== undefined) {
    return issue(
      'MODBUS_ADDRESS_SUFFIX',
      `${quote(`.${suffix}`)} does not belong here: one of the ${areaNames[area]} is one bit already.`,
      `Write ${place}.`,
    );
  }
  return plain(1);
}

function registerShape(suffix: string | undefined, type: DataType, place: string): Result<Shape> {
  if (type === 'string') return textShape(suffix, place);
  if (type === 'bytes') {
    const length = suffix !== undefined && /^\d{1,3}$/.test(suffix) ? Number(suffix) : Number.NaN;
    if (!(length >= 2 && length <= 128 && length % 2 === 0)) {
      return issue(
        'MODBUS_ADDRESS_LENGTH',
        `Bytes need an even length from 2 to 128 after a point; ${suffix === undefined ? 'none is given' : `${quote(suffix)} is none`}.`,
        `For example ${place}.8.`,
      );
    }
    return ok({ bit: undefined, length, layout: 'H', count: length / 2 });
  }
  if (type !== 'bit' && type !== 'bool') {
    if (suffix === undefined) return plain(fixedCount[type]!);
    return issue(
      'MODBUS_ADDRESS_SUFFIX',
      `${quote(`.${suffix}`)} does not belong to the type ${type}: only bit, bool, string and bytes have a point.`,
      `Write ${place}.`,
    );
  }
  if (suffix === undefined) {
    if (type === 'bool') return plain(1);
    return issue(
      'MODBUS_ADDRESS_BIT',
      'A bit in a register needs its number from 0 to 15 after a point; none is given.',
      `For example ${place}.3.`,
    );
  }
  if (!/^\d{1,2}$/.test(suffix) || Number(suffix) > 15) {
    return issue('MODBUS_ADDRESS_BIT', `A register has the bits 0 to 15; ${quote(suffix)} is none of them.`, `For example ${place}.3.`);
  }
  return plain(1, Number(suffix));
}

function textShape(suffix: string | undefined, place: string): Result<Shape> {
  const match = /^(\d{1,3})([A-Za-z]*)$/.exec(suffix ?? '');
  const length = match === null ? Number.NaN : Number(match[1]);
  if (!(length >= 1 && length <= 127)) {
    return issue(
      'MODBUS_ADDRESS_LENGTH',
      `A string needs its length from 1 to 127 after a point; ${suffix === undefined ? 'none is given' : `${quote(suffix)} is none`}.`,
      `For example ${place}.20.`,
    );
  }
  const letter = match![2]! || 'H';
  if (letter !== 'H' && letter !== 'L' && letter !== 'D' && letter !== 'E') {
    return issue(
      'MODBUS_ADDRESS_SUFFIX',
      `The letter after a string's length is H, L, D or E; ${quote(letter)} is none of them.`,
      `For example ${place}.${length}H.`,
    );
  }
  const count = letter === 'H' || letter === 'L' ? Math.ceil(length / 2) : length;
  if (count > maxReadRegisters) {
    return issue(
      'MODBUS_ADDRESS_LENGTH',
      `A string of ${length} characters with one in each register takes ${count} registers; one request carries ${maxReadRegisters}.`,
      `For example ${place}.${maxReadRegisters}${letter}.`,
    );
  }
  return ok({ bit: undefined, length, layout: letter, count });
}

function endianOf(text: string | undefined, area: Area, type: DataType, place: string): Result<EndianSuffix | undefined> {
  if (text === undefined) return ok(undefined);
  const size = valueSize(type);
  if (isBitArea(area) || size === undefined) {
    const what = isBitArea(area) ? `one of the ${areaNames[area]}` : `the type ${type}`;
    return issue('MODBUS_ADDRESS_ENDIAN', `${quote(`#${text}`)} does not belong here: ${what} has no byte order.`, 'Leave it out.');
  }
  const allowed = suffixesFor(size);
  if ((allowed as readonly string[]).includes(text)) return ok(text as EndianSuffix);
  const fault = (endianSuffixes as readonly string[]).includes(text) ? `does not fit the type ${type}` : 'is unknown';
  const list = allowed.map((s) => `#${s}`).join(', ');
  return issue(
    'MODBUS_ADDRESS_ENDIAN',
    `The byte order ${quote(`#${text}`)} ${fault}; ${type} takes ${list}.`,
    `For example ${place}#${allowed.at(-1)!}.`,
  );
}

/** Bytes whose order a byte order can change; undefined for text and raw bytes. */
export function valueSize(type: DataType): 2 | 4 | 8 | undefined {
  const count = fixedCount[type];
  return count === undefined ? undefined : count === 1 ? 2 : count === 2 ? 4 : 8;
}

/** Registers from one value of an array to the next. */
export const elementRegisters = (type: DataType, address: Pick<Address, 'length' | 'layout'>): number =>
  fixedCount[type] ??
  (type === 'bytes' || address.layout === 'H' || address.layout === 'L' ? Math.ceil(address.length / 2) : address.length);

/** The one spelling that equal addresses of a device share: `1!40001` and `1!400001` both become `1!400001`. */
export function formatAddress(address: Address, addressing: Addressing = neuron): string {
  if (address.query !== undefined) return `${address.unit}!${address.query}:${address.start}`;
  let text = `${address.unit}!${formatPlace(address.area, address.start, addressing)}`;
  if (address.bit !== undefined) text += `.${address.bit}`;
  if (address.length > 0) text += `.${address.length}${address.layout === 'H' ? '' : address.layout}`;
  if (address.endian !== undefined) text += `#${address.endian}`;
  return text;
}

/** True for the areas that a client can write. */
export const isWritableArea = (area: Area): boolean => area === 'coil' || area === 'holding';
