import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqttPacket from 'mqtt-packet';
import { silentLogger, systemClock } from '@omh/core';
import type { Principal } from '@omh/core';
import { Client } from './client.ts';
import { FlushLoop } from './flush-loop.ts';
import { defaultLimits } from './limits.ts';
import { Router } from './router.ts';
import { SessionStore } from './session-store.ts';
import { zeroStats } from './stats.ts';
import { TimerWheel } from './timer-wheel.ts';
import type { BrokerContext } from './broker-context.ts';
import type { Transport } from './transport.ts';

const anyone: Principal = { kind: 'anonymous', name: 'anyone', permissions: [] };

function world(): { context: BrokerContext; transport: () => Transport & { bytes: Buffer[]; dead: boolean } } {
  const stats = zeroStats();
  const wheel = new TimerWheel();
  const limits = { ...defaultLimits, maxPacketSize: 4096 };
  const router = new Router(limits, stats, systemClock, silentLogger);
  const context: BrokerContext = {
    limits,
    stats,
    wheel,
    router,
    log: silentLogger,
    loop: new FlushLoop(),
    sessions: new SessionStore(router, wheel, systemClock, limits, stats),
    authenticate: () => anyone,
    authorize: () => true,
    refused: () => {},
    aclEpoch: 0,
    gone: () => {},
  };
  const transport = (): Transport & { bytes: Buffer[]; dead: boolean } => ({
    peer: 'x',
    listener: 'tcp',
    bytes: [],
    dead: false,
    write(chunk, done) {
      this.bytes.push(Buffer.from(chunk));
      done();
    },
    pending: () => 0,
    pause() {},
    resume() {},
    end() {
      this.dead = true;
    },
    destroy() {
      this.dead = true;
    },
  });
  return { context, transport };
}

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): (n: number) => number {
  let s = seed;
  return (n) => {
    s = (Math.imul(s, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((s / 4_294_967_296) * n);
  };
}

function corpus(version: 4 | 5): Buffer[] {
  const o = { protocolVersion: version };
  const props = version === 5 ? { properties: { messageExpiryInterval: 9, topicAlias: 3, userProperties: { k: 'v' } } } : {};
  const p = (packet: unknown): Buffer => mqttPacket.generate(packet as never, o);
  return [
    p({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [
        { topic: 'f/#', qos: 2 },
        { topic: '$share/g/f/+', qos: 1 },
      ],
    }),
    p({ cmd: 'publish', topic: 'f/1', payload: 'hello', qos: 0, retain: false, dup: false }),
    p({ cmd: 'publish', topic: 'f/2', payload: 'hello', qos: 1, messageId: 5, retain: true, dup: false, ...props }),
    p({ cmd: 'publish', topic: 'f/2', payload: Buffer.alloc(700, 7), qos: 2, messageId: 6, retain: false, dup: true }),
    p({ cmd: 'pubrel', messageId: 6 }),
    p({ cmd: 'puback', messageId: 1 }),
    p({ cmd: 'pubrec', messageId: 2 }),
    p({ cmd: 'pubcomp', messageId: 2 }),
    p({ cmd: 'unsubscribe', messageId: 8, unsubscriptions: ['f/#'] }),
    p({ cmd: 'pingreq' }),
  ];
}

const connect = (version: 4 | 5): Buffer =>
  mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: version,
    clean: true,
    clientId: 'fuzz',
    keepalive: 0,
  } as never);

for (const version of [4, 5] as const) {
  test(`${version}: however a valid stream is cut, the answers are the same`, () => {
    const stream = Buffer.concat([connect(version), ...corpus(version), ...corpus(version)]);
    let want: string | undefined;
    const r = random(version);
    for (let round = 0; round < 200; round++) {
      const { context, transport } = world();
      const t = transport();
      const client = new Client(context, t, 1, true);
      for (let at = 0; at < stream.length; ) {
        const n = round === 0 ? stream.length : round === 1 ? 1 : 1 + r(40);
        const chunk = Buffer.from(stream.subarray(at, at + n));
        client.conn.data(chunk, 0, chunk.length);
        chunk.fill(0xee);
        at += n;
      }
      client.conn.flushDirty();
      const got = Buffer.concat(t.bytes).toString('hex');
      want ??= got;
      assert.equal(t.dead, false);
      assert.equal(got, want, `round ${round}`);
      client.conn.closed();
      assert.equal(context.sessions.size, 0);
      assert.equal(context.stats.subscriptions, 0);
    }
    assert.ok(want!.length > 100);
  });
  test(`${version}: flipped bits end a connection at most, and never anything else`, () => {
    const packets = corpus(version);
    const r = random(77 + version);
    const { context, transport } = world();
    for (let round = 0; round < 4000; round++) {
      const t = transport();
      const client = new Client(context, t, round + 1, true);
      const bytes = Buffer.concat(round % 5 === 0 ? [connect(version), ...packets] : [...packets.slice(r(packets.length)), ...packets]);
      for (let k = 0; k <= r(4); k++) bytes[r(bytes.length)]! ^= 1 << r(8);
      const head = connect(version);
      if (round % 5 !== 0) client.conn.data(head, 0, head.length);
      for (let at = 0; at < bytes.length; ) {
        const n = 1 + r(200);
        const end = Math.min(bytes.length, at + n);
        client.conn.data(bytes, at, end);
        at = end;
      }
      client.conn.flushDirty();
      for (const chunk of t.bytes) mqttPacket.parser({ protocolVersion: version }).parse(chunk);
      client.conn.closed();
    }
    assert.equal(context.stats.clients, 0);
    assert.equal(context.stats.subscriptions, 0);
    assert.equal(context.sessions.size, 0);
  });
}
