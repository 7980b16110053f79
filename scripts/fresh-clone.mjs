import './node-version.mjs';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getJson, readyLine } from '../test/support/demo.mjs';
import { readJson, root, seconds } from './workspace.mjs';

const startLimitMs = 3000;
const stopLimitMs = 5000;
const readyWithinMs = 10 * 60_000;
const firstValueWithinMs = 30_000;

const work = mkdtempSync(join(tmpdir(), 'omh-fresh-clone-'));
const clone = join(work, 'omh');
const token = `omh_fresh_${randomBytes(24).toString('base64url')}`;
const data = join(work, 'data');
const flags = ['--json', '--http-port', '0', '--mqtt-port', '0', '--ws-port', '0', '--modbus-port', '0', '--data', data];
let running;

/** Starts a command in the clone: `{ child, exited, gone }`, `gone` when its stdout is closed, which the hub holds until its end. */
function launch(command, args) {
  const child = spawn(command, args, {
    cwd: clone,
    env: { ...process.env, OMH_ADMIN_TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const gone = new Promise((resolve) => child.stdout.once('close', resolve));
  running = { child, exited, gone };
  return running;
}

const within = (promise, ms, sentence) =>
  Promise.race([
    promise,
    new Promise((_, reject) => {
      setTimeout(() => reject(new Error(sentence)), ms).unref();
    }),
  ]);

/** Ends whatever a failed check leaves behind: the group of npm, then the hub, which has a group of its own. */
async function cleanUp() {
  const kill = (pid, signal) => {
    try {
      process.kill(pid, signal);
    } catch {
      // it has ended
    }
  };
  if (running) {
    kill(-running.child.pid, 'SIGTERM');
    await within(running.gone, stopLimitMs, 'late').catch(() => {
      const endpoint = join(data, 'run/endpoint.json');
      if (existsSync(endpoint)) kill(readJson(endpoint).pid, 'SIGKILL');
      kill(-running.child.pid, 'SIGKILL');
    });
  }
  rmSync(work, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void cleanUp().then(() => process.exit(130)));

/** The first good value of the demo's temperature, asked for until it is there. */
async function firstValue(http) {
  const until = performance.now() + firstValueWithinMs;
  for (;;) {
    const { values } = await getJson(`${http}/api/v1/values?device=demo&group=demo_group`, token);
    const row = values.find(({ tag, quality, value }) => tag === 'temperature' && quality === 'good' && value !== null);
    if (row) return row;
    if (performance.now() > until)
      throw new Error(`no good value of demo/demo_group/temperature within ${seconds(firstValueWithinMs)}: ${JSON.stringify(values)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function check() {
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone], { stdio: 'inherit' });
  console.log(
    `Cloned ${execFileSync('git', ['-C', clone, 'log', '-1', '--format=%h %s'], { encoding: 'utf8' }).trim()} and running \`npm start\` there.`,
  );
  const began = performance.now();
  const first = launch('npm', ['start', '--', ...flags]);
  const ready = await readyLine(first.child, first.exited, readyWithinMs);
  console.log(`Ready ${seconds(performance.now() - began)} after npm start, ${ready.startMs} ms after the hub's own start.`);
  if (!(ready.startMs >= 0)) throw new Error(`the ready line has no startMs: ${JSON.stringify(ready)}`);
  if (ready.startMs > startLimitMs) console.log(`Warning: the hub's start takes longer than ${startLimitMs} ms.`);

  const health = await fetch(`${ready.http}/healthz`, { signal: AbortSignal.timeout(5000) });
  if (health.status !== 200) throw new Error(`/healthz answers ${health.status}`);
  const row = await firstValue(ready.http);
  console.log(`First value: ${row.device}/${row.group}/${row.tag} = ${row.value} (${row.quality}, ${row.time}).`);

  const version = execFileSync('npx', ['--no-install', 'omh', '--version'], { cwd: clone, encoding: 'utf8' }).trim();
  console.log(`npx omh answers: ${version}`);

  const stopping = performance.now();
  first.child.kill('SIGTERM');
  await within(first.gone, stopLimitMs, `the hub still runs ${seconds(stopLimitMs)} after npm got SIGTERM`);
  if (existsSync(join(data, 'run/endpoint.json'))) throw new Error('run/endpoint.json is left behind after a clean stop');
  console.log(`Stopped in ${seconds(performance.now() - stopping)} after SIGTERM to npm.`);

  // npm's shell reports the signal instead of our exit code, so the exit code is checked one step further in.
  const again = performance.now();
  const second = launch(process.execPath, ['scripts/start.mjs', ...flags]);
  const { startMs } = await readyLine(second.child, second.exited, readyWithinMs);
  console.log(`Ready again in ${seconds(performance.now() - again)}, ${startMs} ms after the hub's own start.`);
  const stoppingAgain = performance.now();
  second.child.kill('SIGTERM');
  const end = await within(second.exited, stopLimitMs, `it still runs ${seconds(stopLimitMs)} after SIGTERM`);
  if (end.code !== 0) throw new Error(`it ends with ${end.signal ?? `exit code ${end.code}`} after SIGTERM instead of 0`);
  console.log(`Stopped by SIGTERM in ${seconds(performance.now() - stoppingAgain)} with exit code 0.`);
}

try {
  await check();
  console.log('The fresh clone works.');
} catch (problem) {
  console.error(`The fresh clone fails: ${problem.message}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
