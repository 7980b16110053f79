import { parse } from 'smol-toml';
import type { DataType } from '@omh/core';
import { errors } from '../errors.ts';
import type { TagConfig } from '../tag-schema.ts';
import { habitsOf, modbusAddress } from './modbus-address.ts';
import type { Area, ByteOrder, ModbusHabits } from './modbus-address.ts';
import { serialDevice, tcpDevice } from './modbus-link.ts';
import { blockOf, factorOf, listOf, maxTags, numberOf, said, short, TagCollector, textOf } from './tags-read.ts';
import type { Block, ReadContext, TagsRead } from './tags-read.ts';

const areas: Readonly<Record<string, Area>> = { coil: 'coil', discrete: 'discrete', input: 'input', holding: 'holding' };
const registers = { discrete_inputs: 'discrete', coils: 'coil', input_registers: 'input', holding_registers: 'holding' } as const;
const types: Readonly<Record<string, DataType>> = {
  BIT: 'bit',
  INT8L: 'int8',
  UINT8L: 'uint8',
  INT16: 'int16',
  UINT16: 'uint16',
  INT32: 'int32',
  UINT32: 'uint32',
  INT64: 'int64',
  UINT64: 'uint64',
  FLOAT32: 'float',
  FLOAT64: 'double',
  STRING: 'string',
};
/** Of the register style, where a name says the encoding in the device. */
const encoded: Readonly<Record<string, string>> = { 'FLOAT32-IEEE': 'FLOAT32', 'FLOAT64-IEEE': 'FLOAT64', 'FLOAT16-IEEE': 'FLOAT16' };
const widths: Readonly<Partial<Record<DataType, number>>> = { int32: 2, uint32: 2, float: 2, int64: 4, uint64: 4, double: 4 };
const orders: Readonly<Record<string, ByteOrder>> = { AB: 'ABCD', BA: 'DCBA', ABCD: 'ABCD', BADC: 'BADC', CDAB: 'CDAB', DCBA: 'DCBA' };

/**
 * The modbus inputs of a Telegraf configuration in its three styles: register, request and metric. Each input is a device; a group is a
 * measurement, with the number of the unit where that is another one.
 */
export function readTelegraf(text: string, context: ReadContext): TagsRead {
  let root: Block;
  try {
    root = parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (cause) {
    const { line, column, message = '' } = cause as { line?: number; column?: number; message?: string };
    const why = message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    throw errors.CONFIG_IMPORT_FORMAT(
      { format: 'TOML', why: line === undefined ? why : `line ${line}, column ${column}: ${why}` },
      { cause },
    );
  }
  const inputs = listOf(blockOf(root.inputs).modbus);
  if (inputs.length === 0) throw errors.CONFIG_IMPORT_FORMAT({ format: 'a Telegraf configuration', why: 'it has no [[inputs.modbus]]' });
  const collector = new TagCollector();
  const agent = textOf(blockOf(root.agent).interval);
  for (const [i, input] of inputs.entries()) new Input(blockOf(input), i, agent ?? '10s', context, collector).read();
  collector.rest(root, ['inputs', 'agent'], { text: 'the file' }, 'only [[inputs.modbus]] is taken over');
  return {
    format: 'telegraf',
    tags: collector.tags,
    devices: collector.devices,
    notMapped: collector.notMapped(),
    locate: (tag, field) => ({ text: field === undefined ? String(tag.at) : `${tag.at}.${origin[field] ?? field}` }),
  };
}
const origin: Readonly<Record<string, string>> = { decimal: 'scale', type: 'data_type' };

const taken = [
  'name',
  'slave_id',
  'timeout',
  'controller',
  'transmission_mode',
  'configuration_type',
  'request',
  'metric',
  'interval',
  'baud_rate',
  'data_bits',
  'stop_bits',
  'parity',
  ...Object.keys(registers),
];
/** What has no meaning here and does no harm to leave. */
const idle = ['busy_retries', 'busy_retries_wait', 'debug_connection', 'log_level'];

class Input {
  readonly #block: Block;
  readonly #at: string;
  readonly #device: string;
  readonly #interval: string;
  readonly #unit: number;
  readonly #habits: ModbusHabits;
  readonly #collector: TagCollector;

  constructor(block: Block, index: number, interval: string, context: ReadContext, collector: TagCollector) {
    this.#block = block;
    this.#at = `inputs.modbus[${index}]`;
    this.#device = collector.name(textOf(block.name) ?? context.device ?? `modbus${index + 1}`, { text: `${this.#at}.name` });
    this.#interval = textOf(block.interval) ?? interval;
    this.#unit = numberOf(block.slave_id) ?? 1;
    this.#habits = habitsOf(context.settingsOf(this.#device)?.settings);
    this.#collector = collector;
  }

  read(): void {
    const [block, at, collector] = [this.#block, this.#at, this.#collector];
    this.#link();
    for (const [key, area] of Object.entries(registers))
      for (const [i, entry] of listOf(block[key]).entries()) this.#register(blockOf(entry), area, `${at}.${key}[${i}]`);
    for (const style of ['request', 'metric'] as const)
      for (const [i, entry] of listOf(block[style]).entries()) this.#request(blockOf(entry), style, `${at}.${style}[${i}]`);
    collector.rest(block, [...taken, ...idle], { text: at }, 'the link is set up in the settings of the device');
  }

  #link(): void {
    const { controller, timeout: limit, transmission_mode: mode } = this.#block;
    const at = textOf(controller) ?? '';
    const text = (textOf(mode) ?? 'auto').toLowerCase();
    const timeout = textOf(limit);
    const tcp = /^tcp:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(at);
    const serial = /^(?:file:\/\/)?(\/.+|COM\d+)$/i.exec(at);
    if (tcp !== null && /^(auto|tcp|(rtu|ascii)overtcp)$/.test(text)) {
      const framing = text.startsWith('rtu') ? 'rtu' : text.startsWith('ascii') ? 'ascii' : undefined;
      const port = tcp[2] === undefined ? undefined : Number(tcp[2]);
      this.#collector.devices.set(this.#device, tcpDevice({ host: tcp[1]!.replace(/^\[|\]$/g, ''), port, timeout, framing }));
    } else if (serial !== null && /^(auto|rtu|ascii)$/.test(text)) {
      const [baudRate, dataBits, stopBits] = ['baud_rate', 'data_bits', 'stop_bits'].map((key) => numberOf(this.#block[key]));
      const parity = textOf(this.#block.parity);
      this.#collector.devices.set(
        this.#device,
        serialDevice({ port: serial[1], baudRate, dataBits, stopBits, parity, timeout, ascii: text === 'ascii' }),
      );
    } else
      this.#collector.skip(
        { text: `${this.#at}.controller` },
        `the link ${short(at)} (${short(text)})`,
        'no driver speaks so; set it up by hand',
      );
  }

  #register(entry: Block, area: Area, at: string): void {
    const addresses = listOf(entry.address).map(numberOf);
    const offset = addresses[0];
    if (addresses.some((address, i) => address !== offset! + i)) {
      this.#leave(entry, at, 'its registers do not lie one after the other');
      return;
    }
    const bits = area === 'coil' || area === 'discrete';
    const order = textOf(entry.byte_order) ?? 'ABCD';
    const said = textOf(entry.data_type)?.toUpperCase() ?? '';
    // FLOAT32 without IEEE is an old name of UFIXED.
    const fixed = /^(U?)FIXED$/.exec(said === 'FLOAT32' ? 'UFIXED' : said);
    const type = fixed === null ? (encoded[said] ?? said) : `${fixed[1] === 'U' ? 'UINT' : 'INT'}${addresses.length * 16}`;
    this.#field({ entry, area, offset, type: bits ? 'COIL' : type, order, unit: this.#unit, measurement: textOf(entry.measurement), at });
    this.#collector.rest(
      entry,
      ['measurement', 'name', 'byte_order', 'data_type', 'scale', 'address'],
      { text: at },
      'a tag has no such property',
    );
  }

  #request(entry: Block, style: 'request' | 'metric', at: string): void {
    const unit = numberOf(entry.slave_id) ?? this.#unit;
    const order = textOf(entry.byte_order) ?? 'ABCD';
    let omitted = 0;
    for (const [i, item] of listOf(entry.fields).entries()) {
      const field = blockOf(item);
      if (field.omit === true) {
        omitted++;
        continue;
      }
      const register = textOf(style === 'metric' ? (field.register ?? 'holding') : (entry.register ?? 'holding')) ?? '';
      const here = `${at}.fields[${i}]`;
      const area = Object.hasOwn(areas, register) ? areas[register]! : undefined;
      if (area === undefined) {
        this.#leave(field, here, `there are no ${short(register)} registers`);
        continue;
      }
      const bits = area === 'coil' || area === 'discrete';
      const type = bits ? 'COIL' : (textOf(field.type)?.toUpperCase() ?? '');
      const measurement = textOf(field.measurement) ?? textOf(entry.measurement);
      this.#field({ entry: field, area, offset: numberOf(field.address), type, order, unit, measurement, at: here });
      const known = ['register', 'address', 'name', 'type', 'length', 'bit', 'scale', 'measurement', 'omit'];
      this.#collector.rest(field, known, { text: here }, 'a tag has no such property');
    }
    if (omitted > 0) this.#collector.skip({ text: at }, `${omitted} fields`, 'the file says to omit them');
    const known = ['slave_id', 'byte_order', 'register', 'measurement', 'fields'];
    this.#collector.rest(entry, known, { text: at }, 'the read planner does this by itself, and labels stand in the namespace');
  }

  #field({ entry, area, offset, type: name, order, unit, measurement, at }: Field): void {
    const collector = this.#collector;
    if (collector.full) throw errors.CONFIG_IMPORT_LARGE({ what: `more than ${maxTags} tags`, limit: maxTags });
    const type = name === 'COIL' ? 'bool' : Object.hasOwn(types, name) ? types[name]! : undefined;
    if (type === undefined) {
      this.#leave(entry, at, `there is no type ${name === '' ? 'for it' : short(name)}`);
      return;
    }
    if (offset === undefined || !Object.hasOwn(orders, order)) {
      this.#leave(entry, at, offset === undefined ? 'it has no address' : `the byte order ${short(order)} is not known`);
      return;
    }
    const bytes = type === 'string' ? (numberOf(entry.length) ?? 1) * 2 : undefined;
    const bit = type === 'bit' ? (numberOf(entry.bit) ?? 0) : undefined;
    const swapped = orders[order]!;
    const address = modbusAddress(
      { unit, area, offset, type, order: widths[type] === undefined && swapped === 'CDAB' ? 'ABCD' : swapped, bit, bytes },
      this.#habits,
    );
    const group = collector.name(measurement ?? 'modbus', { text: `${at}.measurement` });
    collector.add({
      device: this.#device,
      group: unit === this.#unit ? group : `${group}_${unit}`,
      interval: this.#interval,
      name: collector.name(textOf(entry.name) ?? '', { text: `${at}.name` }),
      tag: said({ address, type, access: 'read' as const, decimal: factorOf(entry.scale) }) as Partial<TagConfig>,
      at,
    });
  }

  #leave(entry: Block, at: string, why: string): void {
    this.#collector.skip({ text: at }, `the field ${short(textOf(entry.name) ?? '')}`, why);
  }
}

interface Field {
  readonly entry: Block;
  readonly area: Area;
  readonly offset: number | undefined;
  readonly type: string;
  readonly order: string;
  readonly unit: number;
  readonly measurement: string | undefined;
  readonly at: string;
}
