/**
 * Breaks the compiled broker in one line at a time and asks whether the statements named for it turn red.
 *
 *   node packages/broker/conformance/mutants.mjs [first part of what a mutant is about …]
 *
 * Prints one line for each mutant, and ends with 1 when one of them lives.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants } from './mutant-table.mjs';

const here = fileURLToPath(import.meta.url);
const broker = dirname(dirname(here));
const lanes = 2;

if (process.argv[2] === '--ask') await ask(process.argv[3], process.argv.slice(4));
else process.exitCode = await all(process.argv.slice(2));

/** In the copy: which of the named statements are red. */
async function ask(dist, names) {
  const from = (file) => import(join(dist, 'conformance', file));
  const [{ check }, { ourHouse }, { v311 }, { v5 }, { behaviours5 }, { extras }] = await Promise.all(
    ['run.js', 'our-house.js', 'v311-statements.js', 'v5-statements.js', 'behaviours.js', 'extras.js'].map(from),
  );
  const suite = { maxPacketSize: 268_435_460, receiveMaximum: 20, topicAliasMaximum: 10, maxKeepAlive: 60 };
  const red = [];
  for (const name of names) {
    const [kind, id] = [name.slice(0, 1), name.slice(2)];
    const list = { 4: v311, 5: v5, b: behaviours5, x: extras }[kind];
    const statement = list.find((one) => (kind === 'b' || kind === 'x' ? one.id.startsWith(id) : one.id === `MQTT-${id}`));
    if (!statement?.run) throw new Error(`no statement ${name}`);
    const result = await check(ourHouse(kind === 'b' ? suite : {}), statement, kind === '4' ? 4 : 5, 300);
    if (result !== undefined) red.push(name);
  }
  process.stdout.write(JSON.stringify(red), () => process.exit(0));
}

async function all(wanted) {
  const chosen = mutants.filter(({ about }) => wanted.length === 0 || wanted.some((start) => about.startsWith(start)));
  const folder = mkdtempSync(join(tmpdir(), 'omh-mutants-'));
  let alive = 0;
  let next = 0;
  const lane = async (n) => {
    const dist = join(folder, String(n), 'dist');
    cpSync(join(broker, 'dist'), dist, { recursive: true });
    cpSync(join(broker, 'package.json'), join(folder, String(n), 'package.json'));
    while (next < chosen.length) {
      const problem = await survives(dist, chosen[next++]);
      if (problem !== undefined) alive++;
    }
  };
  try {
    symlinkSync(join(broker, '..', '..', 'node_modules'), join(folder, 'node_modules'), 'dir');
    await Promise.all(Array.from({ length: lanes }, (_, n) => lane(n)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${chosen.length - alive} of ${chosen.length} mutants are killed.\n`);
  return alive === 0 ? 0 : 1;
}

async function survives(dist, mutant) {
  const edits = [mutant, ...(mutant.and ? [mutant.and] : [])];
  const before = new Map();
  let problem;
  for (const { file, find, replace } of edits) {
    const path = placeOf(dist, file, find);
    if (path === undefined) {
      problem = `the line is neither in ${file} nor anywhere else`;
      break;
    }
    const text = readFileSync(path, 'utf8');
    if (!before.has(path)) before.set(path, text);
    writeFileSync(
      path,
      text.replace(find, () => replace),
    );
  }
  if (problem === undefined) {
    const red = await child(dist, mutant.red);
    const green = mutant.red.filter((name) => !red.includes(name));
    if (green.length > 0) problem = `${green.join(', ')} stays green`;
  }
  for (const [path, text] of before) writeFileSync(path, text);
  process.stdout.write(`${problem === undefined ? 'killed' : 'ALIVE '} ${mutant.about}${problem === undefined ? '' : `: ${problem}`}\n`);
  return problem;
}

/** Where the line is: in its file, or in another one of the broker when it has moved there. */
function placeOf(dist, file, find) {
  const has = (path) => {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return typeof find === 'string' ? text.includes(find) : find.test(text);
  };
  const all = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.js') && !/\.test\.js$|^conformance/.test(name));
  return [file, ...all].map((name) => join(dist, name)).find(has);
}

/** A mutant may also not start at all, or never end: both count as red. */
function child(dist, names) {
  return new Promise((resolve) => {
    const process_ = spawn(process.execPath, [here, '--ask', dist, ...names], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let trouble = '';
    const timer = setTimeout(() => process_.kill('SIGKILL'), 20_000);
    process_.stdout.on('data', (chunk) => (out += chunk));
    process_.stderr.on('data', (chunk) => (trouble += chunk));
    process_.once('close', (code) => {
      clearTimeout(timer);
      if (code !== 0 && /no statement/.test(trouble)) throw new Error(trouble);
      resolve(code === 0 ? JSON.parse(out) : names);
    });
  });
}
