// Wrong rules, wrong payloads, wrong SQL: each is told where it is wrong, and everything right beside it is stored.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { dataWith, request, watchPlant } from '../../test/support/bad-peers.mjs';
import { startDemo } from '../../test/support/demo.mjs';
import { post, sql, topic, until } from '../../test/support/pipeline.mjs';

const notes = [
  [
    "    - SELECT create_hypertable('conditions', 'time', if_not_exists => true)\n",
    "    - SELECT create_hypertable('conditions', 'time', if_not_exists => true)\n    - CREATE TABLE IF NOT EXISTS notes(time TIMESTAMPTZ NOT NULL, author VARCHAR, body TEXT, level INTEGER)\n",
  ],
  [
    'dashboards:\n',
    `  notes:
    sql: SELECT payload.author AS author, payload.body AS body, payload.level AS level FROM "notes/#"
    actions:
      - historian: INSERT INTO notes(time, author, body, level) VALUES (now(), \${author}, \${body}, \${level})
dashboards:
`,
  ],
];

describe('wrong rules, payloads and SQL', { concurrency: false }, () => {
  let demo;
  let plant;
  let client;
  let runaway;
  let dir;
  let removeDir;
  const rule = async (name) => (await demo.get('/api/v1/rules')).rules.find((r) => r.name === name);
  const publish = (name, payload) =>
    client.publishAsync(name, typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload), { qos: 1 });
  const count = async (from) => Number((await sql(demo, `SELECT count(*) FROM ${from}`))[0][0]);

  before(async () => {
    dir = dataWith({ after: (remove) => (removeDir = remove) }, ...notes);
    demo = await startDemo({ dataDir: dir });
    plant = await watchPlant(demo);
    client = await mqtt.connectAsync(demo.ready.mqtt, { reconnectPeriod: 0 });
  });
  after(async () => {
    await client?.endAsync(true);
    await plant?.close();
    await demo?.stop();
    removeDir?.();
  });

  test('a query without end: ingestion goes on while it runs', { timeout: 30_000 }, async () => {
    // It ends by the time-out of 30 s; the last test waits for its answer.
    const began = performance.now();
    runaway = request(
      demo,
      'POST',
      '/api/v1/sql',
      { sql: 'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1' },
      { signal: AbortSignal.timeout(60_000) },
    ).then((answer) => ({ ...answer, seconds: (performance.now() - began) / 1000 }));
    await plant.goesOn();
    await plant.goesOn();
    assert.equal(await Promise.race([runaway, Promise.resolve('still running')]), 'still running');
  });

  test('a rule that does not parse is refused with line and column; the rules that run go on', { timeout: 20_000 }, async () => {
    const broken = { sql: 'SELECT payload.a AS a\nFROM "t" WHERE a >', actions: [{ console: true }] };
    const { status, body } = await request(demo, 'PUT', '/api/v1/rules/broken', broken);
    assert.equal(status, 400, JSON.stringify(body));
    const fault = body.errors.find((e) => e.pointer === '/sql');
    assert.match(fault?.message ?? '', /line 2, column \d+|:2:\d+/, JSON.stringify(body));
    assert.equal(await rule('broken'), undefined);
    assert.match((await demo.get('/api/v1/config')).text, /^ {2}notes:$/m);
    assert.doesNotMatch((await demo.get('/api/v1/config')).text, /broken/);
    await plant.goesOn();
  });

  test('a rule with a wrong action is refused or says at itself what is wrong', { timeout: 20_000 }, async () => {
    const { status, body } = await request(demo, 'PUT', '/api/v1/rules/half', {
      sql: 'SELECT payload.a AS a FROM "t"',
      actions: [{ historian: 'INSERT INTO notes(body) VALUES (${a)' }],
    });
    if (status === 200) {
      const { state, reason } = await rule('half');
      assert.equal(state, 'failed');
      assert.match(reason.text, /Action 1 of rule half is wrong: /);
    } else assert.equal(status, 400, JSON.stringify(body));
    await request(demo, 'DELETE', '/api/v1/rules/half');
  });

  test('an INSERT into a table that does not exist fails in its own rule only', { timeout: 20_000 }, async () => {
    await request(demo, 'PUT', '/api/v1/rules/nowhere', {
      sql: 'SELECT payload.body AS body FROM "notes/lost"',
      actions: [{ historian: 'INSERT INTO nowhere(body) VALUES (${body})' }],
    });
    const before = await count('notes');
    await publish('notes/lost', { author: 'a', body: 'b', level: 1 });
    const { state, reason, actions } = await until('the failure', async () => {
      const found = await rule('nowhere');
      return found.actions[0].failed === 1 && found;
    });
    assert.equal(state, 'degraded');
    assert.match(actions[0].lastError.text, /nowhere/);
    assert.match(reason.text, /The last one failed: .*nowhere/);
    assert.equal(await count('notes'), before + 1);
    await request(demo, 'DELETE', '/api/v1/rules/nowhere');
  });

  test('a payload that is no JSON is counted and told in the rule; the next ones pass', { timeout: 30_000 }, async () => {
    const before = await rule('notes');
    const rows = await count('notes');
    for (const payload of ['this is no JSON', '{"author":', Buffer.from([0xff, 0xfe, 0x00]), '']) await publish('notes/text', payload);
    const told = await until('four counted messages', async () => {
      const now = await rule('notes');
      return now.matched === before.matched + 4 && now;
    });
    assert.equal(
      told.failed - before.failed + told.noResult - before.noResult + told.actions[0].failed - before.actions[0].failed,
      4,
      JSON.stringify(told),
    );
    const sentence = told.lastError?.reason.text ?? told.actions[0].lastError?.text ?? '';
    assert.match(sentence, /JSON/, JSON.stringify(told));
    assert.equal(await count('notes'), rows, 'no row of nothing');
    for (const level of [1, 2, 3]) await publish('notes/text', { author: 'next', body: 'after garbage', level });
    assert.deepEqual(await sql(demo, "SELECT level FROM notes WHERE author = 'next' ORDER BY level"), [[1], [2], [3]]);
    assert.equal((await rule('notes')).state, 'running');
    await plant.goesOn();
  });

  test("garbage on the plant's own topic costs none of its rows", { timeout: 30_000 }, async () => {
    const before = await rule('ingest');
    const garbage = ['no JSON', '[]', '7', 'null', '{"values":{}}', Buffer.alloc(5000, 0xff)];
    for (const payload of garbage) await publish(topic, payload);
    await until('they are seen', async () => (await rule('ingest')).matched >= before.matched + garbage.length);
    await plant.goesOn();
    const now = await rule('ingest');
    const rows = await count('conditions WHERE temperature IS NOT NULL');
    const { success, failed } = now.actions[0];
    assert.ok(rows >= success - garbage.length - 1, `${rows} rows, ${success} succeeded, ${failed} failed`);
  });

  test("a value out of the column's type loses its own row only, with a sentence that names the column", { timeout: 30_000 }, async () => {
    const before = (await rule('ingest')).actions[0];
    const message = (temperature, humidity) => ({
      node: 'demo',
      group: 'demo_group',
      values: { temperature, humidity },
      errors: {},
      metas: {},
    });
    // At once, so that good and bad rows share a batch.
    await Promise.all([
      publish(topic, message(1001, 1)),
      publish(topic, message('n/a', 2)),
      publish(topic, message(1003, 3)),
      publish(topic, message({ a: 1 }, 4)),
      publish(topic, message(1005, 5)),
    ]);
    const { failed, lastError } = (await rule('ingest')).actions[0];
    assert.equal(failed - before.failed, 2);
    assert.match(lastError.text, /column temperature is DOUBLE( PRECISION)?, the value is/i);
    assert.equal(lastError.code, 'HISTORIAN_COLUMN_TYPE');
    assert.deepEqual(await sql(demo, 'SELECT temperature, humidity FROM conditions WHERE humidity < 10 ORDER BY humidity'), [
      [1001, 1],
      [1003, 3],
      [1005, 5],
    ]);
    await plant.goesOn();
    assert.equal((await rule('ingest')).state, 'running', 'a good row later the rule is well again');
  });

  test('SQL in a payload is text', { timeout: 30_000 }, async () => {
    const attacks = [
      "'; DROP TABLE conditions; --",
      "x'); DELETE FROM notes; --",
      '${author}',
      '$1',
      '"; SELECT 1',
      "\\'; DROP TABLE notes; --",
      'a\u0000b',
      '🤖',
    ];
    for (const [level, body] of attacks.entries()) await publish('notes/attack', { author: "o'Brien", body, level: 100 + level });
    const rows = await sql(demo, "SELECT level, body FROM notes WHERE author = 'o''Brien' ORDER BY level");
    for (const [level, body] of attacks.entries()) {
      const row = rows.find((r) => r[0] === 100 + level);
      // A text with U+0000 may be refused, as PostgreSQL does; it must not be changed.
      if (body.includes('\u0000') && row === undefined) continue;
      assert.equal(row?.[1], body);
    }
    assert.ok((await count('conditions')) > 0);
    await plant.goesOn();
  });

  const refused = [
    ['that is wrong', 'SELEC 1', [400], /SELEC/],
    ['of a table that does not exist', 'SELECT * FROM condition', [400], /condition/],
    ['of a column that does not exist', 'SELECT temprature FROM conditions', [400], /temprature/],
    ['that reads a file', "SELECT * FROM read_csv('/etc/passwd')", [400, 403], /not allowed|permission|disabled/],
    ['that reads a file by its name', "SELECT * FROM '/etc/passwd'", [400, 403], /not allowed|permission|disabled|does not exist/],
    ['that writes a file', "COPY conditions TO '/tmp/omh-bad-input.csv'", [400, 403], /not allowed|Only SELECT|permission|disabled/],
    ['that loads an extension', 'INSTALL httpfs', [400, 403], /not allowed|Only SELECT|allowed/],
    ['that changes settings', 'SET enable_external_access = true', [400, 403], /not allowed|Only SELECT|allowed/],
    ['that opens another database', "ATTACH '/tmp/omh-bad-input.db'", [400, 403], /not allowed|Only SELECT|allowed/],
    ['of two statements', 'SELECT 1; DROP TABLE conditions', [400, 403], /one SQL statement|has 2/],
    ['with an open quote', "SELECT 'a", [400], /quote/],
    ['that is empty', '  ', [400], /./],
    ['without its parameters', 'SELECT $1', [400], /1 parameter/],
  ];
  for (const [what, statement, statuses, says] of refused) {
    test(`SQL ${what} is refused with a sentence`, { timeout: 20_000 }, async () => {
      const { status, body } = await post(demo, '/api/v1/sql', { sql: statement });
      assert.ok(statuses.includes(status), `${status} ${JSON.stringify(body)}`);
      assert.match(body.detail, says);
      assert.ok(/^(HISTORIAN|API)_/.test(body.code) && body.next.length > 10, JSON.stringify(body));
      assert.doesNotMatch(JSON.stringify(body), /root:x|\{\w+\}|undefined/);
    });
  }

  test('after all of this the tables are whole and the plant goes on', { timeout: 20_000 }, async () => {
    assert.deepEqual(
      await sql(demo, "SELECT table_name FROM information_schema.tables WHERE table_name IN ('conditions', 'notes') ORDER BY 1"),
      [['conditions'], ['notes']],
    );
    await plant.goesOn();
  });

  test('a signed-in viewer reads, and is told that it may not write', { timeout: 20_000 }, async () => {
    const { body: made } = await post(demo, '/api/v1/sign-in-codes', { role: 'viewer' });
    const headers = { 'content-type': 'application/json', origin: demo.ready.http };
    const login = await fetch(`${demo.ready.http}/api/v1/login`, { method: 'POST', headers, body: JSON.stringify({ code: made.code }) });
    const cookie = login.headers
      .getSetCookie()
      .map((c) => c.split(';')[0])
      .join('; ');
    const ask = (path, body, method = 'POST') =>
      fetch(demo.ready.http + path, { method, headers: { ...headers, cookie }, body: JSON.stringify(body) });
    assert.equal((await ask('/api/v1/sql', { sql: 'SELECT count(*) FROM conditions' })).status, 200);
    for (const statement of [
      'DROP TABLE conditions',
      'DELETE FROM conditions',
      'CREATE TABLE x(a INTEGER)',
      'INSERT INTO notes(body) VALUES (1)',
    ]) {
      const answer = await ask('/api/v1/sql', { sql: statement });
      const body = await answer.json();
      assert.deepEqual([answer.status, body.code], [403, 'HISTORIAN_SQL_READ_ONLY'], JSON.stringify(body));
      assert.match(body.detail, new RegExp(`Only SELECT.* not ${statement.split(' ')[0]}`));
    }
    const put = await ask('/api/v1/rules/more', { sql: 'SELECT payload FROM "t"', actions: [{ console: true }] }, 'PUT');
    assert.deepEqual([put.status, (await put.json()).code], [403, 'API_NOT_ALLOWED']);
    assert.ok((await count('conditions')) > 0);
  });

  test('the query without end is stopped with the time-out sentence', { timeout: 60_000 }, async () => {
    const { status, body, seconds } = await runaway;
    assert.equal(status, 408, JSON.stringify(body));
    assert.equal(body.code, 'HISTORIAN_SQL_TIMEOUT');
    assert.match(body.detail, /takes longer than 30 s and was stopped/);
    assert.ok(seconds < 40, `${seconds} s`);
    await plant.goesOn();
  });
});
