// A broker elsewhere is away while the hub is killed again and again: whatever an app was given arrives in the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { brokers, hubOn, mosquittoMissing } from '../test/support/external-broker.mjs';
import { until } from '../test/support/pipeline.mjs';

const intervalMs = 200;
const kills = 5;
const hubFor = (url) => `version: 1
hub: { name: edge, site: acme/dallas }
broker: { listeners: { tcp: { port: 0, anonymous: true } } }
simulators:
  plant: { protocol: modbus-tcp, port: 5020, preset: blueprint }
devices:
  demo:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: 5020 }
    groups:
      demo_group:
        interval: ${intervalMs}ms
        tags: { temperature: { address: 1!40001, type: int16 } }
apps:
  north:
    type: mqtt
    settings: { url: '${url}', storeAndForward: { rate: 10, mark: true } }
    subscriptions: [{ device: demo, group: demo_group, topic: 'north/{hub}/{group}' }]
  local:
    type: mqtt
    subscriptions: [{ device: demo, group: demo_group, topic: local }]
`;
const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Cycles, by their time, that the hub's own broker shows: its apps were given them. */
async function watched(hub, count, given) {
  const client = await mqtt.connectAsync(hub.ready.mqtt, { reconnectPeriod: 0 });
  let seen = 0;
  const done = new Promise((resolve) => {
    client.on('message', (_, payload) => {
      given.add(JSON.parse(payload.toString()).timestamp);
      if (++seen >= count) resolve();
    });
  });
  await client.subscribeAsync('local');
  await done;
  return () => client.endAsync(true);
}

test(`nothing is lost while the broker is away and the hub is killed ${kills} times`, { timeout: 120_000 }, async (t) => {
  const broker = await (mosquittoMissing ? brokers.ours() : brokers.mosquitto());
  t.after(() => broker.stop());
  const got = [];
  const reader = mqtt.connect(broker.url, {
    protocolVersion: 5,
    clientId: 'reader',
    clean: false,
    reconnectPeriod: 50,
    properties: { sessionExpiryInterval: 3600 },
  });
  t.after(() => reader.endAsync(true));
  reader.on('error', () => {});
  reader.on('message', (topic, payload, { properties }) => {
    const { timestamp, replayed = false } = JSON.parse(payload.toString());
    got.push({ topic, timestamp, replayed, property: properties?.userProperties?.replay === '1' });
  });
  await reader.subscribeAsync('north/#', { qos: 1 });
  const hub = await hubOn(hubFor(broker.url));
  t.after(() => hub.stop());
  const given = new Set();

  // What was read before the app was connected waited, and says so.
  await until('live messages at the broker', () => got.filter(({ property, replayed }) => !property && !replayed).length >= 3);
  assert.equal(got[0].topic, 'north/edge/demo_group');
  await broker.down();
  for (let kill = 0; kill < kills; kill++) {
    // The last one comes while the backlog is on its way.
    if (kill === kills - 1) {
      const before = got.length;
      await broker.up();
      await until('the first late messages', () => got.slice(before).filter(({ property }) => property).length >= 5, 20_000);
    }
    const close = await watched(hub, 6, given);
    // Between two cycles: what the hub had in hand is written within the same turn of its loop.
    await pause(intervalMs / 4);
    await hub.kill();
    await close();
    await hub.start();
  }
  const { apps } = await hub.get('/api/v1/apps');
  assert.equal(apps.find(({ name }) => name === 'north').type, 'mqtt');
  const close = await watched(hub, 3, given);
  await close();
  const missing = () => [...given].filter((timestamp) => !got.some((message) => message.timestamp === timestamp));
  await until(
    'every cycle at the reader',
    () => {
      const lost = missing();
      if (lost.length > 0) throw new Error(`${lost.length} of ${given.size} missing`);
      return true;
    },
    40_000,
  );
  const late = got.filter(({ property }) => property);
  assert.ok(late.every(({ replayed }) => replayed) && got.every(({ property, replayed }) => property || !replayed));
  const firsts = [...new Set(late.map(({ timestamp }) => timestamp))];
  assert.deepEqual(
    firsts,
    firsts.toSorted((a, b) => a - b),
    'late messages come oldest first',
  );
  const lastLate = got.findLastIndex(({ property }) => property);
  assert.ok(got.slice(0, lastLate).filter(({ property }) => !property).length > 5, 'messages of now go on while late ones follow');
  const again = late.length - firsts.length;
  t.diagnostic(`${mosquittoMissing ? 'omh broker' : 'mosquitto'}: ${given.size} cycles given, ${late.length} late, ${again} of them twice`);
});
