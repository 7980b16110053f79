import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect4, eventually, hex, RawPeer } from '../test-support.ts';
import type { Broker } from '../broker.ts';
import { Lives } from '../testing/lives.ts';

/** A kept 3.1.1 session; `present` as CONNACK must say it. */
async function keep4(broker: Broker, id: string, present: boolean, flags = '00'): Promise<RawPeer> {
  const peer = await RawPeer.open(broker);
  peer.send(connect4(id, flags));
  assert.equal(await peer.take(4), present ? '20020100' : '20020000');
  return peer;
}
const subscribe = async (peer: RawPeer, filter: string, qos: number): Promise<void> => {
  const length = (filter.length + 5).toString(16).padStart(2, '0');
  peer.send(`82 ${length} 0001 ${filter.length.toString(16).padStart(4, '0')}'${filter}' 0${qos}`);
  assert.equal(await peer.take(5), `900300010${qos}`);
};
const h4 = (n: number): string => n.toString(16).padStart(4, '0');
const publish = (topic: string, payload: string, qos: number, id: number, more = 0): string => {
  const rest = 2 + topic.length + (qos > 0 ? 2 : 0) + payload.length;
  return `3${(more | (qos << 1)).toString(16)} ${rest.toString(16).padStart(2, '0')} ${h4(topic.length)}'${topic}' ${qos > 0 ? h4(id) : ''} '${payload}'`;
};
const bytes = (text: string): string => hex(text).toString('hex');
/** The next bytes are exactly these. */
const gets = async (peer: RawPeer, text: string): Promise<void> => {
  const expected = bytes(text);
  assert.equal(await peer.take(expected.length / 2), expected);
};
const closed = async (peer: RawPeer): Promise<void> => {
  peer.socket.end();
  await peer.untilClosed();
};

test('acknowledged QoS 1 messages for a kept session arrive after the broker was killed, in order', async (t) => {
  const lives = new Lives(t);
  let broker = await lives.start();
  const sub = await keep4(broker, 's', false);
  await subscribe(sub, 'a/#', 1);
  await closed(sub);
  await eventually(() => broker.clients().some((c) => !c.connected), 'the subscriber to be gone');
  const pub = await keep4(broker, 'p', false, '02');
  for (let i = 1; i <= 5; i++) pub.send(publish('a/b', `m${i}`, 1, i));
  for (let i = 1; i <= 5; i++) await gets(pub, `40 02 ${h4(i)}`);
  await lives.kill();
  broker = await lives.start();
  assert.match(broker.health().reason.text, /Took up 1 session, 5 messages for them and 0 retained messages\./);
  const back = await keep4(broker, 's', true);
  for (let i = 1; i <= 5; i++) await gets(back, publish('a/b', `m${i}`, 1, i));
  for (let i = 1; i <= 5; i++) back.send(`40 02 ${h4(i)}`);
  await eventually(() => broker.stats().queued === 0, 'an empty queue');
  // What is acknowledged does not come again.
  await closed(back);
  await eventually(() => broker.stats().clients === 0, 'nobody');
  await broker.stop();
  broker = await lives.start();
  const third = await keep4(broker, 's', true);
  third.send('c000');
  await gets(third, 'd000');
});

test('what a connected subscriber had not acknowledged comes again with DUP and the same packet identifier', async (t) => {
  const lives = new Lives(t);
  let broker = await lives.start();
  const sub = await keep4(broker, 's', false);
  await subscribe(sub, 'a', 1);
  const pub = await keep4(broker, 'p', false, '02');
  for (let i = 1; i <= 3; i++) pub.send(publish('a', `m${i}`, 1, i));
  for (let i = 1; i <= 3; i++) await gets(pub, `40 02 ${h4(i)}`);
  for (let i = 1; i <= 3; i++) await gets(sub, publish('a', `m${i}`, 1, i));
  sub.send('40 02 0002 c000');
  await gets(sub, 'd000');
  await lives.broker.stop();
  broker = await lives.start();
  const back = await keep4(broker, 's', true);
  await gets(back, publish('a', 'm1', 1, 1, 8));
  await gets(back, publish('a', 'm3', 1, 3, 8));
});

test('QoS 2 inwards: a message taken before the kill is not taken again, and PUBREL is answered once it is forgotten', async (t) => {
  const lives = new Lives(t);
  let broker = await lives.start();
  const sub = await keep4(broker, 's', false);
  await subscribe(sub, 'a', 2);
  await closed(sub);
  await eventually(() => broker.stats().clients === 0, 'nobody');
  let pub = await keep4(broker, 'p', false);
  pub.send(publish('a', 'once', 2, 7));
  await gets(pub, '50 02 0007');
  await lives.kill();
  broker = await lives.start();
  pub = await keep4(broker, 'p', true);
  pub.send(publish('a', 'once', 2, 7, 8));
  await gets(pub, '50 02 0007');
  pub.send('62 02 0007');
  await gets(pub, '70 02 0007');
  await lives.kill();
  broker = await lives.start();
  pub = await keep4(broker, 'p', true);
  // The identifier is free: the same one is a new message.
  pub.send(publish('a', 'twice', 2, 7));
  await gets(pub, '50 02 0007');
  const back = await keep4(broker, 's', true);
  await gets(back, publish('a', 'once', 2, 1));
  await gets(back, publish('a', 'twice', 2, 2));
});

test('QoS 2 outwards: PUBLISH comes again until PUBREC, PUBREL until PUBCOMP, over kills, with one identifier', async (t) => {
  const lives = new Lives(t);
  let broker = await lives.start();
  let sub = await keep4(broker, 's', false);
  await subscribe(sub, 'a', 2);
  const pub = await keep4(broker, 'p', false, '02');
  pub.send(publish('a', 'x', 2, 1));
  await gets(pub, '50 02 0001');
  await gets(sub, publish('a', 'x', 2, 1));
  await lives.kill();
  broker = await lives.start();
  sub = await keep4(broker, 's', true);
  await gets(sub, publish('a', 'x', 2, 1, 8));
  sub.send('50 02 0001');
  await gets(sub, '62 02 0001');
  await lives.kill();
  broker = await lives.start();
  sub = await keep4(broker, 's', true);
  await gets(sub, '62 02 0001');
  sub.send('70 02 0001 c000');
  await gets(sub, 'd000');
  await broker.stop();
  broker = await lives.start();
  sub = await keep4(broker, 's', true);
  sub.send('c000');
  await gets(sub, 'd000');
});

test('in mode strict nothing is acknowledged before the disk has it', async (t) => {
  const lives = new Lives(t, { mode: 'strict' });
  const broker = await lives.start();
  const sub = await keep4(broker, 's', false);
  await subscribe(sub, 'a', 2);
  const other = await keep4(broker, 'o', false, '02');
  await subscribe(other, 'a', 1);
  const pub = await keep4(broker, 'p', false);
  await eventually(() => lives.log.stats().heldBytes === 0, 'a synced log');
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  lives.files.pause = () => held;
  pub.send(publish('a', 'm1', 1, 1) + publish('a', 'm2', 2, 2));
  // A clean session has both at once; the kept one has the QoS 1 message; nobody is told anything.
  await gets(other, publish('a', 'm1', 1, 1) + publish('a', 'm2', 1, 2));
  await gets(sub, publish('a', 'm1', 1, 1));
  pub.send('c000');
  await gets(pub, 'd000');
  assert.equal(pub.received.length, 0);
  pub.send('82 06 0009 0001 "x" 01'.replace('"x"', "'x'"));
  pub.send('c000');
  await gets(pub, 'd000');
  assert.equal(sub.received.length, 0, 'QoS 2 waits');
  lives.files.pause = undefined;
  release();
  await gets(pub, '40 02 0001 50 02 0002 90 03 0009 01');
  await gets(sub, publish('a', 'm2', 2, 2));
});

test('a power cut in mode strict loses nothing that was acknowledged', async (t) => {
  const lives = new Lives(t, { mode: 'strict' });
  let broker = await lives.start();
  const sub = await keep4(broker, 's', false);
  await subscribe(sub, 'a', 1);
  await closed(sub);
  const pub = await keep4(broker, 'p', false, '02');
  pub.send(publish('a', 'kept', 1, 1) + publish('r', 'retained', 1, 2, 1));
  await gets(pub, '40 02 0001 40 02 0002');
  await lives.powerCut();
  broker = await lives.start();
  const back = await keep4(broker, 's', true);
  await gets(back, publish('a', 'kept', 1, 1));
  await subscribe(back, 'r', 0);
  await gets(back, publish('r', 'retained', 0, 0, 1));
});

test('retained messages come back, the last of each topic, and cleared ones do not', async (t) => {
  const lives = new Lives(t);
  let broker = await lives.start();
  const pub = await keep4(broker, 'p', false, '02');
  pub.send(publish('r/1', 'old', 1, 1, 1) + publish('r/1', 'new', 1, 2, 1) + publish('r/2', 'x', 1, 3, 1) + publish('r/2', '', 1, 4, 1));
  pub.send(publish('r/3', 'zero', 0, 0, 1) + publish('r/4', 'last', 1, 5, 1));
  await gets(pub, '40 02 0001 40 02 0002 40 02 0003 40 02 0004 40 02 0005');
  await lives.kill();
  broker = await lives.start();
  assert.equal(broker.stats().retained, 3);
  const sub = await keep4(broker, 's', false, '02');
  await subscribe(sub, 'r/#', 0);
  await gets(sub, publish('r/1', 'new', 0, 0, 1) + publish('r/3', 'zero', 0, 0, 1) + publish('r/4', 'last', 0, 0, 1));
});

test('a shared subscription goes on with its absent members', async (t) => {
  const lives = new Lives(t);
  let broker = await lives.start();
  for (const id of ['s1', 's2']) {
    const sub = await keep4(broker, id, false);
    await subscribe(sub, '$share/g/a', 1);
    await closed(sub);
  }
  await eventually(() => broker.stats().clients === 0, 'nobody');
  const pub = await keep4(broker, 'p', false, '02');
  pub.send(publish('a', 'm1', 1, 1) + publish('a', 'm2', 1, 2));
  await gets(pub, '40 02 0001 40 02 0002');
  await lives.kill();
  broker = await lives.start();
  const one = await keep4(broker, 's1', true);
  await gets(one, publish('a', 'm1', 1, 1));
  one.send('40 02 0001');
  // The other one ends: what it held goes to the first.
  const clean = await RawPeer.open(broker);
  clean.send(connect4('s2', '02'));
  await gets(clean, '20 02 0000');
  await gets(one, publish('a', 'm2', 1, 2));
  await lives.kill();
  broker = await lives.start();
  assert.deepEqual(
    broker.clients().map((c) => c.clientId),
    ['s1'],
  );
  await gets(await keep4(broker, 's1', true), publish('a', 'm2', 1, 2, 8));
});

test('an unsubscription, a clean start and an end of the session are remembered', async (t) => {
  const lives = new Lives(t);
  let broker = await lives.start();
  const a = await keep4(broker, 'a', false);
  await subscribe(a, 'x', 1);
  await subscribe(a, 'y', 1);
  a.send("a2 05 0002 0001 'x'");
  await gets(a, 'b0 02 0002');
  const b = await keep4(broker, 'b', false);
  await subscribe(b, 'x', 1);
  await closed(b);
  const again = await keep4(broker, 'b', false, '02');
  await closed(again);
  await lives.broker.stop();
  broker = await lives.start();
  assert.deepEqual(
    broker.clients().map((c) => [c.clientId, c.subscriptions]),
    [['a', [{ filter: 'y', qos: 1 }]]],
  );
});

test('a message of the hub itself is acknowledged once it is safe for the kept sessions that get it', async (t) => {
  const lives = new Lives(t, { mode: 'strict' });
  let broker = await lives.start();
  const sub = await keep4(broker, 's', false);
  await subscribe(sub, 'a', 1);
  await closed(sub);
  await eventually(() => broker.stats().clients === 0, 'nobody');
  await lives.settled();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  lives.files.pause = () => held;
  let acknowledged = false;
  const principal = { kind: 'part', name: 'rule/x', permissions: [] } as const;
  const done = broker.bus.publish({ topic: 'a', payload: 'x', qos: 1, principal })!.then(() => {
    acknowledged = true;
  });
  await broker.bus.publish({ topic: 'nobody', payload: 'x', qos: 1, principal });
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  assert.equal(acknowledged, false);
  lives.files.pause = undefined;
  release();
  await done;
  await lives.powerCut();
  broker = await lives.start();
  await gets(await keep4(broker, 's', true), publish('a', 'x', 1, 1));
});

test('a clean session costs the log nothing, whatever it publishes and takes', async (t) => {
  const lives = new Lives(t);
  const broker = await lives.start();
  const sub = await keep4(broker, 's', false, '02');
  await subscribe(sub, 'a', 2);
  const pub = await keep4(broker, 'p', false, '02');
  pub.send(publish('a', 'x', 1, 1) + publish('a', 'y', 2, 2) + publish('a', 'z', 0, 0) + '62 02 0002 c000');
  await gets(pub, '40 02 0001 50 02 0002 70 02 0002 d000');
  await gets(sub, publish('a', 'x', 1, 1) + publish('a', 'y', 2, 2) + publish('a', 'z', 0, 0));
  assert.equal(lives.log.stats().records, 0);
});
