import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, seconds, shown } from './workspace.mjs';

const reporter = pathToFileURL(join(root, 'scripts/test-reporter.mjs')).href;
const outputLimit = 256 * 1024;
const ownGroup = process.platform !== 'win32';
const running = new Set();

function killGroup(child, signal) {
  try {
    process.kill(ownGroup ? -child.pid : child.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** True when a file's children end by themselves within half a second after it. */
async function groupEnds(child) {
  for (let i = 0; i < 10 && killGroup(child, 0); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  return !killGroup(child, 0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of running) killGroup(child, 'SIGKILL');
    process.exit(130);
  });
}

/** Tests must not see the caller's hub, and must not be taken for parts of an outer node:test run. */
function environment() {
  const env = { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' };
  for (const name of ['OMH_URL', 'OMH_TOKEN', 'OMH_ADMIN_TOKEN', 'NODE_TEST_CONTEXT', 'NODE_OPTIONS']) delete env[name];
  return env;
}

/** Runs one test file in a process group of its own; resolves to its tests, its output and what went wrong beside them. */
async function runFile(file, timeoutMs, folder) {
  const began = performance.now();
  const report = join(folder, `${file.replace(/[^\w.]+/g, '-')}.ndjson`);
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', `--test-reporter=${reporter}`, `--test-reporter-destination=${report}`, file],
    {
      cwd: root,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: ownGroup,
    },
  );
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-outputLimit);
    });
  }
  const closed = new Promise((resolve) => child.once('close', resolve));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child, 'SIGKILL');
  }, timeoutMs);
  const { code, signal } = await new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, signal: error.message }));
    child.once('exit', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
  });
  clearTimeout(timer);
  const leftovers = ownGroup && !(await groupEnds(child)) && killGroup(child, 'SIGKILL');
  running.delete(child);
  // What was written just before the exit is still on its way; a process that left the group may hold the pipe for ever.
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500))]);
  child.stdout.destroy();
  child.stderr.destroy();

  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n') : [];
  const tests = lines.flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line)];
    } catch {
      return [];
    }
  });
  for (const test of tests) judge(test);
  const trouble = [];
  if (late)
    trouble.push(
      `does not end within ${timeoutMs / 1000} s${tests.length > 0 ? `; the last test to finish is "${tests.at(-1).name}"` : ''}`,
    );
  else if (code !== 0 && tests.every((test) => test.ok))
    trouble.push(`ends with ${signal ?? `exit code ${code}`} although no test in it fails`);
  else if (tests.length === 0) trouble.push('has no test');
  return { file, ms: performance.now() - began, tests, trouble, output, leftovers };
}

/** A skip must say which part is missing; anything else that did not run is a failure. */
function judge(test) {
  if (test.todo !== undefined) {
    test.ok = false;
    test.error ??= 'it is marked as still to be written';
  }
  if (test.skip === undefined) return;
  if (typeof test.skip === 'string' && test.skip.trim() !== '') return;
  delete test.skip;
  test.ok = false;
  test.error = 'it is skipped without naming the part that is missing';
}

const indented = (text) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

function print({ file, ms, tests, trouble, output, leftovers }, tellAll) {
  const failed = tests.filter((test) => !test.ok);
  const bad = failed.length > 0 || trouble.length > 0;
  console.log(`${bad ? '✖' : '✔'} ${shown(file)}  ${tests.length} ${tests.length === 1 ? 'test' : 'tests'}, ${seconds(ms)}`);
  for (const test of tests) if (test.skip !== undefined) console.log(`  skipped: ${test.name}: ${test.skip}`);
  for (const test of failed) console.log(`  ✖ ${test.name}\n${indented(test.error ?? 'it fails')}`);
  for (const sentence of trouble) console.log(`  ✖ the file ${sentence}`);
  if (leftovers) console.log('  left processes running; they were ended');
  if ((bad || tellAll) && output.trim() !== '') console.log(`  its output:\n${indented(output.slice(-8000))}`);
}

/**
 * Runs node:test files, `concurrency` at a time, each at most `timeoutMs`, and prints what happened (with `tellAll` also what files
 * that passed wrote), the ten slowest files and, as the last line, the totals. Resolves to the exit code: 0 only when something passed and nothing failed.
 */
export async function runTests(files, { concurrency = 2, timeoutMs = 120_000, tellAll = false } = {}) {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'omh-tests-'));
  const results = [];
  const waiting = [...files];
  const lane = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(file, timeoutMs, folder);
      results.push(result);
      print(result, tellAll);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  rmSync(folder, { recursive: true, force: true });

  const tests = results.flatMap((result) => result.tests);
  const skipped = tests.filter((test) => test.skip !== undefined);
  const passed = tests.filter((test) => test.ok && test.skip === undefined).length;
  const failed = tests.filter((test) => !test.ok).length + results.reduce((sum, result) => sum + result.trouble.length, 0);

  const slowest = results.toSorted((a, b) => b.ms - a.ms).slice(0, 10);
  if (slowest.length > 0) console.log('\nSlowest files:');
  for (const { file, ms } of slowest) console.log(`  ${seconds(ms).padStart(7)}  ${shown(file)}`);
  if (skipped.length > 0) console.log('\nSkipped:');
  for (const { file, tests: own } of results)
    for (const test of own) if (test.skip !== undefined) console.log(`  ${shown(file)}: ${test.name}: ${test.skip}`);
  if (failed > 0) console.log('\nFailed:');
  for (const { file, tests: own, trouble } of results) {
    for (const test of own) if (!test.ok) console.log(`  ${shown(file)}: ${test.name}`);
    for (const sentence of trouble) console.log(`  ${shown(file)}: ${sentence}`);
  }
  if (files.length === 0) console.log('No test file matches.');
  console.log(`\n${files.length} files in ${seconds(performance.now() - began)}.`);
  console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
