import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { request } from 'node:http';
import { test } from 'node:test';
import { OmhError } from '@omh/core';
import mqtt from 'mqtt';
import { connect4, eventually, hex, open4, openBroker, RawPeer, tcpPort } from './test-support.ts';

const ok4 = '20020000';

test('a taken port is refused with its number and nothing stays open', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    other.once('listening', resolve);
  });
  const { port } = other.address() as AddressInfo;
  const any = { host: '127.0.0.1', port: 0, anonymous: true };
  await assert.rejects(
    openBroker({ listeners: { tcp: any, ws: { ...any, port, path: '/mqtt' } } }),
    (e: unknown) => e instanceof OmhError && e.code === 'BROKER_PORT_TAKEN' && e.message.includes(String(port)),
  );
  await new Promise((resolve) => {
    other.close(resolve);
  });
});

test('one frozen subscriber harms nobody and what it misses is counted', async () => {
  const broker = await openBroker({ limits: { maxOutBytes: 65_536, maxQueuedMessages: 50 } });
  const frozen = await open4(broker, 'frozen', '00');
  frozen.send("82 06 0001 0001'#' 01");
  await frozen.take(5);
  frozen.socket.pause();
  const live = await mqtt.connectAsync(broker.addresses().tcp!, { reconnectPeriod: 0 });
  let count = 0;
  live.on('message', () => {
    count++;
  });
  await live.subscribeAsync('#', { qos: 1 });
  const pub = await mqtt.connectAsync(broker.addresses().tcp!, { reconnectPeriod: 0 });
  (pub.stream as Socket).setNoDelay(true);
  const payload = Buffer.alloc(60_000);
  for (let i = 0; i < 400; i++) await pub.publishAsync('t', payload, { qos: i % 2 === 0 ? 0 : 1 });
  await eventually(() => count === 400, 'all messages at the live subscriber');
  const stats = broker.stats();
  assert.ok(stats.droppedSlow > 0, 'QoS 0 was dropped');
  assert.ok(stats.droppedQueue > 0, 'QoS 1 left the bounded queue');
  assert.ok(stats.queued <= 50);
  const info = broker.clients().find((c) => c.clientId === 'frozen')!;
  assert.equal(info.dropped, stats.droppedSlow + stats.droppedQueue);
  frozen.close();
  await live.endAsync();
  await pub.endAsync();
  await broker.stop();
});

test('a subscriber that pauses gets everything in order once it reads again', async () => {
  const broker = await openBroker({ limits: { maxQueuedMessages: 5000, maxQueuedBytes: 64 << 20 } });
  const slow = await mqtt.connectAsync(broker.addresses().tcp!, { reconnectPeriod: 0 });
  const got: number[] = [];
  slow.on('message', (_t, p) => got.push(p.readUInt32BE()));
  await slow.subscribeAsync('t', { qos: 1 });
  slow.stream.pause();
  const pub = await mqtt.connectAsync(broker.addresses().tcp!, { reconnectPeriod: 0 });
  for (let i = 0; i < 300; i++) {
    const payload = Buffer.alloc(40_000);
    payload.writeUInt32BE(i);
    await pub.publishAsync('t', payload, { qos: 1 });
  }
  slow.stream.resume();
  await eventually(() => got.length === 300, 'all messages');
  assert.deepEqual(
    got,
    Array.from({ length: 300 }, (_, i) => i),
  );
  await slow.endAsync();
  await pub.endAsync();
  await broker.stop();
});

test('packets larger than allowed are refused before memory is taken for them', async () => {
  const broker = await openBroker({ limits: { maxPacketSize: 1000 } });
  const early = await RawPeer.open(broker);
  early.send('10 81 80 04');
  await early.untilClosed();
  const four = await open4(broker, 'four');
  four.send('30 e8 07');
  await four.untilClosed();
  const five = await RawPeer.open(broker);
  five.send("10 0e 0004'MQTT'05 02 003c 00 0001'a'");
  await five.take(16);
  five.send('30 e8 07');
  assert.equal(await five.take(4), 'e0029500');
  await five.untilClosed();
  await broker.stop();
});

test('a storm of takeovers leaves one connection and no trace of the others', async () => {
  const broker = await openBroker();
  const peers = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const peer = await RawPeer.open(broker);
      peer.send(`${connect4('same', '00')} 82 06 0001 0001't' 01`);
      return peer;
    }),
  );
  await eventually(() => peers.filter((p) => p.closed).length === 199 && broker.stats().connections === 1, 'one connection to be left');
  assert.deepEqual([broker.stats().clients, broker.stats().sessions, broker.stats().subscriptions], [1, 1, 1]);
  const left = peers.filter((p) => !p.closed);
  assert.equal(left.length, 1);
  for (const peer of peers) peer.close();
  await eventually(() => broker.stats().connections === 0, 'the end of the last one');
  assert.deepEqual([broker.stats().clients, broker.stats().sessions], [0, 1]);
  await broker.stop();
});

test('packet ids go round, skipping one that is never acknowledged', async () => {
  const broker = await openBroker();
  const s = await open4(broker, 's');
  s.send("82 06 0001 0001't' 01");
  await s.take(5);
  const a = await open4(broker, 'a');
  const seen = new Set<number>();
  let next = 0;
  const total = 66_000;
  let acks: number[] = [];
  s.socket.on('data', () => {
    let at = 0;
    for (; at + 7 <= s.received.length; at += 7) {
      const id = s.received.readUInt16BE(at + 5);
      next++;
      assert.ok(id !== 0 && !(next > 1 && id === 1), `id ${id} is free`);
      seen.add(id);
      if (id !== 1) acks.push(0x40, 2, id >> 8, id & 255);
    }
    s.received = s.received.subarray(at);
    if (acks.length > 0) {
      s.send(Buffer.from(acks));
      acks = [];
    }
  });
  for (let sent = 0; sent < total; ) {
    const batch: Buffer[] = [];
    for (let k = 0; k < 500; k++, sent++) batch.push(Buffer.from([0x32, 5, 0, 1, 0x74, 0, 1]));
    a.send(Buffer.concat(batch));
    await eventually(() => next === sent, `${sent} deliveries`);
  }
  assert.equal(seen.size, 65_535);
  s.close();
  a.close();
  await broker.stop();
});

test('more connections than allowed are closed and the broker says so', async () => {
  const broker = await openBroker({ limits: { maxConnections: 2 } });
  const a = await open4(broker, 'a');
  const b = await open4(broker, 'b');
  const c = await RawPeer.open(broker);
  await c.untilClosed();
  assert.equal(broker.health().state, 'degraded');
  a.close();
  await eventually(() => broker.stats().connections === 1, 'a free place');
  const d = await open4(broker, 'd');
  assert.equal(broker.health().state, 'running');
  b.close();
  d.close();
  await broker.stop();
});

test('a hundred thousand retained messages come to one # subscriber, and half-closed sockets are let go', async () => {
  const broker = await openBroker();
  const principal = { kind: 'part', name: 'p', permissions: [] } as const;
  for (let i = 0; i < 100_000; i++) void broker.bus.publish({ topic: `r/${i % 100}/${i}`, payload: 'v', retain: true, principal });
  assert.equal(broker.stats().retained, 100_000);
  const s = connect(tcpPort(broker), '127.0.0.1');
  let bytes = 0;
  s.on('data', (chunk) => {
    bytes += chunk.length;
  });
  s.write(hex(`${connect4('s')} 82 06 0001 0001'#' 01`));
  let want = 4 + 5;
  for (let i = 0; i < 100_000; i++) want += 5 + `r/${i % 100}/${i}`.length;
  await eventually(() => bytes === want, 'all of them');
  s.end();
  await eventually(() => broker.stats().connections === 0, 'the end of the connection');
  assert.equal(broker.stats().dropped, 0);
  await broker.stop();
});

test('too much sent while the sign-in is checked ends the connection; a little waits', async () => {
  let admit: (() => void) | undefined;
  const broker = await openBroker({
    authenticate: () =>
      new Promise((resolve) => {
        admit = () => resolve({ kind: 'anonymous', name: 'x', permissions: [] });
      }),
  });
  const a = await RawPeer.open(broker);
  a.send(`${connect4('a')} c000 32 05 0001't' 0001`);
  await eventually(() => admit !== undefined, 'the question');
  assert.equal(a.received.length, 0);
  admit!();
  assert.equal(await a.take(10), `${ok4}d00040020001`);
  a.close();
  await eventually(() => broker.stats().connections === 0, 'the end');
  await broker.stop();
});

test('the WebSocket listener wants its path, the subprotocol and binary frames', async () => {
  const broker = await openBroker();
  const url = new URL(broker.addresses().ws!);
  const status = (path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const r = request({ host: url.hostname, port: url.port, path, headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      r.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response.statusCode!);
      });
      r.on('error', reject);
      r.end();
    });
  const upgrade = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  assert.equal(await status('/mqtt', {}), 426);
  assert.equal(await status('/other', { ...upgrade, 'sec-websocket-protocol': 'mqtt' }), 404);
  assert.equal(await status('/mqtt', upgrade), 400);
  assert.equal(await status('/mqtt', { ...upgrade, 'sec-websocket-protocol': 'x, mqtt' }), 101);
  await eventually(() => broker.stats().connections === 0, 'the end');
  await broker.stop();
});

test('stop tells 5.0 clients 0x8B, frees the ports, and start serves on them again', async () => {
  const broker = await openBroker();
  const five = await RawPeer.open(broker);
  five.send("10 0e 0004'MQTT'05 02 003c 00 0001'a'");
  await five.take(16);
  const port = tcpPort(broker);
  await broker.stop();
  assert.equal(await five.take(4), 'e0028b00');
  assert.deepEqual([broker.addresses(), broker.health().state], [{}, 'stopped']);
  const again = createServer().listen(port, '127.0.0.1');
  await new Promise((resolve, reject) => {
    again.once('listening', resolve);
    again.once('error', reject);
  });
  await new Promise((resolve) => {
    again.close(resolve);
  });
  await broker.start();
  const a = await open4(broker, 'a');
  a.close();
  await broker.stop();
});

test('5.0 clients hear which client id, keep-alive and session expiry they got', async () => {
  const broker = await openBroker({ limits: { maxKeepAlive: 60, maxSessionExpiry: 100 } });
  const c = mqtt.connect(broker.addresses().tcp!, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    keepalive: 300,
    clientId: '',
    clean: true,
    properties: { sessionExpiryInterval: 1000 },
  });
  const connack = await new Promise<mqtt.IConnackPacket>((resolve) => {
    c.on('connect', resolve);
  });
  const p = connack.properties!;
  assert.match(p.assignedClientIdentifier!, /^omh-[\w-]{12}$/);
  assert.deepEqual([p.serverKeepAlive, p.sessionExpiryInterval, p.receiveMaximum, p.topicAliasMaximum], [60, 100, 100, 32]);
  await c.endAsync();
  await broker.stop();
});

test('5.0 publishers that send more than the receive maximum are disconnected with 0x93', async () => {
  const broker = await openBroker({ limits: { receiveMaximum: 2 } });
  const a = await RawPeer.open(broker);
  a.send("10 0e 0004'MQTT'05 02 003c 00 0001'a'");
  await a.take(16);
  a.send("34 06 0001't' 0001 00 34 06 0001't' 0002 00 34 06 0001't' 0003 00");
  assert.equal(await a.take(14), '50030001105003000210e0029300');
  await a.untilClosed();
  await broker.stop();
});
