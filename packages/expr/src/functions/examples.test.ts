import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Micros } from '@omh/core';
import { compileRule } from '../sql/rule-compiler.ts';
import { parseRule } from '../sql/parser.ts';
import { functionLibrary } from './library.ts';
import { pureFunctions } from './pure.ts';
import type { RuleSource } from './signature.ts';
import { functionTable } from './table.ts';

const library = functionLibrary(pureFunctions);
const fields: Readonly<Record<string, unknown>> = {
  topic: 'plant/line1/temp',
  clientid: 'press',
  username: 'anna',
  peerhost: '127.0.0.1',
  qos: 1,
  flags: { retain: false, dup: false },
  id: '0A',
  payload: '{}',
};
const source: RuleSource = {
  field: (n) => fields[n],
  nested: (n) => (n === 'payload' ? { values: { temperature: 28 } } : fields[n]),
  all: () => ({ ...fields }),
};

function evaluated(sql: string): unknown {
  const parsed = parseRule(`SELECT ${sql} AS v FROM "a"`);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
  const compiled = compileRule(parsed.value, library);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error.message);
  const store = new Map<string, unknown>();
  const context = {
    source,
    now: () => 1764000000250000 as Micros,
    store: {
      get: (k: string) => store.get(k),
      put: (k: string, v: unknown) => {
        store.set(k, v);
      },
      delete: (k: string) => {
        store.delete(k);
      },
    },
  };
  return (compiled.value.evaluate(context)[0] as { v: unknown }).v;
}

for (const row of functionTable(pureFunctions)) {
  test(`${row.name}: its examples give what the docs say`, () => {
    assert.ok(row.examples.length > 0, 'has an example');
    assert.match(row.doc, /^[A-Za-z].*\.$/s);
    for (const { sql, result } of row.examples) assert.deepEqual(evaluated(sql), result, sql);
  });
}

test('functions refuse wrong arguments in a sentence that names the function', () => {
  const refused: readonly [string, RegExp][] = [
    ['abs(payload.none)', /abs\(\) takes a number, not undefined/],
    ["int('abc')", /int\(\) takes a number or a text that spells one, not the text 'abc'/],
    ["bool('yes')", /bool\(\) takes true, false, 1 or 0/],
    ['sqrt(-1)', /sqrt\(\) has no result for -1/],
    ["json_decode('{')", /json_decode\(\) takes JSON/],
    ["sprintf('~s ~s', 'a')", /more places in its format than values/],
    ["date_to_unix_ts('second', '%Y-%m-%d', '2026-02-30')", /takes a date that exists/],
    ['unix_ts_to_rfc3339(1e300)', /takes an instant/],
    ["base64_decode('###')", /takes base64 text/],
    ["pad('a', 100000000)", /A text is limited to 1,048,576 characters/],
    ['[1..10000000]', /A range is limited to 100,000 elements/],
    ['nth(0, [1])', /no array index/],
    ['bitsl(1, 1000)', /shifts by 0 to 64 bits/],
  ];
  for (const [sql, message] of refused) assert.throws(() => evaluated(sql), message, sql);
});

test('round keeps away from zero and results never are minus zero', () => {
  assert.equal(Object.is(evaluated('round(-0.2)'), 0), true);
  assert.equal(Object.is(evaluated('ceil(-0.5)'), 0), true);
});
