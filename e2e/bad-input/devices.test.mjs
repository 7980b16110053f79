// Devices that are away, hang, talk nonsense or refuse: each says so in its own words, the plant beside them goes on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  blackHole,
  garbagePeer,
  modbusPeer,
  refusedPort,
  request,
  resettingPeer,
  silentPeer,
  watchPlant,
} from '../../test/support/bad-peers.mjs';
import { startDemo } from '../../test/support/demo.mjs';
import { until } from '../../test/support/pipeline.mjs';

const int16 = (register) => ({ address: `1!${400001 + register}`, type: 'uint16', access: 'read' });
const deviceOn = (port, tags, { interval = '200ms', ...settings } = {}) => ({
  driver: 'modbus-tcp',
  settings: { host: '127.0.0.1', port, timeout: '200ms', ...settings },
  groups: { g: { interval, tags } },
});

describe('bad devices beside the demo', { concurrency: false }, () => {
  let demo;
  let plant;
  const peers = [];
  const peer = async (make) => {
    const made = await make;
    peers.push(made);
    return made;
  };
  const put = async (name, block) => {
    const { status, body } = await request(demo, 'PUT', `/api/v1/devices/${name}`, block);
    assert.equal(status, 200, JSON.stringify(body));
  };
  const values = async (device) => (await demo.get(`/api/v1/values?device=${device}&limit=5000`)).values;

  before(async () => {
    demo = await startDemo();
    plant = await watchPlant(demo);
  });
  after(async () => {
    await plant?.close();
    await demo?.stop();
    await Promise.all(peers.map((p) => p.close()));
  });

  /** The device's part, list row and values all carry one sentence that `says` what is wrong and where. */
  async function isLost(name, port, code, says) {
    const { parts } = await until(
      `${name} says ${code}`,
      async () => {
        const status = await demo.get('/api/v1/status');
        return status.parts.some((p) => p.id === `device/${name}` && p.reason.code === code) && status;
      },
      10_000,
    );
    const part = parts.find((p) => p.id === `device/${name}`);
    assert.ok(['lost', 'degraded', 'starting'].includes(part.state), JSON.stringify(part));
    assert.match(part.reason.text, says);
    assert.match(part.reason.text, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.doesNotMatch(part.reason.text, /ECONN|ETIMEDOUT|undefined|\{\w+\}/);
    assert.deepEqual(
      parts.filter((p) => p.id !== part.id && !bad.has(p.id) && p.state !== 'running'),
      [],
      'every other part runs',
    );
    bad.add(part.id);
    const value = await until(`a bad value of ${name}`, async () => (await values(name)).find((v) => v.quality === 'bad' && v.reason));
    assert.ok(value.reason.length > 20, JSON.stringify(value));
    await plant.goesOn();
  }
  const bad = new Set();

  test('a port where nobody listens', { timeout: 30_000 }, async () => {
    const port = await refusedPort();
    await put('refused', deviceOn(port, { a: int16(0) }));
    await isLost(
      'refused',
      port,
      'DRIVERS_MODBUS_CONNECTION_REFUSED',
      /refuses the connection\. The device is on, but nothing listens there\./,
    );
  });

  test('an address that swallows every packet', { timeout: 30_000 }, async () => {
    const { port } = await peer(blackHole());
    await put('hole', deviceOn(port, { a: int16(0) }));
    await isLost('hole', port, 'DRIVERS_MODBUS_CONNECT_TIMEOUT', /does not answer within \d+ ms/);
  });

  test('a device that takes the connection and never answers', { timeout: 30_000 }, async () => {
    const { port } = await peer(silentPeer());
    await put('silent', deviceOn(port, { a: int16(0) }));
    await isLost('silent', port, 'DRIVERS_MODBUS_SILENT', /keeps the connection but does not answer/);
  });

  test('a device that answers in another language', { timeout: 30_000 }, async () => {
    const { port } = await peer(garbagePeer());
    await put('garbage', deviceOn(port, { a: int16(0) }));
    await isLost('garbage', port, 'DRIVERS_MODBUS_GARBAGE', /is closed\. .{10}/);
  });

  test('a device that resets each connection is tried again and again, not without a pause', { timeout: 30_000 }, async () => {
    const resetting = await peer(resettingPeer());
    await put('resetting', deviceOn(resetting.port, { a: int16(0) }));
    await isLost('resetting', resetting.port, 'DRIVERS_MODBUS_BROKEN', /breaks: the other side reset it/);
    const [first, began] = [resetting.connections, performance.now()];
    await until('a second attempt', () => resetting.connections > first);
    const perSecond = (resetting.connections - first) / ((performance.now() - began) / 1000 + 1);
    assert.ok(perSecond < 20, `${perSecond} attempts each second`);
  });

  test('one register that the device refuses is told at its tag, its neighbours are read', { timeout: 30_000 }, async () => {
    const { port, seen } = await peer(modbusPeer([2]));
    await put('onebad', deviceOn(port, Object.fromEntries([0, 1, 2, 3, 4].map((r) => [`t${r}`, int16(r)]))));
    const all = await until('five values', async () => {
      const found = await values('onebad');
      return found.length === 5 && found.every((v) => v.quality !== 'uncertain') && found.some((v) => v.quality === 'good') && found;
    });
    for (const v of all) {
      const register = Number(v.tag.slice(1));
      if (register !== 2) assert.deepEqual([v.quality, v.value], ['good', register], JSON.stringify(v));
      else {
        assert.equal(v.quality, 'bad');
        assert.match(v.reason, /onebad refuses to read 1!400003: .* \(exception 2\)\./);
      }
    }
    const status = (await demo.get('/api/v1/devices')).devices.find((d) => d.name === 'onebad');
    assert.deepEqual([status.good, status.bad], [4, 1]);
    const asked = seen.length;
    await until('three more cycles', () => seen.length >= asked + 6);
    assert.ok(
      seen.slice(asked).every(({ start, count }) => start > 2 || start + count <= 2),
      'the refused register is left alone',
    );
    await plant.goesOn();
  });

  test('2,000 tags of which three are refused: 1,997 good ones, in no more requests than needed', { timeout: 30_000 }, async () => {
    const refused = [17, 800, 1999];
    const { port, seen } = await peer(modbusPeer(refused));
    const tags = Object.fromEntries(Array.from({ length: 2000 }, (_, r) => [`t${r}`, int16(r)]));
    await put('many', deviceOn(port, tags, { interval: '500ms', timeout: '400ms' }));
    const all = await until('2,000 values', async () => {
      const found = await values('many');
      return found.length === 2000 && found.filter((v) => v.quality === 'good').length >= 1997 && found;
    });
    const wrong = all.filter((v) => v.quality !== 'good');
    assert.deepEqual(wrong.map((v) => v.tag).sort(), ['t17', 't1999', 't800']);
    for (const v of wrong) assert.match(v.reason, new RegExp(`many refuses to read ${v.address}: .* \\(exception 2\\)\\.`));
    for (const v of all) if (v.quality === 'good') assert.equal(v.value, Number(v.tag.slice(1)));
    // The cycle in which the last refusal was found is over once two more have begun at register 0.
    const beginnings = () => seen.flatMap(({ start }, i) => (start === 0 ? [i] : []));
    const now = seen.length;
    const [from, to] = await until('a whole cycle', () => {
      const later = beginnings().filter((i) => i >= now);
      return later.length >= 3 && later.slice(1, 3);
    });
    assert.ok(to - from <= 20, `${to - from} requests for 16 blocks and three holes`);
    await plant.goesOn();
  });

  test('after all that every bad device is still a state with a next try, and the process serves', async () => {
    const { devices } = await demo.get('/api/v1/devices');
    for (const name of ['refused', 'hole', 'silent', 'garbage', 'resetting']) {
      const device = devices.find((d) => d.name === name);
      assert.notEqual(device.state, 'running', name);
      assert.ok(device.reason.text.length > 20, name);
    }
    assert.equal(devices.find((d) => d.name === 'demo').state, 'running');
  });
});
