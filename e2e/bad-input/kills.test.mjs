// What was acknowledged is stored, whoever is killed while publications run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { childrenOf, dataWith, watchPlant } from '../../test/support/bad-peers.mjs';
import { startDemo } from '../../test/support/demo.mjs';
import { post, sql, until } from '../../test/support/pipeline.mjs';

const numbers = [
  [
    "    - SELECT create_hypertable('conditions', 'time', if_not_exists => true)\n",
    "    - SELECT create_hypertable('conditions', 'time', if_not_exists => true)\n    - CREATE TABLE IF NOT EXISTS numbers(time TIMESTAMPTZ NOT NULL, n BIGINT)\n",
  ],
  [
    'dashboards:\n',
    '  numbers:\n    sql: SELECT payload.n AS n FROM "numbers/#"\n    actions:\n      - historian: INSERT INTO numbers(time, n) VALUES (now(), ${n})\ndashboards:\n',
  ],
];
const window = 50;

/** Publishes 0, 1, 2 … with QoS 1, up to fifty at once, until told to stop; `acked` holds what was acknowledged. */
async function publishNumbers(demo) {
  const client = await mqtt.connectAsync(demo.ready.mqtt, { reconnectPeriod: 0 });
  const acked = new Set();
  let going = true;
  let next = 0;
  client.on('close', () => (going = false));
  client.on('error', () => {});
  const lane = async () => {
    while (going) {
      const n = next++;
      try {
        await client.publishAsync(`numbers/${n % 7}`, JSON.stringify({ n }), { qos: 1 });
      } catch {
        return;
      }
      acked.add(n);
    }
  };
  const lanes = Promise.all(Array.from({ length: window }, lane));
  return {
    acked,
    async stop() {
      going = false;
      await lanes;
      await client.endAsync();
    },
    drop: () => client.end(true),
  };
}

/** Every number that was acknowledged is in the table. */
async function noneMissing(demo, acked) {
  const { status, body } = await post(demo, '/api/v1/sql', { sql: 'SELECT DISTINCT n FROM numbers', limit: 100_000 });
  assert.deepEqual([status, body.truncated], [200, false]);
  const stored = new Set(body.rows.map(([n]) => Number(n)));
  const missing = [...acked].filter((n) => !stored.has(n));
  assert.deepEqual(missing, [], `${missing.length} of ${acked.size} acknowledged numbers are missing`);
}

const part = async (demo, id) => (await demo.get('/api/v1/status')).parts.find((p) => p.id === id);
const device = async (demo) => (await demo.get('/api/v1/devices')).devices.find((d) => d.name === 'demo');

const rowsOf = async (demo, table) => Number((await sql(demo, `SELECT count(*) FROM ${table}`))[0][0]);

test('the historian is killed while rows come: it is back by itself, no acknowledged row is missing, no device notices', {
  timeout: 60_000,
}, async (t) => {
  const demo = await startDemo({ dataDir: dataWith(t, ...numbers) });
  t.after(() => demo.stop());
  const plant = await watchPlant(demo);
  t.after(() => plant.close());
  await plant.goesOn();
  const { connects } = (await device(demo)).stats;
  const publisher = await publishNumbers(demo);
  for (let round = 0; round < 3; round++) {
    const before = publisher.acked.size;
    await until('two hundred acknowledgements', () => publisher.acked.size >= before + 200);
    const children = childrenOf(demo.pid);
    assert.equal(children.length, 1, 'the historian is the only child');
    process.kill(children[0], 'SIGKILL');
    const said = await until('the status says so', async () => {
      const found = await part(demo, 'historian');
      return (found.state !== 'running' || childrenOf(demo.pid)[0] !== children[0]) && found;
    });
    if (said.state !== 'running') assert.match(said.reason.text, /historian's process ended \(signal SIGKILL\); it is started again/);
    await until(
      'another process serves',
      async () => childrenOf(demo.pid)[0] !== children[0] && (await part(demo, 'historian')).state === 'running',
      5000,
    );
    await plant.goesOn();
  }
  await publisher.stop();
  assert.ok(publisher.acked.size >= 600, `${publisher.acked.size} acknowledged`);
  await noneMissing(demo, publisher.acked);
  const now = await device(demo);
  assert.deepEqual([now.state, now.stats.connects], ['running', connects], 'the link to the device was never opened again');
  const [ingest] = (await demo.get('/api/v1/rules')).rules;
  assert.deepEqual([ingest.name, ingest.failed, ingest.actions[0].failed, ingest.state], ['ingest', 0, 0, 'running']);
});

test('while the historian is away a question is answered with what to do', { timeout: 40_000 }, async (t) => {
  const demo = await startDemo();
  t.after(() => demo.stop());
  const [child] = childrenOf(demo.pid);
  process.kill(child, 'SIGSTOP');
  const asked = fetch(`${demo.ready.http}/api/v1/sql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
    body: '{"sql":"SELECT 1"}',
  });
  // Everything but the historian answers while it hangs.
  const clients = await demo.get('/api/v1/clients');
  assert.ok(Array.isArray(clients.clients));
  process.kill(child, 'SIGKILL');
  const answer = await asked;
  const body = await answer.json();
  assert.deepEqual([answer.status, body.code], [503, 'HISTORIAN_RESTARTING'], JSON.stringify(body));
  assert.match(body.next, /Ask again/);
  await until('it answers again', async () => (await rowsOf(demo, 'conditions')) >= 0, 5000);
});

test('kill -9 of the hub: every acknowledged number is in the table after the next start, and it starts by itself', {
  timeout: 60_000,
}, async (t) => {
  const dataDir = dataWith(t, ...numbers);
  const acked = new Set();
  let base = 0;
  for (let round = 0; round < 2; round++) {
    const demo = await startDemo({ dataDir });
    t.after(() => demo.kill());
    if (round > 0) await noneMissing(demo, acked);
    const publisher = await publishNumbers(demo);
    await until('three hundred acknowledgements', () => publisher.acked.size >= 300);
    await demo.kill();
    publisher.drop();
    for (const n of publisher.acked) acked.add(n);
    base += publisher.acked.size;
  }
  const demo = await startDemo({ dataDir });
  t.after(() => demo.stop());
  await noneMissing(demo, acked);
  assert.ok((await rowsOf(demo, 'numbers')) >= base, 'numbers that came in both rounds are stored twice');
  const plant = await watchPlant(demo);
  await plant.goesOn();
  await plant.close();
  const status = await demo.get('/api/v1/status');
  assert.equal(status.state, 'running', status.sentence);
});
