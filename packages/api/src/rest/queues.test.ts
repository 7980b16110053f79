import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLogger, type Micros, type QueueStatus } from '@omh/core';
import type { ShownQueue } from '@omh/hub';
import { VirtualClock } from '@omh/core/testing';
import { ApiServer } from '../api-server.ts';
import type { App } from '../context.ts';
import { asHub, FakeHub } from '../testing/fake-hub.ts';
import type { DeadLettersAnswer, QueuesAnswer } from '../types.ts';

const now = 1_700_000_000_000_000 as Micros;
const clock = new VirtualClock(now);
const utf8 = new TextEncoder();
let hub: FakeHub;
let app: App;
beforeEach(async () => {
  hub = new FakeHub(clock);
  await hub.access.start();
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock, log: silentLogger }).build();
});
afterEach(async () => {
  await app.close();
  await hub.access.stop();
});

const ask = (method: 'GET' | 'POST' | 'DELETE', path: string, token = 'engineer-token', payload?: object) =>
  app.inject({
    method,
    url: `/api/v1/queues${path}`,
    headers: { host: 'localhost', authorization: `Bearer ${token}` },
    ...(payload === undefined ? {} : { payload }),
  });

const counters = Object.fromEntries(
  'matched received found success failed inflight queuing queuing_bytes dropped dropped.queue_full dropped.expired dropped.other retried retried.success retried.failed late_reply'
    .split(' ')
    .map((name, i) => [name, i]),
) as unknown as QueueStatus['counters'];
const status: ShownQueue = {
  name: 'app/north',
  orphan: false,
  health: { state: 'lost', reason: { code: 'X', params: {}, text: 'The broker does not answer.' }, since: now },
  breaker: 'open',
  counters,
  capacity: { bytes: 10, maxBytes: 1000, bytesPerSecond: 1, hours: 0.27, hoursLeft: 0.26, oldest: now, hoursHeld: 2 },
  deadLetters: { count: 2, bytes: 9, dropped: 0 },
};

test('a queue tells every counter, and how long an outage may last', async () => {
  hub.queued = [
    status,
    {
      ...status,
      name: 'app/new',
      orphan: true,
      capacity: { ...status.capacity, hours: undefined, hoursLeft: undefined, oldest: undefined },
    },
  ];
  const { queues } = (await ask('GET', '')).json<QueuesAnswer>();
  assert.deepEqual(
    queues.map(({ orphan }) => orphan),
    [false, true],
  );
  assert.deepEqual(queues[0]!.counters, counters);
  assert.deepEqual([queues[0]!.capacity.hoursLeft, queues[0]!.capacity.oldest], [0.26, '2023-11-14T22:13:20.000Z']);
  assert.deepEqual(Object.keys(queues[1]!.capacity).sort(), ['bytes', 'bytesPerSecond', 'hoursHeld', 'maxBytes']);
});

test('dead letters come in pages, with their payload for those who may read the topic', async () => {
  const letter = (position: number) => ({
    position,
    id: `q:1:${position}`,
    key: '',
    time: now,
    diedAt: now,
    attempts: 1,
    reason: { code: 'APP_MESSAGE_REFUSED', params: {}, text: 'It is too large.' },
    record: utf8.encode('record'),
    message: { topic: 'acme/x', payload: utf8.encode('{"v":1}'), qos: 1 as const, retain: false, json: true },
  });
  hub.letters = [letter(3), letter(8), { ...letter(9), message: undefined }];
  const first = (await ask('GET', '/app%2Fnorth/dead-letters?limit=2')).json<DeadLettersAnswer>();
  assert.deepEqual([first.deadLetters.map((row) => row.position), first.cursor], [[3, 8], '9']);
  assert.deepEqual([first.deadLetters[0]!.topic, first.deadLetters[0]!.payload], ['acme/x', '{"v":1}']);
  const second = (await ask('GET', '/app%2Fnorth/dead-letters?limit=2&cursor=9')).json<DeadLettersAnswer>();
  assert.deepEqual([second.deadLetters[0]!.position, second.deadLetters[0]!.topic, second.cursor], [9, undefined, undefined]);
  hub.access.known.set('narrow', { kind: 'token', name: 'narrow', permissions: ['apps.read', 'mqtt.subscribe other/#'] });
  const [narrow] = (await ask('GET', '/app%2Fnorth/dead-letters', 'narrow')).json<DeadLettersAnswer>().deadLetters;
  assert.deepEqual([narrow!.topic, narrow!.payload], ['acme/x', undefined]);
});

test('a dead letter is sent again or removed, and a queue emptied, by its name with a slash', async () => {
  assert.equal((await ask('POST', '/app%2Fnorth/dead-letters/3/replay')).statusCode, 200);
  assert.equal((await ask('DELETE', '/app%2Fnorth/dead-letters/8')).statusCode, 204);
  assert.deepEqual((await ask('DELETE', '/app%2Fnorth/entries')).json(), { dropped: 5 });
  assert.equal((await ask('POST', '/app%2Fnorth/hand-over', 'engineer-token', { to: 'app/south' })).statusCode, 200);
  assert.equal((await ask('DELETE', '/app%2Fnorth')).statusCode, 204);
  assert.deepEqual(hub.calls, [
    'replay app/north 3',
    'remove app/north 8',
    'clear app/north',
    'hand over app/north to app/south',
    'discard app/north',
  ]);
  await hub.access.audit.durable();
  const records = hub.access.store.records.map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as { verb: string; what: string });
  assert.deepEqual(
    records.map(({ verb, what }) => [verb, what]),
    [
      ['queues.write', 'queues/app/north/dead-letters/3/replay'],
      ['queues.write', 'queues/app/north/dead-letters/8'],
      ['queues.write', 'queues/app/north/entries'],
      ['queues.write', 'queues/app/north/hand-over'],
      ['queues.write', 'queues/app/north'],
    ],
  );
});
