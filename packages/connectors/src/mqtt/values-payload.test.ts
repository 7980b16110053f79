import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch, Quality, type GroupCycle, type Micros, type Tag } from '@omh/core';
import { valuesPayload } from './values-payload.ts';

const tag = (name: string, more: Partial<Tag> = {}): Tag => ({
  id: 1 as Tag['id'],
  device: 'demo',
  group: 'demo_group',
  name,
  path: name,
  address: '1!40001',
  type: 'int16',
  access: 'read',
  ...more,
});

function cycle(tags: Tag[], fill: (batch: ReturnType<typeof createBatch>) => void): GroupCycle {
  const batch = createBatch(tags.length, 1_700_000_000_123_456 as Micros, { i64: true, any: true });
  fill(batch);
  return { device: 'demo', group: 'demo_group', tags, batch };
}

test("the blueprint's message has Neuron's fields and raw numbers", () => {
  const made = valuesPayload(
    cycle([tag('temperature'), tag('humidity')], (b) => {
      b.num.set([291, 712]);
    }),
    true,
  );
  assert.equal(
    JSON.stringify(made),
    '{"timestamp":1700000000123,"node":"demo","group":"demo_group","values":{"temperature":291,"humidity":712},"errors":{},"metas":{}}',
  );
});

test('a tag without a value stands under errors with its code and never with an old value', () => {
  const made = valuesPayload(
    cycle([tag('ok'), tag('lost'), tag('silent'), tag('first_miss'), tag('refused')], (b) => {
      b.quality.set([
        Quality.good,
        Quality.badNoCommunication,
        Quality.badTimeout,
        Quality.uncertainNoCommunicationLastUsable,
        Quality.badAddressRefused,
      ]);
      b.num.fill(7);
    }),
    true,
  );
  assert.deepEqual(made.values, { ok: 7 });
  assert.deepEqual(made.errors, { lost: 3002, silent: 3015, first_miss: 3015, refused: 3000 });
});

test('errors can be left out', () => {
  const made = valuesPayload(
    cycle([tag('lost')], (b) => {
      b.quality.fill(Quality.badTimeout);
    }),
    false,
  );
  assert.deepEqual([made.values, made.errors], [{}, {}]);
});

test('each type travels in a form that JSON keeps', () => {
  const tags = [
    tag('f', { type: 'float' }),
    tag('p', { type: 'double', precision: 2 }),
    tag('big', { type: 'int64' }),
    tag('small', { type: 'uint64' }),
    tag('on', { type: 'bit' }),
    tag('s', { type: 'string' }),
    tag('b', { type: 'bytes' }),
  ];
  const made = valuesPayload(
    cycle(tags, (b) => {
      b.num.set([Math.fround(1.1), 3.14159, 0, 0, 1, 0, 0]);
      b.i64!.set([0n, 0n, 9007199254740993n, 12n, 0n, 0n, 0n]);
      b.any![5] = 'text';
      b.any![6] = Uint8Array.of(1, 255);
    }),
    true,
  );
  assert.deepEqual(made.values, { f: 1.1, p: 3.14, big: '9007199254740993', small: 12, on: true, s: 'text', b: [1, 255] });
});
