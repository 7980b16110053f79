import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, omh, start } from './testing/omh-process.ts';

const hubFile = (port: number): string => `version: 1
hub: { name: x, site: acme }
http: { port: 0 }
broker: { listeners: { tcp: { host: 127.0.0.1, port: 0 } } }
simulators: { plant: { protocol: modbus-tcp, port: ${port}, preset: blueprint } }
devices:
  press:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${port} }
    groups: { g: { interval: 50ms, tags: { temperature: { address: 1!40001, type: int16 } } } }
`;
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

test('a device is shown, paused, watched on the wire and asked who it is', { timeout: 60_000 }, async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), hubFile(await freePort()));
  const hub = start(t, ['up', '--json'], { cwd: dir });
  await hub.line();
  const run = async (...args: string[]) => omh(t, ['device', ...args], { cwd: dir });

  const paused = await run('pause', 'press', '--comment', 'bearing change');
  assert.match(paused.out, /^press is paused: Paused by .*: bearing change\.\n$/, paused.err);
  assert.match((await omh(t, ['status'], { cwd: dir })).out, /device\/press +paused .*bearing change/);
  assert.match((await run('list')).out, /press +paused +modbus-tcp/);
  assert.match((await run('resume', 'press')).out, /^press is /);

  assert.match((await run('frames', 'press', '--minutes', '10')).err, /The log goes on until/);
  let lines = '';
  for (let i = 0; i < 20 && !lines.includes('rx'); i++) lines = (await run('frames', 'press')).out;
  assert.match(lines, /Z tx unit 1 read holding registers \d+ \(12 bytes\)\n.*Z rx unit 1 read holding registers: answer/);
  const saved = await run('frames', 'press', '--pcap', 'press.pcap');
  assert.match(saved.err, /^Wrote \d+ bytes to press\.pcap\.\n$/);
  assert.equal(readFileSync(join(dir, 'press.pcap')).readUInt32LE(0), 0xa1b2c3d4);

  assert.match((await run('identify', 'press')).out, /VendorName/);
  assert.match((await run('show', 'press')).out, /round trip {2}p50 [\d.]+ ms/);
  assert.match((await run('template', 'press')).out, /^templates:\n {2}press:\n/);
  assert.equal((await run('forget-learnt', 'press')).code, 0);
  assert.match((await run('stop', 'press')).out, /^press is stopped: Stopped by /);
  const unknown = await run('show', 'pres');
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /Did you mean "press"\?/);
  assert.equal((await run('frames', 'press', '--minutes', '99')).code, 2);
  assert.equal((await hub.end('SIGTERM')).code, 0);
});
