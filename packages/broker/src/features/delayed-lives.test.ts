import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import type { Broker } from '../broker.ts';
import { Peer } from '../conformance/peer.ts';
import { RawPeer } from '../test-support.ts';
import { Lives } from '../testing/lives.ts';

async function client(t: TestContext, broker: Broker, id: string): Promise<Peer> {
  const raw = await RawPeer.open(broker);
  t.after(() => raw.close());
  return new Peer(raw, 5, true).welcome(id);
}

test('what was acknowledged waits on after a kill, and what came due meanwhile goes out at the start', async (t) => {
  const clock = new VirtualClock();
  const lives = new Lives(t, { clock });
  let broker = await lives.start();
  const a = await client(t, broker, 'a');
  await a.put('$delayed/60/t/1', 'late', { qos: 1, props: [[3, 'text']] });
  await a.put('$delayed/10/t/2', 'due', { qos: 2 });
  await a.put('$delayed/60/t/3', 'deleted', { qos: 1 });
  const { delayed } = broker.features;
  assert.equal(delayed.delete(delayed.list('t/3').messages[0]!.id), true);
  await a.put('r', 'x', { qos: 1, retain: true });
  await lives.kill();
  await clock.advance(20_000);
  broker = await lives.start();
  assert.match(broker.health().reason.text, /Took up 2 delayed messages/);
  const s = await client(t, broker, 's');
  await s.sub('t/#', 2);
  await clock.advance(1000);
  await s.take('t/2', 'due', { qos: 2 });
  await clock.advance(38_000);
  await s.quiet();
  await clock.advance(3000);
  const got = await s.take('t/1', 'late', { qos: 1 });
  assert.equal(s.value(got, 3), 'text');
  await lives.settled();
  await lives.kill();
  broker = await lives.start();
  assert.equal(broker.stats().delayed, 0);
});

test('a log that is written anew keeps what waits', async (t) => {
  const clock = new VirtualClock();
  const lives = new Lives(t, { clock, limits: { logSnapshotBytes: 4096 } });
  let broker = await lives.start();
  const a = await client(t, broker, 'a');
  await a.put('$delayed/1000/t', 'kept', { qos: 1 });
  for (let i = 0; i < 40; i++) await a.put('r', 'x'.repeat(1000), { qos: 1, retain: true });
  for (let i = 0; i < 3; i++) await clock.advance(1000);
  await a.quiet();
  await lives.kill();
  broker = await lives.start();
  const [message] = broker.features.delayed.list().messages;
  assert.deepEqual([message?.topic, message?.clientId, message?.bytes], ['t', 'a', 4]);
});
