import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quality, type GroupCycle, type Tag } from '@omh/core';
import { neuron } from '@omh/wire';
import { testCycle, testTag } from '../test-support.ts';
import { formatNames, formatOf, type FormatName } from './format-of.ts';
import type { FormatOptions } from './payload-format.ts';

const template = {
  at: '${timestamp}',
  all: { good: '${tags}', bad: '${tag_errors}' },
  site: 'dallas',
  version: 2,
  static: '${static_tag_values}',
};

function encoded(
  name: FormatName,
  cycle: GroupCycle,
  options: Partial<FormatOptions> = {},
  more: { alone?: boolean; from?: number; to?: number } = {},
): unknown {
  const format = formatOf(name, { reportErrors: true, labels: false, staticTags: {}, ...options }, template, more.alone ?? false);
  return format.encode(cycle, more.from ?? 0, more.to ?? cycle.tags.length);
}
const values = (cycle: GroupCycle, options: Partial<FormatOptions> = {}): { values: object; errors: object } =>
  encoded('values', cycle, options) as { values: object; errors: object };

const head = { timestamp: 1_700_000_000_123, node: 'demo', group: 'demo_group' };
const plant = (): GroupCycle =>
  testCycle([testTag('temperature'), testTag('humidity', { type: 'float' }), testTag('lost'), testTag('on', { type: 'bool' })], (b) => {
    b.num.set([291, 71.5, 7, 1]);
    b.quality[2] = Quality.badNoCommunication;
  });

test("the blueprint's message has Neuron's fields and raw numbers", () => {
  const cycle = testCycle([testTag('temperature'), testTag('humidity')], (b) => {
    b.num.set([291, 712]);
  });
  assert.equal(
    JSON.stringify(encoded('values', cycle)),
    '{"timestamp":1700000000123,"node":"demo","group":"demo_group","values":{"temperature":291,"humidity":712},"errors":{},"metas":{}}',
  );
});

test('a tag without a value stands under errors with its code and never with an old value', () => {
  const made = values(
    testCycle(
      ['ok', 'lost', 'silent', 'first_miss', 'refused'].map((name) => testTag(name)),
      (b) => {
        b.quality.set([
          Quality.good,
          Quality.badNoCommunication,
          Quality.badTimeout,
          Quality.uncertainNoCommunicationLastUsable,
          Quality.badAddressRefused,
        ]);
        b.num.fill(7);
      },
    ),
  );
  assert.deepEqual(made.values, { ok: 7 });
  assert.deepEqual(made.errors, { lost: 3002, silent: 3015, first_miss: 3015, refused: 3000 });
});

test('each format shows the same cycle in its own way', () => {
  const cycle = plant();
  const good = [
    { name: 'temperature', value: 291 },
    { name: 'humidity', value: 71.5 },
    { name: 'on', value: true },
  ];
  assert.deepEqual(encoded('tags', cycle), { ...head, tags: [good[0], good[1], { name: 'lost', error: 3002 }, good[2]] });
  assert.deepEqual(encoded('ecp', cycle), {
    ...head,
    tags: [
      { ...good[0], type: 2 },
      { ...good[1], type: 3 },
      { ...good[2], type: 1 },
    ],
  });
  const t = head.timestamp;
  assert.deepEqual(encoded('vqt', cycle), {
    ...head,
    tags: {
      temperature: { v: 291, q: 'good', t },
      humidity: { v: 71.5, q: 'good', t },
      lost: { v: null, q: 'bad', t, r: 'The device is lost.' },
      on: { v: true, q: 'good', t },
    },
  });
  assert.deepEqual(encoded('custom', cycle, { staticTags: { line: 'L1' } }), {
    at: t,
    all: { good, bad: [{ name: 'lost', error: 3002 }] },
    site: 'dallas',
    version: 2,
    static: { line: 'L1' },
  });
  assert.deepEqual(neuron.decodeDataReport(encoded('protobuf', cycle) as Uint8Array), {
    node: 'demo',
    group: 'demo_group',
    timestamp: t,
    tags: [good[0], good[1], { name: 'lost', error: 3002 }, good[2]],
  });
});

test('a part of a cycle is a message of its own in every format', () => {
  for (const name of formatNames) {
    const text = JSON.stringify(encoded(name, plant(), {}, { from: 1, to: 2 }), (_, v: unknown) =>
      v instanceof Uint8Array ? neuron.decodeDataReport(v) : v,
    );
    assert.ok(text.includes('humidity') && !text.includes('temperature'), `${name}: ${text}`);
  }
  assert.deepEqual(encoded('vqt', plant(), {}, { alone: true, from: 0, to: 1 }), { v: 291, q: 'good', t: head.timestamp });
});

test('errors can be left out of every format', () => {
  for (const name of formatNames) {
    const made = encoded(name, plant(), { reportErrors: false });
    const text = made instanceof Uint8Array ? Buffer.from(made).toString('latin1') : JSON.stringify(made);
    assert.ok(text.includes('temperature') && !text.includes('lost'), name);
  }
});

test('static tags go with every message, in the place of a collected one where names are keys', () => {
  const staticTags = { temperature: 'fixed', lost: 1, on: false, extra: 1.5 };
  const made = encoded('values', plant(), { staticTags }) as { values: object; errors: object };
  assert.deepEqual([made.values, made.errors], [{ humidity: 71.5, ...staticTags }, {}]);
  const { tags } = encoded('ecp', plant(), { staticTags }) as { tags: object[] };
  assert.deepEqual(tags.slice(3), [
    { name: 'temperature', value: 'fixed', type: 4 },
    { name: 'lost', value: 1, type: 2 },
    { name: 'on', value: false, type: 1 },
    { name: 'extra', value: 1.5, type: 3 },
  ]);
  assert.equal((encoded('tags', plant(), { staticTags }) as { tags: object[] }).tags.length, 8);
  assert.equal((encoded('vqt', plant(), { staticTags }) as { tags: Record<string, { v: unknown }> }).tags.lost!.v, 1);
  assert.equal(neuron.decodeDataReport(encoded('protobuf', plant(), { staticTags }) as Uint8Array)!.tags.length, 8);
});

test('the word for a value stands beside it where it is asked for', () => {
  const labels = { 0: 'stopped', 1: 'running' };
  const cycle = testCycle([testTag('state', { labels }), testTag('on', { type: 'bool', labels }), testTag('other', { labels })], (b) => {
    b.num.set([1, 0, 9]);
  });
  assert.deepEqual((encoded('values', cycle, { labels: true }) as { labels: object }).labels, { state: 'running', on: 'stopped' });
  assert.deepEqual((encoded('tags', cycle, { labels: true }) as { tags: object[] }).tags, [
    { name: 'state', value: 1, label: 'running' },
    { name: 'on', value: false, label: 'stopped' },
    { name: 'other', value: 9 },
  ]);
  assert.equal((encoded('vqt', cycle, { labels: true }) as { tags: Record<string, { l?: string }> }).tags.state!.l, 'running');
  assert.ok(!JSON.stringify(encoded('values', cycle)).includes('running'));
});

const everyType: Tag[] = [
  testTag('f', { type: 'float' }),
  testTag('p', { type: 'double', precision: 2 }),
  testTag('big', { type: 'int64' }),
  testTag('small', { type: 'uint64' }),
  testTag('on', { type: 'bit' }),
  testTag('s', { type: 'string' }),
  testTag('b', { type: 'bytes' }),
  testTag('a', { type: 'float', count: 3 }),
  testTag('w', { type: 'uint64', count: 2 }),
  testTag('nan', { type: 'double' }),
];
const everyValue = (): GroupCycle =>
  testCycle(everyType, (b) => {
    b.num.set([Math.fround(1.1), 3.14159, 0, 0, 1, 0, 0, 0, 0, Number.NaN]);
    b.i64!.set([0n, 0n, 9007199254740993n, 12n]);
    b.any![5] = 'text';
    b.any![6] = Uint8Array.of(1, 255);
    b.any![7] = [Math.fround(0.1), 2, Math.fround(1 / 3)];
    b.any![8] = [1n, 2n ** 64n - 1n];
  });

test('each type travels in a form that JSON keeps', () => {
  const expected = {
    f: 1.1,
    p: 3.14,
    big: '9007199254740993',
    small: 12,
    on: true,
    s: 'text',
    b: [1, 255],
    a: [0.1, 2, 0.33333334],
    w: [1, '18446744073709551615'],
    nan: null,
  };
  assert.deepEqual(values(everyValue()).values, expected);
});

test('protobuf keeps 64-bit integers, floats are floats, arrays and bytes are text', () => {
  const { tags } = neuron.decodeDataReport(encoded('protobuf', everyValue()) as Uint8Array)!;
  assert.deepEqual(
    tags.map(({ value }) => value),
    [
      Math.fround(1.1),
      Math.fround(3.14),
      9007199254740993n,
      12,
      true,
      'text',
      '[1,255]',
      '[0.1,2,0.33333334]',
      '[1,"18446744073709551615"]',
      Number.NaN,
    ],
  );
});

test('a 32-bit float is written as short as it can be read back', () => {
  let seed = 1;
  const view = new DataView(new ArrayBuffer(4));
  const tags = [testTag('f', { type: 'float' })];
  for (let i = 0; i < 20_000; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    view.setUint32(0, seed);
    const float = view.getFloat32(0);
    if (!Number.isFinite(float)) continue;
    const made = values(
      testCycle(tags, (b) => {
        b.num[0] = float;
      }),
    ).values as { f: number };
    assert.equal(Math.fround(made.f), float);
    assert.ok(
      JSON.stringify(made.f)
        .replace(/e.*$/, '')
        .replace(/\D/g, '')
        .replace(/^0+|0+$/g, '').length <= 9,
      String(made.f),
    );
  }
});

test('a tag may be called anything', () => {
  const cycle = testCycle([testTag('__proto__'), testTag('constructor')], (b) => {
    b.num.set([1, 2]);
  });
  assert.match(JSON.stringify(encoded('values', cycle)), /"values":\{"__proto__":1,"constructor":2\}/);
  assert.match(JSON.stringify(encoded('vqt', cycle)), /"__proto__":\{"v":1/);
});

test('a template is text where it names no variable', () => {
  const format = formatOf(
    'custom',
    { reportErrors: true, labels: false, staticTags: {} },
    { a: { b: { c: '${node}/x', d: '${tag_error_values}' } }, e: null },
    false,
  );
  assert.deepEqual(format.encode(plant(), 0, 4), { a: { b: { c: '${node}/x', d: { lost: 3002 } } }, e: null });
});
