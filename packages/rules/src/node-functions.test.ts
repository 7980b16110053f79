import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Micros } from '@omh/core';
import { compileRule, functionTable, nodeSignatures, parseRule } from '@omh/expr';
import { MemoryStore } from './memory-store.ts';
import { ruleFunctions } from './rule-functions.ts';

function evaluated(sql: string): unknown {
  const parsed = parseRule(`SELECT ${sql} AS v FROM "a"`);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
  const compiled = compileRule(parsed.value, ruleFunctions);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error.message);
  const source = { field: () => undefined, nested: () => undefined, all: () => ({}) };
  return (compiled.value.evaluate({ source, now: () => 0 as Micros, store: new MemoryStore() })[0] as { v: unknown }).v;
}

for (const { name, examples } of Object.values(nodeSignatures)) {
  for (const { sql, result } of examples) test(`${name}: ${sql}`, () => assert.deepEqual(evaluated(sql), result));
}

test('every declared function has a body, and there are more than 130', () => {
  for (const name of Object.keys(nodeSignatures)) assert.ok(ruleFunctions.has(name), name);
  assert.equal(functionTable().length, ruleFunctions.size);
  assert.ok(ruleFunctions.size > 130, String(ruleFunctions.size));
});

test('what is not in its format is refused with a sentence', () => {
  assert.throws(() => evaluated("gunzip('plain')"), /gunzip\(\) takes bytes of its own format/);
  assert.throws(() => evaluated("hash('crc', 'a')"), /hash\(\) knows md5, sha/);
});

test('a zip bomb stops at the limit', () => {
  assert.throws(() => evaluated("gunzip(gzip(gunzip(gzip(pad('', 2000000)))))"), /limited to/);
});

test('getenv reads only variables with its prefix', () => {
  process.env['OMHVAR_LINE'] = 'line1';
  try {
    assert.equal(evaluated("getenv('LINE')"), 'line1');
    assert.equal(evaluated("getenv('PATH')"), undefined);
  } finally {
    delete process.env['OMHVAR_LINE'];
  }
});

test('the store of kv_store_put is bounded', () => {
  const store = new MemoryStore();
  for (let i = 0; i < 10_000; i++) store.put(`k${i}`, i);
  assert.throws(() => store.put('one more', 1), /limited to 10000 keys/);
  store.put('k1', 2);
  assert.equal(store.get('k1'), 2);
});
