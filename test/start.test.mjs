import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { checkoutOf } from './support/checkout.mjs';

const hub = `
  let signals = 0;
  declare const process: any;
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => {
    signals++;
    setTimeout(() => { process.stdout.write('stopped after ' + signals + '\\n'); process.exit(0); }, 300);
  });
  process.stdout.write(JSON.stringify({ ready: true, args: process.argv.slice(2) }) + '\\n');
  if (process.argv.includes('--fail')) process.exit(3);
  setTimeout(() => process.exit(9), 20_000);
`;

/** A checkout with this project's scripts and a `cli` that stands in for the hub. */
function smallCheckout(t) {
  const dir = checkoutOf(t, {
    'package.json': { name: 'small', type: 'module' },
    'package-lock.json': { packages: { '': {}, 'packages/cli': {} } },
    'node_modules/.package-lock.json': { packages: {} },
    'tsconfig.json': { files: [], references: [{ path: 'packages/cli' }] },
    'packages/cli/package.json': { name: '@omh/cli', type: 'module' },
    'packages/cli/tsconfig.json': {
      compilerOptions: {
        composite: true,
        module: 'nodenext',
        rootDir: 'src',
        outDir: 'dist',
        tsBuildInfoFile: 'dist/.tsbuildinfo',
        types: [],
      },
      include: ['src'],
    },
    'packages/cli/src/main.ts': `export {};${hub}`,
  });
  cpSync(at('scripts'), join(dir, 'scripts'), { recursive: true });
  for (const name of ['typescript', '@typescript']) symlinkSync(at('node_modules', name), join(dir, 'node_modules', name), 'dir');
  return dir;
}

function start(dir, ...args) {
  const env = { ...process.env };
  delete env.INIT_CWD;
  const child = spawn(process.execPath, [join(dir, 'scripts/start.mjs'), ...args], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const seen = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    seen.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    seen.err += text;
  });
  const closed = new Promise((resolve) => child.once('close', (code) => resolve({ code, ...seen })));
  const ready = new Promise((resolve, reject) => {
    child.stdout.on('data', () => {
      if (seen.out.includes('\n')) resolve(JSON.parse(seen.out.split('\n')[0]));
    });
    void closed.then(({ err }) => reject(new Error(`it ends before it is ready\n${err}`)));
  });
  ready.catch(() => {});
  return { child, ready, closed };
}

test('npm start builds what is stale, hands its flags on, and tells stdout nothing of its own', {
  skip: process.platform === 'win32' ? 'signals are POSIX' : false,
}, async (t) => {
  const dir = smallCheckout(t);
  const first = start(dir, '--json', '--fail');
  assert.deepEqual((await first.ready).args, ['demo', '--json', '--fail']);
  const ended = await first.closed;
  assert.equal(ended.code, 3);
  assert.match(ended.err, /Compiling TypeScript\.[\s\S]*Built in/);
  assert.equal(ended.out.trim().split('\n').length, 1);

  const second = await start(dir, '--fail').closed;
  assert.equal(second.err, '');

  writeFileSync(join(dir, 'packages/cli/src/extra.ts'), 'export const extra = 1;\n');
  assert.match((await start(dir, '--fail').closed).err, /Built in/);
  assert.ok(existsSync(join(dir, 'packages/cli/dist/extra.js')));
  rmSync(join(dir, 'packages/cli/src/extra.ts'));
  await start(dir, '--fail').closed;
  assert.ok(!existsSync(join(dir, 'packages/cli/dist/extra.js')), 'output without a source stays behind');

  rmSync(join(dir, 'packages/cli/dist'), { recursive: true });
  assert.match((await start(dir, '--fail').closed).err, /Built in/);
});

test('npm start stops the hub once, however often the signal arrives', {
  skip: process.platform === 'win32' ? 'signals are POSIX' : false,
}, async (t) => {
  const dir = smallCheckout(t);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const { child, ready, closed } = start(dir);
    await ready;
    // npm hands a Ctrl-C on that the terminal has already delivered.
    child.kill(signal);
    child.kill(signal);
    setTimeout(() => child.kill(signal), 50);
    const { code, out } = await closed;
    assert.match(out, /stopped after 1\n/);
    assert.equal(code, 0);
  }
});

test('the hub stops when npm is ended and takes only its shell along', {
  skip: process.platform === 'win32' ? 'signals are POSIX' : false,
}, async (t) => {
  const dir = smallCheckout(t);
  const shell = spawn('sh', ['-c', `"${process.execPath}" scripts/start.mjs; true`], {
    cwd: dir,
    env: { ...process.env, npm_lifecycle_event: 'start', INIT_CWD: dir },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  const closed = new Promise((resolve) => shell.stdout.once('close', resolve));
  await new Promise((resolve) => {
    shell.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
      if (out.includes('\n')) resolve();
    });
  });
  shell.kill('SIGKILL');
  await closed;
  assert.match(out, /stopped after 1\n/);
});

test('a source that does not compile is told and nothing is started', async (t) => {
  const dir = smallCheckout(t);
  writeFileSync(join(dir, 'packages/cli/src/main.ts'), 'export const a: number = "text";\n');
  const { code, out, err } = await start(dir).closed;
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(err, /main\.ts\(1,14\): error TS2322[\s\S]*The build ends with exit code/);
});

test('a Node that is too old gets one sentence', async (t) => {
  const dir = checkoutOf(t, { 'fake.cjs': 'Object.defineProperty(process.versions, "node", { value: "20.18.1" });' });
  mkdirSync(join(dir, 'scripts'));
  cpSync(at('scripts'), join(dir, 'scripts'), { recursive: true });
  const child = spawn(process.execPath, ['--require', join(dir, 'fake.cjs'), join(dir, 'scripts/start.mjs')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  assert.equal(await new Promise((resolve) => child.once('close', resolve)), 1);
  assert.equal(
    err,
    'Open Manufacturing Hub needs Node 20.19.4 or newer, and this is Node 20.18.1: install a newer one from https://nodejs.org.\n',
  );
});
