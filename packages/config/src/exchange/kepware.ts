import type { DataType } from '@omh/core';
import { errors } from '../errors.ts';
import type { TagConfig } from '../tag-schema.ts';
import { headerOf } from './sheet.ts';
import type { Sheet } from './sheet.ts';
import { maxTags, numberOf, said, short, TagCollector } from './tags-read.ts';
import type { ReadContext, TagsRead } from './tags-read.ts';

const columns = {
  'tag name': 'name',
  address: 'address',
  'data type': 'type',
  'respect data type': 'respect',
  'client access': 'access',
  'scan rate': 'rate',
  scaling: 'scaling',
  'raw low': 'rawLow',
  'raw high': 'rawHigh',
  'scaled low': 'scaledLow',
  'scaled high': 'scaledHigh',
  'scaled data type': 'scaledType',
  'clamp low': 'clampLow',
  'clamp high': 'clampHigh',
  'eng units': 'unit',
  'eng. units': 'unit',
  'engineering units': 'unit',
  description: 'description',
  'negate value': 'negate',
} as const;
type Column = (typeof columns)[keyof typeof columns];
const byName = new Map<string, Column>(Object.entries(columns));
/** Where each property of ours came from, for the place of a fault. */
const cameFrom: Readonly<Record<string, Column>> = {
  decimal: 'scaledHigh',
  bias: 'scaledLow',
  clampMin: 'clampLow',
  clampMax: 'clampHigh',
  interval: 'rate',
  group: 'name',
};

const types: Readonly<Record<string, DataType>> = {
  boolean: 'bool',
  char: 'int8',
  byte: 'uint8',
  short: 'int16',
  word: 'uint16',
  long: 'int32',
  dword: 'uint32',
  llong: 'int64',
  qword: 'uint64',
  float: 'float',
  double: 'double',
  string: 'string',
};

/** The CSV that a Kepware server exports for one device. Throws CONFIG_IMPORT_COLUMN and CONFIG_IMPORT_LARGE. */
export function readKepware(sheet: Sheet, context: ReadContext): TagsRead {
  const header = headerOf(sheet, byName);
  for (const [column, missing] of [
    ['name', 'Tag Name'],
    ['address', 'Address'],
  ] as const)
    if (!header.includes(column)) throw errors.CONFIG_IMPORT_COLUMN({ missing });
  if (sheet.rows - 1 > maxTags) throw errors.CONFIG_IMPORT_LARGE({ what: `${sheet.rows - 1} rows`, limit: maxTags });
  const reading = new Reading(sheet, header, context);
  for (let row = 1; row < sheet.rows; row++) reading.row(row);
  return reading.done();
}

class Reading {
  readonly #sheet: Sheet;
  readonly #header: readonly (Column | undefined)[];
  readonly #modbus: boolean;
  readonly #collector = new TagCollector();
  /** The first scan rate of each group. */
  readonly #rates = new Map<string, number>();
  #wide = 0;
  #unread = 0;

  constructor(sheet: Sheet, header: readonly (Column | undefined)[], context: ReadContext) {
    this.#sheet = sheet;
    this.#header = header;
    this.#modbus = context.settingsOf(context.device)?.driver.startsWith('modbus') ?? true;
    for (const [i, cell] of sheet.cells(0).entries())
      if (header[i] === undefined && cell !== '')
        this.#collector.skip(sheet.where(0, i), `the column ${short(cell)}`, 'its meaning is not known');
  }

  row(row: number): void {
    const cells = this.#sheet.cells(row);
    if (cells.every((cell) => cell.trim() === '')) return;
    const cell = (column: Column): string => (cells[this.#header.indexOf(column)] ?? '').trim();
    const where = (column: Column) => this.#sheet.where(row, Math.max(0, this.#header.indexOf(column)));
    const collector = this.#collector;
    const full = cell('name');
    const dot = full.lastIndexOf('.');
    const leave = (column: Column, why: string): void => collector.skip(where(column), `the tag ${short(full)}`, why);
    const { type: named, count, length } = this.#typeOf(cell('type'), cell('address'));
    const type = named === 'bool' && this.#modbus && /^H?[34][0-9A-F]+\.\d+$/i.test(cell('address')) ? 'bit' : named;
    if (type === undefined) {
      leave('type', `there is no type ${short(cell('type'))}`);
      return;
    }
    const scaled = scalingOf(cell);
    if (typeof scaled === 'string') {
      leave('scaling', scaled);
      return;
    }
    const address = this.#modbus ? this.#modbusAddress(cell('address'), type, length) : cell('address');
    if (/^(int32|uint32|float|int64|uint64|double)$/.test(type)) this.#wide++;
    if (cell('respect') === '0') this.#unread++;
    const access = accessOf(cell('access'));
    if (access === undefined) leave('access', `the access ${short(cell('access'))} is not known; it is read only`);
    if (/^(short|word|long|dword|char|byte|llong|qword)$/i.test(cell('scaledType')) && scaled.decimal !== undefined)
      collector.skip(where('scaledType'), `the scaled type of ${short(full)}`, 'a scaled value is always a double');
    const group = dot < 0 ? undefined : collector.name(full.slice(0, dot), where('name'));
    const rate = numberOf(cell('rate'));
    collector.add({
      device: undefined,
      ...this.#groupOf(group, rate),
      name: collector.name(full.slice(dot + 1), where('name')),
      tag: said({
        address,
        type,
        access: access ?? ('read' as const),
        count,
        ...scaled,
        unit: cell('unit') || undefined,
        description: cell('description') || undefined,
      }) as Partial<TagConfig>,
      at: row,
    });
  }

  done(): TagsRead {
    const collector = this.#collector;
    if (this.#wide > 0 && this.#modbus)
      collector.skip(
        { text: 'the file' },
        `the word order of ${this.#wide} values of 32 and 64 bits`,
        "it is a setting of the device in Kepware and not in this file; Kepware's default is low word first: set byteOrder of the device to CDAB where it was left so",
      );
    if (this.#unread > 0)
      collector.skip(
        { text: 'the column Respect Data Type' },
        `${this.#unread} tags that follow the client's type`,
        "every reader gets a tag's own type",
      );
    if (this.#modbus)
      collector.skip({ text: 'the file' }, 'the number of the unit', 'it stands in the device in Kepware; all addresses have unit 1');
    const column = (field: string): number => this.#header.indexOf(cameFrom[field] ?? (field as Column));
    return {
      format: 'kepware',
      tags: collector.tags,
      devices: collector.devices,
      notMapped: collector.notMapped(),
      locate: (tag, field) => this.#sheet.where(tag.at as number, Math.max(0, column(field ?? 'name'))),
    };
  }

  #typeOf(text: string, address: string): { type: DataType | undefined; count?: number; length?: number } {
    const array = / array$/i.test(text) || /\[\s*\d+\s*\]\s*(\[\s*\d+\s*\])?\s*$/.test(address);
    const plain = text.replace(/ array$/i, '').toLowerCase();
    const type = Object.hasOwn(types, plain) ? types[plain] : plain === 'default' || plain === '' ? this.#defaultType(address) : undefined;
    const length = Number(/\.(\d+)[HL]?$/i.exec(address)?.[1]);
    if (!array) return { type, ...(type === 'string' && length > 0 ? { length } : {}) };
    const sizes = [...address.matchAll(/\[\s*(\d+)\s*\]/g)].map((match) => Number(match[1]));
    return { type, count: sizes.reduce((n, size) => n * size, 1) };
  }
  /** What Kepware takes for a Modbus address without a type. */
  #defaultType(address: string): DataType | undefined {
    if (!this.#modbus) return undefined;
    return /^[01]/.test(address) || /\.\d{1,2}$/.test(address) ? 'bool' : /^[34]/.test(address) ? 'uint16' : undefined;
  }

  /** 5 and 6 digits count from 1 in decimal; H before them makes them hexadecimal. */
  #modbusAddress(text: string, type: DataType, length: number | undefined): string {
    const plain = text.replace(/\s*(\[\s*\d+\s*\])+\s*$/, '');
    const hex = /^H([0134])([0-9A-F]{1,5})(.*)$/i.exec(plain);
    const [, area, number, rest] = hex ?? /^([0134])(\d{1,5})(.*)$/.exec(plain) ?? [];
    if (area === undefined || number === undefined) return `1!${plain}`;
    const decimal = Number.parseInt(number, hex === null ? 10 : 16);
    const at = `1!${area}${String(decimal).padStart(4, '0')}`;
    if (type === 'string' && length !== undefined) return `${at}.${length}${/L$/i.test(rest!) ? 'L' : ''}`;
    return at + rest!.replace(/^\.0*(\d)/, '.$1');
  }

  /** Tags of one group that are read at other rates get a group of their own. */
  #groupOf(group: string | undefined, rate: number | undefined): { group: string | undefined; interval: string | undefined } {
    if (rate === undefined || rate < 10) return { group, interval: undefined };
    const key = group ?? '';
    const first = this.#rates.get(key);
    if (first === undefined) this.#rates.set(key, rate);
    const own = first !== undefined && first !== rate;
    return { group: own ? `${group ?? 'scan'}_${rate}ms` : group, interval: `${rate}ms` };
  }
}

type Scaling = Pick<Partial<TagConfig>, 'decimal' | 'bias' | 'clampMin' | 'clampMax'>;

/** Linear scaling as factor and offset; a sentence where that is not possible. */
function scalingOf(cell: (column: Column) => string): Scaling | string {
  const kind = cell('scaling').toLowerCase();
  const negate = isOn(cell('negate'));
  if (kind === '' || kind === 'none') return negate ? { decimal: -1 } : {};
  if (kind !== 'linear') return `${short(cell('scaling'))} scaling has no counterpart: a derived tag can compute it`;
  const [rawLow, rawHigh, low, high] = (['rawLow', 'rawHigh', 'scaledLow', 'scaledHigh'] as const).map((column) => numberOf(cell(column)));
  if (rawLow === undefined || rawHigh === undefined || low === undefined || high === undefined || rawLow === rawHigh || low === high)
    return 'its linear scaling lacks a range';
  const sign = negate ? -1 : 1;
  const decimal = rounded((high - low) / (rawHigh - rawLow)) * sign;
  const bias = rounded(low * sign - rawLow * decimal);
  const ends = [low * sign, high * sign].sort((a, b) => a - b);
  return {
    ...(decimal === 1 ? {} : { decimal }),
    ...(bias === 0 ? {} : { bias }),
    ...(isOn(cell('clampLow')) ? { [negate ? 'clampMax' : 'clampMin']: negate ? ends[1]! : ends[0]! } : {}),
    ...(isOn(cell('clampHigh')) ? { [negate ? 'clampMin' : 'clampMax']: negate ? ends[0]! : ends[1]! } : {}),
  };
}
/** Away with what division adds behind the digits a person wrote. */
const rounded = (value: number): number => Number(value.toPrecision(12));
const isOn = (text: string): boolean => /^(1|yes|true)$/i.test(text);

function accessOf(text: string): 'read' | 'write' | 'readwrite' | undefined {
  const plain = text.toUpperCase().replace('/', '');
  return plain === '' || plain === 'RW'
    ? 'readwrite'
    : plain === 'RO' || plain === 'R'
      ? 'read'
      : plain === 'WO' || plain === 'W'
        ? 'write'
        : undefined;
}
