import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRule } from './rule-compiler.ts';
import { parseExpression, parseRule } from './parser.ts';
import { functionLibrary } from '../functions/library.ts';
import { pureFunctions } from '../functions/pure.ts';

const library = functionLibrary(pureFunctions);

function faultOf(sql: string): { line: number; column: number; message: string } | undefined {
  const parsed = parseRule(sql);
  if (!parsed.ok) return parsed.error;
  const compiled = compileRule(parsed.value, library);
  return compiled.ok ? undefined : compiled.error;
}

const faults: readonly [sql: string, line: number, column: number, message: RegExp][] = [
  ['', 1, 1, /begins with SELECT or FOREACH/],
  ['SELCT a FROM "t"', 1, 1, /Did you mean SELECT\?/],
  ['SELECT FROM "t"', 1, 8, /names at least one value/],
  ['SELECT a, FROM "t"', 1, 11, /comma before FROM/],
  ['SELECT a\nFORM "t"', 2, 1, /Did you mean FROM\?/],
  ['SELECT a b FROM "t"', 1, 10, /Put AS before a new name/],
  ['SELECT a', 1, 9, /but the statement ends here/],
  ['SELECT a FROM', 1, 14, /A topic in double quotes is expected/],
  ['SELECT a FROM t', 1, 15, /write "t"/],
  ['SELECT a FROM "a/#/b"', 1, 15, /# stands alone as the last level/],
  ['SELECT a FROM "$share/g/t"', 1, 15, /not through a shared subscription/],
  ['SELECT a FROM "t" WHER b', 1, 19, /Did you mean WHERE\?/],
  ['SELECT a FROM "t" WHERE', 1, 24, /A value is expected, but the statement ends/],
  ['SELECT a FROM "t" WHERE b > 1 AN c', 1, 31, /Did you mean AND\?/],
  ['SELECT a FROM "t" GROUP BY b', 1, 19, /no GROUP BY/],
  ['SELECT a FROM "t" JOIN "u"', 1, 19, /no JOIN/],
  ['SELECT a FROM "t" WHERE b IS NULL', 1, 27, /is_null\(x\)/],
  ['SELECT a FROM "t" WHERE b LIKE \'x%\'', 1, 27, /regex_match/],
  ['SELECT a FROM "t" WHERE b BETWEEN 1 AND 2', 1, 27, /x >= 1 AND x <= 5/],
  ['SELECT a FROM "t" WHERE 1 < b < 3', 1, 31, /Comparisons do not chain/],
  ['SELECT (1 + 2 FROM "t"', 1, 15, /The bracket \( is not closed/],
  ['SELECT \'abc FROM "t"', 1, 8, /no closing ' quote/],
  ['SELECT a FROM "t', 1, 15, /no closing " quote/],
  ['SELECT payload. FROM "t"', 1, 22, /FROM with a topic/],
  ['SELECT payload.1a FROM "t"', 1, 16, /is no number/],
  ['SELECT arr[0] FROM "t"', 1, 12, /begin at 1/],
  ['SELECT arr[1 FROM "t"', 1, 14, /An index ends with \]/],
  ['SELECT [1, 2 FROM "t"', 1, 14, /The array \[ is not closed/],
  ['SELECT 1 AS a[0] FROM "t"', 1, 15, /alias index/],
  ['SELECT 1 AS __proto__ FROM "t"', 1, 13, /__proto__/],
  ['SELECT a.__proto__.b FROM "t"', 1, 10, /__proto__/],
  ['SELECT CASE WHEN 1 THEN 2 FROM "t"', 1, 27, /CASE ends with END/],
  ['SELECT CASE 1 ELSE 2 END FROM "t"', 1, 15, /at least one WHEN/],
  ['SELECT CASE WHEN 1 2 END FROM "t"', 1, 20, /THEN/],
  ['SELECT a % 2 FROM "t"', 1, 10, /Did you mean mod\?/],
  ['SELECT a && b FROM "t"', 1, 10, /Did you mean AND\?/],
  ['SELECT \u2018a\u2019 FROM "t"', 1, 8, /Did you mean '\?/],
  ['SELECT\n  a,\n  uper(b)\nFROM "t"', 3, 3, /no function uper\(\)\. Did you mean upper\?/],
  ['SELECT abs(1, 2) FROM "t"', 1, 8, /abs\(\) takes 1 argument, not 2/],
  ['SELECT abs() FROM "t"', 1, 8, /takes 1 argument, not 0/],
  ['SELECT substr(a) FROM "t"', 1, 8, /2 to 3 arguments, not 1/],
  ['SELECT 12ab FROM "t"', 1, 8, /is no number/],
  ['SELECT a FROM "t"; SELECT b FROM "t"', 1, 20, /should end here/],
  ['FOREACH a DO FROM "t"', 1, 14, /DO names at least one value/],
];
for (const [sql, line, column, message] of faults) {
  test(`names line ${line}, column ${column} in ${JSON.stringify(sql)}`, () => {
    const fault = faultOf(sql);
    assert.ok(fault, 'is refused');
    assert.match(fault.message, message);
    assert.deepEqual([fault.line, fault.column], [line, column]);
  });
}

test('hostile lengths and depths are refused, not suffered', () => {
  const hostile = [
    `SELECT ${'('.repeat(10_000)}1 FROM "t"`,
    `SELECT ${'-'.repeat(1)}${'not '.repeat(5_000)}a FROM "t"`,
    `SELECT ${'1+'.repeat(4_000)}1 FROM "t"`,
    `SELECT a${'.b'.repeat(4_000)} FROM "t"`,
    `SELECT a${'[1]'.repeat(3_000)} FROM "t"`,
    `SELECT ${'a,'.repeat(60_000)}a FROM "t"`,
    `SELECT ${'[1,'.repeat(3_000)} FROM "t"`,
    `SELECT ${'case when '.repeat(3_000)} FROM "t"`,
    `SELECT ${'f('.repeat(3_000)} FROM "t"`,
    `SELECT a FROM ${'"t",'.repeat(20_000)}"t"`,
  ];
  for (const sql of hostile) assert.match(faultOf(sql)?.message ?? 'accepted', /at most|expected/);
});

test('no prefix and no cut of a statement makes the parser throw', () => {
  const sql = `FOREACH payload.s[1..-1] AS e DO e.'x y' AS a.b[1], CASE e.v WHEN 1 THEN 'a' ELSE -2.5e3 END AS c
    INCASE not e.v in (1, 2) FROM "a/#", "b" WHERE topic =~ 'a/+' -- end`;
  assert.equal(faultOf(sql), undefined);
  for (let i = 0; i < sql.length; i++) {
    faultOf(sql.slice(0, i));
    faultOf(sql.slice(i));
    faultOf(sql.slice(0, i) + sql.slice(i + 1));
  }
});

test('positions of the tree point into the statement', () => {
  const parsed = parseExpression('a.b > upper(c)');
  assert.ok(parsed.ok && parsed.value.kind === 'comparison');
  const { left, right } = parsed.value;
  assert.deepEqual([left.start, left.end, right.start, right.end], [0, 3, 6, 14]);
});

test('an expression alone ends where it ends', () => {
  const parsed = parseExpression('a + 1 b');
  assert.ok(!parsed.ok);
  assert.deepEqual([parsed.error.line, parsed.error.column], [1, 7]);
});
