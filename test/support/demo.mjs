import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at } from '../../scripts/workspace.mjs';

const anyPort = ['--http-port', '0', '--mqtt-port', '0', '--ws-port', '0', '--modbus-port', '0'];

/**
 * Starts the built `omh demo` on free loopback ports. Resolves when it says it is ready to
 * `{ ready, token, dataDir, pid, get, stop, kill, exited, output }`: `ready` is its JSON line, `token` an admin API token,
 * `get(path)` a JSON request with it, `stop()` SIGTERM and the exit code, `kill()` SIGKILL, `exited` the exit to wait for, `output()` its stderr.
 * With `dataDir` it starts again on the data of an earlier one; without, the data is removed after `stop` or `kill`.
 */
export async function startDemo({ args = [], env = {}, dataDir, readyWithinMs = 30_000 } = {}) {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'omh-demo-'));
  const token = `omh_test_${randomBytes(24).toString('base64url')}`;
  const child = spawn(process.execPath, [at('packages/cli/dist/main.js'), 'demo', '--json', ...anyPort, '--data', folder, ...args], {
    cwd: tmpdir(),
    env: { ...process.env, OMH_ADMIN_TOKEN: token, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = (errors + text).slice(-64 * 1024);
  });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const end = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const result = await exited;
    if (dataDir === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    return result;
  };
  // A test that throws before it stops its demo must not leave one behind.
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  void exited.then(() => process.removeListener('exit', atExit));

  try {
    const ready = await readyLine(child, exited, readyWithinMs, () => errors);
    return {
      ready,
      token,
      dataDir: folder,
      pid: child.pid,
      exited,
      output: () => errors,
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
      get: (path) => getJson(ready.http + path, token),
    };
  } catch (problem) {
    await end('SIGKILL');
    throw problem;
  }
}

/** The first line of a child's stdout that is a JSON object with `ready: true`. */
export function readyLine(child, exited, withinMs, output = () => '') {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`no ready line within ${withinMs} ms\n${text}\n${output()}`)), withinMs);
    void exited.then(({ code, signal }) => {
      clearTimeout(timer);
      reject(new Error(`it ends with ${signal ?? `exit code ${code}`} before it is ready\n${text}\n${output()}`));
    });
    child.stdout.setEncoding('utf8').on('data', (piece) => {
      text += piece;
      for (const line of text.split('\n').slice(0, -1)) {
        if (!line.startsWith('{')) continue;
        try {
          const parsed = JSON.parse(line);
          if (parsed.ready === true) {
            clearTimeout(timer);
            resolve(parsed);
            return;
          }
        } catch {
          /* not the line */
        }
      }
      text = text.slice(-16 * 1024);
    });
  });
}

export async function getJson(url, token) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return response.json();
}
