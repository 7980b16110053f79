import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Aedes } from 'aedes';
import {
  createBatch,
  silentLogger,
  systemClock,
  type DeliveryQueue,
  type GroupCycle,
  type MessageBus,
  type Micros,
  type Publication,
  type Tag,
} from '@omh/core';
import mqtt from 'mqtt';
import { MqttApp, type MqttAppOptions } from './mqtt-app.ts';
import type { TagGate } from './tag-gate.ts';

const tags: Tag[] = [
  { id: 1 as Tag['id'], device: 'demo', group: 'g', name: 'temperature', path: 't', address: '1!40001', type: 'int16', access: 'read' },
];
function cycle(value: number): GroupCycle {
  const batch = createBatch(1, 1_700_000_000_000_000 as Micros);
  batch.num[0] = value;
  return { device: 'demo', group: 'g', tags, batch };
}

/** A fake bus that keeps what was published. */
function fakeBus(): { bus: MessageBus; published: Publication[] } {
  const published: Publication[] = [];
  const bus: MessageBus = {
    capabilities: { events: false, clients: false, retained: false, stages: false, batch: true, cursors: false },
    publish(publication) {
      published.push(publication);
      return undefined;
    },
    subscribe: () => ({ close: () => {} }),
  };
  return { bus, published };
}

function app(
  settings: MqttAppOptions['settings'],
  bus: MessageBus,
  more: Partial<MqttAppOptions> = {},
): { app: MqttApp; emit: (c: GroupCycle) => void } {
  let listener: (c: GroupCycle) => void = () => {};
  const made = new MqttApp({
    name: 'demo_app',
    settings,
    subscriptions: [{ device: 'demo', group: 'g' }],
    bus,
    clock: systemClock,
    log: silentLogger,
    onGroup: (_device, _group, l) => {
      listener = l;
      return () => {
        listener = () => {};
      };
    },
    ...more,
  });
  return { app: made, emit: (c) => listener(c) };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++)
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  assert.ok(condition(), 'did not come true within 5 s');
}

test('an app that is stopped while its queue is being opened closes it and connects to nobody', async () => {
  let opened = (_queue: DeliveryQueue): void => {};
  let closed = 0;
  const queue = { offer: () => 1, start: () => {}, close: async () => void closed++, status: () => undefined } as unknown as DeliveryQueue;
  const open = (): Promise<DeliveryQueue> =>
    new Promise((resolve) => {
      opened = resolve;
    });
  const { app: made, emit } = app({ url: 'mqtt://127.0.0.1:1' }, fakeBus().bus, { queue: open });
  const started = made.start();
  emit(cycle(1));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  const stopped = made.stop();
  opened(queue);
  await Promise.all([started, stopped]);
  assert.equal(closed, 1);
  assert.equal(made.health().state, 'stopped');
});

test('one cycle is one message on the bus, encoded only when somebody asks', async () => {
  const { bus, published } = fakeBus();
  const { app: made, emit } = app({}, bus);
  await made.start();
  emit(cycle(291));
  assert.equal(published.length, 1);
  const { topic, payload, clientId, batch } = published[0]!;
  assert.deepEqual([topic, clientId, batch?.num[0]], ['/neuron/demo_app/demo/g', 'demo_app', 291]);
  assert.equal(typeof payload, 'function');
  assert.equal((payload as () => unknown)(), (payload as () => unknown)());
  assert.equal(made.status().messages, 1);
  await made.stop();
  emit(cycle(292));
  assert.equal(published.length, 1);
});

test('a bus that throws costs a count, nothing else', async () => {
  const { bus } = fakeBus();
  const { app: made, emit } = app(
    {},
    {
      ...bus,
      publish: () => {
        throw new Error('full');
      },
    },
  );
  await made.start();
  emit(cycle(1));
  assert.deepEqual([made.status().messages, made.status().failed], [0, 1]);
  await made.stop();
});

interface Peer {
  url: string;
  got: { topic: string; payload: string }[];
  close: () => Promise<void>;
  port: number;
}
/** An independent broker. */
async function broker(t: TestContext, port = 0): Promise<Peer> {
  const aedes = await Aedes.createBroker();
  const got: Peer['got'] = [];
  aedes.on('publish', (packet, client) => {
    if (client) got.push({ topic: packet.topic, payload: packet.payload.toString() });
  });
  const server: Server = createServer(aedes.handle);
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await new Promise<void>((resolve) => {
      aedes.close(() => server.close(() => resolve()));
    });
  };
  t.after(close);
  const bound = (server.address() as AddressInfo).port;
  return { url: `mqtt://127.0.0.1:${bound}`, got, close, port: bound };
}

test('an external broker gets the same messages, and again after it was away', { timeout: 20_000 }, async (t) => {
  const first = await broker(t);
  const { app: made, emit } = app({ url: first.url, protocol: '3.1.1', qos: 1 }, fakeBus().bus);
  t.after(() => made.stop());
  await made.start();
  await until(() => made.health().state === 'running');
  emit(cycle(291));
  await until(() => first.got.length === 1 && made.status().messages === 1);
  assert.equal(first.got[0]!.topic, '/neuron/demo_app/demo/g');
  assert.equal((JSON.parse(first.got[0]!.payload) as { values: { temperature: number } }).values.temperature, 291);
  await first.close();
  await until(() => made.health().state === 'lost');
  emit(cycle(292));
  await until(() => made.status().failed === 1);
  const second = await broker(t, first.port);
  await until(() => made.health().state === 'running');
  emit(cycle(293));
  await until(() => second.got.length === 1);
});

test('a broker that cannot be reached is said in a sentence', async (t) => {
  const gone = await broker(t);
  await gone.close();
  const { app: made } = app({ url: gone.url }, fakeBus().bus);
  await made.start();
  await until(() => made.health().state === 'lost');
  assert.match(made.health().reason.text, /cannot be reached: nothing listens there\.$/);
  await made.stop();
});

/** Takes a CONNECT and never acknowledges anything after it. */
async function deafBroker(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(Uint8Array.of(0x20, 2, 0, 0)));
    t.after(() => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('a broker that acknowledges nothing costs bounded memory, is said, and does not hold up a stop', { timeout: 20_000 }, async (t) => {
  const port = await deafBroker(t);
  const { app: made, emit } = app({ url: `mqtt://me:secret@127.0.0.1:${port}`, protocol: '3.1.1', qos: 1 }, fakeBus().bus);
  await made.start();
  await until(() => made.health().state === 'running');
  for (let i = 0; i < 1005; i++) emit(cycle(i));
  await until(() => made.status().failed === 5);
  assert.equal(made.status().messages, 0);
  assert.ok(!JSON.stringify(made.status()).includes('secret'), 'a password is not shown');
  await made.stop();
  assert.equal(made.health().state, 'stopped');
});

test('an address that is none is said and stops nothing else', async (t) => {
  const { app: made } = app({ url: 'mqtt://[' }, fakeBus().bus);
  t.after(() => made.stop());
  await made.start();
  assert.equal(made.health().state, 'lost');
  assert.match(made.health().reason.text, /cannot be reached/);
});

test('a queue that cannot be opened is said, and messages go out without it', { timeout: 20_000 }, async (t) => {
  const peer = await broker(t);
  const queue = (): Promise<DeliveryQueue> => Promise.reject(new Error('the disk is full'));
  const { app: made, emit } = app({ url: peer.url, protocol: '3.1.1', qos: 1 }, fakeBus().bus, { queue });
  t.after(() => made.stop());
  await made.start();
  await until(() => made.health().state === 'degraded');
  assert.match(made.health().reason.text, /Publishes to .* Nothing is stored while the broker is away: the disk is full/);
  emit(cycle(1));
  await until(() => peer.got.length === 1);
});

test('with a queue every message waits there until the broker has it, and health tells of what waits', async () => {
  const offered: string[] = [];
  const queue = {
    offer: (record: Uint8Array) => offered.push(Buffer.from(record).toString('latin1')),
    start: () => {},
    tryNow: () => {},
    close: async () => {},
    status: () => ({
      name: 'app/demo_app',
      health: { state: 'running' },
      counters: { queuing: 1234 },
      capacity: { hoursLeft: 3.25 },
    }),
    metrics: () => [{ name: 'omh_queue_entries', value: 1234 }],
  } as unknown as DeliveryQueue;
  const { app: made, emit } = app({ url: 'mqtt://127.0.0.1:1' }, fakeBus().bus, { queue: async () => queue });
  await made.start();
  emit(cycle(291));
  assert.match(offered[0]!, /\/neuron\/demo_app\/demo\/g\{"timestamp":1700000000000,.*"temperature":291/);
  await until(() => made.health().state === 'lost');
  assert.match(made.health().reason.text, /nothing listens there\. 1,234 messages wait on the disk, with room for 3\.3 h more\.$/);
  assert.equal(made.status().queue?.counters.queuing, 1234);
  assert.ok([...made.metrics()].some(({ name }) => name === 'omh_queue_entries'));
  await made.stop();
  const own = app({}, fakeBus().bus, { queue: async () => queue });
  await own.app.start();
  assert.equal(own.app.status().queue, undefined, "the hub's own bus needs no queue");
  await own.app.stop();
});

test('requests through an external broker are answered; writes only as far as the settings allow strangers', {
  timeout: 20_000,
}, async (t) => {
  const peer = await broker(t);
  const allowed: string[][] = [];
  const gate: TagGate = {
    readings: () => [{ tag: tags[0]!, value: 291, valueTime: undefined, qualityCode: 0 }],
    mayRead: () => false,
    mayAnswer: () => false,
    write: async ({ principal }) => {
      allowed.push([...principal.permissions]);
      return [undefined];
    },
    devices: () => [{ node: 'demo', up: true, running: true }],
  };
  const settings: MqttAppOptions['settings'] = {
    url: peer.url,
    protocol: '3.1.1',
    requests: true,
    stateReports: true,
    writes: { allow: ['acme/#'] },
  };
  const { app: made } = app(settings, fakeBus().bus, { gate });
  t.after(() => made.stop());
  await made.start();
  await until(() => made.health().state === 'running');
  const client = await mqtt.connectAsync(peer.url, { protocolVersion: 4, reconnectPeriod: 0 });
  t.after(() => client.endAsync(true));
  const answers: string[] = [];
  client.on('message', (_topic, payload) => answers.push(payload.toString()));
  await client.subscribeAsync(['/neuron/demo_app/read/resp', '/neuron/demo_app/write/resp', '/neuron/demo_app/state/update']);
  const ask = async (topic: string, body: object): Promise<string> => {
    const before = answers.length;
    await client.publishAsync(topic, JSON.stringify({ uuid: 'u', node: 'demo', group: 'g', ...body }), { qos: 1 });
    await until(() => answers.slice(before).some((text) => text.startsWith('{"uuid"')));
    return answers.findLast((text) => text.startsWith('{"uuid"'))!;
  };
  assert.equal(await ask('/neuron/demo_app/read/req', {}), '{"uuid":"u","tags":[{"name":"temperature","value":291}]}');
  assert.equal(await ask('/neuron/demo_app/write/req', { tag: 'temperature', value: 1 }), '{"uuid":"u","error":0}');
  assert.deepEqual(allowed, [['tag.write acme/#']]);
  assert.deepEqual(made.status().requests, { answered: 2, refused: 0 });
});
