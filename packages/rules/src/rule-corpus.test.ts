import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OmhError, type Message, type Micros } from '@omh/core';
import { compileRule, parseRule } from '@omh/expr';
import { MemoryStore } from './memory-store.ts';
import { MessageSource } from './message-source.ts';
import { ruleFunctions } from './rule-functions.ts';

/** Each name begins with the sentence of the engine's description that the expectation rests on; `trap` marks what is easily got wrong. */
interface Case {
  readonly name: string;
  readonly sql: string;
  readonly payload?: unknown;
  readonly raw?: string;
  readonly outputs?: readonly unknown[];
  readonly fails?: string;
}

const from = 'FROM "plant/+/data"';
const select = (what: string, payload: unknown, ...outputs: unknown[]): Omit<Case, 'name'> => ({
  sql: `SELECT ${what} ${from}`,
  payload,
  outputs,
});
const where = (condition: string, payload: unknown, passes: boolean): Omit<Case, 'name'> => ({
  sql: `SELECT 1 AS ok ${from} WHERE ${condition}`,
  payload,
  outputs: passes ? [{ ok: 1 }] : [],
});
const fails = (what: string, payload: unknown, code: string): Omit<Case, 'name'> => ({
  sql: `SELECT ${what} ${from}`,
  payload,
  fails: code,
});

const corpus: readonly Case[] = [
  // SELECT and aliases
  {
    name: 'SELECT gives one output: nested access with AS',
    ...select('payload.values.t AS temperature', { values: { t: 28 } }, { temperature: 28 }),
  },
  { name: 'alias may be a path: 1 as a.b.c', ...select('1 AS a.b.c', {}, { a: { b: { c: 1 } } }) },
  { name: 'alias may be a path: two paths meet in one map', ...select('1 AS a.b, 2 AS a.c', {}, { a: { b: 1, c: 2 } }) },
  { name: 'alias usable in later fields', ...select('payload.t AS t, t * 2 AS twice', { t: 4 }, { t: 4, twice: 8 }) },
  {
    name: 'trap: alias usable in later fields, so not in earlier ones',
    ...select('t AS early, payload.t AS t', { t: 4 }, { early: undefined, t: 4 }),
  },
  {
    name: 'trap: alias usable in later fields: it hides a message field of that name',
    ...select("'x' AS topic, topic AS seen", {}, { topic: 'x', seen: 'x' }),
  },
  { name: 'alias usable in WHERE', ...select('payload.t AS t', { t: 31 }, { t: 31 }), sql: `SELECT payload.t AS t ${from} WHERE t > 30` },
  {
    name: 'alias usable in WHERE: false gives nothing',
    sql: `SELECT payload.t AS t ${from} WHERE t > 30`,
    payload: { t: 28 },
    outputs: [],
  },
  {
    name: 'trap: alias usable in WHERE: the alias hides the field',
    sql: `SELECT 'other' AS topic ${from} WHERE topic = 'other'`,
    payload: {},
    outputs: [{ topic: 'other' }],
  },
  {
    name: 'trap: alias path into the payload leaves its other keys readable',
    ...select('9 AS payload.a, payload.a AS a, payload.b AS b', { a: 1, b: 2 }, { payload: { a: 9 }, a: 9, b: 2 }),
  },
  { name: 'trap: without AS a path keeps its own place', ...select('payload.a.b', { a: { b: 1 } }, { payload: { a: { b: 1 } } }) },
  { name: 'as arr[n] sets an element', ...select("json_decode('[1,2,3]') AS a, 9 AS a[2]", {}, { a: [1, 9, 3] }) },
  {
    name: 'trap: as arr[n] with a negative index counts from the end',
    ...select("json_decode('[1,2,3]') AS a, 9 AS a[-1]", {}, { a: [1, 2, 9] }),
  },
  { name: 'trap: as arr[n] builds an array element by element', ...select("'x' AS a[1], 'y' AS a[2]", {}, { a: ['x', 'y'] }) },
  { name: 'trap: as arr[n] beyond the end is no silent hole', ...fails("'x' AS a[3]", {}, 'EXPR_ASSIGN') },

  // Access
  { name: "quoted keys payload.'x y'", ...select("payload.'x y' AS v", { 'x y': 5 }, { v: 5 }) },
  { name: 'quoted keys in double quotes', ...select('payload."x y" AS v', { 'x y': 5 }, { v: 5 }) },
  { name: 'array index is 1-based', ...select('payload.arr[1] AS v', { arr: ['a', 'b'] }, { v: 'a' }) },
  { name: 'array index negative counts from the end', ...select('payload.arr[-1] AS v', { arr: ['a', 'b'] }, { v: 'b' }) },
  { name: 'array ranges [1..3]', ...select('payload.arr[1..3] AS v', { arr: [1, 2, 3, 4] }, { v: [1, 2, 3] }) },
  { name: 'array ranges with a negative end', ...select('payload.arr[2..-1] AS v', { arr: [1, 2, 3, 4] }, { v: [2, 3, 4] }) },
  {
    name: 'trap: index 0 is an error, also when it is computed',
    ...fails('payload.arr[payload.i] AS v', { arr: [1], i: 0 }, 'EXPR_INDEX'),
  },
  { name: 'trap: an index behind the end is undefined', ...select('is_null(payload.arr[5]) AS none', { arr: [1] }, { none: true }) },
  { name: 'trap: an index into no array is undefined', ...select('is_null(payload.t[1]) AS none', { t: 3 }, { none: true }) },
  { name: 'nested access after an index', ...select('payload.s[2].v AS v', { s: [{ v: 1 }, { v: 2 }] }, { v: 2 }) },
  {
    name: "trap: keys are the payload's own, never the language's",
    ...select('is_null(payload.constructor) AS a, is_null(payload.toString.name) AS b', {}, { a: true, b: true }),
  },
  {
    name: 'trap: non-JSON payload with nested access gives undefined',
    sql: `SELECT payload.t AS t ${from}`,
    raw: 'hello',
    outputs: [{ t: undefined }],
  },
  {
    name: 'trap: non-JSON payload gives no_result when WHERE needs it',
    sql: `SELECT topic ${from} WHERE payload.t > 1`,
    raw: '{"t":',
    outputs: [],
  },
  { name: 'trap: non-JSON payload fails in arithmetic', sql: `SELECT payload.t + 1 AS t ${from}`, raw: 'hello', fails: 'EXPR_ARITHMETIC' },
  {
    name: 'payload is the text itself without nested access',
    sql: `SELECT payload ${from}`,
    raw: '{"t": 1}',
    outputs: [{ payload: '{"t": 1}' }],
  },
  { name: 'trap: payload that is JSON but no map has no keys', ...select('is_null(payload.t) AS none', 5, { none: true }) },

  // Operators
  { name: '+ adds', ...select('1 + 2 AS v', {}, { v: 3 }) },
  { name: '+ concatenates strings', ...select("'a' + payload.s AS v", { s: 'b' }, { v: 'ab' }) },
  { name: 'trap: + of a string and a number is no concatenation', ...fails("'a' + 1 AS v", {}, 'EXPR_ARITHMETIC') },
  { name: '- * / with their usual binding', ...select('10 - 2 * 3 / 4 AS v', {}, { v: 8.5 }) },
  { name: 'trap: - binds to the left', ...select('10 - 3 - 2 AS v', {}, { v: 5 }) },
  { name: 'div', ...select('7 div 2 AS v, -7 div 2 AS w', {}, { v: 3, w: -3 }) },
  { name: 'mod', ...select('7 mod 4 AS v', {}, { v: 3 }) },
  { name: 'trap: / gives a fraction', ...select('7 / 2 AS v', {}, { v: 3.5 }) },
  { name: 'trap: a division by zero fails the rule', ...fails('1 / payload.z AS v', { z: 0 }, 'EXPR_DIVISION_BY_ZERO') },
  { name: 'trap: div by zero fails the rule', ...fails('1 div 0 AS v', {}, 'EXPR_DIVISION_BY_ZERO') },
  { name: 'unary minus', ...select('-payload.t AS v, 3 - -2 AS w', { t: 4 }, { v: -4, w: 5 }) },
  { name: '> with numbers', ...where('payload.t > 30', { t: 31 }, true) },
  { name: '>= at the limit', ...where('payload.t >= 30', { t: 30 }, true) },
  { name: '< at the limit', ...where('payload.t < 30', { t: 30 }, false) },
  { name: '<= at the limit', ...where('payload.t <= 30', { t: 30 }, true) },
  { name: '<>', ...where('payload.t <> 30', { t: 31 }, true) },
  { name: '!= is <>', ...where('payload.t != 30', { t: 30 }, false) },
  { name: '=', ...where("payload.s = 'run'", { s: 'run' }, true) },
  { name: '=~ topic filter match', ...where("topic =~ 'plant/#'", {}, true) },
  { name: '=~ topic filter that does not match', ...where("topic =~ 'plant/+'", {}, false) },
  { name: 'and', ...where('payload.a = 1 AND payload.b = 2', { a: 1, b: 3 }, false) },
  { name: 'or', ...where('payload.a = 1 OR payload.b = 2', { a: 1, b: 3 }, true) },
  { name: 'not', ...where('NOT payload.a = 1', { a: 2 }, true) },
  { name: 'trap: and binds tighter than or', ...where('1 = 1 OR 1 = 2 AND 1 = 2', {}, true) },

  // Comparison rules
  { name: 'trap: undefined against any defined value is false for =', ...where('payload.x = 1', {}, false) },
  { name: 'trap: undefined against any defined value is false for <>', ...where('payload.x <> 1', {}, false) },
  { name: 'trap: undefined against any defined value is false for <', ...where('payload.x < 1', {}, false) },
  { name: 'trap: undefined against any defined value is false, so NOT of it is true', ...where('NOT payload.x = 1', {}, true) },
  { name: 'trap: undefined against any defined value is false, also against null', ...where('payload.x = null()', {}, false) },
  { name: 'trap: number against string converts the string: equal', ...where('payload.s = 30', { s: '30' }, true) },
  { name: 'trap: number against string converts the string: order', ...where('payload.s > 9', { s: '10' }, true) },
  { name: 'trap: number against string converts the string: decimals', ...where("payload.t = '1.50'", { t: 1.5 }, true) },
  { name: 'trap: number against string that is no number fails', ...fails('payload.s > 9 AS v', { s: 'hot' }, 'EXPR_NOT_A_NUMBER') },
  { name: 'trap: both strings compare as strings', ...where("payload.s > '9'", { s: '10' }, false) },
  { name: 'trap: true is no 1', ...where('payload.b = 1', { b: true }, false) },

  // CASE
  {
    name: 'CASE searched',
    ...select("CASE WHEN payload.t > 30 THEN 'hot' WHEN payload.t > 20 THEN 'warm' ELSE 'cold' END AS s", { t: 28 }, { s: 'warm' }),
  },
  { name: 'CASE simple', ...select("CASE payload.s WHEN 1 THEN 'run' WHEN 2 THEN 'stop' ELSE '?' END AS s", { s: 2 }, { s: 'stop' }) },
  {
    name: 'trap: CASE without ELSE that matches nothing is undefined',
    ...select('is_null(CASE WHEN 1 = 2 THEN 1 END) AS none', {}, { none: true }),
  },

  // Literals and keywords
  {
    name: 'literals: text, numbers, true and false, arrays',
    ...select("'it''s' AS s, 1.5e2 AS n, true AS t, false AS f, [1, 'a'] AS a", {}, { s: "it's", n: 150, t: true, f: false, a: [1, 'a'] }),
  },
  {
    name: 'keywords in any case',
    sql: `select payload.t as t from "plant/+/data" where payload.t > 1 and not payload.t > 5`,
    payload: { t: 3 },
    outputs: [{ t: 3 }],
  },
  { name: '-- comments', sql: `SELECT payload.t AS t -- the temperature\n${from} -- end`, payload: { t: 3 }, outputs: [{ t: 3 }] },
  { name: 'trap: a keyword is a plain key after a point', ...select('payload.from AS v', { from: 1 }, { v: 1 }) },

  // Message fields
  {
    name: 'message fields: topic, qos, clientid, username',
    ...select('topic, qos, clientid, username', {}, { topic: 'plant/7/data', qos: 1, clientid: 'press', username: 'anna' }),
  },
  {
    name: 'message fields: peerhost and peername',
    ...select('peerhost, peername', {}, { peerhost: '10.0.0.7', peername: '10.0.0.7:50100' }),
  },
  { name: 'message fields: flags.retain', ...select('flags.retain AS r', {}, { r: true }) },
  { name: "message fields: pub_props.'User-Property'.foo", ...select("pub_props.'User-Property'.foo AS foo", {}, { foo: 'bar' }) },
  {
    name: 'message fields: timestamp in ms',
    ...select('timestamp AS a, publish_received_at AS b', {}, { a: 1764000000250, b: 1764000000250 }),
  },
  { name: 'trap: an unknown field is undefined', ...select('is_null(humidity) AS none', {}, { none: true }) },

  // FOREACH
  {
    name: 'FOREACH gives one output per element; default element name item',
    sql: `FOREACH payload.s DO item.n AS n ${from}`,
    payload: { s: [{ n: 1 }, { n: 2 }] },
    outputs: [{ n: 1 }, { n: 2 }],
  },
  {
    name: 'FOREACH AS name, outer fields remain readable in DO',
    sql: `FOREACH payload.s AS e DO topic, e.n AS n ${from}`,
    payload: { s: [{ n: 1 }] },
    outputs: [{ topic: 'plant/7/data', n: 1 }],
  },
  {
    name: 'FOREACH INCASE filters elements',
    sql: `FOREACH payload.s AS e DO e.n AS n INCASE e.n > 1 ${from}`,
    payload: { s: [{ n: 1 }, { n: 2 }, { n: 3 }] },
    outputs: [{ n: 2 }, { n: 3 }],
  },
  {
    name: 'FOREACH without DO gives the elements',
    sql: `FOREACH payload.s ${from}`,
    payload: { s: [{ n: 1 }, 5] },
    outputs: [{ n: 1 }, 5],
  },
  {
    name: 'FOREACH WHERE looks at the message',
    sql: `FOREACH payload.s DO item.n AS n ${from} WHERE payload.on = true`,
    payload: { s: [{ n: 1 }], on: false },
    outputs: [],
  },
  { name: 'trap: FOREACH gives 0..n outputs: none for what is no array', sql: `FOREACH payload.s ${from}`, payload: { s: 5 }, outputs: [] },
  {
    name: 'trap: FOREACH: an alias of one element is not seen by the next',
    sql: `FOREACH payload.s AS e DO e.n AS n, 1 AS mark.a ${from}`,
    payload: { s: [{ n: 1 }, { n: 2 }] },
    outputs: [
      { n: 1, mark: { a: 1 } },
      { n: 2, mark: { a: 1 } },
    ],
  },

  {
    name: 'trap: FOREACH over more elements than may wait is refused',
    sql: `FOREACH payload.s ${from}`,
    payload: { s: new Array(5001).fill(1) },
    fails: 'EXPR_LIMIT',
  },

  // Order of evaluation
  {
    name: 'trap: WHERE keeps messages away from columns that cannot take them',
    sql: `SELECT payload.t * 2 AS v ${from} WHERE is_not_null(payload.t)`,
    payload: {},
    outputs: [],
  },
  { name: 'IN lists', ...where("payload.s IN ('a', 'b')", { s: 'b' }, true) },
  { name: 'trap: undefined is false for NOT IN too', ...where("payload.s NOT IN ('a', 'b')", {}, false) },
];

function messageOf(c: Case): Message {
  const bytes = new TextEncoder().encode(c.raw ?? JSON.stringify(c.payload));
  const json = (): unknown => {
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
    } catch {
      return undefined;
    }
  };
  const message: Message = {
    topic: 'plant/7/data',
    qos: 1,
    retain: true,
    time: 1764000000250000 as Micros,
    clientId: 'press',
    peer: '10.0.0.7:50100',
    batch: undefined,
    properties: { userProperties: [['foo', 'bar']] },
    principal: { kind: 'device', name: 'anna', permissions: [] },
    bytes: () => bytes,
    json,
    keep: () => message,
  };
  return message;
}

function evaluate(c: Case): unknown[] {
  const parsed = parseRule(c.sql);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
  const compiled = compileRule(parsed.value, ruleFunctions);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error.message);
  return compiled.value.evaluate({
    source: new MessageSource(messageOf(c)),
    now: () => 1764000000250000 as Micros,
    store: new MemoryStore(),
  });
}

for (const c of corpus) {
  test(c.name, () => {
    if (c.fails === undefined) {
      // JSON has no undefined: keys with it are compared too, so a missing column is not taken for an undefined one.
      assert.deepEqual(evaluate(c), c.outputs);
      return;
    }
    assert.throws(
      () => evaluate(c),
      (thrown: unknown) => thrown instanceof OmhError && thrown.code === c.fails && Number(thrown.params['line']) >= 1,
    );
  });
}

test('* brings every field, and a column after it replaces one', () => {
  const [row] = evaluate({ name: '', sql: `SELECT *, 'x' AS topic ${from}`, payload: { t: 1 } }) as [Record<string, unknown>];
  assert.deepEqual(Object.keys(row), [
    'id',
    'clientid',
    'username',
    'payload',
    'peerhost',
    'peername',
    'topic',
    'qos',
    'flags',
    'headers',
    'pub_props',
    'timestamp',
    'publish_received_at',
    'node',
    'client_attrs',
  ]);
  assert.equal(row['topic'], 'x');
  assert.equal(row['payload'], '{"t":1}');
  assert.match(String(row['id']), /^[0-9A-F]{32}$/);
});

test('the corpus is as large as it claims', () => {
  assert.ok(corpus.length >= 60);
  assert.ok(corpus.filter((c) => c.name.startsWith('trap')).length >= 15);
  assert.equal(new Set(corpus.map((c) => c.name)).size, corpus.length);
});

test('payload bytes that are no UTF-8 stay bytes and reach functions whole', () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0x80);
  const parsed = parseRule(`SELECT bin2hexstr(payload) AS hex ${from}`);
  assert.ok(parsed.ok);
  const compiled = compileRule(parsed.value, ruleFunctions);
  assert.ok(compiled.ok);
  const message = { ...messageOf({ name: '', sql: '', payload: {} }), bytes: () => bytes };
  const outputs = compiled.value.evaluate({ source: new MessageSource(message), now: () => 0 as Micros, store: new MemoryStore() });
  assert.deepEqual(outputs, [{ hex: 'FF0080' }]);
});
