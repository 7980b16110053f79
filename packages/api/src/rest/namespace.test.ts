import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { ApiServer } from '../api-server.ts';
import type { App } from '../context.ts';
import { adminToken, asHub, FakeHub } from '../testing/fake-hub.ts';
import type { NamespaceAnswer, Problem, TraceAnswer } from '../types.ts';

let app: App;
let hub: FakeHub;
beforeEach(async () => {
  const clock = new VirtualClock(1_700_000_000_000_000);
  hub = new FakeHub(clock);
  hub.set({ 1: 21.5 });
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock, log: silentLogger }).build();
});
afterEach(() => app.close());

async function get<T>(url: string, token = adminToken, status = 200): Promise<T> {
  const answer = await app.inject({ method: 'GET', url, headers: { host: 'localhost', authorization: `Bearer ${token}` } });
  assert.equal(answer.statusCode, status, answer.body);
  return answer.json<T>();
}
const names = ({ rows }: NamespaceAnswer): string[] => rows.map(({ name }) => name);

test('the tree is walked level by level, each folder with counts of all below', async () => {
  const top = await get<NamespaceAnswer>('/api/v1/namespace');
  assert.deepEqual(top, { path: '', rows: [{ name: 'acme', path: 'acme', folder: true, tags: 3, good: 1, uncertain: 0, bad: 2 }] });
  assert.deepEqual(names(await get('/api/v1/namespace?path=acme/')), ['line1', 'line2']);
  const line = await get<NamespaceAnswer>('/api/v1/namespace?path=/acme/line1');
  assert.deepEqual([names(line), line.rows[0]!.value!.value, line.rows[0]!.value!.unit], [['temperature', 'humidity'], 21.5, 'Cel']);
  const page = await get<NamespaceAnswer>('/api/v1/namespace?path=acme/line1&limit=1');
  assert.deepEqual(names(await get(`/api/v1/namespace?path=acme/line1&cursor=${encodeURIComponent(page.cursor!)}`)), ['humidity']);
  assert.equal((await get<Problem>('/api/v1/namespace?path=acme/line9', adminToken, 404)).code, 'API_UNKNOWN_NAME');
});

test('a search finds tags by any part of what is known of them, below a path where one is given', async () => {
  assert.deepEqual(names(await get('/api/v1/namespace?search=HUM')), ['humidity']);
  assert.deepEqual(names(await get('/api/v1/namespace?search=40003')), ['count']);
  assert.deepEqual(names(await get('/api/v1/namespace?search=press&path=acme/line2')), []);
  const first = await get<NamespaceAnswer>('/api/v1/namespace?search=acme&limit=2');
  assert.deepEqual(names(await get(`/api/v1/namespace?search=acme&cursor=${first.cursor}`)), ['count']);
  assert.equal((await get<Problem>('/api/v1/namespace?search=a&cursor=77', adminToken, 400)).code, 'API_CURSOR_INVALID');
});

test('who may see one line only sees its part of the tree, its counts and its traces', async () => {
  const top = await get<NamespaceAnswer>('/api/v1/namespace', 'line1-token');
  assert.deepEqual([names(top), top.rows[0]!.tags], [['acme'], 2]);
  assert.deepEqual(names(await get('/api/v1/namespace?path=acme', 'line1-token')), ['line1']);
  await get('/api/v1/namespace?path=acme/line2', 'line1-token', 404);
  assert.deepEqual(names(await get('/api/v1/namespace?search=acme', 'line1-token')), ['temperature', 'humidity']);
  const trace = await get<TraceAnswer>('/api/v1/trace?tag=acme/line1/humidity', 'line1-token');
  assert.deepEqual([trace.raw, trace.value, trace.frames], [7, 0.7, []], 'frames hold what stands beside the tag');
  await get('/api/v1/trace?tag=oven/g/count', 'line1-token', 403);
  assert.equal((await get<TraceAnswer>('/api/v1/trace?tag=oven/g/count')).frames[0]!.hex, '0102');
  await get('/api/v1/trace?tag=oven/g/nothing', adminToken, 404);
});
