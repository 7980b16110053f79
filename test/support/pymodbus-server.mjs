import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { qualityName, silentLogger, systemClock } from '../../packages/core/dist/index.js';
import { modbusSerial, modbusTcp } from '../../packages/drivers/dist/index.js';

const script = fileURLToPath(new URL('pymodbus_server.py', import.meta.url));
/** Folder with those of an authority, the server and the driver. */
export const certificates = fileURLToPath(new URL('../../packages/drivers/fixtures/tls', import.meta.url));
const pem = (name) => readFileSync(join(certificates, name), 'utf8');
const tls = () => ({ ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') });

/** How our driver reaches a pymodbus server. */
export const serverWays = {
  tcp: () => ({}),
  udp: () => ({ transport: 'udp' }),
  tls: () => ({ transport: 'tls', tls: tls() }),
  rtu: () => ({ framing: 'rtu' }),
  ascii: () => ({ framing: 'ascii' }),
};
export const serialWays = { 'serial-rtu': { framing: 'rtu' }, 'serial-ascii': { framing: 'ascii' } };

async function running(t, command, args, more = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], ...more });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return child;
}

/** The settings that lead to a server of this way, and what it calls itself. */
export async function pymodbusServer(t, python, way) {
  let where = certificates;
  let near;
  if (way.startsWith('serial-')) {
    const folder = mkdtempSync(join(tmpdir(), 'omh-pty-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    near = join(folder, 'near');
    where = join(folder, 'far');
    await running(t, 'socat', [`pty,rawer,link=${near}`, `pty,rawer,link=${where}`]);
    for (let i = 0; i < 500 && !(existsSync(near) && existsSync(where)); i++) await systemClock.sleep(4);
  }
  const child = await running(t, python, [script, way, where]);
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => ['nothing: it does not start']),
  ]);
  const [, port, version] = line.split(' ');
  assert.match(line, /^ready /, `pymodbus over ${way} says ${line}`);
  const settings =
    near === undefined
      ? { host: '127.0.0.1', port: Number(port), ...serverWays[way]() }
      : { port: near, baudRate: 19200, ...serialWays[way] };
  return { settings, version };
}

/** A driver for it, closed with the test. */
export function driverTo(t, settings) {
  const lost = [];
  const module = settings.host === undefined ? modbusSerial : modbusTcp;
  const driver = module.create(settings, {
    device: 'demo',
    clock: systemClock,
    log: silentLogger,
    onLost: (reason) => lost.push(reason),
    shared: new Map(),
  });
  t.after(() => driver.close());
  return { driver, lost };
}

const never = new AbortController().signal;
const options = { timeoutMs: 3000 };
const tag = (id, address, type, more = {}) => ({
  id,
  name: `t${id}`,
  address,
  type,
  access: address.startsWith('1!1') || address.startsWith('1!3') ? 'read' : 'readwrite',
  device: 'demo',
  group: 'g',
  path: `demo/t${id}`,
  ...more,
});
const names = (batch) => Array.from(batch.quality, qualityName);

/** Our driver reads and writes everything of a pymodbus server over one way; returns the server's version. */
export async function useEverything(t, python, way) {
  const { settings, version } = await pymodbusServer(t, python, way);
  const { driver, lost } = driverTo(t, settings);
  await driver.open(never);

  const registers = Array.from({ length: 150 }, (_, n) => tag(n + 1, `1!4${String(n + 1).padStart(5, '0')}`, 'uint16'));
  const batch = await driver.read(driver.compile(registers), options);
  assert.deepEqual(
    [...batch.num],
    Array.from({ length: 150 }, (_, n) => 100 + n),
  );

  const others = [tag(1, '1!30001', 'uint16'), tag(2, '1!30200', 'uint16')];
  for (let n = 1; n <= 20; n++) others.push(tag(100 + n, `1!0${String(n).padStart(5, '0')}`, 'bit'));
  for (let n = 1; n <= 20; n++) others.push(tag(200 + n, `1!1${String(n).padStart(5, '0')}`, 'bit'));
  const read = await driver.read(driver.compile(others), options);
  assert.deepEqual([...read.num.subarray(0, 2)], [200, 399]);
  assert.deepEqual(
    [...read.num.subarray(2)],
    [...Array.from({ length: 20 }, (_, n) => Number(n % 3 === 0)), ...Array.from({ length: 20 }, (_, n) => Number(n % 2 === 0))],
  );

  // One past the end is refused alone.
  const edge = driver.compile([tag(1, '1!40199', 'uint16'), tag(2, '1!40200', 'uint16'), tag(3, '1!40201', 'uint16')]);
  assert.deepEqual(names(await driver.read(edge, options)), ['good', 'good', 'badAddressRefused']);

  const written = [
    [tag(1, '1!00002', 'bit'), true],
    [tag(2, '1!40161', 'uint16'), 4711],
    [tag(3, '1!40163', 'float'), -1.5],
    [tag(4, '1!40165#BB', 'int32'), -123456789],
    [tag(5, '1!40167', 'int64'), -9007199254740993n],
    [tag(6, '1!40171.12', 'string'), 'Ofen 7'],
    [tag(7, '1!40181.5', 'bit'), true],
    [tag(8, '1!00011', 'bool', { count: 3 }), [true, true, false]],
    [tag(9, '1!40183', 'int16', { count: 3 }), [-1, 0, 32767]],
  ];
  const results = await driver.write(
    written.map(([item, value]) => ({ tag: item, value })),
    options,
  );
  assert.deepEqual(
    results.map((r) => `${qualityName(r.quality)} ${r.reason?.text ?? ''}`),
    written.map(() => 'good '),
  );
  const back = await driver.read(driver.compile(written.map(([item]) => item)), options);
  assert.deepEqual(
    names(back),
    written.map(() => 'good'),
  );
  assert.deepEqual([back.num[0], back.num[1], back.num[2], back.num[3]], [1, 4711, -1.5, -123456789]);
  assert.equal(back.i64[4], -9007199254740993n);
  assert.deepEqual([back.any[5], back.num[6], back.any[7], back.any[8]], ['Ofen 7', 1, [true, true, false], [-1, 0, 32767]]);
  const neighbours = await driver.read(driver.compile([tag(1, '1!40181', 'uint16')]), options);
  assert.equal(neighbours.num[0], 280 | 0x20, 'the other bits of the register stay');

  const identity = await driver.identify(1, options);
  assert.deepEqual([identity.VendorName, identity.ProductCode, identity.MajorMinorRevision], ['Norden', 'HP-250', '2.1']);

  const { timeouts, strays } = driver.stats();
  assert.deepEqual({ lost, timeouts, strays }, { lost: [], timeouts: 0, strays: 0 });
  return version;
}

/** Certificates that do not fit are refused, on whichever side notices. */
export async function refuseStrangers(t, python) {
  const { settings } = await pymodbusServer(t, python, 'tls');
  const outcome = async (own) => {
    const { driver, lost } = driverTo(t, { ...settings, ...own });
    try {
      await driver.open(never);
      await driver.read(driver.compile([tag(1, '1!40001', 'uint16')]), options);
      await driver.close();
      return lost[0]?.text ?? 'open';
    } catch (error) {
      return error.message;
    }
  };
  const { ca, cert, key } = settings.tls;
  assert.equal(await outcome({}), 'open');
  assert.match(await outcome({ tls: { ca } }), /does not accept the certificate of this hub|closes the connection before its first answer/);
  assert.match(await outcome({ tls: { cert, key } }), /is not trusted/);
  assert.match(await outcome({ tls: { ca, cert, key, serverName: 'press.example' } }), /belongs to another name/);
  assert.doesNotMatch(await outcome({ transport: 'tcp', tls: undefined }), /^open$/);
}
