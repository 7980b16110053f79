import type { DataType } from '@omh/core';
import { errors } from '../errors.ts';
import type { TagConfig } from '../tag-schema.ts';
import { habitsOf, modbusAddress } from './modbus-address.ts';
import type { Area, ByteOrder, ModbusHabits } from './modbus-address.ts';
import { serialDevice, tcpDevice } from './modbus-link.ts';
import { blockOf, factorOf, listOf, maxTags, numberOf, said, short, TagCollector, textOf } from './tags-read.ts';
import type { Block, ReadContext, ReadTag, TagsRead } from './tags-read.ts';

const types: Readonly<Record<string, DataType>> = {
  string: 'string',
  bytes: 'bytes',
  bit: 'bit',
  bits: 'bit',
  '8int': 'int8',
  '8uint': 'uint8',
  '16int': 'int16',
  '16uint': 'uint16',
  '32int': 'int32',
  '32uint': 'uint32',
  '64int': 'int64',
  '64uint': 'uint64',
  '32float': 'float',
  '64float': 'double',
};
/** Older files say only the kind; the number of registers says the size. */
const kinds: Readonly<Record<string, (registers: number) => DataType>> = {
  int: (n) => (n >= 4 ? 'int64' : n >= 2 ? 'int32' : 'int16'),
  long: (n) => (n >= 4 ? 'int64' : n >= 2 ? 'int32' : 'int16'),
  uint: (n) => (n >= 4 ? 'uint64' : n >= 2 ? 'uint32' : 'uint16'),
  float: (n) => (n >= 4 ? 'double' : 'float'),
  double: () => 'double',
};
const registersOf: Readonly<Partial<Record<DataType, number>>> = { int32: 2, uint32: 2, float: 2, int64: 4, uint64: 4, double: 4 };
const areas: Readonly<Record<number, Area>> = {
  1: 'coil',
  5: 'coil',
  15: 'coil',
  2: 'discrete',
  4: 'input',
  3: 'holding',
  6: 'holding',
  16: 'holding',
};
const writes: ReadonlySet<number> = new Set([5, 6, 15, 16]);
const lists = ['timeseries', 'attributes', 'attributeUpdates', 'rpc'] as const;

/** The Modbus connector of a ThingsBoard gateway, as its file or as the gateway wraps it: `{ master: { slaves: [ … ] } }`. */
export function readThingsboard(data: unknown, context: ReadContext): TagsRead {
  const collector = new TagCollector();
  const { slaves, at } = slavesIn(blockOf(data));
  if (slaves === undefined) throw errors.CONFIG_IMPORT_FORMAT({ format: 'a ThingsBoard Modbus connector', why: 'it has no slaves' });
  for (const [i, slave] of slaves.entries()) new Slave(blockOf(slave), `${at}[${i}]`, i, context, collector).read();
  if (blockOf(data).slave !== undefined)
    collector.skip({ text: 'slave' }, 'the block slave', 'the hub is no Modbus server for its own values');
  return {
    format: 'thingsboard',
    tags: collector.tags,
    devices: collector.devices,
    notMapped: collector.notMapped(),
    locate: (tag, field) => ({ text: field === undefined ? String(tag.at) : `${tag.at}.${origin[field] ?? field}` }),
  };
}
const origin: Readonly<Record<string, string>> = { name: 'tag', decimal: 'multiplier', count: 'objectsCount' };

/** The connector's own block, however deep the gateway's export wraps it. */
function slavesIn(root: Block): { slaves: readonly unknown[] | undefined; at: string } {
  if (Array.isArray(root.slaves)) return { slaves: listOf(root.slaves), at: 'slaves' };
  const master = blockOf(root.master);
  if (Array.isArray(master.slaves)) return { slaves: listOf(master.slaves), at: 'master.slaves' };
  for (const [key, value] of Object.entries(root)) {
    const inner = blockOf(value);
    const found = slavesIn(
      'configurationJson' in inner ? blockOf(inner.configurationJson) : key === 'configurationJson' ? inner : { master: inner.master },
    );
    if (found.slaves !== undefined) return found;
  }
  return { slaves: undefined, at: '' };
}

class Slave {
  readonly #block: Block;
  readonly #at: string;
  readonly #device: string;
  readonly #habits: ModbusHabits;
  readonly #collector: TagCollector;
  /** Tags by what they read, so that a write to the same place makes one of both. */
  readonly #byPlace = new Map<string, ReadTag>();

  constructor(block: Block, at: string, index: number, context: ReadContext, collector: TagCollector) {
    this.#block = block;
    this.#at = at;
    this.#collector = collector;
    const name = textOf(block.deviceName) ?? textOf(block.name) ?? context.device ?? `modbus${index + 1}`;
    this.#device = collector.name(name, { text: `${at}.deviceName` });
    this.#habits = habitsOf(context.settingsOf(this.#device)?.settings);
  }

  read(): void {
    const [block, at, collector] = [this.#block, this.#at, this.#collector];
    this.#link();
    for (const list of lists)
      for (const [i, entry] of listOf(block[list]).entries()) {
        if (collector.full) throw errors.CONFIG_IMPORT_LARGE({ what: `more than ${maxTags} tags`, limit: maxTags });
        this.#entry(blockOf(entry), list, `${at}.${list}[${i}]`);
      }
    const known = [
      'host',
      'port',
      'type',
      'method',
      'timeout',
      'byteOrder',
      'wordOrder',
      'pollPeriod',
      'unitId',
      'deviceName',
      'name',
      'sendDataOnlyOnChange',
      'baudrate',
      'bytesize',
      'stopbits',
      'parity',
      ...lists,
    ];
    const usual = { retries: true, retryOnEmpty: true, retryOnInvalid: true, deviceType: 'default' } as Block;
    const rest = Object.fromEntries(Object.entries(block).filter(([key, value]) => value !== usual[key]));
    collector.rest(rest, known, { text: at }, 'the link is set up in the settings of the device');
  }

  #link(): void {
    const { type = 'tcp', method = 'socket', host, port, timeout: limit, baudrate, bytesize, stopbits, parity } = this.#block;
    const seconds = numberOf(limit);
    const timeout = seconds === undefined ? undefined : `${seconds}s`;
    const framing = method === 'rtu' || method === 'ascii' ? method : undefined;
    const { devices } = this.#collector;
    if (type === 'serial') {
      const line = { baudRate: numberOf(baudrate), dataBits: numberOf(bytesize), stopBits: numberOf(stopbits), parity: textOf(parity) };
      devices.set(this.#device, serialDevice({ port: textOf(port), ...line, timeout, ascii: framing === 'ascii' }));
    } else if ((type === 'tcp' || type === 'udp') && (framing !== undefined || method === 'socket'))
      devices.set(this.#device, tcpDevice({ host: textOf(host), port: numberOf(port), timeout, udp: type === 'udp', framing }));
    else {
      const what = `the link of type ${short(String(type))} with method ${short(String(method))}`;
      this.#collector.skip({ text: `${this.#at}.type` }, what, 'no driver speaks so; set it up by hand');
    }
  }

  #entry(entry: Block, list: (typeof lists)[number], at: string): void {
    const collector = this.#collector;
    const named = textOf(entry.tag) ?? textOf(entry.key) ?? '';
    const leave = (why: string): void => collector.skip({ text: at }, `${list} ${short(named)}`, why);
    const code = numberOf(entry.functionCode) ?? 0;
    const area = areas[code];
    const offset = numberOf(entry.address);
    const objects = numberOf(entry.objectsCount) ?? numberOf(entry.registerCount) ?? 1;
    const type = typeOf(textOf(entry.type) ?? '', objects, area);
    if (area === undefined || offset === undefined || type === undefined) {
      leave(
        area === undefined
          ? `the function code ${code} is not known`
          : offset === undefined
            ? 'it has no address'
            : `there is no type ${short(String(entry.type))}`,
      );
      return;
    }
    const writing = writes.has(code);
    if (list === 'rpc' && !writing) {
      leave('it reads: read the tag instead');
      return;
    }
    if (!writing && list === 'attributeUpdates') {
      leave('it has a function code that reads');
      return;
    }
    const place = `${area}/${offset}/${type}`;
    const same = this.#byPlace.get(place);
    if (writing && same !== undefined) {
      same.tag.access = 'readwrite';
      if (same.name !== named)
        collector.skip({ text: at }, `the name ${short(named)}`, `the tag ${short(same.name)} reads the same place and can now be written`);
      return;
    }
    const bits = area === 'coil' || area === 'discrete';
    const text = type === 'string' || type === 'bytes';
    const each = registersOf[type] ?? 1;
    const count = text ? 1 : bits || type === 'bit' ? objects : Math.max(1, Math.floor(objects / each));
    const divider = factorOf(entry.divider);
    const decimal = factorOf(entry.multiplier) ?? (divider === undefined ? undefined : Number((1 / divider).toPrecision(12)));
    const bit = type === 'bit' && !bits ? (numberOf(entry.bit) ?? 0) : undefined;
    const address = modbusAddress(
      { unit: numberOf(this.#block.unitId) ?? 1, area, offset, type, order: this.#order(each), bit, bytes: text ? objects * 2 : undefined },
      this.#habits,
    );
    const change = this.#block.sendDataOnlyOnChange === true || /CHANGE/.test(String(blockOf(entry.reportStrategy).type ?? ''));
    const period = numberOf(this.#block.pollPeriod);
    const tag: ReadTag = {
      device: this.#device,
      group: list === 'attributeUpdates' ? 'attributes' : list,
      interval: period === undefined ? undefined : `${period}ms`,
      name: collector.name(named, { text: `${at}.tag` }),
      tag: said({
        address,
        type,
        access: writing ? ('write' as const) : ('read' as const),
        count: count > 1 && bit === undefined ? count : undefined,
        decimal,
        report: change && !writing ? ('change' as const) : undefined,
      }) as Partial<TagConfig>,
      at,
    };
    collector.add(tag);
    this.#byPlace.set(place, tag);
    const known = [
      'tag',
      'key',
      'type',
      'functionCode',
      'objectsCount',
      'registerCount',
      'address',
      'multiplier',
      'divider',
      'bit',
      'bitTargetType',
      'reportStrategy',
    ];
    collector.rest(entry, known, { text: at }, 'a tag has no such property');
  }

  /** pymodbus swaps the bytes of each register by one setting and the registers of a value by the other. */
  #order(registers: number): ByteOrder {
    const bytes = /^little$/i.test(String(this.#block.byteOrder ?? 'LITTLE'));
    const words = registers > 1 && /^little$/i.test(String(this.#block.wordOrder ?? 'LITTLE'));
    return bytes ? (words || registers === 1 ? 'DCBA' : 'BADC') : words ? 'CDAB' : 'ABCD';
  }
}

function typeOf(text: string, registers: number, area: Area | undefined): DataType | undefined {
  if (area === 'coil' || area === 'discrete') return 'bool';
  if (Object.hasOwn(types, text)) return types[text];
  return Object.hasOwn(kinds, text) ? kinds[text]!(registers) : undefined;
}
