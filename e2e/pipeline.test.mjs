import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startDemo } from '../test/support/demo.mjs';
import { checkPipeline, listen, post, readRegisters, sql, topic, until } from '../test/support/pipeline.mjs';

describe('the demo from register to row', { concurrency: false }, () => {
  let demo;
  before(async () => {
    demo = await startDemo();
  });
  after(async () => {
    await demo?.stop();
  });

  test('everything arrives, all the way', { timeout: 30_000 }, () => checkPipeline(demo));

  test('the simulator is the device of the blueprint', { timeout: 30_000 }, async () => {
    const reads = await readRegisters(demo, 4, 1000);
    assert.ok(new Set(reads.map(([t]) => t)).size >= 2, `temperature changes: ${reads}`);
    assert.ok(new Set(reads.map(([, h]) => h)).size >= 2, `humidity changes: ${reads}`);
  });

  test('every part says that it runs, with its address', async () => {
    const status = await demo.get('/api/v1/status');
    assert.equal(status.state, 'running', status.sentence);
    assert.deepEqual(
      status.parts.filter((p) => p.state !== 'running'),
      [],
    );
    assert.ok(
      ['simulator/plant', 'device/demo', 'app/demo_app', 'broker', 'rule/ingest', 'historian', 'api'].every((id) =>
        status.parts.some((p) => p.id === id),
      ),
      JSON.stringify(status.parts.map((p) => p.id)),
    );
  });

  test('MQTT 5 and WebSocket clients get the same messages', { timeout: 20_000 }, async () => {
    for (const options of [{ protocolVersion: 5 }, { url: demo.ready.ws }, { url: demo.ready.ws, protocolVersion: 5 }]) {
      const reader = await listen(demo, options);
      const message = await until(`a message with ${JSON.stringify(options)}`, () => reader.messages[0]);
      assert.equal(message.topic, topic);
      await reader.close();
    }
  });

  test('the rule counts what it matched, passed and failed', async () => {
    const [rule] = (await demo.get('/api/v1/rules')).rules;
    assert.equal(rule.name, 'ingest');
    assert.ok(rule.matched > 0 && rule.failed === 0, JSON.stringify(rule));
    const rows = Number((await sql(demo, 'SELECT count(*) FROM conditions'))[0][0]);
    assert.ok(Math.abs(rows - rule.passed) <= 2, `${rows} rows, ${rule.passed} passed`);
  });

  test('a rule that does not parse is told with line and column; one that does not match says why', async () => {
    const wrong = await post(demo, '/api/v1/rules/test', { sql: 'SELECT payload.a AS\nFROM "t"', topic: 't', payload: '{}' });
    assert.equal(wrong.body.error?.line, 2, JSON.stringify(wrong.body));
    const missed = await post(demo, '/api/v1/rules/test', {
      sql: 'SELECT payload.t AS t FROM "t" WHERE t > 30',
      topic: 't',
      payload: '{"t":28}',
    });
    assert.deepEqual(missed.body.outputs, []);
    assert.match(missed.body.because, /28/);
  });

  test('a tag that only reads takes no write, and says so', async () => {
    const { status, body } = await post(demo, '/api/v1/write', { device: 'demo', group: 'demo_group', tag: 'temperature', value: 1 });
    assert.equal(status, 409);
    assert.equal(body.code, 'ACQUISITION_NOT_WRITABLE');
  });

  test('a device created over REST is read within two intervals', { timeout: 20_000 }, async () => {
    const [host, port] = demo.ready.modbus.split(':');
    const answer = await fetch(`${demo.ready.http}/api/v1/devices/second`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        driver: 'modbus-tcp',
        settings: { host, port: Number(port) },
        groups: {
          g: {
            interval: '1s',
            tags: {
              same: { address: '1!400001', type: 'int16', access: 'read' },
              temperature: { address: '1!40001', type: 'int16', access: 'read' },
            },
          },
        },
      }),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    const values = await until(
      'two good values',
      async () => {
        const found = (await demo.get('/api/v1/values?device=second')).values;
        return found.length === 2 && found.every((v) => v.quality === 'good') && found;
      },
      2500,
    );
    assert.equal(values[0].value, values[1].value);
    assert.match((await demo.get('/api/v1/config')).text, /second:/);
  });

  test('a wrong address in a device is refused at its place and changes nothing', async () => {
    const answer = await fetch(`${demo.ready.http}/api/v1/devices/third`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        driver: 'modbus-tcp',
        settings: { host: '127.0.0.1', port: 502 },
        groups: { g: { interval: '1s', tags: { bad: { address: '9!x', type: 'int16', access: 'read' } } } },
      }),
    });
    const body = await answer.json();
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.ok(
      body.errors.some((e) => /bad\/address/.test(e.pointer) && /9!x/.test(e.message)),
      JSON.stringify(body),
    );
    assert.ok(!(await demo.get('/api/v1/devices')).devices.some((d) => d.name === 'third'));
  });

  test('a stopped simulator makes its tags uncertain, then bad with a sentence; started again they are good', {
    timeout: 40_000,
  }, async () => {
    const words = [];
    const watch = setInterval(async () => {
      const v = (await demo.get('/api/v1/values?device=demo').catch(() => undefined))?.values[0];
      if (v && words.at(-1) !== v.quality) words.push(v.quality);
    }, 100);
    try {
      assert.equal((await post(demo, '/api/v1/simulators/plant/stop', {})).status, 200);
      const bad = await until(
        'a bad value',
        async () => (await demo.get('/api/v1/values?device=demo')).values.find((v) => v.quality === 'bad'),
        6000,
      );
      assert.ok(bad.reason.length > 10 && typeof bad.value === 'number', JSON.stringify(bad));
      assert.ok(words.includes('uncertain'), `it went ${words}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 3000);
      });
      assert.equal((await post(demo, '/api/v1/simulators/plant/start', {})).status, 200);
      const started = Date.now();
      await until('good again', async () => (await demo.get('/api/v1/values?device=demo')).values.every((v) => v.quality === 'good'), 6000);
      assert.ok(Date.now() - started < 5500, `${Date.now() - started} ms`);
    } finally {
      clearInterval(watch);
    }
    const series = await demo.get('/api/v1/history?tag=demo/demo_group/temperature&from=now-1m&to=now&points=500');
    assert.ok(
      series.gaps.some((g) => g.quality === 'bad' && g.reason.length > 5),
      JSON.stringify(series.gaps),
    );
  });

  test('nobody gets in without a token, and the one-time link works once', async () => {
    for (const path of ['/api/v1/values', '/api/v1/status', '/api/v1/config'])
      assert.equal((await fetch(demo.ready.http + path)).status, 401, path);
    const code = demo.ready.signIn.split('#sign-in=')[1];
    const login = () =>
      fetch(`${demo.ready.http}/api/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: demo.ready.http },
        body: JSON.stringify({ code }),
      });
    const first = await login();
    assert.equal(first.status, 200);
    const cookie = first.headers.get('set-cookie');
    assert.match(cookie, /HttpOnly/);
    assert.equal((await fetch(`${demo.ready.http}/api/v1/me`, { headers: { cookie: cookie.split(';')[0] } })).status, 200);
    assert.equal((await login()).status, 401);
  });
});

test('what was committed is there after kill -9 of the hub, and the old chart with it', { timeout: 60_000 }, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'omh-kill-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const first = await startDemo({ dataDir });
  await until('five rows', async () => Number((await sql(first, 'SELECT count(*) FROM conditions'))[0][0]) >= 5, 15_000);
  const before = await sql(first, 'SELECT time, temperature, humidity FROM conditions ORDER BY time');
  await first.kill();
  const second = await startDemo({ dataDir });
  t.after(() => second.stop());
  const now = await sql(second, 'SELECT time, temperature, humidity FROM conditions ORDER BY time');
  assert.deepEqual(now.slice(0, before.length), before);
  const series = await second.get('/api/v1/history?tag=demo/demo_group/temperature&from=now-5m&to=now&points=500');
  assert.ok(series.samples >= 5, `${series.samples} samples`);
  await checkPipeline(second);
});

test('SIGTERM ends it with code 0 and stores what was taken', { timeout: 30_000 }, async () => {
  const demo = await startDemo();
  await checkPipeline(demo);
  const began = Date.now();
  const { code } = await demo.stop();
  assert.equal(code, 0, demo.output());
  assert.ok(Date.now() - began < 5000);
});
