import { fail, ok, type DataType, type Issue, type Result, type TagAccess } from '@omh/core';
import { endianSuffixes, suffixesFor, type EndianSuffix } from './byte-order.ts';
import { isBitArea, maxReadRegisters, type Area } from './function-code.ts';

/** How text lies in registers: H two characters, high byte first; L low byte first; D one in the low byte; E one in the high byte. */
export type TextLayout = 'H' | 'L' | 'D' | 'E';

/** A parsed address: `unit!area number[.suffix][#endian]`, the grammar that Neuron's users know. */
export interface Address {
  /** 0 to 255. */
  readonly unit: number;
  readonly area: Area;
  /** As written, 0 to 65536; see {@link pduAddress}. */
  readonly number: number;
  /** Bit inside a register, 0 the least significant. */
  readonly bit: number | undefined;
  /** Bytes of a string or of raw bytes; 0 for every other type. */
  readonly length: number;
  readonly layout: TextLayout;
  readonly endian: EndianSuffix | undefined;
  /** Points the value takes: registers, or 1 for a coil or a discrete input. */
  readonly count: number;
}

const areaOfDigit: Readonly<Record<string, Area>> = { 0: 'coil', 1: 'discrete', 3: 'input', 4: 'holding' };
const digitOfArea: Readonly<Record<Area, string>> = { coil: '0', discrete: '1', input: '3', holding: '4' };
const areaNames: Readonly<Record<Area, string>> = {
  coil: 'coils',
  discrete: 'discrete inputs',
  input: 'input registers',
  holding: 'holding registers',
};
const areaList = '0 (coils), 1 (discrete inputs), 3 (input registers) or 4 (holding registers)';

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

const issue = (code: string, message: string, fix?: string): { readonly ok: false; readonly error: Issue[] } =>
  fail([fix === undefined ? { path: '', code, message } : { path: '', code, message, fix }]);

/** What stands between quotes in a sentence; hostile input does not make it long. */
const quote = (text: string): string => `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;

/** Parses and checks an address against the tag's type and access. Every fault is one sentence and, in `fix`, one example. */
export function parseAddress(text: string, tag: { readonly type: DataType; readonly access: TagAccess }): Result<Address> {
  const bang = text.indexOf('!');
  if (bang < 0) {
    const number = /^\d{1,6}$/.test(text) ? text : '40001';
    return issue(
      'MODBUS_ADDRESS_UNIT',
      `The address ${quote(text)} has no unit.`,
      `Write the unit and "!" before it, for example 1!${number}.`,
    );
  }
  const unitText = text.slice(0, bang);
  if (!/^\d{1,3}$/.test(unitText) || Number(unitText) > 255) {
    return issue(
      'MODBUS_ADDRESS_UNIT',
      `The unit ${quote(unitText)} is no whole number from 0 to 255.`,
      'An address begins with its unit, for example 1!40001.',
    );
  }
  const unit = Number(unitText);
  const hash = text.lastIndexOf('#');
  const body = text.slice(bang + 1, hash < 0 ? undefined : hash);
  const dot = body.indexOf('.');
  const digits = dot < 0 ? body : body.slice(0, dot);

  const area = areaOfDigit[digits[0] ?? ''];
  if (area === undefined) {
    const found = digits === '' ? 'nothing stands there' : `${quote(digits[0]!)} is none of them`;
    return issue('MODBUS_ADDRESS_AREA', `After "${unit}!" comes the area: ${areaList}; ${found}.`, `For example ${unit}!40001.`);
  }
  const numberText = digits.slice(1);
  if (!/^\d+$/.test(numberText)) {
    const found = numberText === '' ? 'nothing stands there' : `${quote(numberText)} is none`;
    return issue('MODBUS_ADDRESS_NUMBER', `After the area ${digits[0]} comes a number; ${found}.`, `For example ${unit}!${digits[0]}0001.`);
  }
  const number = numberText.length > 9 ? Number.POSITIVE_INFINITY : Number(numberText);
  if (number > 65536) {
    return issue(
      'MODBUS_ADDRESS_NUMBER',
      `The number ${quote(numberText)} is past the end: an area has the numbers 0 to 65536.`,
      `For example ${unit}!${digits[0]}00001.`,
    );
  }
  if (tag.access !== 'read' && (area === 'discrete' || area === 'input')) {
    const instead = area === 'discrete' ? `coil, for example ${unit}!00001` : `holding register, for example ${unit}!40001`;
    return issue(
      'MODBUS_ADDRESS_READ_ONLY',
      `The ${areaNames[area]} of a Modbus device can only be read.`,
      `Set access to read, or write to a ${instead}.`,
    );
  }

  const suffix = dot < 0 ? undefined : body.slice(dot + 1);
  const endianText = hash < 0 ? undefined : text.slice(hash + 1);
  const place = `${unit}!${digits}`;
  const shape = isBitArea(area) ? bitShape(area, suffix, tag.type, place) : registerShape(suffix, tag.type, place);
  if (!shape.ok) return shape;
  const endian = endianOf(endianText, area, tag.type, place);
  if (!endian.ok) return endian;
  const { bit, length, layout, count } = shape.value;
  if (number + count - 1 > 65536) {
    return issue(
      'MODBUS_ADDRESS_NUMBER',
      `${quote(text)} takes ${count} registers and ends past number 65536.`,
      'Begin lower or choose a smaller type.',
    );
  }
  return ok({ unit, area, number, bit, length, layout, endian: endian.value, count });
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

/**
 * The address that goes over the wire, 0 to 65535. With base 1 the first register is number 1 (and 0, as in Neuron); with base 0 it is
 * number 0. Undefined where the value would end past 65535.
 */
export function pduAddress(address: Pick<Address, 'number' | 'count'>, base: 0 | 1): number | undefined {
  const start = base === 1 ? Math.max(0, address.number - 1) : Math.min(65535, address.number);
  return start + address.count > 65536 ? undefined : start;
}

/** The one spelling that equal addresses share: `1!40001` and `1!400001` both become `1!400001`. */
export function formatAddress(address: Address): string {
  let text = `${address.unit}!${digitOfArea[address.area]}${String(address.number).padStart(5, '0')}`;
  if (address.bit !== undefined) text += `.${address.bit}`;
  if (address.length > 0) text += `.${address.length}${address.layout === 'H' ? '' : address.layout}`;
  if (address.endian !== undefined) text += `#${address.endian}`;
  return text;
}

/** True for the areas that a client can write. */
export const isWritableArea = (area: Area): boolean => area === 'coil' || area === 'holding';
