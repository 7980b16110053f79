import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { checkoutOf } from './support/checkout.mjs';

const runner = pathToFileURL(at('scripts/test-run.mjs')).href;

/** Runs test files through the project's runner in a process of its own; resolves to `{ code, out, last }`. */
async function runFiles(t, files, options = {}) {
  const dir = checkoutOf(t, files);
  const paths = Object.keys(files).map((path) => join(dir, path));
  const script = `import { runTests } from ${JSON.stringify(runner)}; process.exitCode = await runTests(${JSON.stringify(paths)}, ${JSON.stringify(options)});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, out, last: out.trimEnd().split('\n').at(-1) };
}
const withTests = (body) => `import { test, describe, it } from 'node:test'; import assert from 'node:assert/strict';\n${body}`;

test('passed tests are counted, suites are not', async (t) => {
  const { code, last } = await runFiles(t, {
    'a.test.mjs': withTests('test("one", () => {}); describe("many", () => { it("two", () => {}); it("three", () => {}); });'),
  });
  assert.equal(last, '3 passed, 0 failed');
  assert.equal(code, 0);
});

test('a failure is named with its message and where the file wrote', async (t) => {
  const { code, last, out } = await runFiles(t, {
    'a.test.mjs': withTests(
      'console.log("a hint"); test("good", () => {}); describe("sums", () => { it("adds", () => assert.equal(1, 2, "off by one")); });',
    ),
  });
  assert.equal(last, '1 passed, 1 failed');
  assert.equal(code, 1);
  for (const part of [/sums › adds/, /off by one/, /a hint/]) assert.match(out, part);
});

test('a skip that names what is missing is told, any other is a failure', async (t) => {
  const told = await runFiles(t, {
    'a.test.mjs': withTests('test("peer", (t) => t.skip("mosquitto not found: apt-get install mosquitto")); test("own", () => {});'),
  });
  assert.equal(told.last, '1 passed, 0 failed, 1 skipped');
  assert.equal(told.code, 0);
  assert.match(told.out, /peer: mosquitto not found: apt-get install mosquitto/);
  const silent = await runFiles(t, {
    'a.test.mjs': withTests('test.skip("later", () => {}); test.todo("much later"); test("own", () => {});'),
  });
  assert.equal(silent.last, '1 passed, 2 failed');
  assert.equal(silent.code, 1);
});

test('a file without tests, one that crashes and no file at all are failures', async (t) => {
  const { code, last, out } = await runFiles(t, {
    'empty.test.mjs': '',
    'crash.test.mjs': 'import "node:test"; throw new Error("wrong turn");',
  });
  assert.equal(last, '0 passed, 2 failed');
  assert.equal(code, 1);
  assert.match(out, /empty\.test\.mjs: has no test/);
  assert.match(out, /wrong turn/);
  const none = await runFiles(t, {});
  assert.equal(none.last, '0 passed, 0 failed');
  assert.equal(none.code, 1);
});

test('only skipped tests are not a pass', async (t) => {
  const { code, last } = await runFiles(t, {
    'a.test.mjs': withTests('test("peer", (t) => t.skip("postgres not found: apt-get install postgresql"));'),
  });
  assert.equal(last, '0 passed, 0 failed, 1 skipped');
  assert.equal(code, 1);
});

test('a file that does not end is ended, with everything it started', {
  skip: process.platform === 'win32' ? 'process groups are POSIX' : false,
}, async (t) => {
  const body = withTests(`
    import { spawn } from 'node:child_process';
    test('starts something', () => { const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }); console.log('pid ' + child.pid); });
    setInterval(() => {}, 1000);`);
  const { code, last, out } = await runFiles(t, { 'a.test.mjs': body }, { timeoutMs: 2000 });
  assert.equal(last, '1 passed, 1 failed');
  assert.equal(code, 1);
  assert.match(out, /does not end within 2 s; the last test to finish is "starts something"/);
  const pid = Number(/pid (\d+)/.exec(out)[1]);
  const gone = () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  };
  for (let i = 0; i < 50 && !gone(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(gone(), `${pid} still runs`);
});
