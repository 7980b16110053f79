// Every way to a Modbus device as a hub's configuration names it, against Debian's pymodbus where it knows the way, else our simulator.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { silentLogger, systemClock } from '../packages/core/dist/index.js';
import { createSimulator } from '../packages/simulators/dist/index.js';
import { startDemo } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';
import { everything } from '../test/support/pymodbus-client.mjs';
import { certificates, pymodbusServer, serialWays, serverWays } from '../test/support/pymodbus-server.mjs';

const python = '/usr/bin/python3';
const has = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const noPymodbus = has(python, ['-c', 'import pymodbus, serial']) ? false : 'pymodbus not found: apt-get install python3-pymodbus';
const noSocat = has('socat', ['-V']) ? false : 'socat not found: apt-get install socat';

async function put(demo, name, device) {
  const answer = await fetch(`${demo.ready.http}/api/v1/devices/${name}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(device),
  });
  assert.equal(answer.status, 200, `${name}: ${await answer.text()}`);
}
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
/** The values of a device's tags by name, once all of them are good. */
const goodValues = (demo, name) =>
  until(`good values of ${name}`, async () => {
    const { values } = await demo.get(`/api/v1/values?device=${name}`);
    return values.every((v) => v.quality === 'good') && Object.fromEntries(values.map((v) => [v.tag.split('/').at(-1), v.value]));
  });

async function simulator(t, way = {}) {
  const sim = createSimulator(
    'plant',
    { protocol: 'modbus-tcp', port: 0, units: everything, ...way },
    { clock: systemClock, log: silentLogger },
  );
  t.after(() => sim.stop());
  await sim.start();
  return Number(sim.address().split(':')[1]);
}

test('devices over TCP, UDP, TLS, RTU, ASCII and serial lines stand side by side in one hub', { timeout: 60_000 }, async (t) => {
  if (noPymodbus) return t.skip(noPymodbus);
  const ways = [...Object.keys(serverWays), ...(noSocat ? [] : Object.keys(serialWays))];
  const demo = await startDemo({ env: { OMH_SECRET_DIRS: certificates } });
  t.after(() => demo.stop());
  const tags = {
    speed: { address: '1!40001', type: 'uint16' },
    level: { address: '1!30001', type: 'uint16' },
    on: { address: '1!00004', type: 'bit' },
  };
  for (const way of ways) {
    const { settings } = await pymodbusServer(t, python, way);
    if (way === 'tls')
      settings.tls = {
        ca: `!file ${certificates}/ca.pem`,
        cert: `!file ${certificates}/client.pem`,
        key: `!file ${certificates}/client.key`,
      };
    const driver = way in serialWays ? 'modbus-serial' : 'modbus-tcp';
    await put(demo, way, { driver, settings, groups: { g: { interval: '500ms', tags } } });
  }
  for (const way of ways) assert.deepEqual(await goodValues(demo, way), { speed: 100, level: 200, on: true }, way);
});

test('a device that dials in, a backup, a queue and a counter are reachable from the configuration', { timeout: 60_000 }, async (t) => {
  const port = await simulator(t);
  const demo = await startDemo();
  t.after(() => demo.stop());
  const host = '127.0.0.1';
  const groups = {
    g: {
      interval: '300ms',
      tags: {
        first: { address: '1!40001', type: 'uint16' },
        queue: { address: '1!fifo:120', type: 'uint16', count: 31 },
        messages: { address: '1!diagnostic:11', type: 'uint16' },
      },
    },
  };
  await put(demo, 'backed', { driver: 'modbus-tcp', settings: { host, port: 9, backup: { host, port } }, groups });
  const { messages, ...rest } = await goodValues(demo, 'backed');
  assert.deepEqual(rest, { first: 1, queue: [100, 200, 300] });
  assert.ok(messages > 0);

  const dialPort = await freePort();
  // Something between dials both: the hub, and the simulator.
  const dialled = await simulator(t);
  await put(demo, 'dialling', { driver: 'modbus-tcp', settings: { listen: { host, port: dialPort } }, groups });
  const near = await until(
    'the port to dial in to',
    () =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port: dialPort }, () => resolve(socket));
        socket.on('error', reject);
      }),
  );
  const far = connect({ host, port: dialled });
  far.on('error', () => {});
  near.pipe(far).pipe(near);
  t.after(() => near.destroy());
  t.after(() => far.destroy());
  assert.deepEqual((await goodValues(demo, 'dialling')).queue, [100, 200, 300]);
});
