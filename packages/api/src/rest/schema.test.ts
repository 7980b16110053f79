import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hubJsonSchema } from '@omh/config';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { registry } from '@omh/hub';
import { ApiServer } from '../api-server.ts';
import type { App } from '../context.ts';
import { adminToken, asHub, FakeHub } from '../testing/fake-hub.ts';

let app: App;
before(async () => {
  const clock = new VirtualClock();
  app = await new ApiServer({ hub: asHub(new FakeHub(clock)), host: '127.0.0.1', port: 0, clock, log: silentLogger }).build();
});
after(() => app.close());

const ask = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers: { host: 'localhost', authorization: `Bearer ${adminToken}`, ...headers } });

test('the schema of the hub file comes with the settings of each driver, and that of included files beside it', async () => {
  const answer = await ask('/api/v1/config/schema');
  assert.equal(answer.statusCode, 200);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  assert.deepEqual(answer.json(), JSON.parse(JSON.stringify(hubJsonSchema(registry))));
  const included = await ask('/api/v1/config/schema?kind=included');
  assert.equal(included.json<{ $id: string }>().$id, 'hub-included.schema.json');
  assert.notEqual(included.headers.etag, answer.headers.etag);
  assert.equal((await ask('/api/v1/config/schema?kind=other')).statusCode, 400);
});

test('who has the schema already is told so without a body', async () => {
  const { headers } = await ask('/api/v1/config/schema');
  assert.equal(headers['cache-control'], 'private, no-cache');
  for (const known of [`${headers.etag}`, `W/${headers.etag}`, `"old", ${headers.etag}`]) {
    const answer = await ask('/api/v1/config/schema', { 'if-none-match': known });
    assert.deepEqual([answer.statusCode, answer.body], [304, '']);
  }
  assert.equal((await ask('/api/v1/config/schema', { 'if-none-match': '"old"' })).statusCode, 200);
});
