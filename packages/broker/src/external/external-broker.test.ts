import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { partPrincipal, silentLogger, systemClock } from '@omh/core';
import type { BusReader, Message } from '@omh/core';
import { eventually, hex, openBroker, tcpPort } from '../test-support.ts';
import type { Broker } from '../broker.ts';
import { ExternalBroker } from './external-broker.ts';
import type { FilterMemory } from './reading.ts';
import { mosquittoFound, mosquittoMissing, openExternal, openMosquitto, Road } from './test-support.ts';

const principal = partPrincipal('test');
const texts = (list: readonly Message[]): string[] => list.map((m) => Buffer.from(m.bytes()).toString());
const upTo = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

function collector(name: string, delivery: BusReader['delivery'], more: Partial<BusReader> = {}): BusReader & { readonly got: Message[] } {
  const got: Message[] = [];
  return {
    name,
    delivery,
    got,
    receive: (m) => {
      got.push(m.keep());
    },
    ...more,
  };
}
class Notes implements FilterMemory {
  filters: readonly string[] = [];
  load(): readonly string[] {
    return this.filters;
  }
  save(filters: readonly string[]): void {
    this.filters = filters;
  }
}
const up = (bus: ExternalBroker): boolean => bus.health().state === 'running';
const value = (bus: ExternalBroker, name: string, label?: string): number =>
  [...bus.metrics()].find((m) => m.name === name && (label === undefined || Object.values(m.labels ?? {}).includes(label)))!.value;

/** Our broker with a road to it, and a hub's bus on the road. */
async function world(
  t: TestContext,
  options: Parameters<typeof openExternal>[1] = {},
): Promise<{ broker: Broker; road: Road; bus: ExternalBroker; port: number }> {
  const broker = await openBroker();
  const road = new Road(tcpPort(broker));
  const port = await road.open();
  const bus = await openExternal(port, options);
  t.after(async () => {
    await bus.stop();
    await road.close();
    await broker.stop();
  });
  assert.equal(bus.health().state, 'running');
  return { broker, road, bus, port };
}

test('what is published while the broker is away arrives later, once and in order', async (t) => {
  const { broker, road, bus } = await world(t);
  const reader = collector('r', 'volatile');
  broker.bus.subscribe(['a/#'], reader);
  const sent: Promise<void>[] = [];
  for (let i = 0; i < 50; i++) sent.push(bus.publish({ topic: 'a/1', payload: String(i), qos: 1, principal })!);
  await Promise.all(sent);
  road.cut();
  await eventually(() => bus.health().state === 'lost', 'the loss');
  const { reason, nextTry } = bus.health();
  assert.match(reason.text, /^The connection to the broker mqtt:\/\/127\.0\.0\.1:\d+ is lost|cannot be reached/);
  assert.ok(nextTry !== undefined);
  for (let i = 50; i < 100; i++) sent.push(bus.publish({ topic: 'a/1', payload: String(i), qos: i % 2 === 0 ? 1 : 2, principal })!);
  assert.match(bus.health().reason.text, /50 messages wait for it\.$/);
  assert.equal(bus.publish({ topic: 'a/1', payload: 'gone', principal }), undefined);
  road.mend();
  await Promise.all(sent);
  assert.deepEqual(texts(reader.got), upTo(100));
  assert.equal(value(bus, 'omh_broker_outbox_dropped_total', 'offline'), 1);
});

test('publications that a cut left without an acknowledgement are sent again, QoS 2 arrives once', async (t) => {
  const { broker, road, bus } = await world(t);
  const reader = collector('r', 'volatile');
  broker.bus.subscribe(['a/#'], reader);
  const sent: Promise<void>[] = [];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 40; i++) sent.push(bus.publish({ topic: 'a/2', payload: `${round * 40 + i}`, qos: 2, principal })!);
    await new Promise((resolve) => {
      setTimeout(resolve, round * 2);
    });
    road.cut();
    road.mend();
    await eventually(() => up(bus), 'the connection');
  }
  await Promise.all(sent);
  assert.deepEqual(texts(reader.got), upTo(200));
});

test('a message is acknowledged to the broker only when the durable reader has it, and comes again after a cut', async (t) => {
  const { broker, road, bus } = await world(t);
  const release: (() => void)[] = [];
  const seen: string[] = [];
  bus.subscribe(['d'], {
    name: 'log',
    delivery: 'durable',
    receive: (m) => {
      seen.push(Buffer.from(m.bytes()).toString());
      return new Promise<void>((resolve) => {
        release.push(resolve);
      });
    },
  });
  const unacknowledged = (): number => value(bus, 'omh_broker_link_unacknowledged');
  await bus.publish({ topic: 'd', payload: 'one', qos: 1, principal });
  await bus.publish({ topic: 'd', payload: 'two', qos: 1, principal });
  await eventually(() => seen.length === 2, 'both messages');
  assert.equal(unacknowledged(), 2);
  // The second is safe first; its acknowledgement waits for the first.
  release[1]!();
  await new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
  assert.equal(unacknowledged(), 2);
  road.cut();
  await eventually(() => bus.health().state === 'lost', 'the loss');
  road.mend();
  await eventually(() => up(bus) && unacknowledged() >= 1, 'the messages again');
  release[0]!();
  for (const done of release) done();
  await eventually(() => {
    for (const done of release) done();
    return unacknowledged() === 0;
  }, 'the acknowledgements');
  // What is still worked on is not handed out a second time.
  assert.equal(seen.filter((text) => text === 'one').length, 1);
  await eventually(() => broker.clients().every((client) => client.queued === 0), 'an empty session');
});

test('a broker that restarts with nothing gets the subscriptions and what waits', async (t) => {
  const { broker, road, bus } = await world(t);
  const durable = collector('log', 'durable');
  const volatile = collector('live', 'volatile');
  bus.subscribe(['x/#'], durable);
  bus.subscribe(['x/#'], volatile);
  await bus.publish({ topic: 'x/1', payload: 'before', qos: 1, principal });
  await eventually(() => durable.got.length === 1 && volatile.got.length === 1, 'the first');
  road.cut();
  await broker.stop();
  const late = bus.publish({ topic: 'x/1', payload: 'after', qos: 1, principal });
  const second = await openBroker();
  t.after(() => second.stop());
  road.mend(tcpPort(second));
  await late;
  await eventually(() => durable.got.length === 2 && volatile.got.length === 2, 'the second');
  assert.deepEqual(
    [texts(durable.got), texts(volatile.got)],
    [
      ['before', 'after'],
      ['before', 'after'],
    ],
  );
});

test('a slow durable reader holds back only itself: the broker sends no more than the receive maximum', async (t) => {
  const { bus } = await world(t, { receiveMaximum: 5 });
  const waiting: (() => void)[] = [];
  let most = 0;
  let taken = 0;
  bus.subscribe(['s/#'], {
    name: 'slow',
    delivery: 'durable',
    receive: () =>
      new Promise<void>((resolve) => {
        most = Math.max(
          most,
          waiting.push(() => {
            taken++;
            resolve();
          }),
        );
      }),
  });
  const live = collector('live', 'volatile');
  bus.subscribe(['s/#'], live);
  for (let i = 0; i < 50; i++) await bus.publish({ topic: 's/1', payload: String(i), qos: 1, principal });
  await eventually(() => live.got.length === 50, 'all at the live reader');
  assert.equal(taken, 0);
  await eventually(() => {
    for (const done of waiting.splice(0)) done();
    return taken === 50;
  }, 'all at the slow reader');
  assert.equal(most, 5);
});

test('durable messages wait for a hub that is away, are held until its reader is there, and what nobody reads any more is given up', async (t) => {
  const { broker, port } = await world(t, { clientId: 'other' });
  const memory = new Notes();
  const first = await openExternal(port, { memory });
  first.subscribe(['k/#'], collector('rule/a', 'durable'));
  first.subscribe(['old/#'], collector('rule/old', 'durable'));
  await eventually(() => broker.clients().some((c) => c.clientId === 'omh-test' && c.subscriptions.length === 2), 'the subscriptions');
  await first.stop();
  assert.deepEqual(memory.filters, ['k/#', 'old/#']);
  for (let i = 0; i < 30; i++) await broker.bus.publish({ topic: 'k/1', payload: String(i), qos: 1, principal });
  const second = await openExternal(port, { memory });
  // The reader comes after the messages did.
  await eventually(() => value(second, 'omh_broker_link_unacknowledged') > 0, 'the held messages');
  const reader = collector('rule/a', 'durable');
  second.subscribe(['k/#'], reader);
  await eventually(() => reader.got.length === 30, 'all messages');
  assert.deepEqual(texts(reader.got), upTo(30));
  await second.stop();
});

test('a rule that is replaced in one turn misses nothing', async (t) => {
  const { broker, bus } = await world(t);
  const got: string[] = [];
  const make = (): BusReader => ({
    name: 'rule/x',
    delivery: 'durable',
    receive: async (m) => {
      const text = Buffer.from(m.bytes()).toString();
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
      got.push(text);
    },
  });
  let subscription = bus.subscribe(['r/#'], make());
  await bus.publish({ topic: 'r/1', payload: 'first', qos: 1, principal });
  for (let i = 0; i < 40; i++) {
    void broker.bus.publish({ topic: 'r/1', payload: String(i), qos: 1, principal });
    if (i % 10 === 5) {
      subscription.close();
      subscription = bus.subscribe(['r/#'], make());
      await new Promise((resolve) => {
        setTimeout(resolve, 3);
      });
    }
  }
  await eventually(() => new Set(got).size === 41, 'every message');
});

test('a reader that says why it cannot take a message gets it until it can, a hopeless one is refused', async (t) => {
  const { bus } = await world(t);
  let calls = 0;
  bus.subscribe(['h'], {
    name: 'broken',
    delivery: 'durable',
    receive: () => {
      calls++;
      throw new Error('a bug');
    },
  });
  await bus.publish({ topic: 'h', payload: '', qos: 1, principal });
  await eventually(() => bus.health().state === 'degraded', 'the trouble');
  assert.equal(bus.health().reason.text, 'broken cannot take messages now, 1 wait: a bug');
  await eventually(() => value(bus, 'omh_broker_given_up_total') === 1, 'the end of it');
  assert.equal(calls, 5);
  assert.equal(bus.health().state, 'running');
});

test('hubs that share a name split what may be split, and all others get everything', async (t) => {
  const { bus: one, port } = await world(t, { share: 'plant' });
  const two = await openExternal(port, { clientId: 'omh-two', share: 'plant' });
  t.after(() => two.stop());
  const readers = [one, two].map((bus) => {
    const split = collector('rule', 'durable', { sharing: 'split' });
    const each = collector('live', 'volatile');
    bus.subscribe(['t/#'], split);
    bus.subscribe(['t/#'], each);
    return { split, each };
  });
  for (let i = 0; i < 60; i++) await one.publish({ topic: `t/${i % 3}`, payload: String(i), qos: 1, principal });
  await eventually(() => readers.every(({ each }) => each.got.length === 60), 'everything');
  const parts = readers.map(({ split }) => texts(split.got).map(Number));
  await eventually(() => readers[0]!.split.got.length + readers[1]!.split.got.length === 60, 'every part');
  assert.ok(
    parts.every((part) => part.length > 10),
    `split as ${parts.map((part) => part.length).join(' and ')}`,
  );
  assert.deepEqual(
    readers.flatMap(({ split }) => texts(split.got).map(Number)).sort((a, b) => a - b),
    Array.from({ length: 60 }, (_, i) => i),
  );
});

test('more than may wait is refused with a sentence, QoS 0 is dropped and counted', async (t) => {
  const bus = await openExternal(1, { maxWaiting: 3 });
  t.after(() => bus.stop());
  assert.equal(bus.health().state, 'lost');
  assert.match(bus.health().reason.text, /^The broker mqtt:\/\/127\.0\.0\.1:1 cannot be reached: nothing listens there\./);
  const waiting = upTo(3).map((payload) => bus.publish({ topic: 'a', payload, qos: 1, principal })!.catch((e: unknown) => e));
  await assert.rejects(bus.publish({ topic: 'a', payload: '', qos: 1, principal })!, { code: 'BROKER_OUTBOX_FULL' });
  void bus.publish({ topic: 'a', payload: '', principal });
  assert.equal(bus.stats().dropped, 2);
  await bus.stop();
  assert.deepEqual(
    (await Promise.all(waiting)).map((e) => (e as { code: string }).code),
    Array(3).fill('BROKER_LINK_STOPPED'),
  );
});

test('several consoles on one filter get the retained messages each, and rules see them once', async (t) => {
  const { broker, bus } = await world(t);
  for (let i = 0; i < 5; i++) await broker.bus.publish({ topic: `m/${i}`, payload: String(i), retain: true, qos: 1, principal });
  const rule = collector('rule', 'volatile');
  bus.subscribe(['m/#'], rule);
  const consoles = ['live/1', 'live/2', 'live/3'].map((name) => collector(name, 'volatile'));
  const subscriptions = [];
  for (const reader of consoles) {
    subscriptions.push(bus.subscribe(['m/#'], reader, { retained: true }));
    await eventually(() => reader.got.length === 5, `what is retained for ${reader.name}`);
  }
  assert.deepEqual(
    consoles.map(({ got }) => got.filter((m) => m.retain).length),
    [5, 5, 5],
  );
  assert.equal(rule.got.length, 0);
  for (const subscription of subscriptions) subscription.close();
  await bus.publish({ topic: 'm/9', payload: '9', retain: true, qos: 1, principal });
  await eventually(() => rule.got.length === 1, 'the one that passes');
  assert.deepEqual([rule.got[0]!.retain, broker.clients().find((c) => c.clientId === 'omh-test-live')!.subscriptions.length], [true, 1]);
});

test('a wrong password is told as such and tried again seldom', async (t) => {
  const broker = await openBroker({
    authenticate: ({ password }) =>
      Buffer.from(password ?? []).toString() === 'right' ? { kind: 'device', name: 'hub', permissions: [] } : undefined,
  });
  t.after(() => broker.stop());
  const wrong = await openExternal(tcpPort(broker), { username: 'hub', password: 'wrong' });
  t.after(() => wrong.stop());
  assert.equal(wrong.health().state, 'failed');
  assert.match(wrong.health().reason.text, /does not let this hub in: (user name or password is wrong|this user is not allowed)/);
  const right = await openExternal(tcpPort(broker), { username: 'hub', password: 'right' });
  t.after(() => right.stop());
  assert.equal(right.health().state, 'running');
});

test('a broker that sends garbage, or closes at once, is lost with a reason and harms nothing', async (t) => {
  const replies = [Buffer.from('HTTP/1.1 400\r\n\r\n'), Buffer.from('20ffffffff7f', 'hex'), Buffer.alloc(0)];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
    socket.end(replies.shift() ?? Buffer.from([0x30, 0]));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const bus = await openExternal((server.address() as AddressInfo).port);
  t.after(async () => {
    await bus.stop();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  await eventually(() => bus.health().state === 'lost' && replies.length === 0, 'the loss');
});

test('mosquitto killed and started again without its sessions: subscriptions are made anew before what waits is sent', async (t) => {
  if (!mosquittoFound) {
    t.skip(mosquittoMissing);
    return;
  }
  const first = await openMosquitto();
  const road = new Road(first.port);
  const bus = await openExternal(await road.open());
  t.after(async () => {
    await bus.stop();
    await road.close();
  });
  const reader = collector('log', 'durable');
  bus.subscribe(['x/#', 'x/+', '+/1'], reader);
  await bus.publish({ topic: 'x/1', payload: 'before', qos: 1, principal });
  road.cut();
  await first.stop();
  const sent = upTo(20).map((payload) => bus.publish({ topic: 'x/1', payload, qos: 1, principal })!);
  const second = await openMosquitto();
  t.after(() => second.stop());
  road.mend(second.port);
  await Promise.all(sent);
  await eventually(() => reader.got.length === 21, 'all messages');
  assert.deepEqual(texts(reader.got), ['before', ...upTo(20)]);
});

test('a rule that feeds itself through the broker is stopped with a sentence', async (t) => {
  const { bus } = await world(t);
  let calls = 0;
  let refused: unknown;
  bus.subscribe(['loop'], {
    name: 'rule',
    delivery: 'volatile',
    receive: (m) => {
      calls++;
      assert.deepEqual(m.properties, { userProperties: [['k', 'v']] });
      bus.publish({ topic: 'loop', payload: '', qos: 1, principal, properties: m.properties })?.catch((e: unknown) => {
        refused ??= e;
      });
    },
  });
  void bus.publish({ topic: 'loop', payload: '', qos: 1, principal, properties: { userProperties: [['k', 'v']] } });
  await eventually(() => refused !== undefined, 'the refusal');
  assert.match((refused as Error).message, /runs in a circle/);
  assert.equal(calls, 17);
});

test('two hubs with one client id are told so, and take it from each other less and less often', async (t) => {
  const { bus, port } = await world(t);
  const twin = await openExternal(port);
  t.after(() => twin.stop());
  const said = new Set<string>();
  await eventually(() => {
    for (const { reason } of [bus.health(), twin.health()]) said.add(reason.text);
    return [...said].some((text) => text.includes('another client took this client id over'));
  }, 'the reason');
  assert.ok(value(bus, 'omh_broker_link_connects_total', 'kept') < 10);
});

test('a broker that sends more than the receive maximum is not listened to', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    // CONNACK to CONNECT, SUBACK and three messages to SUBSCRIBE.
    socket.on('data', (chunk: Buffer) => {
      if (chunk[0] === 0x10) socket.write(hex('20 03 00 00 00'));
      if (chunk[0] === 0x82) socket.write(hex(`90 04 0001 00 01 ${[1, 2, 3].map((id) => `32 08 0001 'd' 000${id} 00 'xx'`).join(' ')}`));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const bus = await openExternal((server.address() as AddressInfo).port, { receiveMaximum: 2 });
  t.after(async () => {
    await bus.stop();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  let calls = 0;
  bus.subscribe(['d'], {
    name: 'slow',
    delivery: 'durable',
    receive: () => {
      calls++;
      return new Promise<void>(() => {});
    },
  });
  await eventually(() => bus.health().state === 'lost', 'the end');
  assert.match(bus.health().reason.text, /more messages at once than/);
  assert.equal(calls, 2);
});

test('over TLS both sides are known; a broker whose authority is not named is not trusted', async (t) => {
  const path = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
  const pem = (name: string): string => readFileSync(path(name), 'utf8');
  const files = { cert: path('server.pem'), key: path('server.key'), ca: path('ca.pem') };
  const listeners = { tls: { host: '127.0.0.1', port: 0, anonymous: true, ...files, clientCertificate: 'require' as const } };
  const broker = await openBroker({ listeners });
  t.after(() => broker.stop());
  const url = broker.addresses()['tls']!.replace('127.0.0.1', 'localhost');
  const bus = await openExternal(0, { url, tls: { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') } });
  t.after(() => bus.stop());
  assert.ok(bus.health().reason.text.startsWith(`Uses the broker ${url};`), bus.health().reason.text);
  const reader = collector('r', 'durable');
  bus.subscribe(['s'], reader);
  await bus.publish({ topic: 's', payload: 'x', qos: 1, principal });
  await eventually(() => reader.got.length === 1, 'the message');
  const distrusting = await openExternal(0, { url, clientId: 'other' });
  t.after(() => distrusting.stop());
  assert.match(distrusting.health().reason.text, /its certificate comes from an authority that is not known here; broker\.ca names it/);
});

test('a URL that is none is refused', async () => {
  for (const url of ['http://a', 'mqtt://', 'a'])
    assert.throws(() => new ExternalBroker({ url, clientId: 'x', clock: systemClock, log: silentLogger }), { code: 'BROKER_URL_INVALID' });
});
