import assert from 'node:assert/strict';
import { silentLogger, systemClock } from '@omh/core';
import type { Logger, Principal } from '@omh/core';
import type { BrokerContext } from './broker-context.ts';
import type { BeginAuth } from './enhanced-auth.ts';
import { Client } from './client.ts';
import {
  ack,
  connect,
  disconnect,
  packet,
  pingreq,
  prop,
  props,
  publish,
  readPacket,
  subscribe,
  unsubscribe,
} from './conformance/packets.ts';
import type { Props, Version } from './conformance/packets.ts';
import { Place } from './admission.ts';
import { Doors } from './doors.ts';
import { defaultFeatures } from './features/feature-options.ts';
import { BrokerFeatures } from './features/features.ts';
import { FlushLoop } from './flush-loop.ts';
import { defaultLimits } from './limits.ts';
import { Router } from './router.ts';
import { SessionStore } from './session-store.ts';
import { zeroStats } from './stats.ts';
import { openBroker, RawPeer } from './test-support.ts';
import { TimerWheel } from './timer-wheel.ts';
import type { Transport } from './transport.ts';

const anyone: Principal = { kind: 'anonymous', name: 'anyone', permissions: [] };
/** Enhanced authentication by whatever method: one byte is proof, all else is answered with itself. */
const anyMethod: BeginAuth = () => ({
  step: (data) => (data.length === 1 ? { is: 'accepted', principal: anyone, username: 'u', data } : { is: 'challenge', data }),
});
const maxPacketSize = 4096;

/** Faults that are ours: the codec says what a peer did wrong, anything else ends as 0x80. */
function ours(found: string[]): Logger {
  return {
    ...silentLogger,
    debug: (_text, fields) => {
      if (fields?.['code'] === 0x80) found.push(String(fields['reason']));
    },
  };
}

export interface FuzzTransport extends Transport {
  readonly bytes: Buffer[];
  dead: boolean;
}
/** Everything behind a connection, with a network that is an array. */
export function world(log: Logger = silentLogger): { context: BrokerContext; transport: () => FuzzTransport } {
  const stats = zeroStats();
  const wheel = new TimerWheel();
  const limits = { ...defaultLimits, maxPacketSize };
  const router = new Router(limits, stats, systemClock, log);
  const accept = (): never => assert.fail('no listener is open');
  const { admission } = new Doors({}, { limits, stats, wheel, clock: systemClock, log, accept, changed: () => {} });
  const door = { name: 'tcp', options: { host: '127.0.0.1', port: 0, anonymous: true }, rates: undefined, connections: 0 };
  const sessions = new SessionStore(router, wheel, systemClock, limits, stats);
  const rooms = { router, sessions, stats, wheel, clock: systemClock, log, fullStats: () => stats };
  const context: BrokerContext = {
    limits,
    stats,
    wheel,
    router,
    log,
    loop: new FlushLoop(),
    sessions,
    features: new BrokerFeatures(defaultFeatures, rooms),
    admission,
    authenticate: () => anyone,
    beginAuth: anyMethod,
    authorize: () => true,
    store: null,
    refused: () => {},
    aclEpoch: 0,
    gone: () => {},
  };
  const transport = (): FuzzTransport => ({
    peer: 'x',
    place: new Place(door, '127.0.0.1', admission),
    certificate: undefined,
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
export function random(seed: number): (n: number) => number {
  let s = seed;
  return (n) => {
    s = (Math.imul(s, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((s / 4_294_967_296) * n);
  };
}

const everyPublishProperty: Props = [
  [prop.payloadFormat, 1],
  [prop.messageExpiry, 9],
  [prop.contentType, 'text/plain'],
  [prop.responseTopic, 'answer'],
  [prop.correlationData, Buffer.from('c')],
  [prop.user, ['k', 'v']],
  [prop.user, ['k', 'w']],
  [prop.topicAlias, 3],
];
export const hello = (version: Version): Buffer => connect(version, 'fuzz');
const fullHello = (version: Version): Buffer =>
  connect(version, 'fuzz', {
    clean: false,
    keepAlive: 5,
    username: 'u',
    password: 'p',
    will: { topic: 'f/w', qos: 2, retain: true, props: [[prop.willDelay, 3], ...everyPublishProperty.slice(0, -1)] },
    props: [
      [prop.sessionExpiry, 0],
      [prop.receiveMaximum, 5],
      [prop.topicAliasMaximum, 3],
      [prop.requestResponse, 1],
      [prop.requestProblem, 0],
      [prop.user, ['k', 'v']],
      [prop.maximumPacketSize, 2000],
      [prop.authMethod, 'ANY'],
      [prop.authData, Buffer.of(1)],
    ],
  });

/** Every packet a client may send while it is connected; nothing in it ends the connection. */
export function corpus(version: Version): Buffer[] {
  const list: Props = version === 5 ? everyPublishProperty : [];
  return [
    subscribe(version, 1, [
      ['f/#', 2],
      ['$share/g/f/+', 1],
    ]),
    subscribe(version, 2, [['f/2', version === 5 ? 0x2d : 1]], [[prop.subscriptionId, 300]]),
    publish(version, 'f/1', 'hello'),
    publish(version, 'f/2', 'hello', { qos: 1, id: 5, retain: true, props: list }),
    ...(version === 5 ? [publish(5, '', 'by alias', { props: [[prop.topicAlias, 3]] })] : []),
    publish(version, 'f/2', Buffer.alloc(700, 7), { qos: 2, id: 6, dup: true }),
    ack('PUBREL', 6, version === 5 ? 0 : undefined),
    ack('PUBACK', 1, version === 5 ? 0 : undefined, version === 5 ? [[prop.reasonString, 'r']] : undefined),
    ack('PUBREC', 2),
    ack('PUBCOMP', 2, version === 5 ? 0x92 : undefined),
    unsubscribe(version, 8, ['f/#']),
    pingreq,
  ];
}
/** Every type there is, those of servers and of other versions too. */
const strange = (version: Version): Buffer[] => [
  hello(version),
  fullHello(version),
  packet(0x20, Buffer.from([0, 0, 0])),
  packet(0x90, Buffer.from([0, 1, 0, 0])),
  packet(0xb0, Buffer.from([0, 1])),
  packet(0xd0),
  disconnect(version === 5 ? 4 : undefined, version === 5 ? [[prop.sessionExpiry, 3]] : undefined),
  packet(0xf0, Buffer.from([0x18, 0])),
  packet(
    0xf0,
    Buffer.from([0x19]),
    props([
      [prop.authMethod, 'ANY'],
      [prop.authData, Buffer.from('more')],
    ]),
  ),
  packet(
    0xf0,
    Buffer.from([0x19]),
    props([
      [prop.authMethod, 'ANY'],
      [prop.authData, Buffer.of(1)],
    ]),
  ),
  packet(0x00),
];

/** However a valid stream is cut, the answers are the same. */
export function fuzzCuts(version: Version, seed: number, rounds: number): void {
  const stream = Buffer.concat([fullHello(version), ...corpus(version), ...corpus(version), disconnect()]);
  const r = random(seed);
  let want: string | undefined;
  for (let round = 0; round < rounds; round++) {
    const { context, transport } = world();
    const t = transport();
    const client = new Client(context, t, 1);
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
    assert.equal(t.dead, true, 'DISCONNECT ends it');
    assert.equal(got, want, `seed ${seed}, round ${round}`);
    client.conn.closed();
    context.sessions.endAll();
    assert.deepEqual([context.stats.subscriptions, context.sessions.size], [0, 0]);
  }
  assert.ok(want!.length > 200);
}

/** A stream with some bits flipped, packets left out and strange ones put in. */
export function mutation(version: Version, r: (n: number) => number): Buffer {
  const packets = corpus(version);
  const odd = strange(version);
  const list = r(3) === 0 ? packets : packets.slice(r(packets.length)).concat(packets);
  if (r(3) === 0) list.splice(r(list.length), 0, odd[r(odd.length)]!);
  const bytes = Buffer.concat([r(5) === 0 ? fullHello(version) : hello(version), ...list]);
  for (let k = r(5); k > 0; k--) bytes[r(bytes.length)]! ^= 1 << r(8);
  if (r(6) === 0) return bytes.subarray(0, r(bytes.length));
  return bytes;
}

/** Throws when an answer is not well-formed. */
function readAll(version: Version, bytes: Buffer): void {
  for (let rest = bytes; rest.length > 0; ) {
    const found = readPacket(version, rest);
    assert.ok(found !== undefined, `half a packet: ${rest.toString('hex')}`);
    rest = found.rest;
  }
}

/** Changed streams end a connection at most: nothing throws, nothing is left behind, every answer can be read. */
export function fuzzBits(version: Version, seed: number, rounds: number): void {
  const r = random(seed);
  const found: string[] = [];
  const { context, transport } = world(ours(found));
  for (let round = 0; round < rounds; round++) {
    const t = transport();
    const client = new Client(context, t, round + 1);
    const bytes = mutation(version, r);
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 1 + r(200));
      client.conn.data(bytes, at, end);
      at = end;
    }
    client.conn.flushDirty();
    readAll(client.conn.version, Buffer.concat(t.bytes));
    client.conn.closed();
    assert.deepEqual(found, [], `seed ${seed}, round ${round}`);
  }
  context.sessions.endAll();
  const { clients, subscriptions } = context.stats;
  assert.deepEqual([clients, subscriptions, context.sessions.size], [0, 0, 0]);
}

/** The same over sockets, beside a client that must not notice. */
export async function fuzzSocket(version: Version, seed: number, rounds: number): Promise<void> {
  const r = random(seed);
  const found: string[] = [];
  const broker = await openBroker({ log: ours(found), limits: { maxPacketSize } });
  const bystander = await RawPeer.open(broker);
  bystander.send(connect(4, 'bystander'));
  await bystander.take(4);
  try {
    for (let round = 0; round < rounds; round++) {
      const peer = await RawPeer.open(broker);
      const bytes = mutation(version, r);
      const cut = r(bytes.length + 1);
      peer.send(bytes.subarray(0, cut));
      if (r(2) === 0)
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      if (!peer.closed) peer.send(bytes.subarray(cut));
      bystander.send(pingreq);
      assert.equal(await bystander.take(2), 'd000', `seed ${seed}, round ${round}`);
      peer.close();
      assert.deepEqual(found, [], `seed ${seed}, round ${round}`);
    }
  } finally {
    bystander.close();
    await broker.stop();
  }
  const { connections, clients, subscriptions } = broker.stats();
  assert.deepEqual([connections, clients, subscriptions], [0, 0, 0]);
}
