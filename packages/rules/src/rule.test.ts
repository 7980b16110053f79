import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  OmhError,
  silentLogger,
  topicMatches,
  type BusReader,
  type Historian,
  type InsertOutcome,
  type Logger,
  type Message,
  type MessageBus,
  type Publication,
  type SqlValue,
} from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { maxPendingRows } from './historian-action.ts';
import type { RuleConfig } from './rule-config.ts';
import { Rule } from './rule.ts';

/** A fake bus: routes to matching readers before publish returns, as the contract says, and keeps what it saw. */
class FakeBus implements MessageBus {
  readonly capabilities = { events: false, clients: false, retained: false, stages: false, batch: false, cursors: false };
  readonly readers: { filters: readonly string[]; reader: BusReader }[] = [];
  readonly published: Publication[] = [];
  refusal: Error | undefined;
  readonly #clock: VirtualClock;
  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  publish(p: Publication): Promise<void> | undefined {
    this.published.push(p);
    if (this.refusal) return Promise.reject(this.refusal);
    const done = this.deliver(p);
    return p.qos ? Promise.all(done).then(() => undefined) : undefined;
  }
  deliver(p: Publication): Promise<void>[] {
    const bytes =
      p.payload instanceof Uint8Array
        ? p.payload
        : new TextEncoder().encode(typeof p.payload === 'string' ? p.payload : JSON.stringify(p.payload()));
    const message: Message = {
      topic: p.topic,
      qos: p.qos ?? 0,
      retain: p.retain ?? false,
      time: this.#clock.now(),
      properties: p.properties,
      principal: p.principal,
      clientId: p.clientId ?? p.principal.name,
      peer: undefined,
      batch: undefined,
      bytes: () => bytes,
      keep: () => message,
      json: () => {
        try {
          return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
        } catch {
          return undefined;
        }
      },
    };
    return this.readers.filter((r) => r.filters.some((f) => topicMatches(f, p.topic))).map(async (r) => await r.reader.receive(message));
  }
  subscribe(filters: readonly string[], reader: BusReader): { close(): void } {
    const entry = { filters, reader };
    this.readers.push(entry);
    return {
      close: () => {
        const i = this.readers.indexOf(entry);
        if (i !== -1) this.readers.splice(i, 1);
      },
    };
  }
  send(topic: string, payload: unknown): Promise<void> {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return this.deliver({ topic, payload: text, principal: { kind: 'device', name: 'press', permissions: [] } })[0] ?? Promise.resolve();
  }
}

/** A fake historian: only insert() does anything; it fails as told. */
class FakeHistorian {
  readonly batches: { statement: string; rows: readonly (readonly SqlValue[])[] }[] = [];
  failure: Error | undefined;
  outcome: ((rows: readonly (readonly SqlValue[])[]) => InsertOutcome) | undefined;
  silent = false;
  insert(statement: string, rows: readonly (readonly SqlValue[])[]): Promise<InsertOutcome> {
    if (this.silent) return new Promise(() => {});
    if (this.failure) return Promise.reject(this.failure);
    this.batches.push({ statement, rows });
    return Promise.resolve(this.outcome?.(rows) ?? { inserted: rows.length, refused: [] });
  }
  get rows(): readonly (readonly SqlValue[])[] {
    return this.batches.flatMap((b) => b.rows);
  }
}

const gone = new OmhError('HISTORIAN_LOST', { blame: 'link', text: 'The historian does not answer.', next: '' });
const wrong = new OmhError('HISTORIAN_SQL', { blame: 'caller', text: 'There is no table t.', next: '' });
const demoSql = 'SELECT payload.values.temperature AS temperature, payload.values.humidity AS humidity FROM "/neuron/#"';
const insertSql = 'INSERT INTO conditions(time, temperature, humidity) VALUES (now(), ${temperature}, ${humidity})';
const sample = (t: unknown): unknown => ({ values: { temperature: t, humidity: 700 } });

async function setup(
  config: Partial<RuleConfig>,
  log: Logger = silentLogger,
): Promise<{ clock: VirtualClock; bus: FakeBus; historian: FakeHistorian; rule: Rule }> {
  const clock = new VirtualClock();
  const bus = new FakeBus(clock);
  const historian = new FakeHistorian();
  const rule = new Rule(
    'ingest',
    { sql: demoSql, actions: [{ historian: insertSql }], ...config },
    { bus, historian: historian as unknown as Historian, clock, log },
  );
  await rule.start();
  return { clock, bus, historian, rule };
}
const stateOf = (rule: Rule): string => {
  const h = rule.health();
  return `${h.state}: ${h.reason.text}`;
};
const action = (rule: Rule, i = 0): { success: number; failed: number; pending: number; code: string | undefined } => {
  const { success, failed, pending, lastError } = rule.status().actions[i]!;
  return { success, failed, pending, code: lastError?.code };
};
const flush = (clock: VirtualClock): Promise<void> => clock.advance(20);

test('hubs on one broker may split the messages of a rule, unless it remembers some', async () => {
  for (const [sql, sharing] of [
    [demoSql, 'split'],
    [`SELECT kv_store_get('last', 0) AS last FROM "t"`, 'each'],
  ] as const) {
    const { bus, rule } = await setup({ sql });
    assert.equal(bus.readers[0]!.reader.sharing, sharing);
    await rule.stop();
  }
});

test('the demo rule writes every message as a row and says so', async () => {
  const { clock, bus, historian, rule } = await setup({});
  assert.equal(stateOf(rule), 'running: Reads /neuron/#; no message yet.');
  assert.equal(bus.readers[0]!.reader.delivery, 'durable');
  const safe = Array.from({ length: 60 }, (_, i) => bus.send('/neuron/demo_app/demo/demo_group', sample(280 + i)));
  await flush(clock);
  await Promise.all(safe);
  assert.equal(historian.batches.length, 1);
  assert.equal(historian.batches[0]!.statement, 'INSERT INTO conditions(time, temperature, humidity) VALUES (now(), $1, $2)');
  assert.deepEqual(
    historian.rows.map((r) => r[0]),
    Array.from({ length: 60 }, (_, i) => 280 + i),
  );
  assert.equal(stateOf(rule), 'running: Reads /neuron/#; 60 of 60 messages passed.');
  const { matched, passed, failed, noResult, lastOutput } = rule.status();
  assert.deepEqual({ matched, passed, failed, noResult }, { matched: 60, passed: 60, failed: 0, noResult: 0 });
  assert.deepEqual(lastOutput?.value, { temperature: 339, humidity: 700 });
  assert.deepEqual(action(rule), { success: 60, failed: 0, pending: 0, code: undefined });
  const metrics = Object.fromEntries([...rule.metrics()].map((m) => [m.name, m.value]));
  assert.equal(metrics['omh_rule_matched_total'], 60);
  assert.equal(metrics['omh_rule_action_success_total'], 60);
  await rule.stop();
  assert.equal(bus.readers.length, 0);
  assert.equal(clock.pending, 0);
});

test('text that looks like SQL stays a bound value, a missing field is null', async () => {
  const { clock, bus, historian, rule } = await setup({});
  void bus.send('/neuron/a', sample("'; drop table conditions; --"));
  void bus.send('/neuron/a', { values: {} });
  await flush(clock);
  assert.deepEqual(historian.rows, [
    ["'; drop table conditions; --", 700],
    [null, null],
  ]);
  await rule.stop();
});

test('5,000 rows go at once without waiting for the delay', async () => {
  const { clock, bus, historian, rule } = await setup({});
  for (let i = 0; i < 9000; i++) void bus.send('/neuron/a', sample(i));
  await clock.advance(0);
  assert.deepEqual(
    historian.batches.map((b) => b.rows.length),
    [5000, 4000],
  );
  assert.deepEqual(
    historian.rows.map((r) => r[0]),
    Array.from({ length: 9000 }, (_, i) => i),
  );
  await rule.stop();
});

test('a message that fails is counted with its reason, and the next one passes', async () => {
  const { clock, bus, rule } = await setup({ sql: 'SELECT payload.t + 1 AS temperature FROM "a"' });
  void bus.send('a', 'not json');
  assert.match(stateOf(rule), /^degraded: Reads a; 0 of 1 messages passed\. The last one failed: \+ works on two numbers/);
  assert.equal(rule.status().lastError?.reason.code, 'EXPR_ARITHMETIC');
  void bus.send('a', { t: 1 });
  await flush(clock);
  assert.equal(stateOf(rule), 'running: Reads a; 1 of 2 messages passed.');
  assert.equal(rule.status().failed, 1);
  await rule.stop();
});

test('a payload that is no JSON makes no row of nothing: it is counted and told, and the next one passes', async () => {
  const { clock, bus, historian, rule } = await setup({});
  for (const payload of ['hello', '{"values":', '']) await bus.send('/neuron/a', payload);
  assert.deepEqual([rule.status().failed, rule.status().passed, historian.rows.length], [3, 0, 0]);
  assert.equal(rule.status().lastError?.reason.code, 'RULES_PAYLOAD');
  assert.match(
    rule.health().reason.text,
    /The last one failed: Rule \w+ reads fields of the payload, and this payload on \/neuron\/a is no JSON\./,
  );
  const stored = bus.send('/neuron/a', sample(290));
  await clock.advance(20);
  await stored;
  assert.equal(historian.rows.length, 1);
  assert.equal(rule.health().state, 'running');
});

test('a message that WHERE keeps out counts as no result and is safe at once', async () => {
  const { bus, historian, rule } = await setup({ sql: 'SELECT payload.t AS temperature FROM "a" WHERE temperature > 30' });
  await bus.send('a', { t: 28 });
  assert.equal(rule.status().noResult, 1);
  assert.equal(historian.rows.length, 0);
  await rule.stop();
});

test('a row that the historian refuses is counted with the reason and not tried again', async () => {
  const { clock, bus, historian, rule } = await setup({});
  const reason = { code: 'HISTORIAN_TYPE', params: {}, text: "'hot' is no double." };
  historian.outcome = (rows) => {
    const refused = rows.flatMap((r, row) => (r[0] === 'hot' ? [{ row, reason }] : []));
    return { inserted: rows.length - refused.length, refused };
  };
  const safe = [bus.send('/neuron/a', sample(1)), bus.send('/neuron/a', sample('hot')), bus.send('/neuron/a', sample(2))];
  await flush(clock);
  await Promise.all(safe);
  assert.deepEqual(action(rule), { success: 2, failed: 1, pending: 0, code: 'HISTORIAN_TYPE' });
  assert.match(stateOf(rule), /^degraded: .*'hot' is no double\.$/);
  assert.equal(historian.batches.length, 1);
  void bus.send('/neuron/a', sample(3));
  await flush(clock);
  assert.match(stateOf(rule), /^running/);
  await rule.stop();
});

test('while the historian is away rows wait, in order, and none is lost', async () => {
  const { clock, bus, historian, rule } = await setup({});
  historian.failure = gone;
  const safe: Promise<void>[] = [];
  for (let i = 0; i < 700; i++) safe.push(bus.send('/neuron/a', sample(i)));
  await clock.advance(5_000);
  assert.match(
    stateOf(rule),
    /^lost: Reads \/neuron\/#; 700 of 700 messages passed\. 700 rows wait for the historian: The historian does not answer\.$/,
  );
  assert.ok(rule.health().nextTry! > clock.now());
  for (let i = 700; i < 800; i++) safe.push(bus.send('/neuron/a', sample(i)));
  historian.failure = undefined;
  await clock.advance(10_000);
  await Promise.all(safe);
  assert.deepEqual(
    historian.rows.map((r) => r[0]),
    Array.from({ length: 800 }, (_, i) => i),
  );
  assert.deepEqual(action(rule), { success: 800, failed: 0, pending: 0, code: undefined });
  assert.match(stateOf(rule), /^running/);
  await rule.stop();
});

test('more rows than it may hold are refused with a coded error and counted', async () => {
  const { clock, bus, historian, rule } = await setup({});
  historian.silent = true;
  const held: Promise<void>[] = [];
  for (let i = 0; i < maxPendingRows; i++) held.push(bus.send('/neuron/a', sample(i)));
  await assert.rejects(bus.send('/neuron/a', sample(-1)), { code: 'RULES_OVERLOADED', status: 503 });
  assert.deepEqual(action(rule), { success: 0, failed: 1, pending: maxPendingRows, code: 'RULES_OVERLOADED' });
  const ends = Promise.allSettled(held);
  const stopped = rule.stop();
  await clock.advance(2_000);
  await stopped;
  const outcomes = await ends;
  assert.ok(outcomes.every((o) => o.status === 'rejected' && (o.reason as OmhError).code === 'RULES_STOPPED'));
  assert.deepEqual(action(rule), { success: 0, failed: 1 + maxPendingRows, pending: 0, code: 'RULES_STOPPED' });
  assert.equal(clock.pending, 0);
});

test('a statement that can never run fails its rows and says why, without trying again', async () => {
  const { clock, bus, historian, rule } = await setup({});
  historian.failure = wrong;
  await Promise.all([bus.send('/neuron/a', sample(1)), flush(clock)]);
  assert.deepEqual(action(rule), { success: 0, failed: 1, pending: 0, code: 'HISTORIAN_SQL' });
  assert.match(stateOf(rule), /^degraded: .*There is no table t\.$/);
  assert.equal(clock.pending, 0);
  await rule.stop();
});

test('a late answer after a stop neither counts nor blocks the next start', async () => {
  const { clock, bus, historian, rule } = await setup({});
  historian.silent = true;
  const given = assert.rejects(bus.send('/neuron/a', sample(1)), { code: 'RULES_STOPPED' });
  await flush(clock);
  const stopped = rule.stop();
  await clock.advance(2_000);
  await Promise.all([stopped, given]);
  historian.silent = false;
  await rule.start();
  await Promise.all([bus.send('/neuron/a', sample(2)), flush(clock)]);
  assert.deepEqual(historian.rows, [[2, 700]]);
  await rule.stop();
});

test('stop writes what still waits', async () => {
  const { bus, historian, rule } = await setup({});
  const safe = bus.send('/neuron/a', sample(1));
  await rule.stop();
  await safe;
  assert.deepEqual(historian.rows, [[1, 700]]);
  await rule.start();
  assert.equal(bus.readers.length, 1);
  await rule.stop();
});

test('actions run in order and fail each for itself', async () => {
  const lines: unknown[] = [];
  const log: Logger = {
    ...silentLogger,
    info: (_m, fields) => {
      lines.push(fields?.['output']);
    },
    child: () => log,
  };
  const { bus, rule } = await setup(
    {
      sql: `SELECT payload.t AS t, topic, '+' AS w FROM "in/#"`,
      actions: [
        { republish: { topic: 'out/${w}' } },
        { republish: { topic: 'out/${t}', payload: 'was ${topic}', qos: 1, retain: true } },
        { republish: { topic: 'all' } },
        { console: true },
      ],
    },
    log,
  );
  assert.equal(bus.readers[0]!.reader.delivery, 'volatile');
  await bus.send('in/a', { t: 5 });
  assert.deepEqual(
    bus.published.map((p) => [p.topic, p.payload, p.qos, p.retain, p.clientId]),
    [
      ['out/5', 'was in/a', 1, true, 'rule/ingest'],
      ['all', '{"t":5,"topic":"in/a","w":"+"}', 0, false, 'rule/ingest'],
    ],
  );
  assert.deepEqual(action(rule, 0), { success: 0, failed: 1, pending: 0, code: 'RULES_REPUBLISH' });
  assert.deepEqual(action(rule, 1), { success: 1, failed: 0, pending: 0, code: undefined });
  assert.deepEqual(action(rule, 3), { success: 1, failed: 0, pending: 0, code: undefined });
  assert.deepEqual(lines, ['{"t":5,"topic":"in/a","w":"+"}']);
  await rule.stop();
});

test('qos and retain may be templates, and a value that is none is counted', async () => {
  const { bus, rule } = await setup({
    sql: 'SELECT payload.q AS q, flags FROM "in"',
    actions: [{ republish: { topic: 'out', qos: '${q}', retain: '${flags.retain}' } }],
  });
  await bus.send('in', { q: 2 });
  await bus.send('in', { q: 7 });
  assert.deepEqual(
    bus.published.map((p) => [p.qos, p.retain]),
    [[2, false]],
  );
  assert.equal(action(rule).code, 'RULES_REPUBLISH');
  await rule.stop();
});

test('a refused republish is counted as failed', async () => {
  const { bus, rule } = await setup({ sql: 'SELECT topic FROM "in"', actions: [{ republish: { topic: 'out', qos: 1 } }] });
  bus.refusal = gone;
  await bus.send('in', {});
  assert.deepEqual(action(rule), { success: 0, failed: 1, pending: 0, code: 'HISTORIAN_LOST' });
  await rule.stop();
});

test('a rule that feeds itself is stopped after 8 rounds', async () => {
  const { bus, rule } = await setup({ sql: 'FOREACH [1, 2, 3] FROM "loop/#"', actions: [{ republish: { topic: 'loop/again' } }] });
  await bus.send('loop/a', {});
  assert.equal(bus.published.length, 8);
  assert.match(stateOf(rule), /^failed: Rule ingest is stopped: it publishes to loop\/again, which leads back to itself/);
  assert.equal(rule.health().reason.code, 'RULES_LOOP');
  assert.equal(bus.readers.length, 0);
  await rule.stop();
});

test('two rules that feed each other are stopped too, and a client cannot fake rounds', async () => {
  const { bus, clock, rule } = await setup({ sql: 'SELECT 1 AS v FROM "a"', actions: [{ republish: { topic: 'b' } }] });
  const other = new Rule(
    'other',
    { sql: 'SELECT 1 AS v FROM "b"', actions: [{ republish: { topic: 'a' } }] },
    { bus, historian: undefined, clock, log: silentLogger },
  );
  const fromClient = { kind: 'device', name: 'x', permissions: [] } as const;
  await Promise.all(
    bus.deliver({ topic: 'a', payload: '{}', principal: fromClient, properties: { userProperties: [['omh-round', '99']] } }),
  );
  assert.equal(bus.published.length, 1);
  assert.match(stateOf(rule), /^running/);
  await other.start();
  void bus.send('a', {});
  assert.deepEqual([rule.health().state, other.health().state].sort(), ['failed', 'running']);
  assert.equal(bus.published.length, 9);
  await rule.stop();
  await other.stop();
});

test('rules that cannot run fail alone, with a code and what to do', async () => {
  const clock = new VirtualClock();
  const bus = new FakeBus(clock);
  const historian = new FakeHistorian() as unknown as Historian;
  const faults: readonly [Partial<RuleConfig>, string, RegExp][] = [
    [{ sql: 'SELECT a\nFORM "t"' }, 'RULES_SQL', /line 2, column 1: FROM is expected, but found FORM\. Did you mean FROM\?/],
    [{ sql: 'SELECT clientid FROM "$events/client_connected"' }, 'RULES_EVENTS_NOT_REPORTED', /does not report events yet/],
    [{ actions: [{ historian: "INSERT INTO t VALUES ('${x}')" }] }, 'RULES_TEMPLATE', /remove the quotes/],
    [{ actions: [{ republish: { topic: 'a/+' } }] }, 'RULES_TEMPLATE', /"a\/\+" is no topic/],
  ];
  for (const [config, code, text] of faults) {
    const rule = new Rule('r', { sql: demoSql, actions: [], ...config }, { bus, historian, clock, log: silentLogger });
    await rule.start();
    const { state, reason } = rule.health();
    assert.deepEqual([state, reason.code], ['failed', code]);
    assert.match(reason.text, text);
    await rule.stop();
  }
  const homeless = new Rule(
    'r',
    { sql: demoSql, actions: [{ historian: insertSql }] },
    { bus, historian: undefined, clock, log: silentLogger },
  );
  await homeless.start();
  assert.equal(homeless.health().reason.code, 'RULES_NO_HISTORIAN');
  assert.equal(bus.readers.length, 0);
});

test('a rule that is switched off reads nothing', async () => {
  const { bus, rule } = await setup({ enabled: false });
  assert.equal(bus.readers.length, 0);
  assert.equal(stateOf(rule), 'stopped: Switched off in the configuration.');
});

test('hostile payloads neither throw nor stop the rule', async () => {
  const { clock, bus, rule } = await setup({ sql: 'SELECT *, payload.a.b AS temperature, payload.x AS p.q FROM "#"' });
  const deep = `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`;
  const payloads = [
    '',
    'null',
    '[]',
    '"x"',
    '{"a":',
    deep,
    '{"__proto__":{"b":1},"a":{"constructor":1}}',
    '\u0000',
    '1e999',
    '{"a":{"b":{"c":[1]}}}',
  ];
  for (let i = 0; i < 2_000; i++) void bus.send('any', payloads[i % payloads.length]);
  await clock.advance(100);
  const { matched, passed, failed, noResult } = rule.status();
  assert.equal(matched, 2_000);
  assert.equal(passed + failed + noResult, 2_000);
  assert.equal(({} as Record<string, unknown>)['b'], undefined);
  await rule.stop();
});
