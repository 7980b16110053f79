import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OmhError, silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { ApiServer } from '../api-server.ts';
import type { App } from '../context.ts';
import { asHub, FakeHub } from '../testing/fake-hub.ts';
import type { Problem, WriteAnswer } from '../types.ts';

let hub: FakeHub;
let app: App;
beforeEach(async () => {
  const clock = new VirtualClock(1_700_000_000_000_000);
  hub = new FakeHub(clock);
  await hub.access.start();
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock, log: silentLogger }).build();
});
afterEach(async () => {
  await app.close();
  await hub.access.stop();
});

const write = (body: object, token = 'operator-token') =>
  app.inject({ method: 'POST', url: '/api/v1/write', headers: { host: 'localhost', authorization: `Bearer ${token}` }, payload: body });
const recorded = async (): Promise<unknown[]> => {
  await hub.access.audit.durable();
  return hub.access.store.records.map((bytes) => {
    const { what, result, detail } = JSON.parse(Buffer.from(bytes).toString()) as { what: string; result: string; detail: object };
    return [what, result, detail];
  });
};
const two = [
  { path: 'acme/line1/temperature', value: 1 },
  { path: 'acme/line1/humidity', value: 2 },
];
const silent = new OmhError('DEVICE_SILENT', { blame: 'device', text: 'The device does not answer.', next: 'Look at it.' });

test('each of many is answered, and recorded, by itself', async () => {
  hub.writeResults[1] = silent;
  const answer = await write({ items: two, reason: 'recipe 7' });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json<WriteAnswer>(), {
    result: 'partial',
    items: [
      { path: 'acme/line1/temperature', result: 'ok' },
      { path: 'acme/line1/humidity', result: 'failed', code: 'DEVICE_SILENT', detail: 'The device does not answer.' },
    ],
  });
  assert.deepEqual(hub.written, [{ target: 'acme/line1/temperature', value: 1, principal: 'operator', reason: 'recipe 7' }]);
  assert.deepEqual(await recorded(), [
    ['acme/line1/temperature', 'ok', { method: 'POST', value: 1, reason: 'recipe 7' }],
    ['acme/line1/humidity', 'failed', { method: 'POST', value: 2, reason: 'recipe 7', code: 'DEVICE_SILENT' }],
  ]);
});

test('where the device takes none of them, the answer is its problem', async () => {
  hub.writeResults.push(silent, silent);
  const answer = await write({ items: two });
  assert.equal(answer.statusCode, 502);
  assert.deepEqual(
    answer.json<Problem>().errors!.map(({ pointer }) => pointer),
    ['/items/0/path', '/items/1/path'],
  );
});

test('one tag outside of a permission keeps all from being written', async () => {
  assert.equal((await write({ items: two }, 'line1-token')).statusCode, 200);
  hub.written.length = 0;
  const refused = await write({ items: [...two, { path: 'acme/line2/count', value: 3 }] }, 'line1-token');
  assert.equal(refused.statusCode, 403);
  const problem = refused.json<Problem>();
  assert.deepEqual([problem.code, problem.errors![0]!.pointer], ['API_NOT_ALLOWED', '/items/2/path']);
  assert.deepEqual(hub.written, []);
});

test('a request is bounded in number and says nothing twice', async () => {
  const many = Array.from({ length: 1001 }, () => two[0]);
  assert.equal((await write({ items: many })).statusCode, 400);
  assert.equal((await write({ items: two, path: 'acme/line1/humidity', value: 1 })).statusCode, 400);
  assert.equal((await write({ items: two, reason: 'x'.repeat(501) })).statusCode, 400);
  const wrong = (await write({ items: many.slice(1).map((_, i) => ({ path: `nowhere/${i}`, value: 1 })) })).json<Problem>();
  assert.deepEqual([wrong.status, wrong.errors!.length], [404, 20]);
});
