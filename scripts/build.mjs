import './node-version.mjs';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runNode } from './child.mjs';
import { install } from './install.mjs';
import { at, filesBelow, fingerprint, root, seconds, workspaces } from './workspace.mjs';

const tsc = at('node_modules/typescript/bin/tsc');
const vite = at('node_modules/vite/bin/vite.js');
const consoleDir = at('apps/console');
const stampFile = at('.cache/build.json');

const packages = () => workspaces().filter(({ kind }) => kind === 'packages');
const emitted = /(?:\.d\.ts|\.js)(?:\.map)?$/;
const source = (path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts');

/** Everything the compiler reads. */
function compilerInputs() {
  const configs = ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json'].map((file) => at(file)).filter((file) => existsSync(file));
  const inOne = ({ dir }) => [
    ...['package.json', 'tsconfig.json'].map((file) => join(dir, file)).filter((file) => existsSync(file)),
    ...filesBelow(join(dir, 'src'), source),
  ];
  return [...configs, ...packages().flatMap(inOne)];
}

/** Everything the console's bundle is made of: its own folder and the packages it bundles. */
function consoleInputs() {
  const bundled = packages().flatMap(({ dir }) => filesBelow(join(dir, 'src'), (path) => source(path) && !path.includes('.test.')));
  return [...filesBelow(consoleDir, (path) => !path.endsWith('.tsbuildinfo')), ...bundled, at('package-lock.json')].filter((file) =>
    existsSync(file),
  );
}

const filesIn = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath ?? e.path, e.name));

/** Removes output whose source is gone, so that a deleted test does not go on running. */
function removeOrphans() {
  for (const { dir } of packages()) {
    if (!existsSync(join(dir, 'dist'))) continue;
    for (const file of filesIn(join(dir, 'dist'))) {
      if (!emitted.test(file)) continue;
      const stem = file.replace(emitted, '').replace(join(dir, 'dist'), join(dir, 'src'));
      if (!existsSync(`${stem}.ts`) && !existsSync(`${stem}.tsx`)) rmSync(file);
    }
  }
}

const outputsExist = () =>
  packages().every(({ dir }) =>
    filesBelow(join(dir, 'src'), source).every((file) =>
      existsSync(file.replace(join(dir, 'src'), join(dir, 'dist')).replace(/\.tsx?$/, '.js')),
    ),
  );

const readStamp = () => {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
};
function writeStamp(stamp) {
  mkdirSync(at('.cache'), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamp));
}

async function step(sentence, args, options) {
  console.error(sentence);
  const code = await runNode(args, options);
  if (code !== 0) throw new Error(`The build ends with exit code ${code}: the messages above say where.`);
}

/**
 * Builds what is stale; resolves to the milliseconds it took, 0 when there was nothing to do. `check` also compiles the console for its
 * types, which its bundle does not need.
 */
export async function build({ check = false } = {}) {
  const began = performance.now();
  let worked = false;
  removeOrphans();

  const compiled = fingerprint(compilerInputs());
  if (readStamp().compiled !== compiled || !outputsExist()) {
    worked = true;
    await step('Compiling TypeScript.', [tsc, '-b', root]);
    writeStamp({ ...readStamp(), compiled });
  }
  if (existsSync(join(consoleDir, 'index.html'))) {
    const bundled = fingerprint(consoleInputs());
    if (check && readStamp().checked !== bundled) {
      worked = true;
      await step("Checking the console's types.", [tsc, '-p', consoleDir]);
      writeStamp({ ...readStamp(), checked: bundled });
    }
    if (readStamp().bundled !== bundled || !existsSync(join(consoleDir, 'dist/index.html'))) {
      worked = true;
      await step('Building the console.', [vite, 'build', '--logLevel', 'warn'], { cwd: consoleDir });
      writeStamp({ ...readStamp(), bundled });
    }
  }
  const ms = performance.now() - began;
  if (worked) console.error(`Built in ${seconds(ms)}.`);
  return worked ? ms : 0;
}

/** Keeps compiled packages and the console's bundle in step with the sources until it is stopped. */
async function watch() {
  await build().catch((problem) => console.error(problem.message));
  const jobs = [{ args: [tsc, '-b', '--watch', '--preserveWatchOutput', root], cwd: root }];
  if (existsSync(join(consoleDir, 'index.html'))) jobs.push({ args: [vite, 'build', '--watch', '--logLevel', 'warn'], cwd: consoleDir });
  const children = jobs.map(({ args, cwd }) => spawn(process.execPath, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => children.forEach((child) => child.kill()));
  console.error('Watching; Ctrl-C ends it. For the console with hot reload run `npx vite` in apps/console beside a running hub.');
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await install();
    if (process.argv.includes('--watch')) await watch();
    else if ((await build({ check: true })) === 0) console.error('Nothing to build.');
  } catch (problem) {
    console.error(problem.message);
    process.exit(1);
  }
}
