import './node-version.mjs';
import { spawn } from 'node:child_process';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { at, root } from './workspace.mjs';

const parent = process.ppid;

try {
  await install();
  await build();
} catch (problem) {
  console.error(problem.message);
  process.exit(1);
}

// Its own process group: Ctrl-C in a terminal, npm's copy of it and ours would otherwise reach the hub as three.
const hub = spawn(process.execPath, [at('packages/cli/dist/main.js'), 'demo', ...process.argv.slice(2)], {
  cwd: process.env.INIT_CWD ?? root,
  stdio: 'inherit',
  detached: process.platform !== 'win32',
});

// A signal to npm ends the shell between npm and us without a word: becoming an orphan is then the only sign of it.
if (process.env.npm_lifecycle_event === 'start' && process.platform !== 'win32') {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop('SIGTERM');
  }, 200);
}

let lastSignal = Number.NEGATIVE_INFINITY;
function stop(signal) {
  const now = performance.now();
  if (now - lastSignal < 500) return;
  lastSignal = now;
  if (process.platform !== 'win32') hub.kill(signal);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal === 'SIGHUP' ? 'SIGTERM' : signal));
hub.once('error', (problem) => {
  console.error(`The hub cannot be started: ${problem.message}`);
  process.exit(1);
});
hub.once('exit', (code, signal) => {
  process.exit(code ?? (signal === 'SIGKILL' ? 137 : 1));
});
