import assert from 'node:assert/strict';
import { test } from 'node:test';
import { root } from '../scripts/workspace.mjs';
import { evalFaults } from './gates/no-eval.mjs';
import { checkoutOf } from './support/checkout.mjs';

test('no source of this project makes code from strings', () => {
  assert.deepEqual(evalFaults(root), []);
});

const broken = {
  'const a = eval("1");': 'eval',
  'const a = (0, eval)("1");': 'eval',
  'globalThis.eval("1");': 'eval',
  'const f = new Function("a", "return a");': 'the Function constructor',
  'const f = Function("return 1");': 'the Function constructor',
  'const f = (() => 1).constructor("return 1");': 'the Function constructor',
  'setTimeout("work()", 10);': 'a timer with code in a string',
  'const t = `${eval("1")}`;': 'eval',
};
for (const [text, what] of Object.entries(broken)) {
  test(`the gate sees ${text}`, (t) => {
    const faults = evalFaults(checkoutOf(t, { 'packages/wire/src/a.ts': `\n${text}\n` }));
    assert.deepEqual(faults, [`packages/wire/src/a.ts:2 uses ${what}`]);
  });
}
test('the gate sees node:vm, also in apps', (t) => {
  assert.deepEqual(evalFaults(checkoutOf(t, { 'apps/console/src/a.tsx': "import { runInContext } from 'node:vm';" })), [
    'apps/console/src/a.tsx:1 imports node:vm',
  ]);
});
test('words that only look like it are left alone', (t) => {
  const text =
    '// eval(1)\nconst s = "new Function(x)"; retrieval(1); const x: Function = y; db.eval(z); type F = Parameters<Function>; setTimeout(() => 1, 5); const r = /eval\\(/;';
  assert.deepEqual(evalFaults(checkoutOf(t, { 'packages/wire/src/a.ts': text })), []);
});
