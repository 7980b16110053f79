import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { readyLine } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';

/** One simulated device for each fault: what is put on, and what the tags `still` (holding 0) and `moving` (holding 1, 2) make of it. */
const cases = {
  refuse: {
    put: { fault: 'refuse', area: 'holding', from: 0, to: 0 },
    still: ['bad', /no such address \(exception 2\)/],
    moving: ['good'],
  },
  slow: { put: { fault: 'slow', delay: '150ms' }, still: ['good'], moving: ['good'] },
  late: { put: { fault: 'late', delay: '150ms' }, still: ['good'], moving: ['good'] },
  silent: { put: { fault: 'silent' }, still: ['bad', /does not answer|left alone/], moving: ['bad', /does not answer|left alone/] },
  reset: { put: { fault: 'reset' }, still: ['bad', /reset|closed|ended/i], moving: ['bad', /./] },
  'half-open': { put: { fault: 'half-open' }, still: ['bad', /does not answer|left alone/], moving: ['bad', /./] },
  'refuse-connections': { put: { fault: 'refuse-connections' }, still: ['good'], moving: ['good'] },
  'wrong-transaction': { put: { fault: 'wrong-transaction' }, still: ['bad', /does not answer|left alone/], moving: ['bad', /./] },
  'wrong-unit': { put: { fault: 'wrong-unit' }, still: ['bad', /does not answer|left alone/], moving: ['bad', /./] },
  'wrong-count': { put: { fault: 'wrong-count' }, still: ['bad', /announces \d+ bytes where \d+ belong/], moving: ['bad', /./] },
  split: { put: { fault: 'split', bytes: 2, pause: '2ms' }, still: ['good'], moving: ['good'] },
  glue: { put: { fault: 'glue', wait: '30ms' }, still: ['good'], moving: ['good'] },
  garbage: { put: { fault: 'garbage' }, still: ['bad', /no Modbus|closed/], moving: ['bad', /./] },
  truncate: { put: { fault: 'truncate' }, still: ['bad', /no Modbus|does not answer|left alone/], moving: ['bad', /./] },
  stuck: { put: { fault: 'stuck' }, still: ['good'], moving: ['good'], stands: 'moving' },
  clock: { put: { fault: 'clock' }, still: ['good'], moving: ['good'], stands: 'clock' },
  busy: { put: { fault: 'busy' }, still: ['bad', /is busy/], moving: ['bad', /is busy/] },
  'gateway-10': { put: { fault: 'gateway', code: 10 }, still: ['bad', /the gateway/], moving: ['bad', /the gateway/] },
  'gateway-11': { put: { fault: 'gateway' }, still: ['bad', /the gateway/], moving: ['bad', /the gateway/] },
};
const names = Object.keys(cases);
const token = `omh_test_${randomBytes(24).toString('base64url')}`;
const folder = mkdtempSync(join(tmpdir(), 'omh-simulators-'));
let hub;
let exited;
let ready;

/** Ports that are free now; all are held until the last one is found, so that none comes twice. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
async function ask(method, path, body) {
  const answer = await fetch(`${ready.http}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path} ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
/** The tags of a device by name. */
async function tags(device) {
  const { values } = await ask('GET', `/values?device=${device}`);
  return Object.fromEntries(values.map((value) => [value.tag, value]));
}
const allGood = (now) => ['still', 'moving', 'clock'].every((tag) => now[tag]?.quality === 'good');

before(async () => {
  const ports = await freePorts(names.length);
  const simulators = names.map(
    (name, i) => `  ${name}:
    protocol: modbus-tcp
    port: ${ports[i]}
    units:
      1:
        signals:
          - { name: still, at: 40001, signal: constant, value: 7 }
          - { name: moving, at: 40002, type: uint32, signal: counter, every: 100ms }
          - { name: clock, at: 40004, type: uint32, signal: clock }
`,
  );
  const devices = names.map(
    (name, i) => `  ${name}:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${ports[i]} }
    groups:
      g:
        interval: 200ms
        tags:
          still: { address: 1!40001, type: uint16 }
          moving: { address: 1!40002, type: uint32 }
          clock: { address: 1!40004, type: uint32 }
`,
  );
  const file = join(folder, 'hub.yaml');
  writeFileSync(
    file,
    `version: 1\nhub: { name: plant }\nbroker: { listeners: { tcp: { port: 0 } } }\nsimulators:\n${simulators.join('')}devices:\n${devices.join('')}`,
  );
  hub = spawn(
    process.execPath,
    [at('packages/cli/dist/main.js'), 'up', '-c', file, '--data', join(folder, 'data'), '--json', '--http-port', '0', '--mqtt-port', '0'],
    { cwd: folder, env: { ...process.env, OMH_ADMIN_TOKEN: token }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  exited = new Promise((resolve) => hub.once('exit', (code, signal) => resolve({ code, signal })));
  const atExit = () => hub.kill('SIGKILL');
  process.once('exit', atExit);
  void exited.then(() => process.removeListener('exit', atExit));
  ready = await readyLine(hub, exited, 30_000);
});
after(async () => {
  hub?.kill('SIGTERM');
  await exited;
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

describe('each fault, put on over the API', { concurrency: true }, () => {
  for (const [name, { put, still, moving, stands }] of Object.entries(cases)) {
    test(`${name}: the driver meets it as it should, and all is good when it is over`, { timeout: 60_000 }, async () => {
      await until('good values', async () => allGood(await tags(name)), 10_000);
      const { id, text } = await ask('POST', `/simulators/${name}/faults`, put);
      assert.match(text, /^[A-Z0-9].*\.$/);
      let seen;
      await until(
        `${name} as ${still[0]} and ${moving[0]}`,
        async () => {
          seen = await tags(name);
          const { faults } = await ask('GET', `/simulators/${name}/faults`);
          const hit = name === 'half-open' || name === 'refuse-connections' || faults[0].hits > 0;
          return hit && seen.still.quality === still[0] && seen.moving.quality === moving[0];
        },
        15_000,
      );
      if (still[1] !== undefined) assert.match(seen.still.reason, still[1]);
      if (moving[1] !== undefined) assert.match(seen.moving.reason, moving[1]);
      assert.equal(seen.still.value, 7, 'no wrong value gets through');
      if (stands !== undefined) {
        const before = (await tags(name))[stands];
        const other = stands === 'clock' ? 'moving' : undefined;
        const first = (await tags(name)).moving.value;
        await new Promise((resolve) => setTimeout(resolve, 1500));
        const after = await tags(name);
        assert.equal(after[stands].value, before.value);
        assert.ok(Date.parse(after[stands].time) > Date.parse(before.time), 'it is still read');
        if (other !== undefined) assert.notEqual(after[other].value, first);
      }
      await ask('DELETE', `/simulators/${name}/faults/${id}`);
      // What was learnt of the device is tried again after a while only.
      if (name === 'refuse') await ask('POST', `/devices/${name}/forget-learnt`);
      await until('good values again', async () => allGood(await tags(name)), 30_000);
    });
  }
});

test('faults of a plant file come and go by their times, in a process of its own, with the real driver and on a bare socket', {
  timeout: 90_000,
}, async (t) => {
  const file = join(folder, 'plant.yaml');
  const unit = '{ 1: { signals: [{ name: parts, at: 40001, type: uint32, signal: counter, every: 100ms }] } }';
  writeFileSync(
    file,
    `version: 1
devices:
  gone: { port: 0, units: ${unit}, faults: [{ fault: silent, at: 3s, for: 5s, every: 10s }] }
  busy: { port: 0, units: ${unit}, faults: [{ fault: busy, at: 1s, for: 1s, every: 2s }] }
`,
  );
  const child = spawn(process.execPath, [at('packages/cli/dist/main.js'), 'simulate', '-c', file, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const over = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const { devices } = await readyLine(child, over, 20_000);
  const [host, port] = devices.gone.split(':');
  await ask('PUT', '/devices/away', {
    driver: 'modbus-tcp',
    settings: { host, port: Number(port) },
    groups: { g: { interval: '200ms', tags: { parts: { address: '1!40001', type: 'uint32' } } } },
  });
  const seen = [];
  await until(
    'good, bad and good again',
    async () => {
      const word = (await tags('away')).parts?.quality;
      if (word !== undefined && word !== 'uncertain' && word !== seen.at(-1)) seen.push(word);
      // It may be away when it is first asked.
      return seen.join(' ').includes('good bad good');
    },
    40_000,
  );

  // A bare socket asks as fast as it is answered, for more than two turns: a second busy, a second not.
  const answers = [];
  const socket = connect({ host, port: Number(devices.busy.split(':')[1]) });
  t.after(() => socket.destroy());
  const request = Buffer.from('000100000006010300000002', 'hex');
  socket.on('data', (answer) => {
    answers.push(answer[7] === 0x83 && answer[8] === 6);
    setTimeout(() => socket.write(request), 10);
  });
  socket.write(request);
  await until('five changes', async () => answers.filter((busy, i) => i > 0 && busy !== answers[i - 1]).length >= 5, 15_000);
  socket.destroy();
  child.kill('SIGTERM');
  assert.deepEqual(await over, { code: 0, signal: null });
});
