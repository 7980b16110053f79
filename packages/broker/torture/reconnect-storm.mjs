import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconnectStorm } from '../../../test/support/reconnect-storm.mjs';

// Each side holds one descriptor per client: `ulimit -n` must be above OMH_CLIENTS (10,000) by some hundred.
const clients = Number(process.env.OMH_CLIENTS ?? 10_000);

void test(`${clients} devices come back at one moment: all within 30 s, others' pings within 1 s`, async () => {
  const { backMs, longestPingMs, back, after } = await reconnectStorm(clients);
  console.log(`${clients} clients back after ${Math.round(backMs)} ms, longest ping ${Math.round(longestPingMs)} ms`);
  assert.equal(back.clients, clients + 1);
  assert.deepEqual([after.connections, after.clients, after.sessions, after.subscriptions, after.connectionsRefused], [0, 0, 0, 0, 0]);
  assert.ok(backMs < 30_000);
  assert.ok(longestPingMs < 1000);
});
