import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partPrincipal } from '@omh/core';
import type { BusEvent, PublishStage } from '@omh/core';
import { house } from './test-house.ts';

const principal = partPrincipal('hub');

test('clients and sessions are told as they come, go, are taken over, resumed and discarded', async (t) => {
  const { client, clock, broker } = await house(t);
  const seen: string[] = [];
  const events: BusEvent[] = [];
  const subscription = broker.bus.events!.subscribe(
    [
      'client.connected',
      'client.connack',
      'client.disconnected',
      'session.created',
      'session.resumed',
      'session.takenover',
      'session.discarded',
      'session.terminated',
      'session.subscribed',
      'session.unsubscribed',
    ],
    (event) => {
      events.push(event);
      seen.push(`${event.type}${'reason' in event ? ` ${event.reason}` : ''}`);
    },
  );
  const expect = (...want: string[]): void => assert.deepEqual(seen.splice(0), want);
  const kept = { clean: false, props: [[17, 60]], username: 'ann', keepAlive: 30 } as const;
  const a = await client('a', 5, kept);
  expect('session.created', 'client.connack', 'client.connected');
  const connected = events.at(-1)!;
  assert.ok(connected.type === 'client.connected');
  assert.deepEqual(
    [connected.clientId, connected.username, connected.protocol, connected.keepAlive, connected.cleanStart, connected.sessionExpiry],
    ['a', 'ann', '5.0', 30, false, 60],
  );
  await a.sub('t/+', 2, [[11, 7]]);
  await a.unsub('t/+');
  expect('session.subscribed', 'session.unsubscribed');
  const b = await client('a', 5, kept);
  expect('client.disconnected takenover', 'session.takenover', 'session.resumed', 'client.connack', 'client.connected');
  const c = await client('a', 5);
  expect(
    'client.disconnected discarded',
    'session.takenover',
    'session.discarded',
    'session.created',
    'client.connack',
    'client.connected',
  );
  broker.disconnect('a', 'maintenance');
  await c.ends(0x98);
  expect('client.disconnected kicked: maintenance', 'session.terminated');
  const d = await client('d', 5, { keepAlive: 10 });
  seen.length = 0;
  await clock.advance(20_000);
  await d.ends(0x8d);
  expect('client.disconnected keepalive_timeout', 'session.terminated');
  subscription.close();
  await client('e');
  expect();
  void b;
});

test('a refused CONNECT is told with its code, and counted', async (t) => {
  const { stranger, broker } = await house(t, {}, { authenticate: () => undefined });
  const codes: number[] = [];
  broker.bus.events!.subscribe(['client.connack'], ({ code }) => codes.push(code));
  const a = await stranger();
  a.hello('a');
  await a.refused(0x87);
  assert.deepEqual(codes, [0x87]);
  assert.equal(broker.stats().signInsRefused, 1);
});

test('messages are told when they are delivered, acknowledged and dropped, to those who ask', async (t) => {
  const { client, broker } = await house(t, {}, { limits: { maxQueuedMessages: 1 } });
  const seen: unknown[] = [];
  const subscription = broker.bus.events!.subscribe(
    ['message.delivered', 'message.acked', 'message.dropped', 'delivery.dropped'],
    (event) => {
      const { message } = event;
      seen.push([
        event.type,
        event.clientId,
        message.clientId,
        message.topic,
        Buffer.from(message.bytes()).toString(),
        'reason' in event ? event.reason : '',
      ]);
    },
  );
  const s = await client('s', 4, { clean: false });
  await s.sub('t', 1);
  const a = await client('a', 4);
  await a.put('t', '0');
  await a.put('t', '1', { qos: 1 });
  await s.take('t', '0');
  await s.take('t', '1');
  await s.quiet();
  await a.put('nowhere', '2');
  assert.deepEqual(seen.splice(0), [
    ['message.delivered', 's', 'a', 't', '0', ''],
    ['message.delivered', 's', 'a', 't', '1', ''],
    ['message.acked', 's', 'a', 't', '1', ''],
    ['message.dropped', 'a', 'a', 'nowhere', '2', 'no_subscribers'],
  ]);
  await s.bye();
  await a.put('t', '3', { qos: 1 });
  await a.put('t', '4', { qos: 1 });
  assert.deepEqual(seen.splice(0), [['delivery.dropped', 's', 'a', 't', '3', 'queue_full']]);
  subscription.close();
  await a.put('nowhere', '5');
  assert.deepEqual(seen, []);
});

const stage = (name: string, topics: string, run: PublishStage['run']): PublishStage => ({
  name,
  appliesTo: (topic) => topic.startsWith(topics),
  run,
});

test('a stage refuses with its code: 5.0 hears it, 3.1.1 is acknowledged, nobody else gets it', async (t) => {
  const { client, broker } = await house(t);
  const attached = broker.bus.attach!(
    stage('check', 'v/', (m) => (m.json() === undefined ? { refuse: 0x99, reason: 'it is no JSON' } : undefined)),
  );
  assert.throws(() => broker.bus.attach!(stage('check', '', () => undefined)), /already attached/);
  const s = await client('s');
  await s.sub('#', 2);
  const five = await client('five');
  five.pub('v/1', 'nonsense', { qos: 1, id: 1, retain: true });
  await five.got('PUBACK', { id: 1, code: 0x99 });
  five.pub('v/1', 'nonsense', { qos: 2, id: 2 });
  await five.got('PUBREC', { id: 2, code: 0x99 });
  await five.put('v/1', 'nonsense');
  const four = await client('four', 4);
  await four.put('v/1', 'nonsense', { qos: 1 });
  await four.put('v/1', 'nonsense', { qos: 2 });
  await assert.rejects(broker.bus.publish({ topic: 'v/1', payload: 'nonsense', qos: 1, principal })!, /it is no JSON/);
  await s.quiet();
  assert.equal(broker.stats().retained, 0);
  await five.put('v/1', '1', { qos: 2 });
  await s.take('v/1', '1');
  attached.close();
  await five.put('v/1', 'nonsense', { qos: 1 });
  await s.take('v/1', 'nonsense');
});

test('stages replace topic, payload, QoS, retain flag and properties, in their order, before retained messages and readers', async (t) => {
  const { client, broker } = await house(t);
  const faces: unknown[] = [];
  broker.bus.subscribe(['out/#'], {
    name: 'r',
    delivery: 'volatile',
    receive: (m) => void faces.push([m.topic, m.json(), m.properties?.contentType, m.clientId]),
  });
  broker.bus.attach!(stage('double', 'in/', (m) => ({ payload: () => ({ v: 2 * (m.json() as { v: number }).v }) })));
  broker.bus.attach!(
    stage('move', 'in/', (m) => ({
      topic: `out/${m.topic.slice(3)}`,
      qos: 1,
      retain: true,
      properties: { contentType: 'application/json' },
      payload: JSON.stringify({ ...(m.json() as object), by: m.clientId }),
    })),
  );
  const s = await client('s', 5);
  await s.sub('out/+', 2, [[11, 3]]);
  const a = await client('a', 4);
  await a.put('in/x', '{"v":21}');
  const got = await s.take('out/x', '{"v":42,"by":"a"}', { qos: 1 });
  assert.equal(s.value(got, 3), 'application/json');
  await a.put('in/y', '{"v":1}', { qos: 2 });
  await s.take('out/y', '{"v":2,"by":"a"}', { qos: 1 });
  await broker.bus.publish({ topic: 'in/z', payload: () => ({ v: 3 }), qos: 1, principal });
  await s.take('out/z', '{"v":6,"by":"hub"}');
  assert.equal(broker.stats().retained, 3);
  assert.deepEqual(faces, [
    ['out/x', { v: 42, by: 'a' }, 'application/json', 'a'],
    ['out/y', { v: 2, by: 'a' }, 'application/json', 'a'],
    ['out/z', { v: 6, by: 'hub' }, 'application/json', 'hub'],
  ]);
});

test('a stage that throws, moves to $SYS or makes nonsense refuses; one may end the connection', async (t) => {
  const { client, broker } = await house(t);
  broker.bus.attach!(
    stage('wild', 'w/', (m) => {
      if (m.topic === 'w/throw') throw new Error('broken stage');
      if (m.topic === 'w/sys') return { topic: '$SYS/x' };
      if (m.topic === 'w/filter') return { topic: 'a/#' };
      if (m.topic === 'w/big') return { payload: () => ({ n: 1n }) };
      return { refuse: 0x83, reason: 'not wanted', disconnect: true };
    }),
  );
  const a = await client('a');
  let id = 0;
  for (const topic of ['w/throw', 'w/sys', 'w/filter', 'w/big']) {
    a.pub(topic, '1', { qos: 1, id: ++id });
    await a.got('PUBACK', { id, code: 0x80 });
  }
  a.pub('w/end', '1', { qos: 1, id: ++id });
  await a.got('PUBACK', { id, code: 0x83 });
  await a.ends(0x83);
});
