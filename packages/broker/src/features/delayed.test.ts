import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partPrincipal } from '@omh/core';
import { hex } from '../test-support.ts';
import { connect } from '../conformance/packets.ts';
import { parseDelay } from './delayed.ts';
import { house } from './test-house.ts';

test('a delayed topic has seconds and a topic behind them', () => {
  assert.equal(parseDelay('a/b'), undefined);
  assert.deepEqual(parseDelay('$delayed/15/x/y'), { seconds: 15, topic: 'x/y' });
  assert.deepEqual(parseDelay('$delayed/0//'), { seconds: 0, topic: '/' });
  for (const wrong of [
    '$delayed/',
    '$delayed/x/y',
    '$delayed/-1/y',
    '$delayed/1.5/y',
    '$delayed/5',
    '$delayed/5/',
    '$delayed/99999999999/y',
  ])
    assert.equal(typeof parseDelay(wrong), 'string', wrong);
});

test('a delayed message comes after its seconds, with its QoS, retain flag and properties', async (t) => {
  const { client, clock, broker } = await house(t);
  const a = await client('a');
  const s = await client('s');
  await s.sub('t/#', 2);
  await a.put('$delayed/10/t/1', 'later', { qos: 2, retain: true, props: [[3, 'text']] });
  await a.put('$delayed/5/t/2', 'sooner', { qos: 1 });
  await a.put('$delayed/1/t/3', 'soonest');
  await s.quiet();
  assert.equal(broker.stats().delayed, 3);
  assert.equal(broker.stats().retained, 0);
  await clock.advance(2000);
  await s.take('t/3', 'soonest', { qos: 0 });
  await s.quiet();
  await clock.advance(4000);
  await s.take('t/2', 'sooner', { qos: 1 });
  await clock.advance(5000);
  assert.equal(s.value(await s.take('t/1', 'later', { qos: 2, retain: false }), 3), 'text');
  assert.equal(broker.stats().delayed, 0);
  assert.equal(broker.stats().retained, 1);
  await s.quiet();
});

test('large numbers are points in time; one that has passed is now', async (t) => {
  const { client, clock, broker } = await house(t);
  const a = await client('a');
  const s = await client('s');
  await s.sub('t');
  const now = Math.round(clock.now() / 1e6);
  await a.put(`$delayed/${now + 30}/t`, 'at', { qos: 1 });
  await a.put(`$delayed/${now - 30}/t`, 'past', { qos: 1 });
  await clock.advance(1000);
  await s.take('t', 'past');
  await clock.advance(27_000);
  await s.quiet();
  await clock.advance(3000);
  await s.take('t', 'at');
  assert.equal(broker.features.delayed.bytes, 0);
});

test('permissions are about the topic it goes to, and a wrong delay is refused', async (t) => {
  const asked: string[] = [];
  const { client, stranger, broker } = await house(
    t,
    {},
    {
      authorize: (_principal, _action, topic) => {
        asked.push(topic);
        return topic !== 'secret';
      },
    },
  );
  const a = await client('a');
  const publish = async (topic: string, id: number, code: number): Promise<void> => {
    a.pub(topic, 'x', { qos: 1, id });
    await a.got('PUBACK', { id, code });
  };
  await publish('$delayed/5/secret', 1, 0x87);
  await publish('$delayed/5/$SYS/x', 2, 0x87);
  await publish('$delayed/soon/x', 3, 0x90);
  await publish('$delayed/5/open', 4, 0);
  assert.deepEqual(asked, ['secret', 'x', 'open']);
  assert.equal(broker.stats().delayed, 1);
  const b = await stranger();
  b.send(connect(5, 'b', { will: { topic: '$delayed/5/secret' } }));
  await b.refused(0x87);
});

test('beyond the limit 5.0 hears 0x97 and 3.1.1 loses its connection without an acknowledgement', async (t) => {
  const { client, broker } = await house(t, { delayed: { enabled: true, maxMessages: 1, maxBytes: 1000 } });
  const a = await client('a');
  await a.put('$delayed/5/x', '1', { qos: 1 });
  a.pub('$delayed/5/x', '2', { qos: 1, id: 7 });
  await a.got('PUBACK', { id: 7, code: 0x97 });
  a.pub('$delayed/5/x', '2', { qos: 2, id: 8 });
  await a.got('PUBREC', { id: 8, code: 0x97 });
  const b = await client('b', 4);
  b.pub('$delayed/5/x', '3', { qos: 1, id: 1 });
  await b.ends();
  await assert.rejects(
    broker.bus.publish({ topic: '$delayed/5/x', payload: '', qos: 1, principal: partPrincipal('t') })!,
    /no more delayed/,
  );
  assert.equal(broker.stats().delayed, 1);
});

test('waiting messages are listed in pages, shown, and deleted', async (t) => {
  const { client, clock, broker } = await house(t);
  const { delayed } = broker.features;
  const a = await client('a');
  const s = await client('s');
  await s.sub('#');
  for (let i = 0; i < 5; i++) await a.put(`$delayed/5/l/${i}`, `p${i}`, { qos: 1 });
  const first = delayed.list('#', 0, 3);
  assert.deepEqual(
    first.messages.map(({ topic, clientId, qos }) => [topic, clientId, qos]),
    [0, 1, 2].map((i) => [`l/${i}`, 'a', 1]),
  );
  assert.equal(first.messages[0]!.due - first.messages[0]!.time, 5e6);
  const rest = delayed.list('#', first.next, 3);
  assert.deepEqual([rest.messages.length, rest.next], [2, undefined]);
  assert.equal(delayed.list('l/4').messages.length, 1);
  const id = delayed.list('l/4').messages[0]!.id;
  assert.equal(delayed.get(id)!.payload.toString(), 'p4');
  assert.equal(delayed.delete(id), true);
  assert.equal(delayed.delete(id), false);
  await clock.advance(6000);
  assert.deepEqual(
    (await s.drain()).map(({ topic }) => topic),
    ['l/0', 'l/1', 'l/2', 'l/3'],
  );
});

test('a message sent twice with QoS 2 waits once; a will and a part of the hub may be delayed too', async (t) => {
  const { client, clock, broker } = await house(t);
  const a = await client('a', 5, { will: { topic: '$delayed/2/w', payload: 'gone', qos: 1 } });
  a.pub('$delayed/2/d', 'x', { qos: 2, id: 9 });
  await a.got('PUBREC', { id: 9, code: 0 });
  a.pub('$delayed/2/d', 'x', { qos: 2, id: 9, dup: true });
  await a.got('PUBREC', { id: 9, code: 0 });
  assert.equal(broker.stats().delayed, 1);
  const s = await client('s');
  await s.sub('#');
  a.send(hex('ff'));
  await a.raw.untilClosed();
  void broker.bus.publish({ topic: '$delayed/2/h', payload: () => ({ v: 1 }), principal: partPrincipal('t') });
  assert.equal(broker.stats().delayed, 3);
  await clock.advance(4000);
  assert.deepEqual(
    (await s.drain()).map(({ topic, payload }) => [topic, payload]),
    [
      ['d', 'x'],
      ['w', 'gone'],
      ['h', '{"v":1}'],
    ],
  );
});
