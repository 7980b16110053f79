import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { connect4, eventually, hex, RawPeer } from '../test-support.ts';
import type { Broker } from '../broker.ts';
import { Lives } from '../testing/lives.ts';

const h4 = (n: number): string => n.toString(16).padStart(4, '0');
const h2 = (n: number): string => n.toString(16).padStart(2, '0');
const text = (s: string): string => `${h4(s.length)}'${s}'`;
const h8 = (n: number): string => n.toString(16).padStart(8, '0');
/** 5.0 CONNECT with a session expiry, and a will when one is given. */
function connect5(id: string, expiry: number, will?: { delay: number; topic: string; payload: string }, clean = false): string {
  const flags = (clean ? 2 : 0) | (will ? 4 : 0);
  const tail = will ? `05 18 ${h8(will.delay)} ${text(will.topic)} ${text(will.payload)}` : '';
  const rest = `0004'MQTT'05 ${h2(flags)} 0000 05 11 ${h8(expiry)} ${text(id)} ${tail}`;
  return `10 ${h2(hex(rest).length)} ${rest}`;
}
/** Connects and says whether the session was there. */
async function join5(broker: Broker, packet: string): Promise<{ peer: RawPeer; present: boolean }> {
  const peer = await RawPeer.open(broker);
  peer.send(packet);
  const head = hex(await peer.take(2));
  const rest = hex(await peer.take(head[1]!));
  assert.equal(rest[1], 0);
  return { peer, present: rest[0] === 1 };
}
const gone = (broker: Broker): Promise<void> => eventually(() => broker.stats().clients === 0, 'nobody');
/** 3.1.1 without a session: sees what is published from now on. */
async function watcher(broker: Broker, filter = '#'): Promise<RawPeer> {
  const peer = await RawPeer.open(broker);
  peer.send(connect4('watcher'));
  assert.equal(await peer.take(4), '20020000');
  peer.send(`82 ${h2(filter.length + 5)} 0001 ${text(filter)} 00`);
  assert.equal(await peer.take(5), '9003000100');
  return peer;
}

test('a session expires while the broker is down, and lives from the start when its connection was lost with it', async (t) => {
  const clock = new VirtualClock();
  const lives = new Lives(t, { clock });
  let broker = await lives.start();
  const { peer } = await join5(broker, connect5('left', 10));
  peer.send('e0 00');
  await peer.untilClosed();
  await gone(broker);
  await join5(broker, connect5('there', 10));
  await lives.kill();
  await clock.advance(11_000);
  broker = await lives.start();
  assert.equal((await join5(broker, connect5('left', 10))).present, false);
  await clock.advance(2000);
  assert.equal((await join5(broker, connect5('there', 10))).present, true);
  await lives.kill();
  broker = await lives.start();
  await clock.advance(12_000);
  assert.equal(broker.clients().length, 0);
});

test('the will of a kept session goes out after a kill: its delay runs from the start, and coming back in time stops it', async (t) => {
  const clock = new VirtualClock();
  const lives = new Lives(t, { clock });
  let broker = await lives.start();
  await join5(broker, connect5('a', 100, { delay: 5, topic: 'w/a', payload: 'lost' }));
  await join5(broker, connect5('b', 100, { delay: 5, topic: 'w/b', payload: 'lost' }));
  await lives.kill();
  broker = await lives.start();
  const peer = await watcher(broker, 'w/#');
  await join5(broker, connect5('b', 100));
  await clock.advance(4000);
  peer.send('c000');
  assert.equal(await peer.take(2), 'd000');
  await clock.advance(3000);
  assert.equal(await peer.take(11), hex("30 09 0003'w/a' 'lost'").toString('hex'));
  await lives.settled();
  // It is not sent by the next life again.
  await lives.kill();
  broker = await lives.start();
  const later = await watcher(broker, 'w/#');
  await clock.advance(10_000);
  later.send('c000');
  assert.equal(await later.take(2), 'd000');
});

test('message expiry goes on counting while the broker is down', async (t) => {
  const clock = new VirtualClock();
  const lives = new Lives(t, { clock });
  let broker = await lives.start();
  const { peer } = await join5(broker, connect5('s', 1000));
  peer.send("82 07 0001 00 0001'e' 01");
  assert.equal(await peer.take(6), '900400010001');
  peer.send('e0 00');
  await peer.untilClosed();
  const { peer: pub } = await join5(broker, connect5('p', 0));
  pub.send("32 0c 0001'e' 0001 05 02 00000014 'x'".replace('0c', h2(2 + 1 + 2 + 6 + 1)));
  pub.send("32 0c 0001'e' 0002 05 02 00000064 'y'".replace('0c', h2(2 + 1 + 2 + 6 + 1)));
  pub.send("33 0c 0001'r' 0003 05 02 00000014 'z'".replace('0c', h2(2 + 1 + 2 + 6 + 1)));
  await eventually(() => broker.stats().retained === 1 && broker.stats().queued === 2, 'all of it');
  await eventually(() => lives.log.stats().heldBytes > 0, 'the log');
  await broker.stop();
  await clock.advance(30_000);
  broker = await lives.start();
  assert.equal(broker.stats().retained, 0);
  const { peer: back, present } = await join5(broker, connect5('s', 1000));
  assert.equal(present, true);
  // Identifier 2: the first one expired.
  assert.equal(await back.take(14), hex("32 0c 0001'e' 0002 05 02 00000046 'y'").toString('hex'));
});

test('a disk that takes nothing: no acknowledgement, a clear state, QoS 0 goes on; all of it comes when the disk is back', async (t) => {
  for (const fault of [
    { operation: 'write', code: 'ENOSPC', says: /the disk is full/ },
    { operation: 'sync', code: 'EIO', says: /the disk reports a failure/ },
  ] as const) {
    const lives = new Lives(t, { mode: 'strict' });
    const broker = await lives.start();
    const { peer: sub } = await join5(broker, connect5('s', 1000));
    sub.send("82 07 0001 00 0001'e' 01");
    assert.equal(await sub.take(6), '900400010001');
    const watching = await watcher(broker, 'q');
    const { peer: pub } = await join5(broker, connect5('p', 0));
    lives.files.fault = (operation) => (operation === fault.operation ? { code: fault.code } : undefined);
    pub.send("32 07 0001'e' 0001 00 'x' 30 05 0001'q' 00 'y' c000");
    assert.equal(await pub.take(2), 'd000', 'no PUBACK came before');
    assert.equal(await watching.take(6), hex("30 04 0001'q' 'y'").toString('hex'));
    await eventually(() => broker.health().state === 'degraded', 'a degraded broker');
    assert.match(broker.health().reason.text, fault.says);
    assert.match(broker.health().reason.text, /not acknowledged/);
    lives.files.fault = () => undefined;
    assert.equal(await pub.take(4), '40020001');
    await eventually(() => broker.health().state === 'running', 'a broker that is well');
    await lives.kill();
  }
});

test('a full log refuses with 0x97, or by the end of a 3.1.1 connection, and keeps the newest of each retained topic', async (t) => {
  const lives = new Lives(t, { bufferBytes: 20_000, limits: { logHighBytes: 1 << 30, receiveMaximum: 1000 } });
  let broker = await lives.start();
  const { peer: sub } = await join5(broker, connect5('s', 1000));
  sub.send("82 07 0001 00 0001'e' 01");
  assert.equal(await sub.take(6), '900400010001');
  lives.files.fault = (operation) => (operation === 'write' || operation === 'open' ? { code: 'ENOSPC' } : undefined);
  const { peer: pub } = await join5(broker, connect5('p', 0));
  const body = 'x'.repeat(100);
  const packet = `32 ${h2(106)} 0001'e' 0001 00 '${body}'`;
  for (let i = 1; i <= 300 && broker.stats().publishRefused === 0; i++) {
    // Each turn of the loop is a group; what nobody takes is acknowledged and keeps the window open.
    pub.send(packet.replace('0001 00', `${h4(i)} 00`) + 'c000');
    const answer = await pub.take(2);
    if (answer !== 'd000') assert.equal(answer + (await pub.take(5)), `4003${h4(i)}97d000`);
  }
  await eventually(() => broker.stats().publishRefused > 0, 'a refusal');
  const old = await RawPeer.open(broker);
  old.send(connect4('old'));
  assert.equal(await old.take(4), '20020000');
  old.send("31 04 0001'r' '1' 31 04 0001'r' '2' c000");
  assert.equal(await old.take(2), 'd000');
  old.send("32 06 0001'e' 0001 'x'");
  await old.untilClosed();
  assert.equal(old.received.length, 0);
  const kept = await RawPeer.open(broker);
  kept.send(connect4('kept', '00'));
  assert.equal(await kept.take(4), '20020003', 'no new kept session');
  lives.files.fault = () => undefined;
  await eventually(() => broker.health().state === 'running', 'a broker that is well');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await lives.kill();
  broker = await lives.start();
  const late = await watcher(broker, 'r');
  assert.equal(await late.take(6), hex("31 04 0001'r' '2'").toString('hex'));
});

test('snapshots under load, with a crash at any operation, lose nothing and bring the log back to what is alive', async (t) => {
  let cut = true;
  let n = 0;
  for (; cut && n < 200; n += 2) {
    const clock = new VirtualClock();
    const lives = new Lives(t, { mode: 'strict', clock, segmentBytes: 1000, limits: { logSnapshotBytes: 1 } });
    let broker = await lives.start();
    const { peer: sub } = await join5(broker, connect5('s', 1000));
    sub.send("82 07 0001 00 0001'e' 01");
    assert.equal(await sub.take(6), '900400010001');
    sub.send('e0 00');
    await gone(broker);
    const { peer: pub } = await join5(broker, connect5('p', 0));
    let retained = 0;
    let queued = 0;
    const retain = async (): Promise<void> => {
      retained++;
      pub.send(`33 0f 0003'r/${retained % 5}' ${h4(retained)} 00 'v${h4(retained)}--'`);
      assert.match(await pub.take(4), new RegExp(`^4002${h4(retained)}|^4003`));
      if (pub.received.length > 0) await pub.take(1);
    };
    const queue = async (): Promise<void> => {
      queued++;
      pub.send(`32 0a 0001'e' ${h4(queued)} 00 '${h4(queued)}'`);
      assert.equal(await pub.take(4), `4002${h4(queued)}`);
    };
    for (let i = 0; i < 5; i++) await queue();
    for (let i = 0; i < 120; i++) await retain();
    const from = lives.files.operations + n;
    lives.files.fault = (_, __, at) => (at >= from ? { code: 'EIO' } : undefined);
    const ticking = clock.advance(1000);
    for (let i = 0; i < 4 && lives.files.operations < from; i++) {
      const before = lives.files.operations;
      pub.send(`32 0a 0001'e' ${h4(queued + 1)} 00 '${h4(queued + 1)}' c000`);
      await pub.until(() => pub.received.length >= 6 || lives.files.operations >= from, 'an answer');
      if (pub.received.length < 6) break;
      queued++;
      pub.received = Buffer.alloc(0);
      assert.ok(lives.files.operations > before);
    }
    await ticking;
    for (let i = 0; i < 5 && lives.files.operations < from; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance(250);
    }
    cut = lives.files.operations >= from;
    if (!cut) assert.ok(lives.log.oldest > 100, `the log begins at ${lives.log.oldest}`);
    if (n % 4 === 0) await lives.kill();
    else await lives.powerCut(() => 0.5);
    lives.files.fault = () => undefined;
    broker = await lives.start();
    assert.equal(broker.stats().retained, 5, `crash at operation ${n}`);
    const { peer: back, present } = await join5(broker, connect5('s', 1000));
    assert.equal(present, true);
    for (let i = 1; i <= queued; i++) assert.equal(await back.take(12), hex(`32 0a 0001'e' ${h4(i)} 00 '${h4(i)}'`).toString('hex'));
    await lives.kill();
  }
  assert.equal(cut, false, `a snapshot of more than ${n} operations`);
});
