import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at } from '../../scripts/workspace.mjs';
import { readyLine } from './demo.mjs';

const program = ['mosquitto', '/usr/sbin/mosquitto'].find((name) => spawnSync(name, ['-h']).error === undefined);
export const mosquittoMissing = program === undefined ? 'mosquitto not found: apt-get install mosquitto' : undefined;

const main = at('packages/cli/dist/main.js');
const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** A child that a test cannot leave behind. */
function run(command, args, options) {
  const child = spawn(command, args, options);
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  void exited.then(() => process.removeListener('exit', atExit));
  const end = (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return exited;
  };
  return { child, exited, end };
}

const opens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Brokers as processes of their own; each resolves to `{ url, stop }`. */
export const brokers = {
  async ours() {
    const folder = mkdtempSync(join(tmpdir(), 'omh-elsewhere-'));
    let running;
    const start = async (port) => {
      const args = [main, 'broker', '--data', folder, '--port', String(port), '--anonymous', '--json', '--log-level', 'error'];
      running = run(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      return (await readyLine(running.child, running.exited, 15_000)).mqtt;
    };
    const url = await start(0);
    return {
      url,
      /** SIGKILL, and again on the same data and port. */
      crash: async () => {
        await running.end('SIGKILL');
        await start(new URL(url).port);
      },
      /** An outage: stopped and, later, on the same data and port again. */
      down: () => running.end('SIGTERM'),
      up: () => start(new URL(url).port),
      stop: async () => {
        await running.end('SIGTERM');
        rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      },
    };
  },
  async mosquitto() {
    const folder = mkdtempSync(join(tmpdir(), 'omh-elsewhere-'));
    const port = await freePort();
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'max_queued_messages 100000',
      'log_dest none',
      'persistence true',
      `persistence_location ${folder}/`,
      '',
    ];
    writeFileSync(join(folder, 'conf'), lines.join('\n'));
    let running;
    const up = async () => {
      running = run(program, ['-c', join(folder, 'conf')], { stdio: 'ignore' });
      for (let n = 0; n < 300 && running.child.exitCode === null && !(await opens(port)); n++) await sleep(10);
    };
    await up();
    return {
      url: `mqtt://127.0.0.1:${port}`,
      down: () => running.end('SIGTERM'),
      up,
      stop: async () => {
        await running.end('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

/** `omh up` with this hub file in a folder of its own; `kill()` and `start()` again go on with the same data. */
export async function hubOn(text) {
  const folder = mkdtempSync(join(tmpdir(), 'omh-hub-'));
  writeFileSync(join(folder, 'hub.yaml'), text);
  const token = `omh_test_${randomBytes(24).toString('base64url')}`;
  let running;
  const hub = {
    token,
    ready: undefined,
    folder,
    async start() {
      const args = [main, 'up', '-c', 'hub.yaml', '--data', join(folder, 'data'), '--json', '--http-port', '0', '--modbus-port', '0'];
      running = run(process.execPath, args, {
        cwd: folder,
        env: { ...process.env, OMH_ADMIN_TOKEN: token },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      running.child.stderr.setEncoding('utf8').on('data', (piece) => {
        said = (said + piece).slice(-16 * 1024);
      });
      hub.ready = await readyLine(running.child, running.exited, 30_000, () => said);
    },
    kill: () => running.end('SIGKILL'),
    stop: async () => {
      await running.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
    async get(path) {
      const answer = await fetch(hub.ready.http + path, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(10_000),
      });
      return answer.json();
    },
  };
  await hub.start();
  return hub;
}
