// Hubs on a broker elsewhere: the whole pipeline goes through it, and two hubs split the work of their rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { brokers, hubOn, mosquittoMissing } from '../test/support/external-broker.mjs';
import { liveFrames, sql, topic, until } from '../test/support/pipeline.mjs';

const demoOn = (url) => `version: 1
hub: { name: demo, site: acme/dallas }
broker: { url: '${url}' }
simulators:
  plant: { protocol: modbus-tcp, port: 5020, preset: blueprint }
historian:
  setup:
    - CREATE TABLE IF NOT EXISTS conditions(time TIMESTAMPTZ NOT NULL, temperature DOUBLE PRECISION NULL, humidity DOUBLE PRECISION NULL)
devices:
  demo:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: 5020 }
    groups:
      demo_group:
        interval: 100ms
        tags:
          temperature: { address: 1!40001, type: int16 }
          humidity: { address: 1!40002, type: int16 }
apps:
  demo_app: { type: mqtt, subscriptions: [{ device: demo, group: demo_group }] }
rules:
  ingest:
    sql: SELECT payload.values.temperature AS t, payload.values.humidity AS h FROM "${topic}"
    actions: [{ historian: 'INSERT INTO conditions(time, temperature, humidity) VALUES (now(), \${t}, \${h})' }]
`;
const sharingOn = (url, name) => `version: 1
hub: { name: ${name} }
broker: { url: '${url}', share: plant }
historian: { setup: [CREATE TABLE IF NOT EXISTS taken(n INTEGER NOT NULL)] }
rules:
  take:
    sql: SELECT payload.n AS n FROM "load/#"
    actions: [{ historian: 'INSERT INTO taken(n) VALUES (\${n})' }]
`;
const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
/** In pieces: an answer holds a bounded number of rows. */
async function taken(hub) {
  const [[highest]] = await sql(hub, 'SELECT coalesce(max(n), -1) FROM taken');
  const all = [];
  for (let from = 0; from <= Number(highest); from += 500)
    all.push(...(await sql(hub, `SELECT DISTINCT n FROM taken WHERE n >= ${from} AND n < ${from + 500}`)).map(([n]) => Number(n)));
  return all;
}

for (const [name, open] of Object.entries(brokers)) {
  test(`the demo's pipeline goes through a broker elsewhere: ${name}`, { timeout: 60_000 }, async (t) => {
    if (name === 'mosquitto' && mosquittoMissing) {
      t.skip(mosquittoMissing);
      return;
    }
    const broker = await open();
    t.after(() => broker.stop());
    const hub = await hubOn(demoOn(broker.url));
    t.after(() => hub.stop());
    await until('rows in the table', async () => Number((await sql(hub, 'SELECT count(*) FROM conditions'))[0][0]) >= 5);
    const frames = await liveFrames(hub, 2);
    assert.ok(frames.length >= 2);
    const outside = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    t.after(() => outside.endAsync(true));
    const heard = [];
    outside.on('message', (_, payload) => heard.push(JSON.parse(payload.toString())));
    await outside.subscribeAsync(topic);
    const message = await until('a message at a client of the broker', () => heard[0]);
    assert.equal(typeof message.values.temperature, 'number');
    const { parts } = await hub.get('/api/v1/status');
    const part = parts.find(({ id }) => id === 'broker');
    assert.deepEqual([part.state, part.address], ['running', broker.url]);
    assert.match(part.reason.text, /^Uses the broker mqtt:/);
  });

  test(`two hubs split a load, one is killed: nothing acknowledged is missing in both together: ${name}`, {
    timeout: 90_000,
  }, async (t) => {
    if (name === 'mosquitto' && mosquittoMissing) {
      t.skip(mosquittoMissing);
      return;
    }
    const broker = await open();
    t.after(() => broker.stop());
    const hubs = await Promise.all(['one', 'two'].map((hub) => hubOn(sharingOn(broker.url, hub))));
    for (const hub of hubs) t.after(() => hub.stop());
    const [one, two] = hubs;
    const publisher = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0, protocolVersion: 5 });
    t.after(() => publisher.endAsync(true));
    const acknowledged = [];
    let next = 0;
    const publish = async (count, pauseMs) => {
      const waiting = [];
      for (const end = next + count; next < end; ) {
        const n = next++;
        waiting.push(publisher.publishAsync(`load/${n % 7}`, JSON.stringify({ n }), { qos: 1 }).then(() => acknowledged.push(n)));
        if (n % 10 === 9) await pause(pauseMs);
      }
      await Promise.all(waiting);
    };
    await publish(200, 2);
    await until('rows at both hubs', async () => (await Promise.all(hubs.map(taken))).every((rows) => rows.length > 20));
    const load = publish(400, 5);
    await pause(100);
    await one.kill();
    await load;
    await publish(100, 2);
    await one.start();
    const missing = await until(
      'every acknowledged message in a historian',
      async () => {
        const rows = new Set((await Promise.all(hubs.map(taken))).flat());
        const none = acknowledged.filter((n) => !rows.has(n));
        if (none.length > 0) throw new Error(`${none.length} of ${acknowledged.length} missing`);
        return [none];
      },
      20_000,
    );
    assert.deepEqual([acknowledged.length, missing], [700, [[]]]);
    const shares = await Promise.all(hubs.map(taken));
    t.diagnostic(`${shares[0].length} and ${shares[1].length} of ${acknowledged.length}`);
    assert.equal((await two.get('/api/v1/status')).parts.find(({ id }) => id === 'broker').state, 'running');
  });
}

test('a broker elsewhere that is killed under load loses nothing that it acknowledged to a publisher', { timeout: 60_000 }, async (t) => {
  const broker = await brokers.ours();
  t.after(() => broker.stop());
  const hub = await hubOn(sharingOn(broker.url, 'one').replace(', share: plant', ''));
  t.after(() => hub.stop());
  const acknowledged = [];
  let next = 0;
  let ended = false;
  const publishing = (async () => {
    while (!ended) {
      const publisher = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0, protocolVersion: 5 }).catch(() => undefined);
      if (publisher === undefined) await pause(20);
      while (!ended && publisher?.connected) {
        const n = next++;
        publisher.publish(`load/${n % 7}`, JSON.stringify({ n }), { qos: 1 }, (fault) => fault || acknowledged.push(n));
        await pause(2);
      }
      await publisher?.endAsync(true);
    }
  })();
  for (let crash = 0; crash < 3; crash++) {
    await pause(200);
    await broker.crash();
    const rows = (await taken(hub)).length;
    await until('rows after the crash', async () => (await taken(hub)).length > rows + 10, 20_000);
  }
  ended = true;
  await publishing;
  await until(
    'every acknowledged message in the historian',
    async () => {
      const rows = new Set(await taken(hub));
      const none = acknowledged.filter((n) => !rows.has(n));
      if (none.length > 0) throw new Error(`${none.length} of ${acknowledged.length} missing: ${none.slice(0, 10)}`);
      return true;
    },
    20_000,
  );
  t.diagnostic(`3 crashes, ${acknowledged.length} acknowledged of ${next}`);
  assert.ok(acknowledged.length > 100);
});
