import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { hub } from './testing/running-hub.ts';

const pem = (name: string): string => readFileSync(new URL(`../../broker/fixtures/tls/${name}`, import.meta.url), 'utf8');

test('listeners of the hub file find their certificates beside it, and bans are in the data directory', async (t) => {
  const made = await hub(t, {
    text: `version: 1
hub: { name: test }
broker:
  flapping: {}
  listeners:
    tls: { port: 0, host: 127.0.0.1, cert: certs/broker.pem, key: certs/broker.key }
    edge: { type: ws, port: 0, host: 127.0.0.1, maxConnections: 7 }
`,
    files: { 'certs/broker.pem': pem('server.pem'), 'certs/broker.key': pem('server.key') },
  });
  const { tls, edge } = made.hub.mqttAddresses();
  assert.match(edge!, /^ws:\/\/127\.0\.0\.1:\d+\/mqtt$/);
  const socket = connect({ port: Number(new URL(tls!).port), host: '127.0.0.1', servername: 'localhost', ca: pem('ca.pem') });
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  assert.equal(socket.authorized, true);
  socket.destroy();
});
