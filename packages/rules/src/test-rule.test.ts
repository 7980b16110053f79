import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRuleSql, testRule } from './test-rule.ts';

const because = (where: string, payload: unknown, columns = 'payload.t AS t'): string | undefined => {
  const result = testRule({
    sql: `SELECT ${columns} FROM "a/#" ${where}`,
    topic: 'a/b',
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
  assert.ok('outputs' in result, JSON.stringify(result));
  assert.deepEqual(result.outputs, []);
  return result.because;
};

test('outputs come back as they would go to the actions', () => {
  assert.deepEqual(testRule({ sql: 'SELECT payload.t AS t FROM "a/#"', topic: 'a/b', payload: '{"t":28}' }), { outputs: [{ t: 28 }] });
  assert.deepEqual(testRule({ sql: 'SELECT payload.t AS t FROM "a/#"', topic: 'a/b', payload: new TextEncoder().encode('{"t":1}') }), {
    outputs: [{ t: 1 }],
  });
});

test('because names the condition that was false with the values seen', () => {
  assert.equal(because('WHERE t > 30', { t: 28 }), 't > 30 was false: t = 28');
  assert.equal(because('WHERE t > 30', {}), 't > 30 was false: t is undefined');
  assert.equal(because('', 'abc'), 'the statement reads fields of the payload, which is not JSON');
  assert.equal(because('WHERE t > 30', 'abc'), 't > 30 was false: t is undefined (the payload is not JSON)');
  assert.equal(because("WHERE t > 20 AND payload.s = 'run'", { t: 28, s: 'stop' }), "payload.s = 'run' was false: payload.s = 'stop'");
  assert.equal(because('WHERE t > 30 OR t < 20', { t: 28 }), 't > 30 was false: t = 28 and t < 20 was false: t = 28');
  assert.equal(because('WHERE NOT t = 28', { t: 28 }), 'NOT t = 28 was false: t = 28');
  assert.equal(because("WHERE topic =~ 'b/#'", {}), "topic =~ 'b/#' was false: topic = 'a/b'");
  assert.equal(because("WHERE regex_match(payload.s, '^x')", { s: 'yx' }), "regex_match(payload.s, '^x') was false: payload.s = 'yx'");
  assert.equal(because('WHERE payload.on', { on: 1 }), 'payload.on was 1, not true');
  assert.equal(because('WHERE t IN (1, 2)', { t: 3 }), 't IN (1, 2) was false: t = 3');
});

test('because says why FOREACH gave nothing', () => {
  const foreach = (sql: string, payload: string): unknown => testRule({ sql, topic: 'a', payload });
  assert.deepEqual(foreach('FOREACH payload.s FROM "a"', '{}'), { outputs: [], because: 'payload.s was no array: it is undefined' });
  assert.deepEqual(foreach('FOREACH payload.s FROM "a"', '{"s":[]}'), { outputs: [], because: 'payload.s was empty' });
  assert.deepEqual(foreach('FOREACH payload.s AS e INCASE e.v > 1 FROM "a"', '{"s":[{"v":1}]}'), {
    outputs: [],
    because: 'INCASE was false for all 1 elements; for the first, e.v > 1 was false: e.v = 1',
  });
});

test('a topic that FROM does not match is said so', () => {
  assert.deepEqual(testRule({ sql: 'SELECT 1 FROM "a/+", "b"', topic: 'a/b/c', payload: '' }), {
    outputs: [],
    because: 'the topic a/b/c does not match FROM "a/+", "b"',
  });
  assert.deepEqual(testRule({ sql: 'SELECT 1 FROM "#"', topic: '$SYS/x', payload: '' }), {
    outputs: [],
    because: 'the topic $SYS/x does not match FROM "#"',
  });
});

test('wrong statements and failing messages come with line and column', () => {
  assert.deepEqual(testRule({ sql: 'SELCT 1', topic: 'a', payload: '' }), {
    error: { line: 1, column: 1, message: 'A rule begins with SELECT or FOREACH, but found SELCT. Did you mean SELECT?' },
  });
  const failed = testRule({ sql: 'SELECT\n  payload.t / 0 AS v FROM "a"', topic: 'a', payload: '{"t":1}' });
  assert.deepEqual(failed, { error: { line: 2, column: 3, message: '/ divides 1 by zero.' } });
});

test('a test changes nothing that rules keep', () => {
  testRule({ sql: 'SELECT kv_store_put(\'k\', 1) AS v FROM "a"', topic: 'a', payload: '' });
  assert.deepEqual(testRule({ sql: 'SELECT kv_store_get(\'k\', 0) AS v FROM "a"', topic: 'a', payload: '' }), { outputs: [{ v: 0 }] });
});

test('checkRuleSql gives the first fault or nothing', () => {
  assert.equal(checkRuleSql('SELECT 1 FROM "a"'), undefined);
  assert.deepEqual(checkRuleSql('SELECT md6(1) FROM "a"'), {
    line: 1,
    column: 8,
    message: 'There is no function md6(). Did you mean md5?',
  });
});
