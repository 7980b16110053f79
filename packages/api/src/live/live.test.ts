import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { WebSocket } from 'ws';
import { partPrincipal, Quality, silentLogger, type TagId } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { ApiServer } from '../api-server.ts';
import { adminToken, asHub, FakeHub } from '../testing/fake-hub.ts';

type Json = Record<string, unknown> & { id?: number; error?: { code: string } };

/** A client that keeps every message until it is asked for. */
class Client {
  readonly #messages: Json[] = [];
  #wake: (() => void) | undefined;
  readonly socket: WebSocket;
  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.#messages.push(JSON.parse(data.toString()) as Json);
      this.#wake?.();
    });
    socket.on('error', () => {});
  }
  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }
  async next(): Promise<Json> {
    while (this.#messages.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#messages.shift()!;
  }
  /** Whatever was said before has been handled when this answer comes. */
  async settled(): Promise<Json[]> {
    this.say({ op: 'ping' });
    const seen: Json[] = [];
    for (;;) {
      const message = await this.next();
      if (message.op === 'pong') return seen;
      seen.push(message);
    }
  }
}

let clock: VirtualClock;
let hub: FakeHub;
let server: ApiServer;
let sockets: WebSocket[];
beforeEach(async () => {
  clock = new VirtualClock(1_700_000_000_000_000);
  hub = new FakeHub(clock);
  server = new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock, log: silentLogger, limits: { sockets: 3 } });
  sockets = [];
  await server.start();
});
afterEach(async () => {
  for (const s of sockets) s.terminate();
  await server.stop();
});

const address = (): string => `${server.url().replace('http', 'ws')}/api/v1/live`;
async function open(token = adminToken, headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(address(), { headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers } });
  sockets.push(socket);
  await once(socket, 'open');
  return new Client(socket);
}
async function refusal(headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(address(), { headers });
  socket.on('error', () => {});
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('open', () => resolve(101));
  });
}

test('keys and a whole snapshot come first, then only what changed', async () => {
  hub.set({ 1: 21.5, 3: 9007199254740993n });
  const client = await open();
  client.say({ op: 'sub', id: 4, kind: 'tags' });
  const keys = await client.next();
  assert.equal(keys.kind, 'tags');
  assert.deepEqual((keys.keys as Json[])[0], {
    k: 1,
    device: 'press',
    group: 'g',
    tag: 'temperature',
    path: 'acme/line1/temperature',
    type: 'double',
    address: '1!40001',
    access: 'read',
    unit: 'Cel',
    precision: 1,
  });
  const snapshot = await client.next();
  assert.deepEqual(snapshot.k, [1, 2, 3]);
  assert.deepEqual(snapshot.v, [21.5, null, '9007199254740993']);
  assert.deepEqual(snapshot.t, [1_700_000_000_000, null, 1_700_000_000_000]);
  assert.deepEqual(snapshot.q, ['good', 'bad', 'good']);
  assert.equal((snapshot.r as unknown[])[0], null);
  assert.equal(typeof (snapshot.r as unknown[])[1], 'string');

  for (let i = 0; i < 100; i++) hub.set({ 2: i });
  await clock.advance(100);
  const change = await client.next();
  assert.deepEqual([change.k, change.v], [[2], [99]], 'a hundred changes are one entry with the newest value');
  await clock.advance(1000);
  assert.deepEqual(await client.settled(), [], 'nothing changed, nothing is sent');
});

test('a bad quality keeps the last value with its own time', async () => {
  hub.set({ 1: 20 });
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'tags', tags: ['press/g/temperature'] });
  await client.next();
  await client.next();
  await clock.advance(5000);
  hub.set({ 1: 0 }, Quality.badTimeout);
  await clock.advance(100);
  const frame = await client.next();
  assert.deepEqual([frame.v, frame.t, frame.q], [[20], [1_700_000_000_000], ['bad']]);
  assert.deepEqual(frame.s, [1_700_000_005_000]);
});

test('selections by device and by tag show those tags only', async () => {
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'tags', device: 'oven' });
  assert.deepEqual(
    ((await client.next()).keys as Json[]).map((k) => k.k),
    [3],
  );
  await client.next();
  client.say({ op: 'sub', id: 2, kind: 'tags', tags: ['press/g/humidity', 'no/such/tag'] });
  assert.deepEqual(
    ((await client.next()).keys as Json[]).map((k) => k.k),
    [2],
  );
  await client.next();
  client.say({ op: 'sub', id: 3, kind: 'tags', device: 'nothing' });
  assert.deepEqual(await client.next(), { id: 3, kind: 'tags', keys: [] });
});

test('tags outside the subtrees of the principal are not there', async () => {
  const client = await open('line1-token');
  client.say({ op: 'sub', id: 1, kind: 'tags' });
  assert.deepEqual(
    ((await client.next()).keys as Json[]).map((k) => k.k),
    [1, 2],
  );
});

test('a list of thousands of keys comes in parts, and one that begins anew is told from one that goes on', async () => {
  const tags = hub.values.tags();
  const many = Array.from({ length: 9_000 }, (_, i) => ({
    ...tags[0]!,
    id: (i + 1) as TagId,
    name: `t${i}`,
    path: `acme/line1/t${i}`,
  }));
  hub.values.configure(many, clock.now());
  const client = await open();
  const part = async (): Promise<unknown[]> => {
    const { keys, continues, more } = await client.next();
    return [(keys as Json[]).length, (keys as Json[])[0]!.k, continues, more];
  };
  client.say({ op: 'sub', id: 1, kind: 'tags' });
  assert.deepEqual(await part(), [4000, 1, undefined, true]);
  hub.values.configure(many.slice(1), clock.now());
  await clock.advance(100);
  assert.deepEqual(await part(), [4000, 2, undefined, true]);
  await clock.advance(100);
  assert.deepEqual(await part(), [4000, 4002, true, true]);
  await clock.advance(100);
  assert.deepEqual(await part(), [999, 8002, true, undefined]);
});

test('after the hub was reconfigured the keys come anew', async () => {
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'tags' });
  await client.next();
  await client.next();
  hub.values.configure(hub.values.tags().slice(1), clock.now());
  await clock.advance(100);
  assert.deepEqual(
    ((await client.next()).keys as Json[]).map((k) => k.k),
    [2, 3],
  );
  assert.deepEqual((await client.next()).k, [2, 3]);
});

test('after unsub nothing more comes and the id is free', async () => {
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'tags' });
  await client.settled();
  client.say({ op: 'unsub', id: 1 });
  await client.settled();
  hub.set({ 1: 1 });
  await clock.advance(500);
  assert.deepEqual(await client.settled(), []);
  client.say({ op: 'sub', id: 1, kind: 'flow' });
  assert.equal(((await client.next()).flow as Json).rssMb, 80);
});

test('messages of a topic come as they pass, text as text and bytes as base64', async () => {
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'topic', filter: 'plant/+/t' });
  await client.settled();
  const publish = (topic: string, payload: Uint8Array | string): void => {
    hub.bus.publish({ topic, payload, principal: partPrincipal('app/x') });
  };
  publish('plant/a/t', '{"v":1}');
  publish('plant/a/other', 'not this');
  publish('plant/b/t', Uint8Array.of(0xff, 0xfe));
  publish('plant/c/t', 'ä'.repeat(40_000));
  await clock.advance(100);
  const { messages } = (await client.next()) as unknown as {
    messages: { topic: string; payload: string; encoding: string; size: number; truncated?: boolean; clientId: string }[];
  };
  assert.deepEqual(
    messages.map((m) => [m.topic, m.encoding, m.size, m.truncated]),
    [
      ['plant/a/t', 'utf8', 7, undefined],
      ['plant/b/t', 'base64', 2, undefined],
      ['plant/c/t', 'utf8', 80_000, true],
    ],
  );
  assert.equal(messages[0]!.payload, '{"v":1}');
  assert.equal(messages[0]!.clientId, 'app/x');
  assert.equal(messages[1]!.payload, '//4=');
  assert.equal(messages[2]!.payload, 'ä'.repeat(32_768));
});

test('of a burst on a topic two hundred are shown and the rest is counted', async () => {
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'topic', filter: '#' });
  await client.settled();
  for (let i = 0; i < 1000; i++) hub.bus.publish({ topic: 'a', payload: String(i), principal: partPrincipal('x') });
  await clock.advance(100);
  const frame = await client.next();
  assert.equal((frame.messages as unknown[]).length, 200);
  assert.equal(frame.dropped, 800);
  client.say({ op: 'unsub', id: 1 });
  await client.settled();
  assert.equal(hub.bus.readers.size, 0, 'the bus forgets the reader');
});

test('a topic outside the permission, or that is no filter, is refused', async () => {
  const client = await open('line1-token');
  client.say({ op: 'sub', id: 1, kind: 'topic', filter: '#' });
  assert.equal((await client.next()).error!.code, 'API_NOT_ALLOWED');
  client.say({ op: 'sub', id: 1, kind: 'topic', filter: 'acme/#/x' });
  assert.equal((await client.next()).error!.code, 'API_FILTER_INVALID');
  client.say({ op: 'sub', id: 1, kind: 'topic', filter: '$share/g/acme/line1/#' });
  assert.equal((await client.next()).error!.code, 'API_FILTER_INVALID');
  client.say({ op: 'sub', id: 1, kind: 'topic', filter: 'acme/line1/#' });
  assert.deepEqual(await client.settled(), []);
  client.say({ op: 'sub', id: 2, kind: 'status' });
  assert.equal((await client.next()).error!.code, 'API_NOT_ALLOWED');
});

test('status comes at once, on a change, and every five seconds', async () => {
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'status' });
  assert.equal(((await client.next()).status as Json).sentence, 'All 1 parts run.');
  await clock.advance(2000);
  assert.deepEqual(await client.settled(), []);
  hub.sentence = 'Broker: changed.';
  await clock.advance(1000);
  assert.deepEqual(
    (await client.settled()).map((m) => (m.status as Json).sentence),
    ['Broker: changed.'],
  );
  await clock.advance(5000);
  assert.equal((await client.settled()).length, 1);
});

test('flow comes each second', async () => {
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'flow' });
  await client.next();
  await clock.advance(3000);
  assert.equal((await client.settled()).length, 3);
});

test('a simulator is followed with its new requests only', async () => {
  const entry = (seq: number) => ({
    seq,
    at: clock.now(),
    peer: 'p',
    unit: 1,
    function: 3,
    functionName: 'read holding registers',
    outcome: 'answered',
  });
  hub.log500 = [entry(1), entry(2)];
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'simulator', name: 'plant' });
  const seqs = (m: Json): number[] => (m.requests as { seq: number }[]).map((r) => r.seq);
  assert.deepEqual(seqs(await client.next()), [1, 2]);
  hub.log500.push(entry(3));
  await clock.advance(1000);
  assert.deepEqual(seqs(await client.next()), [3]);
  client.say({ op: 'sub', id: 2, kind: 'simulator', name: 'plnt' });
  assert.match(((await client.next()).error as unknown as { text: string }).text, /Did you mean "plant"/);
});

test('what is no request is answered with an error and harms nothing', async () => {
  const client = await open();
  for (const bad of [
    '',
    'nonsense',
    '[]',
    'null',
    '{}',
    '{"op":"sub"}',
    '{"op":"sub","id":1.5,"kind":"tags"}',
    '{"op":"sub","id":1}',
    '{"op":"sub","id":1,"kind":"tags","tags":"x"}',
  ]) {
    client.say(bad);
    assert.equal((await client.next()).error!.code, 'API_LIVE_MESSAGE_INVALID', bad);
  }
  client.socket.send(Buffer.from([1, 2, 3]));
  assert.equal((await client.next()).error!.code, 'API_LIVE_MESSAGE_INVALID');
  client.say({ op: 'unsub', id: 99 });
  client.say({ op: 'sub', id: 7, kind: 'flow' });
  assert.equal((await client.next()).id, 7);
  client.say({ op: 'sub', id: 7, kind: 'flow' });
  assert.equal((await client.next()).error!.code, 'API_LIVE_ID_TAKEN');
});

test('subscriptions, message sizes and sockets have limits', async () => {
  const client = await open();
  for (let id = 1; id <= 51; id++) client.say({ op: 'sub', id, kind: 'flow' });
  assert.deepEqual(
    (await client.settled()).filter((m) => m.error).map((m) => [m.id, m.error!.code]),
    [[51, 'API_LIVE_FULL']],
  );
  client.say(JSON.stringify({ op: 'ping', pad: 'x'.repeat(70_000) }));
  assert.equal((await once(client.socket, 'close'))[0], 1009);
  await open();
  await open();
  await open();
  assert.equal(await refusal({ authorization: `Bearer ${adminToken}` }), 503);
});

test('only a known principal of this origin and host gets a socket', async () => {
  assert.equal(await refusal({}), 401);
  assert.equal(await refusal({ authorization: 'Bearer wrong-wrong-wrong-wrong' }), 401);
  assert.equal(await refusal({ authorization: `Bearer ${adminToken}`, origin: 'http://evil.example' }), 403);
  const { session } = hub.access.redeem(hub.access.createSignInCode())!;
  assert.equal(await refusal({ cookie: `omh_session=${session}`, origin: 'http://evil.example' }), 403);
  assert.equal(await refusal({ authorization: `Bearer ${adminToken}`, host: 'evil.example' }), 403);
  const client = await open('', { cookie: `omh_session=${session}`, origin: server.url() });
  assert.deepEqual(await client.settled(), []);
});

test('the socket closes with 4401 soon after its session ended', async () => {
  const { session } = hub.access.redeem(hub.access.createSignInCode())!;
  const client = await open('', { cookie: `omh_session=${session}` });
  const closed = once(client.socket, 'close');
  hub.access.endSession(session);
  await clock.advance(1000);
  assert.equal((await closed)[0], 4401);
});

test('the socket closes soon after the permissions of its principal changed', async () => {
  const token = 'a-token-that-changes';
  hub.access.known.set(token, { kind: 'token', name: 't', permissions: ['values.read'] });
  const client = await open('', { authorization: `Bearer ${token}` });
  const closed = once(client.socket, 'close');
  await clock.advance(1000);
  hub.access.known.set(token, { kind: 'token', name: 't', permissions: [] });
  await clock.advance(1000);
  assert.equal((await closed)[0], 4403);
});

test('a peer that answers no ping is cut off', async () => {
  const client = await open();
  client.socket.pong = () => {};
  const closed = once(client.socket, 'close');
  (client.socket as unknown as { _receiver: { removeAllListeners(event: string): void } })._receiver.removeAllListeners('ping');
  await clock.advance(60_000);
  assert.equal((await closed)[0], 1006);
});

test('a reader that stands still gets the latest when it reads again, and the count of what it missed', async () => {
  const client = await open();
  client.say({ op: 'sub', id: 1, kind: 'tags' });
  client.say({ op: 'sub', id: 2, kind: 'topic', filter: '#' });
  await client.settled();
  client.socket.pause();
  const big = 'x'.repeat(60_000);
  // The system's socket buffers take some megabytes before the hub notices.
  const dropped = (): number => [...server.metrics()].find((m) => m.name === 'omh_api_dropped_total')!.value;
  let value = 0;
  for (let i = 0; i < 40; i++) {
    for (let n = 0; n < 20; n++) hub.bus.publish({ topic: `t/${n}`, payload: big, principal: partPrincipal('x') });
    hub.set({ 1: ++value });
    await clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const before = dropped();
  client.socket.resume();
  // Drained: the kernel's and the hub's buffers are empty when the answer to a ping arrives.
  const early = await client.settled();
  await clock.advance(100);
  const seen = [...early, ...(await client.settled())];
  const frames = seen.filter((m) => m.id === 1);
  assert.deepEqual(frames.at(-1)!.v, [value], 'the last frame holds the newest value');
  assert.ok(frames.length < value, `${frames.length} frames for ${value} changes`);
  assert.ok(frames.reduce((sum, m) => sum + Number(m.dropped ?? 0), 0) > 0, 'the frame says how many changes it stands for');
  const topics = seen.filter((m) => m.id === 2);
  assert.ok(topics.reduce((sum, m) => sum + Number(m.dropped ?? 0), 0) > 0);
  assert.ok(dropped() > before);
});

test('the hub stops while sockets are open', async () => {
  const client = await open();
  const closed = once(client.socket, 'close');
  await server.stop();
  await closed;
});

test('an upgrade that is no WebSocket, or to another address, opens nothing', async () => {
  const { port } = new URL(server.url());
  const answer = async (text: string): Promise<string> => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(text);
    let out = '';
    for await (const chunk of socket) out += String(chunk);
    return out.split('\r\n')[0]!;
  };
  const head = `Host: localhost\r\nAuthorization: Bearer ${adminToken}\r\n`;
  assert.match(await answer(`GET /api/v1/live HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`), /^HTTP\/1.1 400/);
  assert.match(
    await answer(
      `GET /api/v1/status HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    ),
    /^HTTP\/1.1 4/,
  );
  assert.match(
    await answer(`GET /healthz HTTP/1.1\r\n${head}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`),
    /^HTTP\/1.1 200/,
  );
});
