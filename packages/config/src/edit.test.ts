import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { editHubText } from './edit.ts';
import type { EditOp } from './edit.ts';

const plant = `# The plant of Dallas.
version: 1
hub:   { name: demo, site: acme/dallas }   # do not rename

# --- devices, south ---
devices:
  # the press
  press:    # Siemens, hall 2
    driver: modbus-tcp      # over the gateway
    settings:   { host: 127.0.0.1, port: 5020 }   # gateway
    groups:
      fast:
        interval:   1s    # was 500ms
        tags:             # raw tenths
          temperature: { address: 1!40001, type: int16 }   # T1
          humidity:    { address: 1!40002, type: int16 }   # H1
          # pressure follows in spring
  oven:
    driver: modbus-tcp
    settings: { host: 10.0.0.7 }

# --- north ---
apps:
  mes:
    type: mqtt
    settings:
      password: !env MES_PASSWORD   # from the vault
    subscriptions:
    - device: press     # unindented list
      group: fast
    - { device: oven, group: slow }
rules:
  ingest:
    sql: |
      SELECT payload.v AS v   -- the value
      FROM "a/b"
    actions:
      - historian: INSERT INTO t VALUES (\${v})   # first
      # then
      - console: true
# the end
`;

const edited = (ops: EditOp[], text = plant): { removed: string[]; added: string[]; text: string } => {
  const out = editHubText(text, ops);
  const before = text.split('\n');
  const after = out.split('\n');
  let head = 0;
  while (head < before.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { removed: before.slice(head, before.length - tail), added: after.slice(head, after.length - tail), text: out };
};
const set = (path: string, value: unknown): EditOp => ({ op: 'add', path, value });
const valueAt = (text: string, path: string): unknown =>
  path.split('/').reduce((v, k) => (v as Record<string, unknown>)[k], parse(text, { logLevel: 'silent' }) as unknown);

const cases: [title: string, ops: EditOp[], removed: string[], added: string[]][] = [
  [
    'a scalar keeps its spacing and its comment',
    [{ op: 'replace', path: 'devices/press/groups/fast/interval', value: '2s' }],
    ['        interval:   1s    # was 500ms'],
    ['        interval:   2s    # was 500ms'],
  ],
  [
    'a scalar inside a flow map',
    [set('devices/press/settings/port', 502)],
    ['    settings:   { host: 127.0.0.1, port: 5020 }   # gateway'],
    ['    settings:   { host: 127.0.0.1, port: 502 }   # gateway'],
  ],
  [
    'a key added to a flow map',
    [set('devices/oven/settings/port', 502)],
    ['    settings: { host: 10.0.0.7 }'],
    ['    settings: { host: 10.0.0.7, port: 502 }'],
  ],
  [
    'the first key taken from a flow map',
    [{ op: 'remove', path: 'devices/press/settings/host' }],
    ['    settings:   { host: 127.0.0.1, port: 5020 }   # gateway'],
    ['    settings:   { port: 5020 }   # gateway'],
  ],
  [
    'the last key taken from a flow map',
    [{ op: 'remove', path: 'hub/site' }],
    ['hub:   { name: demo, site: acme/dallas }   # do not rename'],
    ['hub:   { name: demo }   # do not rename'],
  ],
  [
    'a flow map that becomes empty',
    [{ op: 'remove', path: 'devices/oven/settings/host' }],
    ['    settings: { host: 10.0.0.7 }'],
    ['    settings: {}'],
  ],
  [
    'a tag looks like its neighbours',
    [set('devices/press/groups/fast/tags/pressure', { address: '1!40003', type: 'int16', unit: 'bar' })],
    [],
    ['          pressure: { address: 1!40003, type: int16, unit: bar }'],
  ],
  [
    'a removed tag takes only its line',
    [{ op: 'remove', path: 'devices/press/groups/fast/tags/temperature' }],
    ['          temperature: { address: 1!40001, type: int16 }   # T1'],
    [],
  ],
  [
    'a whole device with its comments',
    [{ op: 'remove', path: 'devices/oven' }],
    ['  oven:', '    driver: modbus-tcp', '    settings: { host: 10.0.0.7 }'],
    [],
  ],
  [
    'a new rule',
    [set('rules/alarm', { sql: 'SELECT * FROM "x"', actions: [{ console: true }] })],
    [],
    ['  alarm:', '    sql: SELECT * FROM "x"', '    actions:', '      - console: true'],
  ],
  ['a new section at the end', [set('dashboards/a/panels', [])], [], ['dashboards:', '  a:', '    panels: []']],
  [
    'a list that is not indented grows',
    [set('apps/mes/subscriptions/-', { device: 'oven', group: 'x' })],
    [],
    ['    - device: oven', '      group: x'],
  ],
  ['an entry before the first', [set('apps/mes/subscriptions/0', { device: 'a', group: 'b' })], [], ['    - device: a', '      group: b']],
  [
    'an entry of a block list goes',
    [{ op: 'remove', path: 'apps/mes/subscriptions/0' }],
    ['    - device: press     # unindented list', '      group: fast'],
    [],
  ],
  [
    'a key inside a list entry',
    [set('apps/mes/subscriptions/1/topic', 'a/b')],
    ['    - { device: oven, group: slow }'],
    ['    - { device: oven, group: slow, topic: a/b }'],
  ],
  [
    'the first key of a list entry goes',
    [{ op: 'remove', path: 'apps/mes/subscriptions/0/device' }],
    ['    - device: press     # unindented list', '      group: fast'],
    ['    - group: fast'],
  ],
  [
    'a block text',
    [{ op: 'replace', path: 'rules/ingest/sql', value: 'SELECT 1\nFROM "c"\n' }],
    ['      SELECT payload.v AS v   -- the value', '      FROM "a/b"'],
    ['      SELECT 1', '      FROM "c"'],
  ],
  [
    'a block text that becomes one line',
    [{ op: 'replace', path: 'rules/ingest/sql', value: 'SELECT 1 FROM "c"' }],
    ['    sql: |', '      SELECT payload.v AS v   -- the value', '      FROM "a/b"'],
    ['    sql: SELECT 1 FROM "c"'],
  ],
  [
    'a line that becomes a block text keeps its comment',
    [{ op: 'replace', path: 'devices/press/driver', value: 'a\nb\n' }],
    ['    driver: modbus-tcp      # over the gateway'],
    ['    driver: | # over the gateway', '      a', '      b'],
  ],
  [
    'a list entry of one kind becomes another',
    [{ op: 'replace', path: 'rules/ingest/actions/0', value: { console: true } }],
    ['      - historian: INSERT INTO t VALUES (${v})   # first'],
    ['      - console: true'],
  ],
];
for (const [title, ops, removed, added] of cases) {
  test(`edit touches only its lines: ${title}`, () => {
    const out = edited(ops);
    assert.deepEqual({ removed: out.removed, added: out.added }, { removed, added });
    for (const op of ops)
      if (op.op !== 'remove' && !op.path.endsWith('-') && !op.path.endsWith('/0')) assert.deepEqual(valueAt(out.text, op.path), op.value);
  });
}

test('putting a block back as it was read changes nothing, tags included', () => {
  const press = valueAt(plant, 'devices/press');
  assert.equal(editHubText(plant, [set('devices/press', press)]), plant);
  assert.equal(editHubText(plant, [set('apps/mes/settings', { password: '!env MES_PASSWORD' })]), plant);
});

test('a text that names a secret is written as its tag, a new value drops the tag', () => {
  for (const [text, written] of [
    ['!env HUB_NAME', 'name: !env HUB_NAME'],
    ['!file secrets/name', 'name: !file secrets/name'],
    ['!env 9', 'name: "!env 9"'],
    ['!env', 'name: "!env"'],
    ['!file a b', 'name: "!file a b"'],
  ] as const) {
    const out = editHubText(plant, [set('hub/name', text)]);
    assert.ok(out.includes(`${written}\n`) || out.includes(`${written},`) || out.includes(`${written} `), out);
  }
  const { removed, added } = edited([set('apps/mes/settings/password', 'plain')]);
  assert.deepEqual(
    [removed, added],
    [['      password: !env MES_PASSWORD   # from the vault'], ['      password: plain   # from the vault']],
  );
});

test('a put of a whole block keeps the comments of what it does not change', () => {
  const device = structuredClone(valueAt(plant, 'devices/press')) as any;
  device.groups.fast.interval = '5s';
  delete device.groups.fast.tags.humidity;
  device.groups.slow = { interval: '1min', tags: { level: { address: '1!40009', type: 'float' } } };
  const out = editHubText(plant, [set('devices/press', device)]);
  assert.deepEqual(valueAt(out, 'devices/press'), device);
  for (const kept of ['# over the gateway', '# was 500ms', '# T1', '# pressure follows in spring', '# raw tenths', '# Siemens, hall 2'])
    assert.ok(out.includes(kept), kept);
  assert.ok(!out.includes('# H1'));
});

test('Windows line ends stay Windows line ends', () => {
  const windows = plant.replaceAll('\n', '\r\n');
  const out = editHubText(windows, [
    set('rules/alarm', { sql: 'SELECT 1\nFROM "x"\n', actions: [{ console: true }] }),
    set('devices/press/groups/fast/interval', '3s'),
  ]);
  assert.equal(out.replaceAll('\r\n', '').includes('\n'), false);
  assert.deepEqual(valueAt(out, 'rules/alarm/actions'), [{ console: true }]);
});

test('a file without a last line end, with empty sections or with a byte order mark takes edits', () => {
  assert.equal(
    editHubText('version: 1\nhub: { name: a }', [set('rules/x/sql', 'a')]),
    'version: 1\nhub: { name: a }\nrules:\n  x:\n    sql: a',
  );
  assert.equal(
    editHubText('version: 1\nrules:   # none yet\nhub: { name: a }\n', [set('rules/x', { sql: 'a' })]),
    'version: 1\nrules: # none yet\n  x:\n    sql: a\nhub: { name: a }\n',
  );
  assert.equal(
    editHubText('\ufeffversion: 1\nrules: {}   # none yet\n', [set('rules/x', { sql: 'a' })]),
    '\ufeffversion: 1\nrules: # none yet\n  x:\n    sql: a\n',
  );
  assert.equal(
    editHubText('a: 1\nrules:\n  x:\n    sql: a\n  # note\nb: 2\n', [{ op: 'remove', path: 'rules/x' }]),
    'a: 1\nrules: {}\n  # note\nb: 2\n',
  );
});

test('anchors: the alias is written out where its value must differ, and when its anchor goes', () => {
  const text = 'version: 1\nbase: &b { a: 1, c: 2 }\ncopy: *b\n';
  const out = editHubText(text, [set('copy/a', 5)]);
  assert.deepEqual(parse(out), { version: 1, base: { a: 1, c: 2 }, copy: { a: 5, c: 2 } });
  const changed = editHubText(text, [set('base/a', 7)]);
  assert.deepEqual(parse(changed).base, { a: 7, c: 2 });
  assert.deepEqual(parse(changed).copy, { a: 1, c: 2 });
  assert.deepEqual(parse(editHubText(text, [{ op: 'remove', path: 'base' }])), { version: 1, copy: { a: 1, c: 2 } });
});

test('edits that lead nowhere are refused with a code', () => {
  const refused = (ops: EditOp[], code: string, text = plant): void => {
    assert.throws(() => editHubText(text, ops), { code });
  };
  refused([{ op: 'replace', path: 'rules/none', value: 1 }], 'CONFIG_EDIT_PATH');
  refused([{ op: 'remove', path: 'rules/none' }], 'CONFIG_EDIT_PATH');
  refused([{ op: 'remove', path: 'apps/mes/subscriptions/9' }], 'CONFIG_EDIT_PATH');
  refused([set('apps/mes/subscriptions/x', 1)], 'CONFIG_EDIT_PATH');
  refused([set('version/x', 1)], 'CONFIG_EDIT_PATH');
  refused([set('', 1)], 'CONFIG_EDIT_PATH');
  refused([set('rules/__proto__', 1)], 'CONFIG_EDIT_PATH');
  refused([set('rules/constructor/sql/x', 1), { op: 'remove', path: 'rules/toString' }], 'CONFIG_EDIT_PATH');
  refused([set('rules/x', undefined)], 'CONFIG_EDIT_VALUE');
  refused([set('rules/x', 1n)], 'CONFIG_EDIT_VALUE');
  refused([set('rules/x', 1)], 'CONFIG_EDIT_VALUE', 'a: [');
  refused([set('rules/x', 1)], 'CONFIG_EDIT_VALUE', '- 1\n');
});

test('random edits always leave a file that says exactly what was asked', () => {
  let seed = 7;
  const random = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * n);
  };
  const texts = [
    'a',
    'two words',
    'line\nbreak\n',
    '1!40001',
    '# no comment',
    'x: y',
    "it's",
    '"q"',
    '',
    '- dash',
    '{ flow }',
    'null',
    'true',
    '1e3',
    ' lead',
    '${a.b}, c',
  ];
  const value = (depth: number): unknown => {
    switch (random(depth > 2 ? 4 : 6)) {
      case 0:
        return random(1000);
      case 1:
        return random(2) === 0;
      case 2:
      case 3:
        return texts[random(texts.length)];
      case 4:
        return Array.from({ length: random(3) }, () => value(depth + 1));
      default:
        return Object.fromEntries(Array.from({ length: random(4) }, (_, i) => [`k${i}`, value(depth + 1)]));
    }
  };
  const paths = (node: unknown, at: string): string[] =>
    typeof node !== 'object' || node === null
      ? [at]
      : [at, ...Object.entries(node).flatMap(([key, child]) => paths(child, at === '' ? key : `${at}/${key}`))];
  for (let round = 0; round < 60; round++) {
    let text = round % 3 === 0 ? plant.replaceAll('\n', '\r\n') : plant;
    for (let i = 0; i < 4; i++) {
      const model = parse(text, { logLevel: 'silent' }) as unknown;
      const all = paths(model, '').filter((path) => path.includes('/'));
      const path = all[random(all.length)]!;
      const op: EditOp = random(4) === 0 ? { op: 'remove', path } : { op: 'replace', path, value: value(0) };
      const out = editHubText(text, [op]);
      const keys = path.split('/');
      const last = keys.pop()!;
      const parent = keys.reduce((v, k) => (v as any)[k], model) as any;
      if (op.op === 'replace') parent[last] = op.value;
      else if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else delete parent[last];
      assert.deepEqual(parse(out, { logLevel: 'silent' }), model, `${round}: ${JSON.stringify(op)}\n${out}`);
      assert.ok(out.startsWith('# The plant of Dallas.'));
      text = out;
    }
  }
});
