import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconnectStorm } from './support/reconnect-storm.mjs';

test('two thousand devices that come back at one moment with credentials and access list are all in again, and leave nothing', async () => {
  const { back, after } = await reconnectStorm(2000);
  assert.deepEqual([back.clients, back.subscriptions], [2001, 2001]);
  assert.deepEqual([after.connections, after.clients, after.sessions, after.subscriptions], [0, 0, 0, 0]);
  assert.equal(after.connectionsRefused, 0);
});
