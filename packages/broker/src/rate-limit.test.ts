import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { TokenBucket } from './rate-limit.ts';
import { eventually, hex, open4, openBroker, RawPeer } from './test-support.ts';

const any = { host: '127.0.0.1', port: 0, anonymous: true };
/** QoS 1, a kilobyte: a read of the socket holds some sixty of them. */
const message = Buffer.concat([hex("32 ed 07 0001't' 0001"), Buffer.alloc(1000)]);

test('a bucket gives its burst at once and then its rate, and tells how long a debt lasts', () => {
  const bucket = new TokenBucket(10, 5, 0);
  const taken = (now: number): number => {
    let n = 0;
    while (bucket.take(now)) n++;
    return n;
  };
  assert.deepEqual([taken(0), taken(50), taken(100), taken(1100), taken(60_000)], [5, 0, 1, 5, 5]);
  assert.equal(bucket.spend(10, 60_000), 1000);
  assert.equal(bucket.spend(0, 60_500), 500);
  assert.equal(bucket.spend(0, 61_000), 0);
});

const flood = (peer: RawPeer, n: number): void => peer.send(Buffer.concat(Array.from({ length: n }, () => message)));
const acks = (peer: RawPeer): number => peer.received.length / 4;

test('a client that sends more messages than it may is read from at its rate, loses nothing and is not taken for silent', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, listeners: { tcp: { ...any, clientRate: { messages: 100 } } } });
  const loud = await RawPeer.open(broker);
  loud.send("10 0d 0004'MQTT'04 02 0002 0001'l'");
  await loud.take(4);
  const calm = await open4(broker, 'calm');
  flood(loud, 1000);
  await eventually(() => broker.stats().ratePauses === 1 && acks(loud) >= 100, 'the pause');
  calm.send(message);
  assert.equal(await calm.take(4), '40020001');
  assert.ok(acks(loud) < 300, `${acks(loud)} at once`);
  for (let s = 0; s < 12; s++) {
    await clock.advance(1000);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  await eventually(() => acks(loud) === 1000, 'all messages');
  assert.equal(loud.closed, false);
  assert.equal(broker.stats().messagesIn, 1001);
  loud.close();
  calm.close();
  await broker.stop();
});

test('bytes are limited as messages are, and the clients of a listener together', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, listeners: { tcp: { ...any, totalRate: { bytes: 1000 } } } });
  const a = await open4(broker, 'a');
  const b = await open4(broker, 'b');
  a.send(Buffer.concat([hex("30 89 27 0001't'"), Buffer.alloc(4998)]));
  await eventually(() => broker.stats().ratePauses === 1, 'a to be paused');
  b.send('c000');
  await eventually(() => broker.stats().ratePauses === 2, 'b to be paused');
  assert.equal(await b.take(2), 'd000');
  b.send('c000');
  await clock.advance(2000);
  assert.equal(b.received.length, 0);
  await clock.advance(4000);
  assert.equal(await b.take(2), 'd000');
  a.close();
  b.close();
  await broker.stop();
});

test('a paused client that goes away, and a stop, leave no timer', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, listeners: { tcp: { ...any, clientRate: { messages: 1 } } } });
  const a = await open4(broker, 'a');
  flood(a, 10);
  await eventually(() => broker.stats().ratePauses === 1, 'the pause');
  await broker.stop();
  assert.equal(clock.pending, 0);
  assert.equal(broker.stats().connections, 0);
});
