import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OmhError } from '@omh/core';
import type { Logger } from '@omh/core';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { connect4, eventually, hex, open4, openBroker, RawPeer, tcpPort } from './test-support.ts';

const any = { host: '127.0.0.1', port: 0, anonymous: true };
const proxied = { ...any, proxyProtocol: { trusted: ['127.0.0.0/8'] } };
const from = (address: string): Buffer => Buffer.from(`PROXY TCP4 ${address} 10.0.0.1 1000 1883\r\n`);
const connect5 = "10 0e 0004'MQTT'05 02 003c 00 0001'a'";

test('more connections than may come in wait in their order, none is refused', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, listeners: { tcp: { ...any, connectRate: 10, connectBurst: 5 } } });
  const peers: RawPeer[] = [];
  for (let i = 0; i < 30; i++) {
    const peer = await RawPeer.open(broker);
    peer.send(connect4(`c${i}`));
    peers.push(peer);
  }
  const inside = (): number => peers.filter((peer) => peer.received.length === 4).length;
  await eventually(() => inside() === 5 && broker.listeners()[0]!.waiting === 25, 'the burst');
  await clock.advance(1000);
  await eventually(() => inside() === 15, 'ten more');
  assert.ok(
    peers.slice(0, 15).every((peer) => peer.received.length === 4),
    'who came first is in first',
  );
  assert.deepEqual([broker.stats().connections, broker.stats().connectionsDelayed], [15, 25]);
  await clock.advance(1600);
  await eventually(() => inside() === 30, 'all');
  assert.equal(clock.pending, 1);
  for (const peer of peers) peer.close();
  await eventually(() => broker.stats().connections === 0, 'the end');
  await broker.stop();
});

test('who gave up while waiting, and who still waits at the stop, leaves nothing behind', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, listeners: { tcp: { ...any, connectRate: 1, connectBurst: 1 } } });
  const peers = [];
  for (let i = 0; i < 4; i++) peers.push(await RawPeer.open(broker));
  await eventually(() => broker.listeners()[0]!.waiting === 3, 'three that wait');
  peers[1]!.close();
  await clock.advance(1100);
  await eventually(() => broker.listeners()[0]!.waiting === 2 && broker.stats().connections === 1, 'the one that gave up');
  await broker.stop();
  assert.equal(broker.stats().connections, 0);
  await Promise.all(peers.map((peer) => peer.untilClosed()));
});

test('each listener has its own limit of connections and says when it is reached', async () => {
  const broker = await openBroker({ listeners: { tcp: { ...any, maxConnections: 1 }, second: { ...any, type: 'tcp' } } });
  const a = await open4(broker, 'a');
  const b = await RawPeer.open(broker);
  await b.untilClosed();
  assert.match(broker.health().reason.text, /^Refuses new clients: all 1 connections of listener tcp are taken\.$/);
  const other = await RawPeer.open(Number(new URL(broker.addresses()['second']!).port));
  other.send(connect4('o'));
  assert.equal(await other.take(4), '20020000');
  assert.deepEqual(
    broker.listeners().map(({ name, type, connections, maxConnections }) => [name, type, connections, maxConnections]),
    [
      ['tcp', 'tcp', 1, 1],
      ['second', 'tcp', 1, undefined],
    ],
  );
  a.close();
  other.close();
  await broker.stop();
});

test('one address takes a bounded part: of all connections, and of those on which nobody signed in', async () => {
  const broker = await openBroker({
    listeners: { tcp: { ...proxied, maxConnectionsPerAddress: 3 } },
    limits: { maxUnconfirmedPerAddress: 2 },
  });
  const come = async (address: string, id?: string): Promise<RawPeer> => {
    const peer = await RawPeer.open(broker);
    peer.send(id === undefined ? from(address) : Buffer.concat([from(address), hex(connect4(id))]));
    if (id !== undefined) assert.equal(await peer.take(4), '20020000');
    return peer;
  };
  const a = [await come('10.1.1.1', 'a'), await come('10.1.1.1', 'b'), await come('10.1.1.1', 'c')];
  await (await come('10.1.1.1')).untilClosed();
  const mute = [await come('10.2.2.2'), await come('10.2.2.2')];
  await eventually(() => broker.stats().connections === 5, 'five');
  await (await come('10.2.2.2')).untilClosed();
  const free = await come('10.3.3.3', 'd');
  assert.equal(broker.stats().connectionsRefused, 2);
  a[0]!.close();
  mute[0]!.close();
  await eventually(() => broker.stats().connections === 4, 'two to be gone');
  const again = [await come('10.1.1.1', 'a'), await come('10.2.2.2', 'e')];
  for (const peer of [...a, ...mute, free, ...again]) peer.close();
  await eventually(() => broker.stats().connections === 0, 'the end');
  await broker.stop();
});

test('who is banned while it is asked who they are does not come in', async () => {
  let answer = (): void => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const anyone = { kind: 'anonymous', name: 'anyone', permissions: [] } as const;
  const broker = await openBroker({ authenticate: () => asked.then(() => anyone) });
  const peer = await RawPeer.open(broker);
  peer.send(connect5);
  await eventually(() => broker.stats().packetsIn[1] === 1, 'CONNECT');
  broker.ban({ kind: 'client', value: 'a' });
  answer();
  assert.equal(await peer.take(5), '2003008a00');
  await peer.untilClosed();
  assert.equal(broker.stats().clients, 0);
  await broker.stop();
});

test('a ban of the address behind the proxy holds', async () => {
  const broker = await openBroker({ listeners: { tcp: proxied } });
  broker.ban({ kind: 'address', value: '10.1.0.0/16' });
  const banned = await RawPeer.open(broker);
  banned.send(from('10.1.2.3'));
  await banned.untilClosed();
  assert.deepEqual([broker.stats().connectionsBanned, broker.stats().connections], [1, 0]);
  await broker.stop();
});

test('connections keep off the descriptors that everything else needs, and the log says so', async () => {
  const said: string[] = [];
  const log: Logger = { ...silentLogger, warn: (text) => said.push(text) };
  const broker = await openBroker({ descriptors: 300, limits: { descriptorsReserved: 283 }, log });
  assert.match(said[0]!, /too few descriptors/);
  const peers = await Promise.all(Array.from({ length: 17 }, (_, i) => open4(broker, `c${i}`)));
  const late = await RawPeer.open(broker);
  await late.untilClosed();
  assert.match(broker.health().reason.text, /all 17 connections that the system lets this process have are taken/);
  for (const peer of peers) peer.close();
  await broker.stop();
});

test('when memory is short nobody new comes in, when it is very short QoS 0 for slow clients goes', async () => {
  const clock = new VirtualClock();
  let use = 0.5;
  const broker = await openBroker({ clock, memoryUse: () => use });
  const slow = await open4(broker, 'slow');
  slow.send("82 06 0001 0001't' 01");
  await slow.take(5);
  slow.socket.pause();
  const principal = { kind: 'part', name: 'p', permissions: [] } as const;
  for (let i = 0; i < 200; i++) {
    void broker.bus.publish({ topic: 't', payload: Buffer.alloc(60_000), principal });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  const dropped = broker.stats().droppedSlow;
  assert.ok(dropped > 0 && dropped < 200);
  use = 0.72;
  await clock.advance(1000);
  assert.match(broker.health().reason.text, /^Refuses new clients: 72 % of the memory budget is in use\.$/);
  assert.equal(broker.stats().droppedSlow, dropped);
  const five = await RawPeer.open(broker);
  five.send(connect5);
  assert.equal(await five.take(5), '2003008900');
  await five.untilClosed();
  const four = await RawPeer.open(broker);
  four.send(connect4('x'));
  assert.equal(await four.take(4), '20020003');
  use = 0.9;
  await clock.advance(1000);
  assert.match(broker.health().reason.text, /queues are cut/);
  assert.ok(broker.stats().droppedSlow > dropped + 10, 'what waited is cut');
  use = 0.66;
  await clock.advance(1000);
  assert.equal(broker.health().state, 'degraded');
  use = 0.6;
  await clock.advance(1000);
  assert.equal(broker.health().state, 'running');
  // What is left is whole packets.
  slow.socket.resume();
  slow.send('c000');
  await slow.until(() => slow.received.subarray(-2).toString('hex') === 'd000', 'the answer to the ping');
  for (let at = 0; at < slow.received.length; ) {
    assert.ok(slow.received[at] === 0x30 || slow.received[at] === 0xd0);
    at += slow.received[at] === 0xd0 ? 2 : 4 + lengthAt(slow.received, at + 1);
  }
  slow.close();
  await broker.stop();
});
/** Remaining length in three bytes. */
const lengthAt = (buf: Buffer, at: number): number => (buf[at]! & 127) | ((buf[at + 1]! & 127) << 7) | (buf[at + 2]! << 14);

test('bytes that trickle in do not keep a connection open beyond its time', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock });
  const tcp = await RawPeer.open(broker);
  const ws = await RawPeer.open(Number(new URL(broker.addresses().ws!).port));
  const bytes = hex(connect4('slow'));
  const http = Buffer.from('GET /mqtt HTTP/1.1\r\nHost: x\r\n');
  for (let i = 0; i < 11; i++) {
    tcp.send(bytes.subarray(i, i + 1));
    ws.send(http.subarray(i, i + 1));
    await clock.advance(1000);
  }
  await clock.advance(1000);
  await tcp.untilClosed();
  await ws.untilClosed();
  await eventually(() => broker.stats().connections === 0, 'the end');
  await broker.stop();
});

test('listeners are changed while others serve: new ones open first, clients of removed ones hear 0x98', async () => {
  const broker = await openBroker({ listeners: { tcp: any, spare: { ...any, type: 'tcp' } } });
  const stays = await open4(broker, 'stays');
  const port = Number(new URL(broker.addresses()['spare']!).port);
  const goes = await RawPeer.open(port);
  goes.send(connect5);
  await goes.take(16);
  await broker.setListeners({ tcp: { ...any, maxConnections: 2 }, ws: any });
  assert.equal(await goes.take(4), 'e0029800');
  await goes.untilClosed();
  assert.deepEqual(Object.keys(broker.addresses()), ['tcp', 'ws']);
  assert.equal(broker.listeners()[0]!.maxConnections, 2);
  stays.send('c000');
  assert.equal(await stays.take(2), 'd000');
  // The port is free again, and a listener of another kind may have it at once.
  const own = tcpPort(broker);
  await broker.setListeners({ web: { ...any, type: 'ws', port: own } });
  await stays.untilClosed();
  assert.equal(broker.addresses()['web'], `ws://127.0.0.1:${own}/mqtt`);
  assert.match(broker.health().reason.text, /^Serves MQTT on ws:/);
  await broker.stop();
});

test('a set of listeners that cannot be had as a whole changes nothing', async () => {
  const other = await openBroker();
  const broker = await openBroker({ listeners: { tcp: { ...any, maxConnections: 5 } } });
  const a = await open4(broker, 'a');
  const own = tcpPort(broker);
  const before = broker.addresses();
  await assert.rejects(
    broker.setListeners({ moved: { ...any, type: 'ws', port: own }, taken: { ...any, type: 'tcp', port: tcpPort(other) } }),
    (e: unknown) => e instanceof OmhError && e.code === 'BROKER_PORT_TAKEN',
  );
  assert.deepEqual(broker.addresses(), before);
  await assert.rejects(
    broker.setListeners({ tcp: { ...any, maxConnections: 6 }, tls: { ...any, cert: '/nowhere', key: '/nowhere' } }),
    (e: unknown) => e instanceof OmhError && e.code === 'BROKER_CERTIFICATE_UNREADABLE',
  );
  assert.deepEqual([broker.addresses(), broker.listeners()[0]!.maxConnections], [before, 5]);
  a.send('c000');
  assert.equal(await a.take(2), 'd000');
  const b = await open4(broker, 'b');
  a.close();
  b.close();
  await broker.stop();
  await other.stop();
});
