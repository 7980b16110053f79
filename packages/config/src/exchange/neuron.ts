import type { DataType } from '@omh/core';
import { errors } from '../errors.ts';
import type { TagConfig } from '../tag-schema.ts';
import { serialDevice, tcpDevice } from './modbus-link.ts';
import { headerOf } from './sheet.ts';
import type { Sheet } from './sheet.ts';
import { blockOf, factorOf, isBlock, listOf, maxTags, numberOf, said, short, TagCollector, textOf } from './tags-read.ts';
import type { Block, ReadContext, TagsRead, Where } from './tags-read.ts';

/** Neuron's types by name and, in its JSON, by number. */
const types: Readonly<Record<string, DataType>> = {
  INT8: 'int8',
  UINT8: 'uint8',
  INT16: 'int16',
  UINT16: 'uint16',
  INT32: 'int32',
  UINT32: 'uint32',
  INT64: 'int64',
  UINT64: 'uint64',
  FLOAT: 'float',
  DOUBLE: 'double',
  BIT: 'bit',
  BOOL: 'bool',
  STRING: 'string',
  BYTES: 'bytes',
  WORD: 'uint16',
  DWORD: 'uint32',
  LWORD: 'uint64',
};
const numbered =
  ' INT8 UINT8 INT16 UINT16 INT32 UINT32 INT64 UINT64 FLOAT DOUBLE BIT BOOL STRING BYTES ERROR WORD DWORD LWORD PTR TIME DATA_AND_TIME'.split(
    ' ',
  );

const columns = [
  'group',
  'name',
  'address',
  'attribute',
  'type',
  'description',
  'decimal',
  'precision',
  'value',
  'bias',
  'unit',
  'format',
] as const;
type Column = (typeof columns)[number];
const byName = new Map<string, Column>(columns.map((column) => [column, column]));

/** The table Neuron's dashboard exports: one device, `attribute` as text. Throws CONFIG_IMPORT_COLUMN and CONFIG_IMPORT_LARGE. */
export function readNeuronSheet(sheet: Sheet): TagsRead {
  const header = headerOf(sheet, byName);
  for (const missing of ['name', 'attribute', 'type'] as const)
    if (!header.includes(missing)) throw errors.CONFIG_IMPORT_COLUMN({ missing });
  if (sheet.rows - 1 > maxTags) throw errors.CONFIG_IMPORT_LARGE({ what: `${sheet.rows - 1} rows`, limit: maxTags });
  const collector = new TagCollector();
  for (const [i, cell] of sheet.cells(0).entries())
    if (header[i] === undefined && cell !== '')
      collector.skip(sheet.where(0, i), `the column ${short(cell)}`, 'no property of a tag has this name');
  for (let row = 1; row < sheet.rows; row++) {
    const cells = sheet.cells(row);
    const block: Block = {};
    for (const [i, column] of header.entries())
      if (column !== undefined && (cells[i] ?? '').trim() !== '') block[column] = cells[i]!.trim();
    if (Object.keys(block).length === 0) continue;
    const where = sheet.where(row, Math.max(0, header.indexOf('name')));
    readTag(block, { device: undefined, group: textOf(block.group), interval: undefined, at: row, where }, collector);
  }
  return {
    format: 'neuron',
    tags: collector.tags,
    devices: collector.devices,
    notMapped: collector.notMapped(),
    locate: (tag, field) => sheet.where(tag.at as number, Math.max(0, header.indexOf((field ?? 'name') as Column))),
  };
}

/**
 * Neuron's export of nodes: `{ nodes: [{ name, plugin, params, groups: [{ group, interval, tags }] }] }`, and its older global configuration
 * with nodes, groups, tags and settings beside each other.
 */
export function readNeuronJson(data: unknown, context: ReadContext): TagsRead {
  const collector = new TagCollector();
  const root = blockOf(data);
  const nodes = Array.isArray(root.nodes) ? listOf(root.nodes) : [root];
  const intervals = new Map<string, number | undefined>();
  for (const entry of listOf(root.groups)) {
    const { driver, group, name, interval } = blockOf(entry);
    intervals.set(`${textOf(driver)}/${textOf(group ?? name)}`, numberOf(interval));
  }
  const settings = new Map(listOf(root.settings).map((entry) => [textOf(blockOf(entry).node), blockOf(entry).params]));
  for (const [n, entry] of nodes.entries()) {
    const node = blockOf(entry);
    const at = nodes === root.nodes ? `nodes[${n}]` : 'the node';
    const name = textOf(node.name) ?? context.device;
    const plugin = textOf(node.plugin);
    if (plugin !== undefined && name !== undefined)
      readNode(name, plugin, blockOf(node.params ?? settings.get(name)), { text: at }, collector);
    collector.rest(node, ['name', 'plugin', 'params', 'groups', 'type', 'node_type'], { text: at }, 'a device has no such property');
    for (const [g, item] of listOf(node.groups).entries()) {
      const group = blockOf(item);
      const interval = numberOf(group.interval);
      readTags(
        listOf(group.tags),
        { device: name, group: textOf(group.group ?? group.name), interval, at: `${at}.groups[${g}].tags` },
        collector,
      );
    }
  }
  for (const [i, item] of listOf(root.tags).entries()) {
    const { driver, node, group, tags } = blockOf(item);
    const [device, inGroup] = [textOf(driver ?? node), textOf(group)];
    readTags(listOf(tags), { device, group: inGroup, interval: intervals.get(`${device}/${inGroup}`), at: `tags[${i}].tags` }, collector);
  }
  const subscriptions = listOf(root.subscriptions).length;
  if (subscriptions > 0)
    collector.skip({ text: 'subscriptions' }, `${subscriptions} subscriptions`, 'which groups an app sends stands in apps of the hub file');
  return {
    format: 'neuron',
    tags: collector.tags,
    devices: collector.devices,
    notMapped: collector.notMapped(),
    locate: (tag, field) => ({ text: field === undefined ? String(tag.at) : `${tag.at}.${field}` }),
  };
}

interface Place {
  readonly device: string | undefined;
  readonly group: string | undefined;
  readonly interval: number | undefined;
  readonly at: string;
}
function readTags(tags: readonly unknown[], { at, ...place }: Place, collector: TagCollector): void {
  for (const [i, tag] of tags.entries()) {
    if (collector.full) throw errors.CONFIG_IMPORT_LARGE({ what: `more than ${maxTags} tags`, limit: maxTags });
    const here = `${at}[${i}]`;
    readTag(blockOf(tag), { ...place, at: here, where: { text: here } }, collector);
  }
}

const orders = ['ABCD', 'BADC', 'DCBA', 'CDAB'];
const orders64 = ['ABCDEFGH', 'BADCFEHG', 'HGFEDCBA', 'GHEFCDAB', 'CDABGHEF', 'EFGHABCD'];

/** The places in Neuron's lists of a serial line. */
const baudRates = [115_200, 57_600, 38_400, 19_200, 9600, 4800, 2400, 1800, 1200, 600];
const parities = ['none', 'odd', 'even'];

function readNode(name: string, plugin: string, params: Block, where: Where, collector: TagCollector): void {
  const kind = /^modbus[ -](tcp|rtu|ascii)$/i.exec(plugin)?.[1]?.toLowerCase();
  const number = (key: string): number | undefined => numberOf(params[key]);
  if (kind === undefined || number('connection_mode') === 1) {
    const why = kind === undefined ? 'no driver for it is taken over' : 'the device dials in: set it up by hand with listen';
    collector.skip(where, `the node ${short(name)} with plugin ${short(plugin)}`, why);
    return;
  }
  const timeout = number('timeout') === undefined ? undefined : `${number('timeout')}ms`;
  const serial = kind !== 'tcp' && number('link') !== 1;
  const line = {
    port: textOf(params.device),
    baudRate: baudRates[number('baud') ?? 4],
    dataBits: (number('data') ?? 3) + 5,
    stopBits: (number('stop') ?? 0) + 1,
    parity: parities[number('parity') ?? 0],
  };
  const framing = kind === 'tcp' ? undefined : (kind as 'rtu' | 'ascii');
  const { driver, settings } = serial
    ? serialDevice({ ...line, timeout, ascii: kind === 'ascii' })
    : tcpDevice({ host: textOf(params.host), port: number('port'), timeout, framing });
  const pause = number('interval');
  const numbers = said({
    byteOrder: otherThan('ABCD', orders[(number('endianess') ?? 1) - 1]),
    byteOrder64: otherThan('ABCDEFGH', orders64[(number('endianess_64') ?? 1) - 1]),
    addressBase: number('address_base') === 0 ? 0 : undefined,
    interRequestDelay: pause === 0 ? undefined : pause,
  });
  collector.devices.set(name, { driver, settings: { ...settings, ...numbers } });
  const known = ['timeout', 'interval', 'endianess', 'endianess_64', 'address_base', 'link'];
  known.push(...(serial ? ['device', 'baud', 'data', 'stop', 'parity'] : ['host', 'port']));
  const idle = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== 0 && value !== '0' && value !== ''));
  collector.rest(idle, known, { text: `${where.text}.params` }, 'the settings of this driver have their own words; see docs/drivers');
}
const otherThan = (usual: string, value: string | undefined): string | undefined => (value === usual ? undefined : value);

interface TagPlace {
  readonly device: string | undefined;
  readonly group: string | undefined;
  readonly interval: number | undefined;
  readonly at: number | string;
  readonly where: Where;
}
function readTag(block: Block, { device, group, interval, at, where }: TagPlace, collector: TagCollector): void {
  const named = textOf(block.name) ?? '';
  const type = typeOf(block.type);
  if (type === undefined) {
    collector.skip(where, `the tag ${short(named)} of type ${short(String(block.type))}`, 'there is no such type');
    return;
  }
  const { read, write, subscribe, fixed } = attributesOf(block.attribute);
  if (!read && !write && !fixed && !subscribe) {
    collector.skip(where, `the tag ${short(named)} with attribute ${short(String(block.attribute))}`, 'it can neither be read nor written');
    return;
  }
  const value = fixed ? valueOf(block.value, type) : undefined;
  const tag: Partial<TagConfig> = said({
    address: fixed ? undefined : textOf(block.address),
    type,
    access: write ? (read || subscribe || fixed ? ('readwrite' as const) : ('write' as const)) : ('read' as const),
    value,
    report: subscribe ? ('change' as const) : undefined,
    decimal: factorOf(block.decimal),
    bias: numberOf(block.bias) === 0 ? undefined : numberOf(block.bias),
    precision: numberOf(block.precision) === 0 ? undefined : numberOf(block.precision),
    unit: textOf(block.unit) || undefined,
    description: textOf(block.description) || undefined,
  });
  if (fixed && value === undefined) collector.skip(where, `the tag ${short(named)}`, 'it is static and has no value');
  collector.rest(
    fixed ? block : { ...block, value: undefined },
    ['group', 'name', 'address', 'attribute', 'type', 'description', 'decimal', 'precision', 'value', 'bias', 'unit', 'id'],
    where,
    'a tag has no such property',
  );
  const ms = interval === undefined ? undefined : `${interval}ms`;
  if (!fixed || value !== undefined) collector.add({ device, group, interval: ms, name: collector.name(named, where), tag, at });
}

const typeOf = (type: unknown): DataType | undefined => {
  const number = numberOf(type);
  const name = number === undefined ? textOf(type)?.trim().toUpperCase() : numbered[number];
  return name === undefined || !Object.hasOwn(types, name) ? undefined : types[name];
};

/** A bit mask (read 1, write 2, subscribe 4, static 8), or the same in words. */
function attributesOf(attribute: unknown): { read: boolean; write: boolean; subscribe: boolean; fixed: boolean } {
  const mask = numberOf(attribute);
  const words = mask === undefined ? String(attribute ?? '').toLowerCase() : '';
  const has = (bit: number, word: string): boolean => (mask === undefined ? words.includes(word) : (mask & bit) !== 0);
  return { read: has(1, 'read'), write: has(2, 'write'), subscribe: has(4, 'subscribe'), fixed: has(8, 'static') };
}

function valueOf(value: unknown, type: DataType): string | number | boolean | undefined {
  if (value === undefined || value === null || isBlock(value) || Array.isArray(value)) return undefined;
  if (type === 'bool' || type === 'bit') return value === true || value === 'true' || numberOf(value) === 1;
  if (type === 'string' || type === 'bytes') return textOf(value);
  return numberOf(value);
}
