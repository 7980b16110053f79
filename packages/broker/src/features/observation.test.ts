import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partPrincipal } from '@omh/core';
import { house } from './test-house.ts';

const principal = partPrincipal('hub');

test('topic metrics count a topic and a filter by QoS, with rates, and what nobody takes', async (t) => {
  const { client, clock, broker } = await house(t, { topicMetrics: { topics: ['m/1'], maxTopics: 3 } });
  const { topicMetrics } = broker.features;
  topicMetrics.add('m/#', clock.now());
  const s = await client('s');
  await s.sub('m/1', 1);
  const a = await client('a');
  await a.put('m/1', 'x');
  await a.put('m/1', 'x', { qos: 1 });
  await a.put('m/1', 'x', { qos: 2 });
  await a.put('m/2', 'x', { qos: 1 });
  await a.put('other', 'x');
  await broker.bus.publish({ topic: 'm/1', payload: 'x', qos: 1, principal });
  assert.equal((await s.drain(true)).length, 4);
  const one = topicMetrics.get('m/1')!;
  assert.deepEqual([one.in, one.out, one.dropped, one.inQos, one.outQos], [4, 4, 0, [1, 2, 1], [1, 3, 0]]);
  const all = topicMetrics.get('m/#')!;
  assert.deepEqual([all.in, all.out, all.dropped], [5, 4, 1]);
  for (let i = 0; i < 5; i++) {
    await a.put('m/1', 'x');
    await clock.advance(1000);
  }
  assert.ok(topicMetrics.get('m/1')!.rateIn > 0.7);
  topicMetrics.add('third', clock.now());
  assert.throws(() => topicMetrics.add('fourth', clock.now()), /limit of 3/);
  assert.throws(() => topicMetrics.add('a/#/b', clock.now()), /wrong/);
  assert.equal(topicMetrics.reset(clock.now(), 'm/1'), true);
  assert.equal(topicMetrics.get('m/1')!.in, 0);
  assert.equal(topicMetrics.remove('m/#'), true);
  assert.deepEqual(
    topicMetrics.list().map(({ topic }) => topic),
    ['m/1', 'third'],
  );
});

test('a client that is slow to acknowledge is listed with its topic, slowest first, for a while', async (t) => {
  const { client, clock, broker } = await house(t, { slowSubscriptions: { enabled: true, thresholdMs: 500, top: 2, expiryMs: 10_000 } });
  const s = await client('s');
  await s.sub('s/#', 2);
  const a = await client('a');
  const takes = async (topic: string, ms: number, qos: 1 | 2): Promise<void> => {
    await a.put(topic, 'x', { qos });
    const { id } = await s.got('PUBLISH', { topic });
    await clock.advance(ms);
    if (qos === 1) s.ack('PUBACK', id!);
    else {
      s.ack('PUBREC', id!);
      await s.got('PUBREL');
      s.ack('PUBCOMP', id!);
    }
    await s.quiet();
  };
  const list = (): unknown[] => broker.features.slow.list().map(({ clientId, topic, tookMs }) => [clientId, topic, tookMs]);
  await takes('s/fast', 400, 1);
  assert.deepEqual(list(), []);
  await takes('s/1', 600, 1);
  await takes('s/2', 800, 2);
  await takes('s/3', 700, 1);
  assert.deepEqual(list(), [
    ['s', 's/2', 800],
    ['s', 's/3', 700],
  ]);
  await clock.advance(11_000);
  assert.deepEqual(list(), []);
  broker.features.setSlow(false);
  await takes('s/4', 900, 1);
  assert.deepEqual(list(), []);
});

test('a trace follows a client, a topic or an address, without passwords, and its payload only when asked', async (t) => {
  const { client, clock, broker } = await house(t);
  const { traces } = broker.features;
  traces.start({ name: 'client', by: 'client', value: 'a' });
  traces.start({ name: 'topic', by: 'topic', value: 't/#', payload: 'text', payloadBytes: 4 });
  traces.start({ name: 'address', by: 'address', value: '127.0.0.1', payload: 'hex' });
  assert.throws(() => traces.start({ name: 'topic', by: 'topic', value: 'x' }), /already exists/);
  assert.throws(() => traces.start({ name: 'bad', by: 'topic', value: 'a/#/b' }), /wrong/);
  const a = await client('a', 5, { username: 'ann', password: 'secret' });
  await a.sub('t/+', 1);
  const b = await client('b');
  await b.put('t/1', 'payload', { qos: 1 });
  await a.take('t/1', 'payload');
  await a.quiet();
  await b.put('u', 'nobody');
  await broker.bus.publish({ topic: 't/2', payload: () => ({ v: 1 }), qos: 1, principal });
  await a.bye();
  const what = (name: string): string[] => traces.lines(name)!.map((line) => line.what);
  assert.deepEqual(what('client'), [
    'client.connack',
    'client.connected',
    'session.subscribed',
    'message.delivered',
    'message.acked',
    'message.delivered',
    'client.disconnected',
    'session.terminated',
  ]);
  assert.deepEqual(
    traces.lines('topic')!.map((line) => [line.what, line.clientId, line.payload]),
    [
      ['session.subscribed', 'a', undefined],
      ['message.publish', 'b', 'payl…'],
      ['message.delivered', 'a', 'payl…'],
      ['message.acked', 'a', undefined],
      ['message.publish', 'hub', '{"v"…'],
      ['message.delivered', 'a', '{"v"…'],
    ],
  );
  assert.ok(what('address').includes('message.dropped'));
  for (const name of ['client', 'topic', 'address']) {
    const text = traces.download(name, 'text')! + traces.download(name, 'json')!;
    assert.doesNotMatch(text, /secret/);
    assert.equal(text.trim().split('\n').length, 2 * traces.lines(name)!.length);
  }
  assert.equal(traces.stop('client'), true);
  const before = traces.get('client')!.lines;
  await client('a');
  assert.equal(traces.get('client')!.lines, before);
  assert.equal(traces.delete('client'), true);
  assert.equal(traces.download('client', 'text'), undefined);
  await clock.advance(3_601_000);
  assert.deepEqual(
    traces.list().map(({ running }) => running),
    [false, false],
  );
});

test('a trace keeps the newest lines only, and there is a bound to traces', async (t) => {
  const { broker, clock } = await house(t);
  const { traces } = broker.features;
  traces.start({ name: 'n', by: 'topic', value: 'n', payload: 'text', payloadBytes: 4096 });
  for (let i = 0; i < 6000; i++) void broker.bus.publish({ topic: 'n', payload: `${i} ${'x'.repeat(500)}`, principal });
  const { lines, lost } = traces.get('n')!;
  assert.ok(lines < 5000 && lines > 1000, `${lines} lines`);
  // A message nobody takes is two lines: published, dropped.
  assert.equal(lines + lost, 12_000);
  assert.match(traces.lines('n')!.at(-1)!.payload!, /^5999 /);
  for (let i = 1; i < 30; i++) traces.start({ name: String(i), by: 'client', value: 'x', forMs: 1000 });
  assert.throws(() => traces.start({ name: 'more', by: 'client', value: 'x' }), /30 traces/);
  await clock.advance(2000);
  assert.equal(traces.list().filter(({ running }) => running).length, 1);
});
