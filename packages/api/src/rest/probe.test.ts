import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { silentLogger, systemClock } from '@omh/core';
import { ApiServer } from '../api-server.ts';
import type { App } from '../context.ts';
import { adminToken, asHub, FakeHub } from '../testing/fake-hub.ts';
import type { ProbeAnswer } from './probe.ts';
import type { ReadAnswer } from './read.ts';

const hub = new FakeHub(systemClock);
let app: App;
let device: Server;
let settings: { host: string; port: number };
let asked = 0;

/** A Modbus device with 200 registers: number i holds 1000 × i, and what was asked so far where i is 10. */
const answerTo = (frame: Buffer): Buffer => {
  const [start, count] = [frame.readUInt16BE(8), frame.readUInt16BE(10)];
  asked++;
  if (frame[7] !== 3 || start + count > 200)
    return Buffer.from([frame[0]!, frame[1]!, 0, 0, 0, 3, frame[6]!, frame[7]! | 0x80, frame[7] === 3 ? 2 : 1]);
  const out = Buffer.alloc(9 + 2 * count);
  frame.copy(out, 0, 0, 8);
  out.writeUInt16BE(3 + 2 * count, 4);
  out[8] = 2 * count;
  for (let i = 0; i < count; i++) out.writeUInt16BE(start + i === 10 ? 2000 + asked : ((start + i) * 1000) % 65536, 9 + 2 * i);
  return out;
};

before(async () => {
  device = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (frame: Buffer) => socket.write(answerTo(frame)));
  });
  await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
  settings = { host: '127.0.0.1', port: (device.address() as AddressInfo).port };
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger }).build();
});
after(async () => {
  await app.close();
  await new Promise((resolve) => device.close(resolve));
});

async function post<T>(url: string, payload: object, status = 200): Promise<T> {
  const answer = await app.inject({ method: 'POST', url, payload, headers: { host: 'localhost', authorization: `Bearer ${adminToken}` } });
  assert.equal(answer.statusCode, status, answer.body);
  return answer.json<T>();
}
const driver = 'modbus-tcp';

test('one address of a device is read without a tag, good or with the reason', async () => {
  const read = (address: string) => post<ReadAnswer>('/api/v1/read', { driver, settings, address, type: 'uint16' });
  assert.deepEqual(await read('1!40006'), { value: 5000, quality: 'good' });
  const bad = await read('1!40900');
  assert.deepEqual([bad.value, bad.quality], [null, 'bad']);
  assert.match(bad.reason!, /has no such address/);
});

test('a probe answers with ranked candidates, their reasons, and a template', async () => {
  const found = await post<ProbeAnswer>('/api/v1/probe', { driver, settings, address: '40011', value: 2005, samples: 5, everyMs: 10 });
  assert.equal(found.candidates[0]!.address, '1!400011');
  assert.equal(found.candidates[0]!.type, 'uint16');
  assert.ok(found.candidates[0]!.why.length > 0);
  assert.equal(found.samples.length, 5);
  assert.match(found.template, /^templates:\n/);
});

test('a request names one device, with settings that its driver takes', async () => {
  const wrong = (body: object, status = 400) =>
    post<{ code: string; detail: string }>('/api/v1/read', { address: '1!40001', type: 'uint16', ...body }, status);
  assert.equal((await wrong({})).code, 'API_VISIT_TARGET');
  assert.equal((await wrong({ device: 'press', driver, settings })).code, 'API_VISIT_TARGET');
  assert.equal((await wrong({ device: 'prss' }, 404)).code, 'API_UNKNOWN_NAME');
  assert.equal((await wrong({ driver: 'opcua', settings }, 404)).code, 'API_UNKNOWN_NAME');
  assert.match((await wrong({ driver, settings: { ...settings, port: 'x' } })).detail, /port must be/);
  assert.match((await wrong({ driver, settings, address: 'nowhere' })).detail, /nowhere/);
  assert.match((await wrong({ driver, settings: { host: '127.0.0.1', port: 1 } }, 502)).detail, /refuses the connection/);
});

test('more than a few visits at once are refused, and places come free again', async () => {
  const probes = Array.from({ length: 6 }, () =>
    app.inject({
      method: 'POST',
      url: '/api/v1/probe',
      payload: { driver, settings, address: '40011', samples: 4, everyMs: 60 },
      headers: { host: 'localhost', authorization: `Bearer ${adminToken}` },
    }),
  );
  const codes = (await Promise.all(probes)).map((answer) => answer.statusCode).sort((a, b) => a - b);
  assert.deepEqual(codes, [200, 200, 200, 200, 429, 429]);
  await post<ProbeAnswer>('/api/v1/probe', { driver, settings, address: '40011', samples: 1 });
});
