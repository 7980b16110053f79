// The driver against Debian's pymodbus and npm's servers, and our own simulator against the driver, pymodbus and the independent client mbpoll.
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import jsmodbus from 'jsmodbus';
import ModbusRTU from 'modbus-serial';
import { qualityName, silentLogger, systemClock } from '../packages/core/dist/index.js';
import { modbusTcp } from '../packages/drivers/dist/index.js';
import { createSimulator } from '../packages/simulators/dist/index.js';
import { askEverything, everything, ways } from '../test/support/pymodbus-client.mjs';
import { refuseStrangers, serialWays, serverWays, useEverything } from '../test/support/pymodbus-server.mjs';

const run = promisify(execFile);
const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('../test/support/blueprint_simulator.py', import.meta.url));

const has = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).error === undefined;
const hasPymodbus = () => spawnSync(python, ['-c', 'import pymodbus'], { stdio: 'ignore' }).status === 0;

const tag = (id, address, type = 'int16', access = 'read') => ({
  id,
  name: `t${id}`,
  address,
  type,
  access,
  device: 'demo',
  group: 'g',
  path: `demo/t${id}`,
});
const names = (batch) => Array.from(batch.quality, qualityName);
const inRange = (value, from, to) => assert.ok(value >= from && value <= to, `${value} is from ${from} to ${to}`);

async function driverFor(t, port) {
  const lost = [];
  const driver = modbusTcp.create(
    { host: '127.0.0.1', port },
    { device: 'demo', clock: systemClock, log: silentLogger, onLost: (reason) => lost.push(reason) },
  );
  t.after(() => driver.close());
  await driver.open(new AbortController().signal);
  return { driver, lost };
}

async function pymodbus(t) {
  const child = spawn(python, [script, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, port: Number(line.split(' ')[2]) };
}

async function simulator(t, config) {
  const sim = createSimulator('plant', { protocol: 'modbus-tcp', port: 0, ...config }, { clock: systemClock, log: silentLogger });
  t.after(() => sim.stop());
  await sim.start();
  return { sim, port: Number(sim.address().split(':')[1]) };
}

test('pymodbus: a read past the end of its two registers costs neither of them', async (t) => {
  if (!hasPymodbus()) return t.skip('pymodbus not found: apt-get install python3-pymodbus');
  const { port } = await pymodbus(t);
  const { driver, lost } = await driverFor(t, port);
  const plan = driver.compile([tag(1, '1!40001'), tag(2, '1!400002'), tag(3, '1!40003')]);
  assert.deepEqual(
    plan.requests.map((r) => [r.start, r.count]),
    [[0, 3]],
  );
  for (let i = 0; i < 3; i++) {
    const batch = await driver.read(plan, { timeoutMs: 2000 });
    assert.deepEqual(names(batch), ['good', 'good', 'badAddressRefused']);
    inRange(batch.num[0], 280, 309);
    inRange(batch.num[1], 700, 729);
    assert.equal(batch.reasons[2].text, 'demo refuses to read 1!40003: it has no such address (exception 2).');
  }
  assert.deepEqual(lost, []);
});

test('pymodbus: a unit that is never answered leaves unit 1 good', async (t) => {
  if (!hasPymodbus()) return t.skip('pymodbus not found: apt-get install python3-pymodbus');
  const { port } = await pymodbus(t);
  const { driver } = await driverFor(t, port);
  const plan = driver.compile([tag(1, '1!40001'), tag(2, '2!40001')]);
  for (let i = 0; i < 4; i++) assert.deepEqual(names(await driver.read(plan, { timeoutMs: 100 })), ['good', 'badTimeout']);
});

test('pymodbus: a stopped process is silence; it goes on, late answers are dropped, values are right', async (t) => {
  if (!hasPymodbus()) return t.skip('pymodbus not found: apt-get install python3-pymodbus');
  const { child, port } = await pymodbus(t);
  const { driver } = await driverFor(t, port);
  const plan = driver.compile([tag(1, '1!40001'), tag(2, '1!40002')]);
  assert.deepEqual(names(await driver.read(plan, { timeoutMs: 2000 })), ['good', 'good']);
  child.kill('SIGSTOP');
  assert.deepEqual(names(await driver.read(plan, { timeoutMs: 100 })), ['badTimeout', 'badTimeout']);
  child.kill('SIGCONT');
  const batch = await driver.read(plan, { timeoutMs: 2000 });
  assert.deepEqual(names(batch), ['good', 'good']);
  inRange(batch.num[0], 280, 309);
  inRange(batch.num[1], 700, 729);
  assert.ok(driver.stats().strays >= 1);
});

for (const way of [...Object.keys(serverWays), ...Object.keys(serialWays)]) {
  test(`our driver reads and writes everything of Debian's pymodbus over ${way}`, async (t) => {
    if (!hasPymodbus()) return t.skip('pymodbus not found: apt-get install python3-pymodbus');
    if (way in serialWays && !has('socat', ['-V'])) return t.skip('socat not found: apt-get install socat');
    await useEverything(t, python, way);
  });
}

test("Debian's pymodbus over TLS: certificates that do not fit are refused on both sides", async (t) => {
  if (!hasPymodbus()) return t.skip('pymodbus not found: apt-get install python3-pymodbus');
  await refuseStrangers(t, python);
});

/** What both npm servers hold: register n is 100 + n, coil n is on where n is a multiple of 3. */
async function useServer(t, port) {
  const { driver, lost } = await driverFor(t, port);
  const tags = Array.from({ length: 150 }, (_, n) => tag(n + 1, `1!4${String(n + 1).padStart(5, '0')}`, 'uint16', 'readwrite'));
  for (let n = 0; n < 20; n++) tags.push(tag(200 + n, `1!0${String(n + 1).padStart(5, '0')}`, 'bit', 'readwrite'));
  const plan = driver.compile(tags);
  for (let i = 0; i < 20; i++) {
    const batch = await driver.read(plan, { timeoutMs: 2000 });
    assert.deepEqual(
      names(batch),
      tags.map(() => 'good'),
    );
    assert.deepEqual(
      [...batch.num.subarray(0, 150)],
      Array.from({ length: 150 }, (_, n) => 100 + n),
    );
    assert.deepEqual(
      [...batch.num.subarray(150)],
      Array.from({ length: 20 }, (_, n) => Number(n % 3 === 0)),
    );
  }
  const items = [
    { tag: tags[10], value: 4711 },
    { tag: tag(300, '1!40021', 'float', 'readwrite'), value: -1.5 },
    { tag: tags[151], value: true },
  ];
  for (const { quality } of await driver.write(items, { timeoutMs: 2000 })) assert.equal(quality, 0);
  const back = await driver.read(driver.compile(items.map((item) => item.tag)), { timeoutMs: 2000 });
  assert.deepEqual([...back.num], [4711, -1.5, 1]);
  const { timeouts, strays } = driver.stats();
  assert.deepEqual({ timeouts, strays, lost }, { timeouts: 0, strays: 0, lost: [] });
}

test("our driver reads and writes the server of npm's jsmodbus", async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const holding = Buffer.alloc(400);
  for (let n = 0; n < 200; n++) holding.writeUInt16BE(100 + n, n * 2);
  const coils = Buffer.alloc(25);
  for (let n = 0; n < 200; n += 3) coils[n >> 3] |= 1 << (n & 7);
  const device = new jsmodbus.server.TCP(server, { holding, coils });
  t.after(() => device.removeAllListeners());
  await useServer(t, server.address().port);
});

test("our driver reads and writes the server of npm's modbus-serial", async (t) => {
  const registers = Array.from({ length: 200 }, (_, n) => 100 + n);
  const coils = Array.from({ length: 200 }, (_, n) => n % 3 === 0);
  const vector = {
    getHoldingRegister: (n) => registers[n],
    getCoil: (n) => coils[n],
    setRegister: (n, value) => void (registers[n] = value),
    setCoil: (n, value) => void (coils[n] = value),
  };
  const server = new ModbusRTU.ServerTCP(vector, { host: '127.0.0.1', port: 0, unitID: 1 });
  await once(server, 'initialized');
  t.after(() => new Promise((resolve) => server.close(resolve)));
  await useServer(t, server._server.address().port);
});

test('our simulator and our driver agree', async (t) => {
  const { sim, port } = await simulator(t, { preset: 'blueprint' });
  const { driver, lost } = await driverFor(t, port);
  const tags = [tag(1, '1!40001'), tag(2, '1!400002'), tag(3, '1!40003'), tag(4, '9!40001'), tag(5, '1!00005', 'bit', 'readwrite')];
  const plan = driver.compile(tags);
  for (const coil of [0, 1]) {
    const batch = await driver.read(plan, { timeoutMs: 2000 });
    assert.deepEqual(names(batch), ['good', 'good', 'badAddressRefused', 'badNoCommunication', 'good']);
    inRange(batch.num[0], 280, 309);
    inRange(batch.num[1], 700, 729);
    assert.equal(batch.num[4], coil);
    assert.deepEqual(await driver.write([{ tag: tags[4], value: true }], { timeoutMs: 2000 }), [{ quality: 0 }]);
  }
  const reading = driver.read(plan, { timeoutMs: 2000 });
  await sim.stop();
  await reading;
  while (lost.length === 0) await systemClock.sleep(2);
  assert.match(lost[0].text, /closes the connection|breaks/);
  await assert.rejects(driver.open(new AbortController().signal), /refuses the connection/);
  await sim.start();
  await driver.open(new AbortController().signal);
  assert.deepEqual(names(await driver.read(plan, { timeoutMs: 2000 })).slice(0, 2), ['good', 'good']);
});

for (const way of Object.keys(ways)) {
  test(`Debian's pymodbus over ${way} asks our simulator everything`, async (t) => {
    if (!hasPymodbus()) return t.skip('pymodbus not found: apt-get install python3-pymodbus');
    await askEverything(t, python, way);
  });
}

const mbpoll = async (port, ...args) => (await run('mbpoll', ['-m', 'tcp', '-a', '1', '-1', '-q', '-p', String(port), ...args])).stdout;
const polled = (stdout) => [...stdout.matchAll(/^\[\d+\]:\s+(\S+)/gm)].map((m) => m[1]);

test('mbpoll reads and writes every area and type of our simulator', async (t) => {
  if (!has('mbpoll', ['-h'])) return t.skip('mbpoll not found: apt-get install mbpoll');
  const { port } = await simulator(t, { units: everything });
  const host = '127.0.0.1';
  assert.deepEqual(polled(await mbpoll(port, '-t', '4:hex', '-r', '1', '-c', '3', host)), ['0x0001', '0xFFFF', '0x0003']);
  assert.deepEqual(polled(await mbpoll(port, '-t', '3', '-r', '1', '-c', '3', host)), ['10', '20', '30']);
  assert.deepEqual(polled(await mbpoll(port, '-t', '0', '-r', '1', '-c', '4', host)), ['1', '0', '1', '1']);
  assert.deepEqual(polled(await mbpoll(port, '-t', '1', '-r', '1', '-c', '2', host)), ['0', '1']);
  assert.deepEqual(polled(await mbpoll(port, '-t', '4:float', '-B', '-r', '11', '-c', '1', host)), ['-1.5']);
  assert.deepEqual(polled(await mbpoll(port, '-t', '4:int', '-B', '-r', '21', '-c', '1', host)), ['-123456789']);
  await mbpoll(port, '-t', '4', '-r', '101', host, '7', '8', '9');
  await mbpoll(port, '-t', '4:float', '-B', '-r', '111', host, '2.25');
  await mbpoll(port, '-t', '4:int', '-B', '-r', '113', host, '70000');
  await mbpoll(port, '-t', '0', '-r', '51', host, '1', '0', '1');
  assert.deepEqual(polled(await mbpoll(port, '-t', '4', '-r', '101', '-c', '3', host)), ['7', '8', '9']);
  assert.deepEqual(polled(await mbpoll(port, '-t', '4:float', '-B', '-r', '111', '-c', '1', host)), ['2.25']);
  assert.deepEqual(polled(await mbpoll(port, '-t', '4:int', '-B', '-r', '113', '-c', '1', host)), ['70000']);
  assert.deepEqual(polled(await mbpoll(port, '-t', '0', '-r', '51', '-c', '3', host)), ['1', '0', '1']);
  await assert.rejects(mbpoll(port, '-t', '4', '-r', '200', '-c', '2', host), /Illegal data address/);
});

test('mbpoll reads our simulator', async (t) => {
  if (!has('mbpoll', ['-h'])) return t.skip('mbpoll not found: apt-get install mbpoll');
  const { port } = await simulator(t, { preset: 'blueprint' });
  const { stdout } = await run('mbpoll', [
    '-m',
    'tcp',
    '-a',
    '1',
    '-t',
    '4',
    '-r',
    '1',
    '-c',
    '2',
    '-1',
    '-q',
    '-p',
    String(port),
    '127.0.0.1',
  ]);
  const values = [...stdout.matchAll(/^\[\d+\]:\s+(\d+)/gm)].map((m) => Number(m[1]));
  assert.equal(values.length, 2, stdout);
  inRange(values[0], 280, 309);
  inRange(values[1], 700, 729);
});
