import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '@omh/core';
import type { Registry } from './checks.ts';
import { editHubFiles } from './edit-files.ts';
import { folderOf } from './hub-files.ts';
import { formatIssue } from './issue.ts';
import { parseHub } from './parse-hub.ts';
import { defineTag } from './tag-definition.ts';
import { readCell, spellCell, tagColumns } from './tag-cell.ts';
import { staticFault } from './tag-checks.ts';
import { Tag } from './tag-schema.ts';

const asked: unknown[] = [];
const registry: Registry = {
  drivers: new Map([
    [
      'plc',
      {
        title: 'PLC',
        settings: { type: 'object', properties: { notation: { type: 'string', title: 'Notation', description: 'How.', effect: 'live' } } },
        parseAddress: (address, tag, settings) => {
          asked.push([address, tag, settings]);
          return ok({ canonical: address, writable: true });
        },
      },
    ],
  ]),
  simulators: new Map(),
  apps: new Map(),
  dashboard: { type: 'object' },
  expressionFault(text, names) {
    for (const { index, 0: quoted, 1: name } of text.matchAll(/"([^"]*)"/g))
      if (!names.has(name!))
        return { column: index + 1, message: `There is no tag ${quoted}. Did you mean "${[...names].find((n) => n[0] === name![0])}"?` };
    return text.includes('?') ? { column: text.indexOf('?') + 1, message: 'The expression ends with ?.' } : undefined;
  },
};
const parse = (files: Record<string, string>) =>
  parseHub('hub.yaml', { folder: folderOf(new Map(Object.entries(files))), registry, env: () => undefined, readFile: () => '' });
const head =
  'version: 1\nhub: { name: demo }\ndevices:\n  d:\n    driver: plc\n    settings: { notation: x }\n    groups:\n      g:\n        interval: 1s\n        tags:\n';
const wrong = (tags: string): string[] => {
  const result = parse({ 'hub.yaml': head + tags.replace(/^/gm, '          ') });
  return result.ok ? [] : result.error.map((issue) => formatIssue(issue).replace('devices/d/groups/g/tags/', ''));
};

test('every property of a tag has its column', () => {
  assert.deepEqual([...tagColumns].filter((column) => column !== 'name').sort(), Object.keys(Tag.properties).sort());
});

test('a value comes from one place, and a static one fits its type', () => {
  assert.deepEqual(wrong('a: { type: int16 }'), [
    'hub.yaml:11:11 a a needs the key address. Add it, or a value or an expression of its own.',
  ]);
  assert.deepEqual(wrong('a: { type: int16, address: x, value: 3 }'), [
    'hub.yaml:11:41 a/value a has address and value; a value comes from one place. Keep one of address, value and expression.',
  ]);
  assert.deepEqual(wrong('a: { type: uint8, value: 256 }'), [
    'hub.yaml:11:36 a/value value must be a whole number from 0 to 255 as its type says, not 256.',
  ]);
  assert.deepEqual(
    wrong(
      'a: { type: bool, value: true }\nb: { type: int64, value: "9007199254740993", access: readwrite }\nc: { type: bytes, value: 0aff }',
    ),
    [],
  );
  for (const [value, type, fits] of [
    [1.5, 'int16', false],
    ['9223372036854775808', 'int64', false],
    ['18446744073709551615', 'uint64', true],
    ['text', 'float', false],
    [2, 'bool', false],
    [1, 'bit', true],
    [5, 'string', false],
    ['abc', 'bytes', false],
  ] as const)
    assert.equal(staticFault(value, type) === undefined, fits, `${value} as ${type}`);
});

test('properties that need, exclude or bound each other are told at their place', () => {
  assert.deepEqual(wrong('a: { type: float, address: x, deadband: 1, heartbeat: 5s }'), [
    'hub.yaml:11:51 a/deadband deadband does nothing without report: change. Add report: change, or remove deadband.',
    'hub.yaml:11:65 a/heartbeat heartbeat does nothing without report: change. Add report: change, or remove heartbeat.',
  ]);
  assert.deepEqual(wrong('a: { type: float, address: x, clampMin: 5, clampMax: 4, writeRole: admin }'), [
    'hub.yaml:11:51 a/clampMin clampMin 5 is above clampMax 4. Exchange or correct the two.',
    'hub.yaml:11:78 a/writeRole writeRole does nothing without access: readwrite. Add access: readwrite, or remove writeRole.',
  ]);
  assert.deepEqual(wrong('a: { type: float, address: x, access: write, writeMin: 2, writeMax: 1, readBack: true }'), [
    'hub.yaml:11:66 a/writeMin writeMin 2 is above writeMax 1. Exchange or correct the two.',
    'hub.yaml:11:92 a/readBack readBack does nothing without access: readwrite. Add access: readwrite, or remove readBack.',
  ]);
  assert.deepEqual(wrong('a: { type: string, address: x, count: 3 }'), [
    'hub.yaml:11:49 a/count count does not go with type: string: its length stands in the address. Remove one of the two.',
  ]);
  assert.deepEqual(wrong('a: { type: int16, address: x, labels: { 0: off, 0.0: on } }'), [
    'hub.yaml:11:59 a/labels/0.0 The value 0.0 has two labels. Keep one of them.',
  ]);
  assert.deepEqual(wrong('a: { type: float, expression: "1", access: readwrite }'), [
    'hub.yaml:11:54 a/access expression does not go with access: readwrite: a computed value cannot be written. Write access: read.',
  ]);
});

test('an address is read with the settings of its device and the number of elements', () => {
  asked.length = 0;
  assert.deepEqual(wrong('a: { type: int16, address: x, count: 4 }'), []);
  assert.deepEqual(asked, [['x', { type: 'int16', access: 'read', count: 4 }, { notation: 'x' }]]);
});

test('expressions are checked, with the names they may use, and cycles are told', () => {
  assert.deepEqual(wrong('t: { type: float, address: x }\na: { type: float, expression: t * 2 ? }'), [
    'hub.yaml:12:47 a/expression The expression of this tag is not valid at column 7: the expression ends with ?.',
  ]);
  assert.deepEqual(
    wrong(
      't: { type: float, address: x }\na: { type: float, expression: \'"g/t" + "d/g/t" + "t"\' }\nb: { type: float, expression: \'"g/u"\' }',
    ),
    ['hub.yaml:13:42 b/expression The expression of this tag is not valid at column 1: there is no tag "g/u". Did you mean "g/t"?'],
  );
  assert.deepEqual(
    wrong('a: { type: float, expression: b + 1 }\nb: { type: float, expression: \'"d/g/c" * 2\' }\nc: { type: float, expression: abs(a) }'),
    [
      'hub.yaml:13:41 c/expression The expression of d/g/c reads its own result: d/g/a → d/g/b → d/g/c → d/g/a. Let one of them read something else.',
    ],
  );
  assert.match(wrong('a: { type: float, expression: a + 1 }')[0]!, /reads its own result: d\/g\/a → d\/g\/a\./);
  const deep = Array.from({ length: 5000 }, (_, i) => `t${i}: { type: float, expression: t${i + 1} }`).join('\n');
  assert.deepEqual(wrong(`${deep}\nt5000: { type: float, address: x }`), []);
});

test('what the file says becomes what runs: values in their type, bounds, reports and limits', () => {
  const tag = {
    type: 'int64',
    access: 'readwrite',
    value: '9007199254740993',
    clampMin: 1,
    report: 'change',
    deadband: 'door 0.5',
    heartbeat: '1min',
  } as const;
  assert.deepEqual(defineTag({}, 'a', { ...tag, writeMax: 5, writeReason: true, expire: '2s' }), {
    name: 'a',
    address: '',
    type: 'int64',
    access: 'readwrite',
    source: { kind: 'static', value: 9_007_199_254_740_993n },
    clamp: { min: 1 },
    report: { deadband: { kind: 'door', width: 0.5 }, heartbeatMs: 60_000 },
    expireMs: 2000,
    guard: { max: 5, reason: true },
  });
  assert.deepEqual(defineTag({}, 'b', { type: 'bytes', access: 'read', value: '0aff' }).source, {
    kind: 'static',
    value: Uint8Array.of(10, 255),
  });
});

test('cells are typed, and spelled as they are read', () => {
  for (const [column, cell, value] of [
    ['labels', '0=stopped; 1 = running', { '0': 'stopped', '1': 'running' }],
    ['labels', '0=a\\;b;1=c\\=d', { '0': 'a;b', '1': 'c=d' }],
    ['labels', '0=a;0=b', '0=a;0=b'],
    ['deadband', '2%', '2%'],
    ['deadband', '0.50', 0.5],
    ['readBack', 'TRUE', true],
    ['count', 'many', 'many'],
    ['description', "'=1+1", '=1+1'],
    ['description', "'tis", "'tis"],
  ] as const)
    assert.deepEqual(readCell(column, cell, 'int16'), value);
  const labels = { 0: ' a ', 1: 'b;=\\', '-5': "'" };
  assert.deepEqual(readCell('labels', spellCell(labels)!, undefined), labels);
});

test('edits of all properties are written to a table and read back', () => {
  const files = {
    'hub.yaml': head.replace('tags:\n', 'tags: { file: t.csv }\n'),
    't.csv': 'name,address,type,labels,readBack\na,x,int16,0=off;1=on,TRUE\nb,y,int16,,\n',
  };
  // readBack needs a tag that can be written.
  files['t.csv'] = files['t.csv']
    .replace('name,address,type', 'name,address,type,access')
    .replace('a,x,int16', 'a,x,int16,readwrite')
    .replace('b,y,int16', 'b,y,int16,');
  const before = parse(files);
  assert.ok(before.ok, before.ok ? '' : before.error.map(formatIssue).join('\n'));
  const at = 'devices/d/groups/g/tags';
  const after = editHubFiles(before.value.files, [
    { op: 'replace', path: `${at}/a/labels/1`, value: 'running' },
    { op: 'add', path: `${at}/b/report`, value: 'change' },
    { op: 'add', path: `${at}/b/deadband`, value: 0.5 },
    { op: 'add', path: `${at}/c`, value: { type: 'string', value: '=x', access: 'readwrite', writeReason: true } },
  ]);
  assert.equal(
    after.texts.get('t.csv'),
    "name,address,type,access,labels,readBack,value,report,deadband,writeReason\na,x,int16,readwrite,0=off;1=running,TRUE\nb,y,int16,,,,,change,0.5\nc,,string,readwrite,,,'=x,,,true\n",
  );
  const again = parse(Object.fromEntries(after.texts));
  assert.ok(again.ok, again.ok ? '' : again.error.map(formatIssue).join('\n'));
  const { a, b, c } = again.value.config.devices.d!.groups.g!.tags;
  assert.deepEqual(a!.labels, { '0': 'off', '1': 'running' });
  assert.deepEqual([b!.deadband, c!.value], [0.5, '=x']);
});
