import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partPrincipal } from '@omh/core';
import type { Message } from '@omh/core';
import { messageBusSuite } from '@omh/core/testing';
import { eventually, hex, openBroker, RawPeer } from './test-support.ts';

const principal = partPrincipal('test');
const ok4 = '20020000';
const ok5 = '200e00000b2200202700100000210064';
const connect4 = "10 0d 0004'MQTT'04 02 003c 0001'a'";
const connect5 = "10 0e 0004'MQTT'05 02 003c 00 0001'a'";

const capabilities = { events: true, clients: true, retained: true, stages: true, batch: true, cursors: false };
for (const { name, run } of messageBusSuite(async () => {
  const broker = await openBroker();
  return { bus: broker.bus, close: () => broker.stop() };
}, capabilities))
  test(`bus: ${name}`, run);

test('the bus says what it can do', async () => {
  const broker = await openBroker();
  assert.deepEqual(broker.bus.capabilities, capabilities);
  await broker.stop();
});

test('a 3.1.1 PUBACK waits for the durable reader, and later ones wait behind it', async () => {
  const broker = await openBroker();
  const waiting: (() => void)[] = [];
  broker.bus.subscribe(['d/#'], {
    name: 'log',
    delivery: 'durable',
    receive: () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
      }),
  });
  const a = await RawPeer.open(broker);
  a.send(connect4);
  assert.equal(await a.take(4), ok4);
  a.send("32 07 0003'd/1' 0001 32 05 0001'x' 0002 c000");
  assert.equal(await a.take(2), 'd000');
  assert.equal(a.received.length, 0);
  waiting[0]!();
  assert.equal(await a.take(8), '4002000140020002');
  a.close();
  await broker.stop();
});

test('a durable reader that refuses is told to 5.0 publishers by 0x80, and ends a 3.1.1 connection without an acknowledgement', async () => {
  const broker = await openBroker();
  broker.bus.subscribe(['d'], { name: 'log', delivery: 'durable', receive: () => Promise.reject(new Error('disk full')) });
  const five = await RawPeer.open(broker);
  five.send(connect5);
  assert.equal(await five.take(16), ok5);
  five.send("32 06 0001'd' 0001 00 34 06 0001'd' 0002 00");
  assert.equal(await five.take(10), '40030001805003000280');
  five.close();
  const four = await RawPeer.open(broker);
  four.send(connect4);
  assert.equal(await four.take(4), ok4);
  four.send("32 05 0001'd' 0001");
  await four.untilClosed();
  assert.equal(four.received.length, 0);
  await broker.stop();
});

test('a publisher that is ahead of the durable readers is not read from', async () => {
  const broker = await openBroker({ limits: { receiveMaximum: 4 } });
  const waiting: (() => void)[] = [];
  broker.bus.subscribe(['d'], {
    name: 'log',
    delivery: 'durable',
    receive: () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
      }),
  });
  const a = await RawPeer.open(broker);
  a.send(connect4);
  assert.equal(await a.take(4), ok4);
  for (let i = 1; i <= 4; i++) a.send(Buffer.concat([hex("32 05 0001'd'"), Buffer.of(0, i)]));
  await eventually(() => waiting.length === 4, 'four messages');
  a.send("32 05 0001'd' 0005");
  await new Promise((resolve) => {
    setTimeout(resolve, 30);
  });
  assert.equal(waiting.length, 4);
  for (const release of waiting.splice(0)) release();
  assert.equal(await a.take(16), '40020001400200024002000340020004');
  await eventually(() => waiting.length === 1, 'the fifth message');
  a.close();
  await broker.stop();
});

test('a network message reaches readers with its peer, properties and bytes, and what they keep outlives the read buffer', async () => {
  const broker = await openBroker();
  const kept: { text: string; peer: string | undefined; clientId: string; type: string | undefined }[] = [];
  const messages: Message[] = [];
  broker.bus.subscribe(['m/#'], {
    name: 'r',
    delivery: 'volatile',
    receive: (m) => {
      messages.push(m.keep());
    },
  });
  const a = await RawPeer.open(broker);
  a.send(connect5);
  await a.take(16);
  a.send(`30 0c 0003'm/1' 04 03 0001't' 'xy' 30 08 0003'm/2' 00 'z1'`);
  a.send(`30 08 0003'm/3' 00 'z2' c000`);
  await a.take(2);
  for (const m of messages)
    kept.push({ text: Buffer.from(m.bytes()).toString(), peer: m.peer, clientId: m.clientId, type: m.properties?.contentType });
  const peer = `127.0.0.1:${a.socket.localPort}`;
  assert.deepEqual(kept, [
    { text: 'xy', peer, clientId: 'a', type: 't' },
    { text: 'z1', peer, clientId: 'a', type: undefined },
    { text: 'z2', peer, clientId: 'a', type: undefined },
  ]);
  a.close();
  await broker.stop();
});

test('a rule that feeds itself is stopped with a sentence', async () => {
  const broker = await openBroker();
  let calls = 0;
  let refused: unknown;
  broker.bus.subscribe(['loop'], {
    name: 'rule',
    delivery: 'volatile',
    receive: () => {
      calls++;
      broker.bus.publish({ topic: 'loop', payload: '', qos: 1, principal })?.catch((e: unknown) => {
        refused ??= e;
      });
    },
  });
  await broker.bus.publish({ topic: 'loop', payload: '', qos: 1, principal });
  await eventually(() => refused !== undefined, 'the refusal');
  assert.match((refused as Error).message, /runs in a circle/);
  assert.equal(calls, 16);
  await broker.stop();
});

test('a payload that cannot be encoded is refused and harms nothing', async () => {
  const broker = await openBroker();
  await assert.rejects(
    broker.bus.publish({ topic: 'x', payload: () => ({ big: 1n }), retain: true, qos: 1, principal })!,
    /cannot be encoded/,
  );
  assert.equal(
    broker.bus.publish({
      topic: 'x',
      payload: () => {
        throw new Error('no');
      },
      retain: true,
      principal,
    }),
    undefined,
  );
  assert.equal(broker.stats().readerErrors, 1);
  await broker.stop();
});
