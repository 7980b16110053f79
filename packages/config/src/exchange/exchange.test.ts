import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ok } from '@omh/core';
import type { Registry } from '../checks.ts';
import { folderOf } from '../hub-files.ts';
import { formatIssue } from '../issue.ts';
import { parseHub } from '../parse-hub.ts';
import type { ParsedHub } from '../parse-hub.ts';
import { exportCsv, exportXlsx, tagRows } from './export-tags.ts';
import { importedTexts, importTags } from './import-tags.ts';
import type { ImportOptions, TagImport } from './import-tags.ts';
import { readTags } from './read-tags.ts';
import type { ReadContext, TagFormat, TagsRead } from './tags-read.ts';
import { writeXlsx } from './xlsx.ts';

const registry: Registry = {
  drivers: new Map(
    ['modbus-tcp', 'modbus-serial'].map((id) => [
      id,
      {
        title: id,
        settings: { type: 'object' },
        parseAddress: (address: string) =>
          /^\d+!\d+(\.\d+[HL]?)?(#[BLWSR]+)?$/.test(address)
            ? ok({ canonical: address, writable: true })
            : { ok: false as const, error: [{ path: '', code: 'X', message: `"${address}" is no address` }] },
      },
    ]),
  ),
  simulators: new Map(),
  apps: new Map(),
  dashboard: { type: 'object' },
};
const parse = (texts: ReadonlyMap<string, string>): ParsedHub => {
  const result = parseHub('hub.yaml', { folder: folderOf(texts), registry, env: () => undefined, readFile: () => '' });
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value;
};
const hub = (devices = 'devices: {}\n'): ParsedHub => parse(new Map([['hub.yaml', `version: 1\nhub: { name: demo }\n${devices}`]]));
const empty = hub();
const fixture = (name: string): Uint8Array => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const context = (device?: string): ReadContext => ({ device, settingsOf: () => undefined });
const read = (from: Uint8Array, format?: TagFormat, device?: string): Promise<TagsRead> => readTags(from, format, context(device));
const notes = (of: { notMapped: TagsRead['notMapped'] }): string[] =>
  of.notMapped.map(({ where, what, why }) => `${where.text}: ${what}: ${why}`);
const faults = ({ faults: list }: TagImport): string[] => list.map((f) => `${f.where.text}: ${f.tag}: ${f.message}`);
/** The configuration after the import, read again. */
function after(
  from: ParsedHub,
  what: TagsRead,
  options: Partial<ImportOptions> = {},
): { hub: ParsedHub; result: TagImport; texts: Map<string, string> } {
  const result = importTags(what, from, { registry, ...options });
  const texts = new Map([...from.files.texts, ...importedTexts(from, result)]);
  return { hub: parse(texts), result, texts };
}
const tagsOf = (of: ParsedHub, device: string, group: string) => of.config.devices[device]!.groups[group]!.tags as Record<string, any>;

test('a Kepware export is read: types, scaling, bits, texts, arrays, rates; what has no counterpart is told', async () => {
  const what = await read(fixture('kepware.csv'));
  assert.equal(what.format, 'kepware');
  const { hub: next, result } = after(hub('devices: { plc: { driver: modbus-tcp, settings: {}, groups: {} } }\n'), what, {
    device: 'plc',
    group: 'tags',
  });
  assert.deepEqual(faults(result), []);
  assert.deepEqual(next.config.devices.plc!.groups.Press!.interval, '1000ms');
  const tags = tagsOf(next, 'plc', 'Press');
  assert.deepEqual(tags.OilTemperature, {
    address: '1!40001',
    type: 'int16',
    access: 'read',
    decimal: 0.1,
    clampMin: 0,
    clampMax: 100,
    unit: 'Cel',
    description: 'Oil, tank side',
  });
  assert.deepEqual([tags.Pressure.decimal, tags.Pressure.bias], [0.000152590218967, -1]);
  assert.deepEqual(tags.Running, { address: '1!00001', type: 'bool', access: 'readwrite' });
  assert.deepEqual(tags.AlarmBit, { address: '1!40020.5', type: 'bit', access: 'read' });
  assert.equal(tags.Name.address, '1!40100.20');
  assert.deepEqual([tags.Profile.address, tags.Profile.type, tags.Profile.count], ['1!40200', 'int16', 10]);
  assert.equal(tags.Level_High.address, '1!30160');
  assert.deepEqual(tagsOf(next, 'plc', 'Press_5000ms').Total.type, 'uint32');
  assert.deepEqual(Object.keys(tagsOf(next, 'plc', 'Press.Guard')), ['Closed']);
  assert.deepEqual(notes(what), [
    'line 11, column 38: the tag Press.Flow: Square Root scaling has no counterpart: a derived tag can compute it',
    'line 12, column 24: the tag Press.Clock: there is no type Date',
    'line 13, column 1: the name "Level/High": it is imported as "Level_High": a name is a topic level',
    "the file: the word order of 2 values of 32 and 64 bits: it is a setting of the device in Kepware and not in this file; Kepware's default is low word first: set byteOrder of the device to CDAB where it was left so",
    "the column Respect Data Type: 1 tags that follow the client's type: every reader gets a tag's own type",
    'the file: the number of the unit: it stands in the device in Kepware; all addresses have unit 1',
  ]);
});

test('a Telegraf configuration is read in all its styles', async () => {
  const what = await read(fixture('telegraf.conf'));
  assert.equal(what.format, 'telegraf');
  const { hub: next, result } = after(empty, what);
  assert.deepEqual(next.config.devices.meter!.settings, { host: '10.0.0.21', port: 1502, timeout: '1s' });
  assert.deepEqual(next.config.devices.meter!.groups.modbus!.interval, '5s');
  const tags = tagsOf(next, 'meter', 'modbus');
  assert.deepEqual(
    Object.entries(tags).map(([name, { address, type, decimal }]) => [name, address, type, decimal]),
    [
      ['door', '1!10001', 'bool', undefined],
      ['motor_run', '1!00005', 'bool', undefined],
      ['tank_level', '1!30001#B', 'int16', undefined],
      ['power_factor', '1!40009', 'int16', 0.01],
      ['energy', '1!40006', 'uint32', 0.001],
      ['temperature', '1!40011#BL', 'float', undefined],
    ],
  );
  assert.deepEqual(
    Object.entries(tagsOf(next, 'gateway', 'drive_3')).map(([name, { address, type }]) => [name, address, type]),
    [
      ['voltage', '3!40001#B', 'int16'],
      ['current', '3!40002#BB', 'int32'],
      ['position', '3!40006#BB', 'int64'],
    ],
  );
  assert.deepEqual(notes(result), [
    'inputs.modbus[0].holding_registers[3]: the field half: there is no type FLOAT16',
    'inputs.modbus[0].holding_registers[4]: the field torn: its registers do not lie one after the other',
    'inputs.modbus[1].request[0].fields[1]: output: a tag has no such property',
    'inputs.modbus[1].request[0]: 1 fields: the file says to omit them',
    'inputs.modbus[1].request[0]: optimization, tags: the read planner does this by itself, and labels stand in the namespace',
    'inputs.modbus[2].metric[0].fields[3]: the field count: there is no type UINT8H',
    'the file: outputs: only [[inputs.modbus]] is taken over',
  ]);
  assert.deepEqual(faults(result), []);
  const { driver, settings } = next.config.devices.serial!;
  assert.deepEqual([driver, settings], ['modbus-serial', { port: '/dev/ttyUSB0', baudRate: 19_200, parity: 'even' }]);
  const tags2 = tagsOf(next, 'serial', 'modbus_7');
  assert.deepEqual([tags2.fault.address, tags2.firmware.address], ['7!40003.3', '7!40010.16']);
});

test("a ThingsBoard gateway's connector is read; a write to a place that is read makes one tag of both", async () => {
  const what = await read(fixture('thingsboard.json'));
  assert.equal(what.format, 'thingsboard');
  const { hub: next, result } = after(empty, what);
  const device = next.config.devices['Temp Sensor']!;
  assert.deepEqual(device.settings, { host: '10.0.0.31', port: 5021, timeout: '35s' });
  assert.equal(device.groups.timeseries!.interval, '5000ms');
  assert.deepEqual(
    Object.entries(device.groups).flatMap(([group, { tags }]) =>
      Object.entries(tags).map(([name, t]) => [`${group}/${name}`, t.address, t.type, t.access, t.count ?? t.decimal, t.report]),
    ),
    [
      ['timeseries/temperature', '2!30011', 'int16', 'read', 0.1, 'change'],
      ['timeseries/energy', '2!40013#BL', 'uint32', 'read', 0.5, 'change'],
      ['timeseries/profile', '2!40041', 'uint16', 'read', 8, 'change'],
      ['timeseries/alarm', '2!40061.4', 'bit', 'read', undefined, 'change'],
      ['attributes/serial', '2!30001.8', 'string', 'read', undefined, 'change'],
      ['attributes/setpoint', '2!40030#BL', 'float', 'readwrite', undefined, 'change'],
      ['rpc/setValve', '2!00032', 'bool', 'write', undefined, undefined],
    ],
  );
  assert.deepEqual(notes(result), [
    'master.slaves[0].timeseries[4]: timeseries half: there is no type 16float',
    'master.slaves[0].attributeUpdates[0]: the name wanted: the tag setpoint reads the same place and can now be written',
    'master.slaves[0].rpc[1]: rpc getValve: it reads: read the tag instead',
    'master.slaves[0]: deviceType, connectAttemptCount: the link is set up in the settings of the device',
  ]);
  assert.deepEqual(faults(result), []);
  const { driver, settings, groups } = next.config.devices.Drive!;
  assert.deepEqual([driver, settings, groups.timeseries!.tags.speed!.address], ['modbus-serial', { port: '/dev/ttyUSB0' }, '5!40001#B']);
});

test("Neuron's export of nodes is read, links and attributes included", async () => {
  const what = await read(fixture('neuron.json'));
  assert.equal(what.format, 'neuron');
  const { hub: next, result } = after(empty, what);
  assert.deepEqual(next.config.devices.press!.settings, {
    host: '10.0.0.41',
    port: 502,
    timeout: '3000ms',
    byteOrder: 'CDAB',
    interRequestDelay: 20,
  });
  assert.equal(next.config.devices.press!.groups.fast!.interval, '500ms');
  assert.deepEqual(tagsOf(next, 'press', 'fast'), {
    temperature: {
      address: '1!40001',
      type: 'int16',
      access: 'read',
      decimal: 0.1,
      bias: -40,
      precision: 1,
      unit: 'Cel',
      description: 'oil',
    },
    pressure: { address: '1!40002#BB', type: 'float', access: 'read', report: 'change' },
    run: { address: '1!00001', type: 'bit', access: 'readwrite' },
    line: { type: 'string', access: 'readwrite', value: 'hall 3' },
    a_b: { address: '1!40010', type: 'uint16', access: 'read' },
  });
  assert.deepEqual(notes(result), [
    'nodes[0].params: device_degrade, degrade_cycle: the settings of this driver have their own words; see docs/drivers',
    'nodes[0].groups[0].tags[4]: the tag raw of type 24: there is no such type',
    'nodes[0].groups[0].tags[5]: the name "a/b": it is imported as "a_b": a name is a topic level',
    'nodes[1]: the node cloud with plugin MQTT: no driver for it is taken over',
    'nodes[2]: the node plc with plugin Siemens S7 ISOTCP: no driver for it is taken over',
    'subscriptions: 1 subscriptions: which groups an app sends stands in apps of the hub file',
  ]);
  assert.deepEqual(faults(result), [
    'nodes[2].groups[0].tags[0].device: plc/db/x: There is no device plc, and the file does not say how to reach it.',
  ]);
});

test("Neuron's table is read from XLSX and from CSV, with faults at their cell", async () => {
  const rows = [
    ['group', 'name', 'address', 'attribute', 'type', 'description', 'decimal', 'precision', 'value'],
    ['g', 'a', '1!40001', 'Read,Write', 'INT16', 'first', 0.5, 2, undefined],
    ['g', 'b', '1!40002#L', 'Read,Subscribe', 'UINT16', undefined, 0, 0, undefined],
    ['g', 'c', 'here', 'Read', 'FLOAT', undefined, undefined, undefined, undefined],
    ['g', 'd', '', 'Static,Write', 'FLOAT', undefined, undefined, undefined, 3.5],
  ] as const;
  const xlsx = await writeXlsx(rows, 'tags');
  const csv = bytes(
    rows.map((row) => row.map((cell) => (String(cell ?? '').includes(',') ? `"${cell}"` : (cell ?? ''))).join(',')).join('\n'),
  );
  const device = hub('devices: { press: { driver: modbus-tcp, settings: {}, groups: {} } }\n');
  for (const [from, place] of [
    [xlsx, 'cell C4'],
    [csv, 'line 4, column 5'],
  ] as const) {
    const what = await read(from);
    assert.equal(what.format, 'neuron');
    const { hub: next, result } = after(device, what, { device: 'press' });
    assert.deepEqual(faults(result), [`${place}: press/g/c: The address here is not valid for modbus-tcp: "here" is no address.`]);
    assert.deepEqual(tagsOf(next, 'press', 'g'), {
      a: { address: '1!40001', type: 'int16', access: 'readwrite', decimal: 0.5, precision: 2, description: 'first' },
      b: { address: '1!40002#L', type: 'uint16', access: 'read', report: 'change' },
      d: { type: 'float', access: 'readwrite', value: 3.5 },
    });
  }
});

test('importing adds, replaces and keeps the others; what is the same already changes nothing', async () => {
  const before = hub(`devices:
  press: # the press
    driver: modbus-tcp
    groups:
      fast:
        interval: 1s
        tags:
          keep: { address: 1!40001, type: int16 } # stays
          change: { address: 1!40002, type: int16, unit: bar }
          same: { address: 1!40003, type: int16 }
`);
  const csv =
    'device;group;name;address;type\npress;fast;change;1!40012;int32\npress;fast;same;1!40003;int16\npress;fast;new;1!40004;float\npress;slow;x;1!40005;float\n';
  const { result, texts, hub: next } = after(before, await read(bytes(csv)));
  assert.deepEqual([result.added, result.replaced, result.unchanged, result.newGroups], [2, 1, 1, ['press/slow']]);
  assert.match(
    texts.get('hub.yaml')!,
    /press: # the press[^]*keep: \{ address: 1!40001, type: int16 \} # stays\n {10}change: \{ address: 1!40012, type: int32 \}/,
  );
  assert.deepEqual(Object.keys(tagsOf(next, 'press', 'fast')), ['keep', 'change', 'same', 'new']);
  const again = importTags(await read(bytes(csv)), next, { registry });
  assert.deepEqual([again.ops.length, again.unchanged, importedTexts(next, again).size], [0, 4, 0]);
});

test('every fault of a table is told at its line and column, and the good rows are imported without them', async () => {
  const csv = `group,name,address,type,decimal,deadband,spare
fast,a,1!40001,int16,,,
fast,b,nowhere,int17,x,,
fast,c/d,1!40003,int16,,,
fast,e,1!40004,int16,,5,
,f,1!40005,int16,,,
fast,a,1!40006,int16,,,
`;
  const device = hub('devices: { press: { driver: modbus-tcp, settings: {}, groups: {} } }\n');
  const { result, hub: next } = after(device, await read(bytes(csv)), { device: 'press' });
  assert.deepEqual(faults(result), [
    'line 3, column 16: press/fast/b: type must be one of bool, bit, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float, double, string, bytes, not "int17".',
    'line 3, column 22: press/fast/b: decimal must be a number other than 0, not "x".',
    'line 3, column 8: press/fast/b: The address nowhere is not valid for modbus-tcp: "nowhere" is no address.',
    'line 4, column 6: press/fast/c/d: "c/d" cannot be a name: it holds /, which separates or matches topic levels.',
    'line 5, column 23: press/fast/e: deadband does nothing without report: change.',
    'line 6, column 1: press/?/f: It is not said which group this tag belongs to.',
    'line 7, column 6: press/fast/a: The tag press/fast/a stands in this file already, at line 2, column 6.',
  ]);
  assert.equal(result.refused, 5);
  assert.deepEqual(Object.keys(tagsOf(next, 'press', 'fast')), ['a']);
  assert.deepEqual(notes(result), ['line 1, column 42: the column spare: no property of a tag has this name']);
});

test('a tag that JSON readers would lose is refused where it stands', async () => {
  const what = await read(bytes('device,group,name,address,type\npress,g,__proto__,1!40001,int16\npress,g,a,1!40002,int16\n'));
  const { result, hub: next } = after(hub('devices:\n  press: { driver: modbus-tcp, settings: {}, groups: {} }\n'), what);
  assert.deepEqual([result.added, result.refused], [1, 1]);
  assert.match(faults(result)[0]!, /^line 2, column 9: press\/g\/__proto__: .*means something else/);
  assert.deepEqual(Object.keys(tagsOf(next, 'press', 'g')), ['a']);
});

test('a large import stands in a tag table, a group that has one keeps it, and a file that is there is not written over', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => `press,fast,t${i},1!${40_001 + i},int16,=1+1`).join('\n');
  const csv = bytes(`device,group,name,address,type,description\n${rows}\n`);
  const device = hub(
    'devices: { press: { driver: modbus-tcp, settings: {}, groups: { fast: { interval: 1s, tags: { old: { address: 1!40999, type: int16 } } } } } }\n',
  );
  const { hub: next, result } = after(device, await read(csv), { exists: (name) => name === 'tags/press-fast.csv' });
  assert.deepEqual([...result.newFiles.keys()], ['tags/press-fast-2.csv']);
  assert.equal(Object.keys(tagsOf(next, 'press', 'fast')).length, 401);
  const more = after(next, await read(bytes('device,group,name,address,type\npress,fast,t0,1!41000,int16\n')));
  assert.deepEqual([...importedTexts(next, more.result).keys()], ['tags/press-fast-2.csv']);
  assert.equal(tagsOf(more.hub, 'press', 'fast').t0.address, '1!41000');
});

/** The same numbers each time. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}
const words = [
  '=SUM(A1)',
  '+1',
  '-x',
  '@cmd',
  "'quoted",
  "'",
  '',
  ' blank ',
  'a;b=c\\d',
  'line\nbreak',
  'tab\there',
  '"q"',
  '_x0041_',
  'über °C',
  '😀',
  '007',
  '1e5',
  'true',
  'a\r\nb',
  '\u0007bell',
  "'=x",
];

function invented(count: number, seed: number): ParsedHub {
  const next = dice(seed);
  const pick = <T>(of: readonly T[]): T => of[next(of.length)]!;
  const groups: Record<string, unknown> = {};
  for (let g = 0; g < 4; g++) {
    const tags: Record<string, unknown> = {};
    for (let i = 0; i < count / 4; i++) {
      const type = pick(['bool', 'int16', 'uint32', 'int64', 'float', 'string'] as const);
      const tag: Record<string, unknown> = { type, access: pick(['read', 'readwrite']) };
      if (next(5) === 0)
        tag.value = {
          bool: next(2) === 1,
          int16: next(9) - 4,
          uint32: next(9),
          int64: '9007199254740993',
          float: next(1000) / 7,
          string: pick(words),
        }[type];
      else tag.address = `1!${40_001 + i}`;
      if (next(3) === 0) tag.decimal = (next(1000) + 1) / 997;
      if (next(3) === 0) tag.bias = (next(100) - 200) * 1.1e-7;
      if (next(3) === 0) tag.description = pick(words);
      if (next(3) === 0) tag.unit = pick(['Cel', '%', '-', '=u']);
      if (next(4) === 0) tag.labels = { 0: pick(words), '-1': 'a=b', 'x;y': 'z' };
      if (next(4) === 0) Object.assign(tag, { report: 'change', deadband: pick([0.5, '2%', 'door 0.25']), heartbeat: '60s' });
      if (tag.access === 'readwrite' && next(2) === 0)
        Object.assign(tag, { writeMin: -1, writeMax: next(50), writeRole: 'engineer', writeReason: true });
      if (type !== 'string' && tag.value === undefined && next(6) === 0) tag.count = next(20) + 1;
      tags[`t${i} ${pick(['a', 'ä', '(x)'])}`] = tag;
    }
    groups[`g${g}`] = { interval: pick(['1s', '250ms']), tags };
  }
  const config = {
    ...empty.config,
    devices: { press: { driver: 'modbus-tcp', settings: {}, path: 'press', groups } },
  } as unknown as ParsedHub['config'];
  return { ...empty, config };
}

test('10,000 rows come back from CSV and from XLSX as they were', async (t) => {
  const seed = 20_261_124;
  const source = invented(10_000, seed);
  const rows = tagRows(source.config);
  assert.equal(rows.length, 10_000);
  for (const [format, file] of [
    ['csv', bytes(exportCsv(rows))],
    ['xlsx', await exportXlsx(rows)],
  ] as const) {
    const from = performance.now();
    const back = await read(file, format);
    t.diagnostic(`${format}: ${file.length} bytes, read in ${Math.round(performance.now() - from)} ms, seed ${seed}`);
    assert.deepEqual(notes(back), []);
    for (const [i, { device, group, interval, name, tag }] of rows.entries())
      assert.deepEqual({ ...back.tags[i], at: 0 }, { device, group, interval, name, tag, at: 0 }, `row ${i + 2} of ${format}`);
    const result = importTags(back, source, { registry });
    assert.deepEqual([faults(result).slice(0, 3), result.unchanged], [[], 10_000]);
  }
});

test('cells that a spreadsheet would compute are written as text', () => {
  const tag = { address: '1!40001', type: 'int16', description: '=cmd|calc' } as const;
  const csv = exportCsv([{ device: 'd', group: 'g', interval: '1s', name: 'n', tag: { ...tag, bias: -5 } }]);
  assert.match(csv, /,-5,'=cmd\|calc\r\n$/);
});

test('hostile files end in a sentence: bombs, damage, wrong kinds, huge cells', async () => {
  const refused = async (from: Uint8Array, format: TagFormat | undefined, code: string): Promise<void> => {
    await assert.rejects(read(from, format), (error: { code: string }) => error.code === code);
  };
  const good = await exportXlsx([{ device: 'd', group: 'g', interval: '1s', name: 'n', tag: { address: 'a', type: 'int16' } }]);
  // The directory promises a gigabyte for each part.
  const bomb = good.slice();
  const view = new DataView(bomb.buffer);
  for (let i = 0; i + 46 < bomb.length; i++)
    if (view.getUint32(i, true) === 0x02014b50) {
      view.setUint32(i + 20, 1_000_000, true);
      view.setUint32(i + 24, 1_000_000_000, true);
    }
  await refused(bomb, undefined, 'CONFIG_IMPORT_LARGE');
  const tight = good.slice();
  const other = new DataView(tight.buffer);
  for (let i = 0; i + 46 < tight.length; i++) if (other.getUint32(i, true) === 0x02014b50) other.setUint32(i + 24, 50_000_000, true);
  await refused(tight, undefined, 'CONFIG_IMPORT_FORMAT');
  await refused(good.slice(0, good.length - 30), undefined, 'CONFIG_IMPORT_FORMAT');
  await refused(Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0]), undefined, 'CONFIG_IMPORT_FORMAT');
  await refused(new Uint8Array(64_000_001), undefined, 'CONFIG_IMPORT_LARGE');
  await refused(bytes('{"nodes": ['), undefined, 'CONFIG_IMPORT_FORMAT');
  await refused(bytes('{}'), 'thingsboard', 'CONFIG_IMPORT_FORMAT');
  await refused(bytes('[[inputs.modbus]]\nname = '), undefined, 'CONFIG_IMPORT_FORMAT');
  await refused(bytes('a,b,c\n1,2,3\n'), undefined, 'CONFIG_IMPORT_COLUMN');
  await refused(bytes('name,address,type\n"open,1,2\n'), undefined, 'CONFIG_IMPORT_FORMAT');
  await refused(bytes(`name,address,type\n${'a,b,c\n'.repeat(250_001)}`), undefined, 'CONFIG_IMPORT_LARGE');
  const huge = await read(bytes(`name,address,type\n${'x'.repeat(1_000_000)},b,int16\n`));
  assert.equal(huge.tags[0]!.name.length, 32_767);
  const next = dice(3);
  for (let i = 0; i < 300; i++) {
    const noise = Uint8Array.from(good);
    for (let n = 0; n < 20; n++) noise[next(noise.length)] = next(256);
    await read(noise).then(
      () => {},
      (error: { code: string }) => assert.match(error.code, /^CONFIG_IMPORT_/),
    );
  }
});
