import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, hub, until } from './testing/running-hub.ts';

test('a value is followed from the due cycle over its frames, rule and readers to the row in history; the hops add up', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const { tag } = h.values.byPath('acme/press/humidity')!;
  const trace = await h.trace(tag);
  assert.equal(trace.notCommitted, undefined);
  assert.equal(trace.quality, 'good');
  assert.equal((trace.raw as number) / 10, trace.value);
  const steps = trace.hops.map(({ step }) => step);
  const order = ['started', 'requested', 'answered', 'decoded', 'scaled', 'last value', 'rule', 'handed on', 'committed'] as const;
  assert.deepEqual(
    steps.filter((step) => (order as readonly string[]).includes(step)),
    [...order],
  );
  assert.equal(trace.hops.find(({ step }) => step === 'rule')!.detail, 'rule/copy on /neuron/app/press/g');
  const sum = trace.hops.reduce((ms, hop) => ms + hop.ms, 0);
  assert.ok(Math.abs(sum - trace.endToEndMs) < 0.001, `${sum} and ${trace.endToEndMs}`);
  assert.ok(trace.hops.every(({ ms }) => ms >= 0));
  const [request, answer] = [
    trace.frames.find(({ direction }) => direction === 'tx')!,
    trace.frames.findLast(({ direction }) => direction === 'rx')!,
  ];
  assert.match(request.hex, /^[0-9a-f]{4}0000/, 'a Modbus request with its header');
  assert.ok(answer.bytes > 9 && answer.hex.length === answer.bytes * 2);
});

test('a subscriber of the tag makes the write to its socket a hop', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const { default: mqtt } = await import('mqtt');
  const client = mqtt.connect(h.mqttAddresses().tcp!, { protocolVersion: 5, reconnectPeriod: 0 });
  t.after(() => client.end(true));
  await client.subscribeAsync('acme/press/humidity');
  const { hops } = await h.trace(h.values.byPath('acme/press/humidity')!.tag);
  assert.ok(
    hops.some(({ step }) => step === 'sent'),
    hops.map(({ step }) => step).join(),
  );
});

test('one value is traced at a time, and the next one after it', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const { tag } = h.values.byPath('acme/press/output')!;
  const first = h.trace(tag);
  assert.equal(await code(h.trace(tag)), 'HUB_TRACE_BUSY');
  assert.equal((await first).tag.name, 'output');
  assert.equal((await h.trace(tag)).tag.name, 'output');
});
