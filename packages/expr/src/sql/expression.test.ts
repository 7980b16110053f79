import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Micros } from '@omh/core';
import { functionLibrary } from '../functions/library.ts';
import { pureFunctions } from '../functions/pure.ts';
import { compileExpression } from './expression.ts';

const library = functionLibrary(pureFunctions);
const run = (text: string, values: Record<string, unknown>): unknown => {
  const compiled = compileExpression(text, library);
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return compiled.value.evaluate((name) => values[name], 0 as Micros);
};

test('an expression reads names, also quoted ones, and gives one value', () => {
  assert.equal(run('temperature * 1.8 + 32', { temperature: 100 }), 212);
  assert.equal(run('"press/inlet" - "line 2/press/outlet"', { 'press/inlet': 5, 'line 2/press/outlet': 3 }), 2);
  assert.equal(run("CASE WHEN level > 90 THEN 'high' ELSE 'fine' END", { level: 95 }), 'high');
  assert.equal(run('abs(a) + max', { a: -1, max: 2 }), 3);
});

test('the names an expression reads are listed once, with their column', () => {
  const compiled = compileExpression('a + abs(b) * a + case when "x/y" > 1 then c else 0 end', library);
  assert.ok(compiled.ok);
  assert.deepEqual(compiled.value.names, [
    { name: 'a', column: 1 },
    { name: 'b', column: 9 },
    { name: 'x/y', column: 28 },
    { name: 'c', column: 43 },
  ]);
});

test('a wrong expression is told with its column', () => {
  for (const text of ['a +', 'nowhere(1)', '1 2', '', '(a']) {
    const compiled = compileExpression(text, library);
    assert.ok(!compiled.ok && compiled.error.column >= 1 && compiled.error.message.length > 10, text);
  }
});
