import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { editHubText } from './edit.ts';

const plant = `version: 1
hub: { name: demo }
`;
const added = (path: string, value: unknown, text = plant): string => {
  const out = editHubText(text, [{ op: 'add', path, value }]);
  assert.ok(out.startsWith(text), out);
  return out.slice(text.length);
};

test('the few plain facts of one thing stand on one line, what is named stands open', () => {
  assert.equal(
    added('devices/press', {
      driver: 'modbus-tcp',
      settings: { host: '10.0.0.7', port: 502 },
      groups: { fast: { interval: '1s', tags: { t: { address: '1!40001', type: 'int16' } } }, empty: { interval: '1m' } },
    }),
    `devices:
  press:
    driver: modbus-tcp
    settings: { host: 10.0.0.7, port: 502 }
    groups:
      fast:
        interval: 1s
        tags:
          t: { address: 1!40001, type: int16 }
      empty:
        interval: 1m
`,
  );
});

test('a short list of such facts stands on one line, a long one does not', () => {
  const one = { device: 'press', group: 'fast' };
  assert.equal(
    added('apps/mes', { type: 'mqtt', subscriptions: [one] }),
    `apps:\n  mes:\n    type: mqtt\n    subscriptions: [{ device: press, group: fast }]\n`,
  );
  assert.match(
    added('apps/mes', { type: 'mqtt', subscriptions: Array.from({ length: 5 }, () => one) }),
    /subscriptions:\n {6}- device: press\n/,
  );
});

test('actions stand one below the other, and text that braces would have to quote stands outside of them', () => {
  assert.equal(
    added('rules/hot', { sql: 'SELECT *\nFROM "a"', actions: [{ republish: { topic: 'a/${b}', qos: 1 } }, { console: true }] }),
    `rules:
  hot:
    sql: |-
      SELECT *
      FROM "a"
    actions:
      - republish:
          topic: a/\${b}
          qos: 1
      - console: true
`,
  );
});

test('a neighbour that stands open is followed, and one on one line as well', () => {
  const open = `${plant}devices:\n  press:\n    driver: modbus-tcp\n    groups:\n      fast:\n        interval: 1s\n        tags:\n          a:\n            address: 1!1\n            type: bit\n`;
  assert.equal(
    added('devices/press/groups/fast/tags/b', { address: '1!2', type: 'bit' }, open),
    '          b:\n            address: 1!2\n            type: bit\n',
  );
  const line = open.replace('a:\n            address: 1!1\n            type: bit', 'a: { address: 1!1, type: bit }');
  assert.equal(
    added('devices/press/groups/fast/tags/b', { address: '1!2', type: 'bit' }, line),
    '          b: { address: 1!2, type: bit }\n',
  );
});

test('what stands for a line inside is never mistaken for text of the value', () => {
  const value = { driver: 'line0.', settings: { host: 'line0.', note: 'line_0.' }, path: 'line1.' };
  assert.deepEqual((parse(plant + added('devices/line0.', value)) as { devices: unknown }).devices, { 'line0.': value });
});

test('what no longer fits on its line stands open from then on and keeps its comment', () => {
  const one = `${plant}apps:\n  mes:\n    type: mqtt\n    subscriptions: [{ device: press, group: fast }]   # the MES\n`;
  const many = Array.from({ length: 4 }, (_, i) => ({ device: 'press', group: `g${i}` }));
  assert.equal(
    editHubText(one, [{ op: 'add', path: 'apps/mes/subscriptions', value: many }]).slice(plant.length),
    `apps:\n  mes:\n    type: mqtt\n    subscriptions: # the MES\n${many.map((s) => `      - device: ${s.device}\n        group: ${s.group}\n`).join('')}`,
  );
  const group = `${plant}devices:\n  press:\n    driver: modbus-tcp\n    groups:\n      fast: { interval: 1s, tags: { a: { address: 1!1, type: bit } } }\n`;
  const tag = (n: number) => ({ address: `1!${n}`, type: 'int16', access: 'read' });
  assert.ok(
    editHubText(group, [
      { op: 'add', path: 'devices/press/groups/fast/tags/b', value: tag(40001) },
      { op: 'add', path: 'devices/press/groups/fast/tags/c', value: tag(40002) },
    ]).endsWith(`      fast:
        interval: 1s
        tags:
          a: { address: 1!1, type: bit }
          b: { address: 1!40001, type: int16, access: read }
          c: { address: 1!40002, type: int16, access: read }
`),
  );
});
