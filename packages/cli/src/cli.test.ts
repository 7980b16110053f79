import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Access } from '@omh/access';
import { partPrincipal, systemClock } from '@omh/core';
import { Documents } from '@omh/storage';
import { anyPorts, folder, omh, start, type Ended } from './testing/omh-process.ts';

const demoFile = fileURLToPath(new URL('../../../examples/demo/hub.yaml', import.meta.url));

async function occupy(t: TestContext, port = 0): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  t.after(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  );
  return (server.address() as AddressInfo).port;
}

test('every command has help with an example, and a wrong one ends with 2', { timeout: 60_000 }, async (t) => {
  const help = await omh(t, ['--help']);
  assert.equal(help.code, 0);
  const commands = [...help.out.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map((m) => m[1]!).filter((name) => name !== 'help');
  assert.ok(commands.length >= 12, commands.join(' '));
  for (const name of commands) {
    const { code, out } = await omh(t, [name, '--help']);
    assert.equal(code, 0, name);
    assert.match(out, /Examples?:\n {2}/, name);
  }
  assert.equal((await omh(t, ['dance'])).code, 2);
  assert.equal((await omh(t, ['demo', '--http-port', 'x'])).code, 2);
  assert.equal((await omh(t, ['simulate', 'profinet'])).code, 2);
});

test('validate says where each fault is and what was meant', async (t) => {
  const dir = folder(t);
  copyFileSync(demoFile, join(dir, 'hub.yaml'));
  const good = await omh(t, ['validate'], { cwd: dir });
  assert.equal(good.code, 0, good.out + good.err);
  assert.match(good.out, /is valid: 1 device, 2 tags, 1 app, 1 rule\./);
  const text = readFileSync(demoFile, 'utf8').replace('address: 1!40001', 'adress: 1!40001').replace('1!40002', '9!x');
  writeFileSync(join(dir, 'hub.yaml'), text);
  const bad = await omh(t, ['validate'], { cwd: dir });
  assert.equal(bad.code, 2);
  const line = text.split('\n').findIndex((l) => l.includes('adress')) + 1;
  assert.match(bad.out, new RegExp(`hub\\.yaml:${line}:\\d+ .*Did you mean "address"`));
  assert.match(bad.out, /9!x/);
  const json = JSON.parse((await omh(t, ['validate', '--json'], { cwd: dir })).out) as { valid: boolean; issues: unknown[] };
  assert.equal(json.valid, false);
  assert.ok(json.issues.length >= 2);
  assert.match((await omh(t, ['validate', 'nowhere.yaml'], { cwd: dir })).err, /there is no such file/);
});

test('init writes a file that is valid and runs; it never writes over one', { timeout: 60_000 }, async (t) => {
  const dir = folder(t);
  assert.equal((await omh(t, ['init'], { cwd: dir })).code, 0);
  assert.ok(existsSync(join(dir, 'hub.schema.json')));
  assert.equal((await omh(t, ['validate'], { cwd: dir })).code, 0);
  const again = await omh(t, ['init'], { cwd: dir });
  assert.equal(again.code, 1);
  assert.match(again.err, /exists already/);
  const hub = start(t, ['up', '--json', ...anyPorts], { cwd: dir });
  const ready = JSON.parse(await hub.line()) as { ready: boolean; http: string };
  assert.equal(ready.ready, true);
  assert.equal((await fetch(`${ready.http}/healthz`)).status, 200);
  assert.equal((await hub.end('SIGINT')).code, 0);
});

test('schema prints the JSON Schema of the hub file', async (t) => {
  const { code, out } = await omh(t, ['schema']);
  assert.equal(code, 0);
  const schema = JSON.parse(out) as { properties: Record<string, unknown> };
  assert.deepEqual(
    ['version', 'hub', 'broker', 'devices', 'rules'].filter((key) => !(key in schema.properties)),
    [],
  );
});

test('a taken port is named with its flag; the demo takes the next one and says so', { timeout: 60_000 }, async (t) => {
  const dir = folder(t);
  const port = await occupy(t);
  copyFileSync(demoFile, join(dir, 'hub.yaml'));
  const refused = await omh(
    t,
    ['up', '--http-port', '0', '--ws-port', '0', '--modbus-port', '0', '--mqtt-port', String(port), '--data', join(dir, 'a')],
    { cwd: dir },
  );
  assert.equal(refused.code, 1);
  assert.match(refused.err, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is taken.*--mqtt-port`));
  writeFileSync(join(dir, 'hub.yaml'), readFileSync(demoFile, 'utf8').replaceAll('port: 1883', `port: ${port}`));
  const data = join(dir, 'omh-demo');
  const other = start(t, ['demo', '--data', data, '--http-port', '0', '--ws-port', '0', '--modbus-port', '0'], { cwd: dir });
  const deadline = Date.now() + 20_000;
  while (!other.out().includes('Console') && Date.now() < deadline)
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  assert.match(other.out(), /ready in/);
  await other.end('SIGTERM');
});

test('one data directory has one hub; status, sql and sign-in find it, and sql works without it', { timeout: 60_000 }, async (t) => {
  const dir = folder(t);
  const hub = start(t, ['demo', '--json', '--data', join(dir, 'omh-demo'), ...anyPorts], { cwd: dir });
  const ready = JSON.parse(await hub.line()) as { signIn: string; dataDir: string };
  const second = await omh(t, ['demo', '--json', '--data', ready.dataDir, ...anyPorts], { cwd: dir });
  assert.equal(second.code, 1);
  assert.match(second.err, /pid|process/i);
  const rows = async (...more: string[]): Promise<Ended> => omh(t, ['sql', 'SELECT count(*) AS n FROM conditions', ...more], { cwd: dir });
  let counted = 0;
  for (let i = 0; i < 40 && counted < 2; i++) {
    counted = (JSON.parse((await rows('--json')).out) as { rows: [number | string][] }).rows.map(([n]) => Number(n))[0]!;
    if (counted < 2)
      await new Promise((resolve) => {
        setTimeout(resolve, 250);
      });
  }
  assert.ok(counted >= 2);
  assert.match((await rows()).out, /^n\n-+\n +\d+\n\(1 row\)\n$|^ *n\n-+\n *\d+\n\(1 row\)\n$/);
  assert.match((await rows('--csv')).out, /^n\r\n\d+\r\n$/);
  const status = await omh(t, ['status'], { cwd: dir });
  assert.equal(status.code, 0, status.out + status.err);
  assert.match(status.out, /broker +running +mqtt:\/\//);
  const link = await omh(t, ['sign-in'], { cwd: dir });
  assert.match(link.out, /^http:\/\/127\.0\.0\.1:\d+\/#sign-in=\S{20,}\n$/);
  assert.notEqual(link.out.trim(), ready.signIn);
  const bad = await omh(t, ['sql', 'SELEC 1'], { cwd: dir });
  assert.equal(bad.code, 1);
  assert.equal((await hub.end('SIGTERM')).code, 0);
  const offline = await rows('--json');
  assert.equal(offline.code, 0, offline.err);
  assert.ok(Number((JSON.parse(offline.out) as { rows: [string][] }).rows[0]![0]) >= counted);
  const gone = await omh(t, ['status'], { cwd: dir });
  assert.equal(gone.code, 1);
  assert.match(gone.err, /No hub runs on/);
});

test('Ctrl-C that arrives twice at once, from the terminal and from npm, still stops cleanly; so does one during the start', {
  timeout: 60_000,
}, async (t) => {
  const dir = folder(t);
  const data = join(dir, 'data');
  const hub = start(t, ['demo', '--json', '--data', data, ...anyPorts], { cwd: dir });
  await hub.line();
  hub.signal('SIGINT');
  assert.equal((await hub.end('SIGINT')).code, 0);
  assert.ok(!existsSync(join(data, 'lock')));

  const early = start(t, ['demo', '--json', '--data', data, ...anyPorts], { cwd: dir });
  for (let i = 0; i < 400 && !existsSync(join(data, 'lock')); i++)
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  const ended = await early.end('SIGTERM');
  assert.equal(ended.code, 0, ended.out + ended.err);
  assert.ok(!existsSync(join(data, 'lock')) && !existsSync(join(data, 'run', 'endpoint.json')));
});

test('a question to a place without a hub makes no data directory', async (t) => {
  const dir = folder(t);
  const asked = await omh(t, ['sql', 'SELECT 1'], { cwd: dir });
  assert.equal(asked.code, 1);
  assert.match(asked.err, /No hub runs on/);
  assert.ok(!existsSync(join(dir, 'omh-data')));
});

test('a place where this machine cannot listen is not called a taken port', { timeout: 30_000 }, async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), 'version: 1\nhub: { name: x }\nhttp: { host: 192.0.2.1, port: 0 }\nbroker: { listeners: {} }\n');
  // The hub file's host counts from the start on that finds somebody.
  const access = new Access({ clock: systemClock, adminTokens: [], documents: new Documents(join(dir, 'omh-data', 'state')) });
  await access.putPerson(partPrincipal('test'), 'alice', { grant: { role: 'admin' } });
  const up = await omh(t, ['up'], { cwd: dir });
  assert.equal(up.code, 1);
  assert.match(up.err, /API_HOST_UNKNOWN/);
});

test('flags win over the broker block of a hub file', { timeout: 30_000 }, async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), 'version: 1\nhub: { name: x }\nbroker: { listeners: { tcp: { port: 1 } } }\n');
  const broker = start(t, ['broker', '-c', 'hub.yaml', '--port', '0', '--ws-port', '0', '--anonymous', '--json'], { cwd: dir });
  const ready = JSON.parse(await broker.line()) as { mqtt: string; ws: string };
  assert.match(ready.ws, /\/mqtt$/);
  const port = new URL(ready.mqtt).port;
  assert.equal((await omh(t, ['pub', '-p', port, '-t', 'a', '-m', 'b'])).code, 0);
  await omh(t, ['pub', '-p', port, '-t', 'kept', '-m', 'there', '-r']);
  const sub = start(t, ['sub', '-p', port, '-t', 'kept']);
  assert.equal(await sub.line(), 'there');
  assert.equal((await broker.end('SIGTERM')).code, 0);
  const lost = await sub.ended;
  assert.equal(lost.code, 1);
  assert.match(lost.err, /ended the connection/);
});

test('numbers and words that make no sense are told with exit 2', { timeout: 30_000 }, async (t) => {
  for (const args of [
    ['sub', '-t', 'a', '-C', 'x'],
    ['sub', '-t', 'a', '-W', '-1'],
    ['pub', '-t', 'a', '-m', 'b', '--repeat', 'many'],
    ['pub', '-t', 'a', '-m', 'b', '-k', 'long'],
    ['up', '--log-level', 'loud'],
    ['up', '--log-format', 'xml'],
    ['broker', '--log-level', 'loud'],
  ])
    assert.equal((await omh(t, args)).code, 2, args.join(' '));
});

test('pub and sub speak to the broker alone, over TCP and WebSocket', { timeout: 60_000 }, async (t) => {
  const broker = start(t, ['broker', '--port', '0', '--ws-port', '0', '--anonymous', '--json']);
  const ready = JSON.parse(await broker.line()) as { mqtt: string; ws: string };
  const port = new URL(ready.mqtt).port;
  const sub = start(t, ['sub', '-p', port, '-t', 'plant/#', '-v', '-C', '3', '-W', '20', '-q', '1']);
  const web = start(t, ['sub', '-L', ready.ws, '-t', 'plant/#', '--json', '-C', '1', '-W', '20', '-V', '5']);
  let waiting = 2;
  for (const { ended } of [sub, web])
    void ended.then(() => {
      waiting--;
    });
  for (let i = 0; i < 40 && waiting > 0; i++) {
    const pub = start(t, ['pub', '-p', port, '-t', 'plant/press', '-l', '-q', '1']);
    pub.write('one\ntwo\nthree\n');
    assert.equal((await pub.ended).code, 0);
  }
  const { code, out } = await sub.ended;
  assert.equal(code, 0);
  assert.match(out, /^(plant\/press (one|two|three)\n){3}$/);
  assert.equal((JSON.parse((await web.ended).out) as { topic: string }).topic, 'plant/press');
  assert.equal((await broker.end('SIGTERM')).code, 0);
});

test('a data directory has one broker', { timeout: 30_000 }, async (t) => {
  const data = join(folder(t), 'data');
  const broker = start(t, ['broker', '--port', '0', '--anonymous', '--json', '--data', data]);
  await broker.line();
  const second = await omh(t, ['broker', '--port', '0', '--anonymous', '--data', data]);
  assert.equal(second.code, 1);
  assert.match(second.err, /STORAGE_LOCKED/);
  assert.equal((await broker.end('SIGTERM')).code, 0);
  assert.ok(!existsSync(join(data, 'lock')));
});

test('a broker without --anonymous lets nobody in without the token', { timeout: 30_000 }, async (t) => {
  const token = 'a-token-of-more-than-24-characters';
  const broker = start(t, ['broker', '--port', '0', '--json'], { env: { OMH_ADMIN_TOKEN: token } });
  const port = new URL((JSON.parse(await broker.line()) as { mqtt: string }).mqtt).port;
  const refused = await omh(t, ['pub', '-p', port, '-t', 'a', '-m', 'b']);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /did not take the client/);
  assert.equal((await omh(t, ['pub', '-p', port, '-u', 'me', '-P', token, '-t', 'a', '-m', 'b'])).code, 0);
});

test('a plant runs from its file with faults, and a file that is wrong is told with its place', { timeout: 30_000 }, async (t) => {
  const dir = folder(t);
  const file = join(dir, 'plant.yaml');
  writeFileSync(
    file,
    'devices:\n  press: { port: 0, units: { 1: { signals: [{ at: 40001, signal: counter }] } } }\n  oven: { port: 0, framing: rtu }\n',
  );
  const plant = start(t, ['simulate', '-c', file, '--fault', 'press:busy,for=1h', '--fault', 'slow,delay=5ms', '--json']);
  const ready = JSON.parse(await plant.line()) as { devices: Record<string, string>; faults: { device: string; text: string }[] };
  assert.deepEqual(Object.keys(ready.devices), ['press', 'oven']);
  for (const address of Object.values(ready.devices)) assert.match(address, /^127\.0\.0\.1:\d+$/);
  assert.deepEqual(
    ready.faults.map(({ device, text }) => `${device}: ${text}`),
    [
      'press: It answers "server device busy" (exception 6).',
      'press: It takes 5 ms longer for an answer.',
      'oven: It takes 5 ms longer for an answer.',
    ],
  );
  assert.equal((await plant.end('SIGTERM')).code, 0);
  writeFileSync(file, 'devices:\n  press: { port: 0, unitz: {} }\n');
  const wrong = await omh(t, ['simulate', '-c', file]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /plant\.yaml:2:21 devices\/press\/unitz unitz is not a known key of press\./);
  assert.match((await omh(t, ['simulate'])).err, /Either one protocol or one plant file/);
  assert.match((await omh(t, ['simulate', '-c', join(dir, 'no.yaml')])).err, /no\.yaml cannot be read: it does not exist\./);
  assert.match(
    (await omh(t, ['simulate', 'modbus', '--fault', 'press:busy'])).err,
    /There is no simulated device press; there are device\./,
  );
});

test('a simulator runs alone', { timeout: 30_000 }, async (t) => {
  const simulator = start(t, ['simulate', 'modbus', '--port', '0', '--json']);
  assert.match((JSON.parse(await simulator.line()) as { modbus: string }).modbus, /^127\.0\.0\.1:\d+$/);
  assert.equal((await simulator.end('SIGTERM')).code, 0);
});
