import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Micros, Principal } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import type { Broker, BrokerOptions } from './broker.ts';
import { packet, prop, props } from './conformance/packets.ts';
import type { Connect } from './conformance/packets.ts';
import { Peer } from './conformance/peer.ts';
import type { AuthExchange } from './enhanced-auth.ts';
import { eventually, openBroker, RawPeer } from './test-support.ts';

const ann: Principal = { kind: 'person', name: 'ann', permissions: [] };
const bob: Principal = { kind: 'person', name: 'bob', permissions: [] };

/** Any first message gets the challenge `q`; the second one decides. */
class Toy implements AuthExchange {
  #asked = false;
  step(data: Uint8Array): ReturnType<AuthExchange['step']> {
    const text = Buffer.from(data).toString();
    if (text === 'more' || !this.#asked) {
      this.#asked = true;
      return { is: 'challenge', data: Buffer.from('q') };
    }
    if (text === 'busy') return { is: 'busy' };
    if (text === 'bob') return { is: 'accepted', principal: bob, username: 'bob' };
    return text === 'right' ? { is: 'accepted', principal: { ...ann }, username: 'ann', data: Buffer.from('proof') } : { is: 'refused' };
  }
}

interface House {
  readonly broker: Broker;
  readonly clock: VirtualClock;
  open(): Promise<Peer>;
}
async function house(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<House> {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, beginAuth: (method) => (method === 'TOY' ? new Toy() : undefined), ...options });
  const peers: RawPeer[] = [];
  t.after(async () => {
    for (const peer of peers) peer.close();
    await broker.stop();
  });
  return {
    broker,
    clock,
    open: async () => {
      const raw = await RawPeer.open(broker);
      peers.push(raw);
      return new Peer(raw, 5, true);
    },
  };
}
const auth = (code: number, data?: string, method: string | undefined = 'TOY'): Buffer =>
  packet(
    0xf0,
    Buffer.of(code),
    props([
      ...(method === undefined ? [] : [[prop.authMethod, method] as const]),
      ...(data === undefined ? [] : [[prop.authData, Buffer.from(data)] as const]),
    ]),
  );
const asking: Connect = {
  props: [
    [prop.authMethod, 'TOY'],
    [prop.authData, Buffer.from('hello')],
  ],
};
const dataOf = (peer: Peer, from: Parameters<Peer['value']>[0]): string => String(peer.value(from, prop.authData) ?? '');
async function challenged(x: House, options: Connect = asking): Promise<Peer> {
  const peer = await x.open();
  peer.hello('a', options);
  const got = await peer.got('AUTH', { code: 0x18 });
  assert.equal(peer.value(got, prop.authMethod), 'TOY');
  assert.equal(dataOf(peer, got), 'q');
  return peer;
}
async function joined(x: House, options: Connect = asking): Promise<Peer> {
  const peer = await challenged(x, options);
  peer.send(auth(0x18, 'right'));
  peer.connack = await peer.got('CONNACK', { code: 0 });
  return peer;
}

test('a client proves itself in as many messages as the method takes; CONNACK names the method and carries the proof', async (t) => {
  const x = await house(t);
  const peer = await challenged(x);
  peer.send(auth(0x18, 'more'));
  await peer.got('AUTH', { code: 0x18 });
  peer.send(auth(0x18, 'right'));
  const connack = await peer.got('CONNACK', { code: 0 });
  assert.equal(peer.value(connack, prop.authMethod), 'TOY');
  assert.equal(dataOf(peer, connack), 'proof');
  await peer.quiet();
  assert.deepEqual(
    x.broker.clients().map(({ username }) => username),
    ['ann'],
  );
});

test('a method that is not offered gets 0x8C, with any method where none is offered', async (t) => {
  const x = await house(t);
  const other = await x.open();
  other.hello('a', { props: [[prop.authMethod, 'SCRAM-SHA-1']] });
  await other.refused(0x8c);
  const bare = await house(t, { beginAuth: () => undefined });
  const peer = await bare.open();
  peer.hello('a', asking);
  await peer.refused(0x8c);
});

test('a wrong proof gets 0x87, a client that is to come back 0x89, and endless exchanges end', async (t) => {
  const x = await house(t);
  for (const [word, code] of [
    ['wrong', 0x87],
    ['busy', 0x89],
  ] as const) {
    const peer = await challenged(x);
    peer.send(auth(0x18, word));
    await peer.refused(code);
  }
  const endless = await challenged(x);
  for (let i = 0; i < 14; i++) {
    endless.send(auth(0x18, 'more'));
    await endless.got('AUTH', { code: 0x18 });
  }
  endless.send(auth(0x18, 'more'), auth(0x18, 'more'));
  await endless.raw.untilClosed();
  await eventually(() => x.broker.stats().connections === 0, 'all are gone');
  assert.equal(x.broker.stats().sessions, 0);
});

test('before CONNACK only AUTH and DISCONNECT come, in the method of CONNECT', async (t) => {
  const x = await house(t);
  const wrong: [Buffer | string, number][] = [
    ["30 03 0001'a'", 0x82],
    ['c0 00', 0x82],
    ["82 07 0001 00 0001'a' 00", 0x82],
    [auth(0x19, 'right'), 0x82],
    [auth(0x18, 'right', 'OTHER'), 0x8c],
    [auth(0x18, 'right', ''), 0x8c],
    [packet(0xf0, Buffer.of(0x18)), 0x82],
    [packet(0xf0, Buffer.of(0x18), Buffer.of(0)), 0x82],
    [auth(0x00, 'right'), 0x82],
    [auth(0x87, 'right'), 0x82],
    ['f0 00', 0x82],
    [
      packet(
        0xf0,
        Buffer.of(0x18),
        props([
          [prop.authMethod, 'TOY'],
          [prop.authMethod, 'TOY'],
        ]),
      ),
      0x82,
    ],
    [packet(0xf0, Buffer.of(0x18), props([[prop.topicAlias, 1]])), 0x81],
    [Buffer.concat([packet(0xf0, Buffer.of(0x18), props([[prop.authMethod, 'TOY']]), Buffer.of(0))]), 0x81],
    ['f1 00', 0x81],
  ];
  for (const [bytes, code] of wrong) {
    const peer = await challenged(x);
    peer.send(bytes);
    await peer.refused(code);
  }
  const leaving = await challenged(x);
  leaving.send('e0 00');
  await leaving.raw.untilClosed();
  assert.equal(leaving.raw.received.length, 0);
});

test('who begins and says no more is let go in time', async (t) => {
  const x = await house(t);
  const peer = await challenged(x);
  await x.clock.advance(12_000);
  await peer.raw.untilClosed();
  await eventually(() => x.broker.stats().connections === 0, 'it is gone');
});

test('what comes right behind the last AUTH is taken after CONNACK', async (t) => {
  const x = await house(t);
  const peer = await challenged(x);
  peer.send(auth(0x18, 'right'), "82 08 0001 00 0001'a' 00", 'c0 00');
  await peer.got('CONNACK', { code: 0 });
});

test('a connected client authenticates again without leaving; what it does meanwhile goes on', async (t) => {
  const x = await house(t);
  const peer = await joined(x);
  await peer.sub('a');
  for (let i = 0; i < 3; i++) {
    peer.send(auth(0x19, 'again'));
    await peer.got('AUTH', { code: 0x18 });
    peer.pub('a', `message ${i}`);
    await peer.got('PUBLISH', { topic: 'a' });
    peer.send(auth(0x18, 'right'));
    const done = await peer.got('AUTH', { code: 0 });
    assert.equal(peer.value(done, prop.authMethod), 'TOY');
    assert.equal(dataOf(peer, done), 'proof');
  }
});

test('a second authentication that fails, or proves another name, ends with DISCONNECT', async (t) => {
  const x = await house(t);
  for (const [word, code] of [
    ['wrong', 0x87],
    ['bob', 0x87],
    ['busy', 0x89],
  ] as const) {
    const peer = await joined(x);
    peer.send(auth(0x19));
    await peer.got('AUTH', { code: 0x18 });
    peer.send(auth(0x18, word));
    await peer.ends(code);
  }
});

test('AUTH out of turn on a live connection is a protocol error', async (t) => {
  const x = await house(t);
  const cases: [readonly Buffer[], number][] = [
    [[auth(0x18, 'right')], 0x82],
    [[auth(0x19), auth(0x19)], 0x82],
    [[auth(0x19, 'x', 'OTHER')], 0x8c],
    [[auth(0x00)], 0x82],
  ];
  for (const [packets, code] of cases) {
    const peer = await joined(x);
    peer.send(...packets);
    if (packets.length > 1) await peer.got('AUTH', { code: 0x18 });
    await peer.ends(code);
  }
  const plain = await x.open();
  await plain.welcome('plain');
  plain.send(auth(0x19));
  await plain.ends(0x82);
});

test('the name in CONNECT stays where one is given', async (t) => {
  const x = await house(t);
  await joined(x, { ...asking, username: 'Ann' });
  assert.deepEqual(
    x.broker.clients().map(({ username }) => username),
    ['Ann'],
  );
});

const at = (clock: VirtualClock, seconds: number): Micros => (clock.now() + seconds * 1e6) as Micros;
test('a client is sent away when what it came with expires; its session and its will do as after any loss', async (t) => {
  const clock = new VirtualClock();
  const expires = at(clock, 100);
  const x = await house(t, { clock, authenticate: ({ clientId }) => (clientId === 'mortal' ? { ...ann, expires } : bob) });
  const watcher = await x.open();
  await watcher.welcome('watcher');
  await watcher.sub('gone');
  const peer = await x.open();
  await peer.welcome('mortal', { will: { topic: 'gone', payload: 'w' }, props: [[prop.sessionExpiry, 1000]] });
  await clock.advance(99_000);
  assert.equal(peer.raw.closed, false);
  await clock.advance(2000);
  await peer.ends(0x87);
  await watcher.got('PUBLISH', { topic: 'gone', payload: 'w' });
  assert.deepEqual(
    new Map(x.broker.clients().map(({ clientId, connected }) => [clientId, connected])),
    new Map([
      ['watcher', true],
      ['mortal', false],
    ]),
  );
});

test('an authentication in time moves the end, and a clock that was set back does not bring it early', async (t) => {
  const clock = new VirtualClock();
  let expires = at(clock, 100);
  const x = await house(t, {
    clock,
    beginAuth: () => {
      let n = 0;
      return {
        step: () =>
          n++ === 0 ? { is: 'challenge', data: Buffer.from('q') } : { is: 'accepted', principal: { ...ann, expires }, username: 'ann' },
      };
    },
  });
  const peer = await joined(x);
  await clock.advance(90_000);
  expires = at(clock, 100);
  peer.send(auth(0x19));
  await peer.got('AUTH', { code: 0x18 });
  peer.send(auth(0x18));
  await peer.got('AUTH', { code: 0 });
  await clock.advance(50_000);
  await peer.quiet();
  clock.stepWall(-20e6);
  await clock.advance(60_000);
  await peer.quiet();
  await clock.advance(12_000);
  await peer.ends(0x87);
});

test('where the broker cannot say who a client is, it is told to come back', async (t) => {
  for (const [answer, code] of [
    ['busy', 0x89],
    ['unavailable', 0x88],
  ] as const) {
    const x = await house(t, { authenticate: () => Promise.resolve(answer) });
    const five = await x.open();
    five.hello('a');
    await five.refused(code);
    const raw = await RawPeer.open(x.broker);
    raw.send("10 0d 0004'MQTT' 04 02 0000 0001'a'");
    assert.equal(await raw.take(4), '20020003');
    raw.close();
  }
});

test('a name that is a secret is not shown', async (t) => {
  const x = await house(t, { authenticate: () => ({ principal: ann, username: undefined }) });
  const peer = await x.open();
  await peer.welcome('a', { username: 'a-token' });
  assert.deepEqual(
    x.broker.clients().map(({ username }) => username),
    [undefined],
  );
});

test('permissions that look at QoS and RETAIN may be those of one client alone', async (t) => {
  let asked = 0;
  const authorize: BrokerOptions['authorize'] = Object.assign(
    (principal: Principal, _action: string, _topic: string, _client: unknown, qos: number) => {
      asked++;
      return principal.name !== 'ann' || qos === 0;
    },
    { byFlags: (principal: Principal) => principal.name === 'ann' },
  );
  const x = await house(t, { authorize, authenticate: ({ clientId }) => (clientId === 'a' ? ann : bob) });
  const [a, b] = [await x.open(), await x.open()];
  await a.welcome('a');
  await b.welcome('b');
  asked = 0;
  for (let i = 0; i < 3; i++) {
    a.send("32 06 0001 't' 0001 00");
    await a.got('PUBACK', { code: 0x87 });
    a.pub('t', 'x');
    b.pub('t', 'x');
  }
  await a.quiet();
  await b.quiet();
  assert.equal(asked, 7);
});
