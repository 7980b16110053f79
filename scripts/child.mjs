import { spawn } from 'node:child_process';
import { root } from './workspace.mjs';

/** Runs a program to its end with its output on ours (its stdout goes to stderr, which keeps our stdout for data); resolves to the exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}

export const runNode = (args, options) => run(process.execPath, args, options);

/** npm of the same Node; inside `npm run` the very npm that runs us. */
export function runNpm(args, options = {}) {
  const own = process.env.npm_execpath;
  if (own?.endsWith('.js') || own?.endsWith('.cjs')) return runNode([own, ...args], options);
  return process.platform === 'win32' ? run('npm.cmd', args, { shell: true, ...options }) : run('npm', args, options);
}
