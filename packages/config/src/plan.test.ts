import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { ok } from '@omh/core';
import type { Registry } from './checks.ts';
import { hubJsonSchema } from './json-schema.ts';
import { migrateHubText } from './migrations.ts';
import { parseHub } from './parse-hub.ts';
import { planHub } from './plan.ts';
import { formatIssue } from './issue.ts';
import { faultsInWords } from './schema-words.ts';
import { unifiedDiff } from './unified-diff.ts';
import { folderOf } from './hub-files.ts';

const registry: Registry = {
  drivers: new Map([
    [
      'modbus-tcp',
      {
        title: 'Modbus TCP',
        settings: {
          type: 'object',
          properties: {
            host: { type: 'string', title: 'Host', description: 'Where it is.', effect: 'reconnect' },
            port: { type: 'integer', title: 'Port', description: 'TCP port.', unit: '1', default: 502, effect: 'reconnect' },
            password: { type: 'string', title: 'Password', description: 'Its password.', format: 'secret', effect: 'reconnect' },
          },
        },
        parseAddress: (address: string) => ok({ canonical: address, writable: true }),
      },
    ],
  ]),
  simulators: new Map([['modbus-tcp', { type: 'object' }]]),
  apps: new Map([['mqtt', { type: 'object' }]]),
  dashboard: { type: 'object' },
  requestsPerCycle: (_driver, _settings, tags) => Math.ceil(tags.length / 10),
};
const parsed = (texts: Record<string, string>) => {
  const result = parseHub('hub.yaml', {
    folder: folderOf(new Map(Object.entries(texts))),
    registry,
    env: (name) => `of ${name}`,
    readFile: () => 'f',
  });
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value;
};
const hub = (body: string) => parsed({ 'hub.yaml': `version: 1\nhub: { name: a }\n${body}` });
const tags = (n: number, unit = 'Cel', from = 0): string =>
  Array.from({ length: n }, (_, i) => `          t${from + i}: { address: "${i}", type: int16, unit: ${unit} }\n`).join('');
const press = (body: string, settings = '{ host: h }', interval = '1s'): string =>
  `devices:\n  press:\n    driver: modbus-tcp\n    settings: ${settings}\n    groups:\n      line1:\n        interval: ${interval}\n        tags:\n${body}`;
const plan = (from: string, to: string) => planHub(hub(from), hub(to), registry);
const told = (from: string, to: string): string[] => plan(from, to).changes.map((c) => `${c.effect} ${c.sentence}`);

test('changes are told in words, with their effect', () => {
  assert.deepEqual(told(press(tags(3)), press(tags(3))), []);
  assert.deepEqual(told(press(tags(3)), press(tags(3), '{ host: h }', '500ms')), ['live group press/line1: interval 1 s → 500 ms']);
  assert.deepEqual(told(press(tags(3)), press(tags(6))), ['live 3 tags added to press/line1: t3, t4, t5']);
  assert.deepEqual(told(press(tags(6)), press(tags(3))), ['live 3 tags removed from press/line1: t3, t4, t5']);
  assert.deepEqual(told(press(tags(2)), press(tags(2, 'K'))), [
    'live tag press/line1/t0: unit Cel → K',
    'live tag press/line1/t1: unit Cel → K',
  ]);
  assert.deepEqual(told(press(tags(30)), press(tags(30, 'K'))), ['live 30 tags changed in press/line1: unit']);
  assert.deepEqual(told(press(tags(1)), press(tags(1), '{ host: k }')), [
    'reconnect device press: settings host h → k; device press reconnects',
  ]);
  assert.deepEqual(told('', press(tags(2))), ['live device press added: modbus-tcp, 1 group, 2 tags']);
  assert.deepEqual(told('http: { port: 1 }', 'http: { port: 2 }'), ['restart http: port 1 → 2, from the next start of the hub on']);
  assert.deepEqual(told('rules: { r: { sql: a } }', 'rules: { r: { sql: a, enabled: false } }'), ['live rule r: enabled true → false']);
});

test('what an app sends is told group by group', () => {
  const app = (...subscriptions: string[]): string =>
    `${press(tags(1))}      line2: { interval: 1s }\napps: { mes: { type: mqtt, subscriptions: [${subscriptions.map((s) => `{ device: press, ${s} }`).join(', ')}] } }\n`;
  const both = app('group: line1', 'group: line2');
  assert.deepEqual(told(app('group: line1'), both), ['live app mes: sends press/line2 to /neuron/mes/press/line2']);
  assert.deepEqual(told(both, app('group: line2')), ['live app mes: no longer sends press/line1']);
  assert.deepEqual(told(app('group: line1'), app('group: line1, topic: a/b')), [
    'live app mes: sends press/line1 to a/b, no longer to /neuron/mes/press/line1',
  ]);
  assert.deepEqual(told(app('group: line1'), app('group: line1, qos: 1')), [
    'live app mes: sends press/line1 to /neuron/mes/press/line1 in another way',
  ]);
  assert.deepEqual(told(both, app('group: line2', 'group: line1')), ['live app mes: subscriptions in another order']);
});

test('each part is touched only as far as it must be', () => {
  const of = (from: string, to: string) => plan(from, to).parts.map((p) => `${p.how} ${p.section}/${p.name}`);
  assert.deepEqual(of(press(tags(1)), press(tags(2), '{ host: h }', '2s')), ['adjust devices/press']);
  assert.deepEqual(of(press(tags(1)), press(tags(1), '{ host: k }')), ['replace devices/press']);
  assert.deepEqual(of(`${press(tags(1))}rules: { r: { sql: a } }\n`, `${press(tags(1))}rules: { s: { sql: a } }\n`), [
    'remove rules/r',
    'add rules/s',
  ]);
  assert.deepEqual(of('dashboards: { d: { a: 1 } }', 'dashboards: { d: { a: 2 } }'), []);
});

test('warnings: a load that grows, a history that stays, a door that opens', () => {
  const warnings = (from: string, to: string) => plan(from, to).warnings.map((w) => w.text);
  assert.deepEqual(warnings(press(tags(20)), press(tags(20), '{ host: h }', '500ms')), [
    'The link of device press carries more: 2 → 4 requests/s, 20 → 40 values/s.',
  ]);
  assert.deepEqual(warnings(press(tags(15)), press(tags(18))), []);
  assert.deepEqual(warnings('', press(tags(20))), []);
  const high = 'The link of device press carries about 200 requests/s for 2,000 values/s; many devices answer fewer than 100 a second.';
  assert.deepEqual(warnings('', press(tags(20), '{ host: h }', '10ms')), [high]);
  assert.deepEqual(warnings(press(tags(20)), press(tags(20), '{ host: h }', '10ms')), [high]);
  assert.deepEqual(warnings(press(tags(20), '{ host: h }', '10ms'), press(tags(10), '{ host: h }', '10ms')).length, 1);
  assert.match(warnings(press(tags(2)), press(tags(1)))[0]!, /^1 tag of device press is no longer read; the history it has stays/);
  const listener = (host: string) => `broker: { listeners: { tcp: { host: ${host}, port: 1883, anonymous: true } } }`;
  assert.match(warnings(listener('127.0.0.1'), listener('0.0.0.0'))[0]!, /without a password/);
  assert.deepEqual(warnings(listener('0.0.0.0'), listener('0.0.0.0')), []);
});

test('a plan that gives one namespace path to two tags is refused, and both are named', () => {
  const second = press(tags(1)).split('\n').slice(1).join('\n').replace('press:', 'other:').replace('driver:', 'path: press\n    driver:');
  const text = `version: 1\nhub: { name: a }\n${press(tags(1))}${second}`;
  const result = parseHub('hub.yaml', { folder: folderOf(new Map([['hub.yaml', text]])), registry, env: () => '', readFile: () => '' });
  assert.deepEqual(result.ok ? [] : result.error.map((issue) => issue.message), [
    'The namespace path press/t0 already belongs to press/line1/t0.',
  ]);
});

test('a plan shows secrets by their name', () => {
  const show = (from: string, to: string) =>
    JSON.stringify(plan(press(tags(1), `{ password: ${from} }`), press(tags(1), `{ password: ${to} }`)));
  assert.match(show('!env OLD', '!env NEW'), /!env OLD → !env NEW/);
  assert.ok(!show('!env OLD', '!env NEW').includes('of NEW'));
});

test('a secret that stands in the file itself is refused without being shown', () => {
  const read = (password: string): string[] => {
    const text = `version: 1\nhub: { name: a }\n${press(tags(1), `{ password: ${password} }`)}`;
    const folder = folderOf(new Map([['hub.yaml', text]]));
    const result = parseHub('hub.yaml', { folder, registry, env: () => 'of the environment', readFile: () => 'of the file' });
    return result.ok ? [] : result.error.map((issue) => `${issue.path} ${issue.code} ${issue.message}`);
  };
  assert.deepEqual(read('canary'), [
    'devices/press/settings/password CONFIG_PLAIN_SECRET password is a secret and does not stand in the file itself.',
  ]);
  assert.equal(read('"!env NAME"').length, 1, 'a text that only reads like a tag is a text');
  assert.deepEqual([read('!env NAME'), read('!file secrets/press')], [[], []]);
  const schema = registry.drivers.get('modbus-tcp')!.settings;
  assert.deepEqual(
    faultsInWords(schema, { password: 'canary' }).map(({ pointer, message }) => [pointer, message]),
    [['/password', 'password is a secret and does not stand in the file itself.']],
  );
  assert.deepEqual(faultsInWords(schema, { password: '!file secrets/press' }), []);
});

test('every property of the hub file says what it is, what it counts and what a change of it does', () => {
  const missing: string[] = [];
  let seen = 0;
  const walk = (node: unknown, path: string): void => {
    if (Array.isArray(node)) for (const [i, entry] of node.entries()) walk(entry, `${path}[${i}]`);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { properties, if: _condition, ...rest } = node as Record<string, unknown>;
    for (const [key, property] of Object.entries((properties ?? {}) as Record<string, Record<string, unknown> | true>)) {
      // What a driver brings stands in place of the settings, which are described once.
      if (property === true || (key === 'settings' && /\[\d+\]/.test(path))) {
        walk(property, `${path}/${key}`);
        continue;
      }
      seen++;
      for (const annotation of ['title', 'description', 'effect'])
        if (typeof property[annotation] !== 'string') missing.push(`${path}/${key}: ${annotation}`);
      if ((property['type'] === 'number' || property['type'] === 'integer') && typeof property['unit'] !== 'string')
        missing.push(`${path}/${key}: unit`);
      walk(property, `${path}/${key}`);
    }
    for (const key of ['additionalProperties', 'items', 'allOf', 'anyOf', 'oneOf', 'then', 'else']) walk(rest[key], `${path}/*`);
  };
  for (const kind of ['hub', 'included'] as const) walk(hubJsonSchema(registry, kind), kind);
  assert.ok(seen > 80, String(seen));
  assert.deepEqual(missing, []);
});

test('the hub file of version 1 opens for ever', () => {
  const at = fileURLToPath(new URL('../fixtures/v1/', import.meta.url));
  const read = (name: string): string => readFileSync(`${at}${name}`, 'utf8');
  const names = ['hub.yaml', 'devices/oven.yaml', 'tags/oven.csv'];
  const { config, files } = parsed(Object.fromEntries(names.map((name) => [name, read(name)])));
  assert.deepEqual([...files.texts.keys()], names);
  assert.deepEqual(Object.keys(config.devices), ['demo', 'oven']);
  assert.equal(config.devices['oven']!.groups['slow']!.tags['zone 1']!.description, 'Zone 1, "front"');
  assert.equal(migrateHubText(read('hub.yaml')), undefined);
});

test('an older version is brought forward step by step and keeps its comments', () => {
  const old = 'version: 1 # first\nhub: { name: a }\ndevices:\n  d: # the press\n    groups:\n      g: { poll: 1s, old: x } # fast\n';
  const table = [
    { from: 1, ops: [{ op: 'rename' as const, path: 'devices/*/groups/*/poll', to: 'interval' }] },
    {
      from: 2,
      ops: [
        { op: 'remove' as const, path: 'devices/*/groups/*/old' },
        { op: 'set' as const, path: 'hub/zone', value: 'UTC' },
      ],
    },
  ];
  assert.deepEqual(migrateHubText(old, table, 3), {
    from: 1,
    text: 'version: 3 # first\nhub: { name: a, zone: UTC }\ndevices:\n  d: # the press\n    groups:\n      g: { interval: 1s } # fast\n',
  });
  assert.equal(migrateHubText(old.replace('version: 1', 'version: 9'), table, 3), undefined);
  assert.throws(() => migrateHubText(old, table.slice(0, 1), 3), { code: 'CONFIG_MIGRATION' });
});

test('a unified text leads from one text to the other', () => {
  assert.equal(unifiedDiff('f', 'a\n', 'a\n'), '');
  assert.equal(unifiedDiff('f', 'a\nb\nc\n', 'a\nx\nc\n'), '--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n');
  assert.equal(unifiedDiff('f', undefined, 'a'), '--- /dev/null\n+++ b/f\n@@ -0,0 +1,1 @@\n+a\n\\ No newline at end of file\n');
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  for (let round = 0; round < 200; round++) {
    const from = Array.from({ length: random(30) }, () => `line ${random(6)}`);
    const to = from.flatMap((line) => (random(4) === 0 ? [] : random(4) === 0 ? [line, `new ${random(3)}`] : [line]));
    const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
    assert.equal(patched(text(from), unifiedDiff('f', text(from), text(to))), text(to), `round ${round}`);
  }
});

/** What `patch` makes of it. */
function patched(text: string, diff: string): string {
  if (diff === '') return text;
  const lines = text.split('\n').slice(0, -1);
  const out: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const head = /^@@ -(\d+),(\d+) /.exec(line);
    if (head !== null) {
      const start = Number(head[1]) - (head[2] === '0' ? 0 : 1);
      out.push(...lines.slice(at, start));
      at = start;
    } else if (line.startsWith('+')) out.push(line.slice(1));
    else {
      assert.equal(lines[at], line.slice(1));
      if (line.startsWith(' ')) out.push(lines[at]!);
      at++;
    }
  }
  return [...out, ...lines.slice(at)].map((line) => `${line}\n`).join('');
}
