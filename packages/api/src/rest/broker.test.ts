import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { Broker } from '@omh/broker';
import { partPrincipal, silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { ApiServer } from '../api-server.ts';
import type { App } from '../context.ts';
import { asHub, FakeHub } from '../testing/fake-hub.ts';
import type {
  BannedAnswer,
  BanRow,
  ClientAnswer,
  ClientsAnswer,
  DelayedAnswer,
  Problem,
  RetainedAnswer,
  RetainedRow,
  SubscriptionsAnswer,
  TopicMetricsAnswer,
  TraceLinesAnswer,
  TracesAnswer,
} from '../types.ts';

const clock = new VirtualClock();
/** A hub whose broker really listens. */
class ServingHub extends FakeHub {
  readonly inside = new Broker({
    listeners: { tcp: { type: 'tcp', host: '127.0.0.1', port: 0, anonymous: true } },
    clock,
    log: silentLogger,
    authenticate: () => ({ kind: 'device', name: 'd', permissions: ['*'] }),
    authorize: () => true,
    features: { slowSubscriptions: { enabled: true, thresholdMs: 500, top: 10, expiryMs: 60_000 } },
  });
  override get brokerAdmin(): ReturnType<() => FakeHub['brokerAdmin']> {
    return this.inside;
  }
}
const hub = new ServingHub(clock);
const sockets: Socket[] = [];
let app: App;
before(async () => {
  await hub.access.start();
  await hub.inside.start();
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock, log: silentLogger }).build();
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  await hub.inside.stop();
  await app.close();
  await hub.access.stop();
});

type Method = 'GET' | 'POST' | 'DELETE';
const ask = (method: Method, path: string, payload?: object, token = 'admin-token') =>
  app.inject({
    method,
    url: `/api/v1${path}`,
    headers: { host: 'localhost', authorization: `Bearer ${token}` },
    ...(payload === undefined ? {} : { payload }),
  });
async function get<T>(path: string, token?: string): Promise<T> {
  const answer = await ask('GET', path, undefined, token);
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.json<T>();
}
const seg = encodeURIComponent;

const text = (s: string): Buffer => Buffer.concat([Buffer.from([Buffer.byteLength(s) >> 8, Buffer.byteLength(s) & 255]), Buffer.from(s)]);
const packet = (first: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first, body.length]), body]);
};
/** A 5.0 client that is in; what it is sent is in `heard`. */
async function mqttClient(id: string): Promise<{ socket: Socket; heard: () => Buffer; send: (...bytes: Buffer[]) => Promise<void> }> {
  const socket = connect(Number(new URL(hub.inside.addresses().tcp!).port), '127.0.0.1');
  sockets.push(socket);
  let heard = Buffer.alloc(0);
  socket.on('data', (piece) => {
    heard = Buffer.concat([heard, piece]);
  });
  socket.on('error', () => {});
  const answered = once(socket, 'data');
  socket.write(packet(0x10, text('MQTT'), Buffer.from([5, 2, 0, 60, 0]), text(id)));
  await answered;
  assert.equal(heard[0], 0x20);
  return {
    socket,
    heard: () => heard,
    send: async (...bytes) => {
      const more = once(socket, 'data');
      socket.write(Buffer.concat(bytes));
      await more;
    },
  };
}
const subscribe = (filter: string, qos = 1): Buffer => packet(0x82, Buffer.from([0, 1, 0]), text(filter), Buffer.from([qos]));
const publish = (topic: string, payload: string | Uint8Array, retain = false): Promise<void> | undefined =>
  hub.inside.bus.publish({ topic, payload, qos: 1, retain, principal: partPrincipal('hub') });

test('a client is listed, shown and sent away with a reason, and afterwards it is told why it went', async () => {
  const id = 'press 7/ä?#%2F';
  const { socket, heard, send } = await mqttClient(id);
  await mqttClient('other');
  await send(subscribe('acme/+/x'));
  const list = await get<ClientsAnswer>('/clients?find=PRESS');
  assert.deepEqual([list.total, list.connected, list.clients[0]!.clientId, list.clients[0]!.subscriptionCount], [1, 1, id, 1]);
  const pages = [await get<ClientsAnswer>('/clients?limit=1')];
  pages.push(await get<ClientsAnswer>(`/clients?limit=1&cursor=${seg(pages[0]!.cursor!)}`));
  assert.deepEqual(
    pages.flatMap(({ clients }) => clients.map(({ clientId }) => clientId)),
    ['other', id],
  );
  const { client } = await get<ClientAnswer>(`/clients/${seg(id)}`);
  assert.deepEqual([client!.subscriptions, client!.inflight, client!.principal], [[{ filter: 'acme/+/x', qos: 1 }], 0, 'd']);
  const found = await get<SubscriptionsAnswer>(`/subscriptions?filter=${seg('acme/#')}`);
  assert.deepEqual(
    found.subscriptions.map(({ clientId, filter }) => [clientId, filter]),
    [[id, 'acme/+/x']],
  );
  const closed = once(socket, 'close');
  assert.equal((await ask('DELETE', `/clients/${seg(id)}?reason=maintenance&session=end`)).statusCode, 204);
  await closed;
  assert.ok(heard().subarray(-30).includes('maintenance'), 'DISCONNECT carries the reason');
  const gone = await get<ClientAnswer>(`/clients/${seg(id)}`);
  assert.equal(gone.client, undefined);
  assert.match(gone.departure!.reason, /^kicked/);
  assert.equal((await ask('DELETE', `/clients/${seg(id)}`)).statusCode, 404);
  const { records } = await hub.access.audit.list({ limit: 50, verb: 'clients.write' });
  assert.deepEqual([records[0]!.what, records[0]!.detail!.reason], [`clients/${id}`, 'maintenance']);
});

test('retained messages are listed by filter, read whole, deleted, and only seen where one may subscribe', async () => {
  const topics = ['acme/line1/a b', 'acme/line1/ü', 'acme/line2/x'];
  for (const topic of topics) await publish(topic, 'ä'.repeat(300), true);
  await publish('acme/line1/bytes', Uint8Array.of(0xff, 0xfe), true);
  const { retained } = await get<RetainedAnswer>(`/retained?filter=${seg('acme/line1/#')}`);
  assert.deepEqual(
    retained.map(({ topic, encoding, size, truncated = false }) => [topic, encoding, size, truncated]),
    [
      ['acme/line1/a b', 'utf8', 600, true],
      ['acme/line1/bytes', 'base64', 2, false],
      ['acme/line1/ü', 'utf8', 600, true],
    ],
  );
  assert.equal(retained[0]!.payload, 'ä'.repeat(128));
  const page = await get<RetainedAnswer>('/retained?limit=2');
  assert.equal(page.cursor, 'acme/line1/bytes');
  assert.equal((await get<RetainedAnswer>(`/retained?limit=2&cursor=${seg(page.cursor)}`)).retained.length, 2);
  const whole = await get<RetainedRow>(`/retained/${seg('acme/line1/ü')}`);
  assert.equal(whole.payload, 'ä'.repeat(300));
  assert.equal((await ask('GET', `/retained/${seg('acme/line1/#')}`)).statusCode, 404);
  assert.equal((await ask('GET', '/retained', undefined, 'line1-token')).statusCode, 403);
  assert.equal((await get<RetainedAnswer>(`/retained?filter=${seg('acme/line1/#')}`, 'line1-token')).retained.length, 3);
  assert.equal((await ask('GET', `/retained/${seg('acme/line2/x')}`, undefined, 'line1-token')).statusCode, 403);
  assert.equal((await ask('DELETE', `/retained/${seg('acme/line1/ü')}`, undefined, 'line1-token')).statusCode, 403);
  assert.equal((await ask('DELETE', `/retained/${seg('acme/line1/ü')}`)).statusCode, 204);
  assert.equal((await ask('DELETE', `/retained/${seg('acme/line1/ü')}`)).statusCode, 404);
  assert.equal((await ask('GET', '/retained?filter=a/%23/b')).json<Problem>().code, 'API_FILTER_INVALID');
});

test('topics that begin with $ are shown to nobody whose permission is for #', async () => {
  await publish('$own/x', '1', true);
  hub.access.known.set('hash-token', { kind: 'token', name: 'hash', permissions: ['mqtt.subscribe #'] });
  const topics = async (token: string): Promise<string[]> => (await get<RetainedAnswer>('/retained', token)).retained.map((r) => r.topic);
  assert.ok((await topics('admin-token')).includes('$own/x'));
  assert.ok(!(await topics('hash-token')).includes('$own/x'));
});

test('a delayed message is listed, read and taken back', async () => {
  await publish('$delayed/60/late/1', 'one');
  await publish('$delayed/60/late/2', 'two');
  const list = await get<DelayedAnswer>(`/delayed?filter=${seg('late/#')}&limit=1`);
  assert.deepEqual(
    [list.enabled, list.total, list.delayed[0]!.topic, Date.parse(list.delayed[0]!.due) - clock.now() / 1000],
    [true, 2, 'late/1', 60_000],
  );
  const second = await get<DelayedAnswer>(`/delayed?limit=1&cursor=${list.cursor}`);
  assert.deepEqual([second.delayed[0]!.topic, second.cursor], ['late/2', undefined]);
  const { id } = list.delayed[0]!;
  assert.equal((await get<{ payload: string }>(`/delayed/${id}`)).payload, 'one');
  assert.equal((await ask('DELETE', `/delayed/${id}`, undefined, 'operator-token')).statusCode, 403);
  assert.equal((await ask('DELETE', `/delayed/${id}`)).statusCode, 204);
  assert.equal((await ask('GET', `/delayed/${id}`)).statusCode, 404);
  assert.equal((await ask('GET', '/delayed/x')).statusCode, 400);
  assert.equal((await ask('GET', '/delayed?cursor=x')).json<Problem>().code, 'API_CURSOR_INVALID');
});

test('a ban sends away who is in, is listed with its author and end, and is lifted', async () => {
  const { socket } = await mqttClient('mallory');
  const closed = once(socket, 'close');
  const made = await ask('POST', '/banned', { kind: 'client', value: 'mal*', reason: 'floods', until: 'now+1h' }, 'engineer-token');
  assert.equal(made.statusCode, 200, made.body);
  await closed;
  const address = await ask('POST', '/banned', { kind: 'address', value: '10.0.0.0/8' });
  assert.equal(address.json<BanRow>().until, undefined);
  const { banned, total } = await get<BannedAnswer>('/banned?find=FLOOD');
  assert.equal(total, 1);
  assert.deepEqual([banned[0]!.value, banned[0]!.by, Date.parse(banned[0]!.until!) - clock.now() / 1000], ['mal*', 'engineer', 3_600_000]);
  for (const body of [{ until: 'now-1s' }, { until: 'soon' }, { value: '' }, { kind: 'planet' }, { kind: 'address', value: 'home' }])
    assert.equal((await ask('POST', '/banned', { kind: 'client', value: 'x', ...body })).statusCode, 400, JSON.stringify(body));
  assert.equal((await ask('DELETE', '/banned/client/mal*')).statusCode, 204);
  assert.equal((await ask('DELETE', '/banned/client/mal*')).statusCode, 404);
  assert.equal((await ask('DELETE', `/banned/address/${seg('10.0.0.0/8')}`)).statusCode, 204);
  assert.equal((await get<BannedAnswer>('/banned')).total, 0);
});

test('a chosen topic is counted until it is taken away', async () => {
  assert.equal((await ask('POST', '/topic-metrics', { topic: 'count/+' })).statusCode, 200);
  for (let i = 0; i < 3; i++) await publish('count/me', 'x');
  const counted = (await get<TopicMetricsAnswer>('/topic-metrics')).topics[0]!;
  assert.deepEqual([counted.topic, counted.in, counted.inQos], ['count/+', 3, [0, 3, 0]]);
  assert.equal((await ask('POST', '/topic-metrics', { topic: 'a/#/b' })).json<Problem>().code, 'BROKER_FILTER_INVALID');
  assert.equal((await ask('DELETE', `/topic-metrics/${seg('count/+')}`)).statusCode, 204);
  assert.deepEqual((await get<TopicMetricsAnswer>('/topic-metrics')).topics, []);
});

test('who acknowledges late is a slow subscriber until the list begins again', async () => {
  const { socket, send } = await mqttClient('sleepy');
  await send(subscribe('slow/x'));
  const came = once(socket, 'data');
  void publish('slow/x', 'x');
  const [bytes] = (await came) as [Buffer];
  await clock.advance(900);
  const at = 2 + 2 + 'slow/x'.length;
  socket.write(Buffer.from([0x40, 2, bytes[at]!, bytes[at + 1]!]));
  await send(Buffer.from([0xc0, 0]));
  const { slow } = await get<{ slow: { clientId: string; topic: string; tookMs: number }[] }>('/slow-subscriptions');
  assert.deepEqual(
    slow.map(({ clientId, topic, tookMs }) => [clientId, topic, tookMs]),
    [['sleepy', 'slow/x', 900]],
  );
  assert.equal((await ask('DELETE', '/slow-subscriptions')).statusCode, 204);
  assert.deepEqual((await get<{ slow: unknown[] }>('/slow-subscriptions')).slow, []);
});

test('a trace gives its lines in pieces and as a file, and its payloads only to who may read the topic', async () => {
  const start = await ask('POST', '/traces', { name: 'line.1', by: 'topic', value: 'traced/#', payload: 'text', seconds: 60 });
  assert.equal(start.statusCode, 200, start.body);
  for (let i = 0; i < 3; i++) await publish('traced/x', `payload ${i}`);
  const first = await get<TraceLinesAnswer>('/traces/line.1/lines?limit=2');
  assert.equal(first.more, true);
  const rest = await get<TraceLinesAnswer>(`/traces/line.1/lines?after=${first.lines.at(-1)!.seq}`);
  const lines = [...first.lines, ...rest.lines].filter(({ what }) => what === 'message.publish');
  assert.deepEqual(
    lines.map(({ topic, payload }) => `${topic} ${payload}`),
    [0, 1, 2].map((i) => `traced/x payload ${i}`),
  );
  assert.deepEqual(
    [...first.lines, ...rest.lines].map(({ seq }) => seq),
    first.lines.concat(rest.lines).map((_l, i) => i + 1),
  );
  const file = await ask('GET', '/traces/line.1/lines?format=text');
  assert.match(String(file.headers['content-disposition']), /attachment; filename="line\.1\.log"/);
  assert.match(String(file.headers['content-type']), /^text\/plain/);
  assert.match(file.body, /message\.publish .*payload="payload 2"\n/);
  hub.access.known.set('tracer-token', { kind: 'token', name: 'tracer', permissions: ['traces.write', 'mqtt.subscribe other/#'] });
  assert.equal((await ask('GET', '/traces/line.1/lines', undefined, 'tracer-token')).statusCode, 403);
  const body = { name: 'x', by: 'client', value: 'y', payload: 'hex' };
  assert.equal((await ask('POST', '/traces', body, 'tracer-token')).statusCode, 403);
  assert.equal((await ask('POST', '/traces', { ...body, payload: 'hidden' }, 'tracer-token')).statusCode, 200);
  assert.equal((await ask('POST', '/traces', { ...body })).json<Problem>().code, 'BROKER_TRACE_EXISTS');
  assert.equal((await ask('POST', '/traces/line.1/stop')).statusCode, 200);
  assert.deepEqual(
    (await get<TracesAnswer>('/traces')).traces.map(({ name, running }) => [name, running]),
    [
      ['line.1', false],
      ['x', true],
    ],
  );
  for (const name of ['line.1', 'x']) assert.equal((await ask('DELETE', `/traces/${name}`)).statusCode, 204);
});

test('a page of very long names ends early and goes on where it ended', async () => {
  const long = 'n'.repeat(60_000);
  for (let i = 0; i < 80; i++) await publish(`long/${String(i).padStart(2, '0')}/${long}`, 'x', true);
  const answer = await get<RetainedAnswer>(`/retained?filter=${seg('long/#')}&limit=1000`);
  assert.ok(answer.retained.length > 50 && answer.retained.length < 80, String(answer.retained.length));
  const next = await get<RetainedAnswer>(`/retained?filter=${seg('long/#')}&limit=1000&cursor=${seg(answer.cursor!)}`);
  assert.deepEqual([answer.retained.length + next.retained.length, next.cursor], [80, undefined]);
});
