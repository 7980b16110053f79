import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.js', import.meta.url));

/** How a command ended. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}
export interface Running {
  out: () => string;
  err: () => string;
  signal: (signal: NodeJS.Signals) => void;
  end: (signal: NodeJS.Signals) => Promise<Ended>;
  line: () => Promise<string>;
  ended: Promise<Ended>;
  write: (text: string) => void;
}

/** A command as a process of its own; killed after the test. */
export function start(t: TestContext, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    out: () => out,
    err: () => err,
    ended,
    write: (text) => {
      child.stdin.end(text);
    },
    signal: (signal) => {
      child.kill(signal);
    },
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
    line: () =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (out.includes('\n')) resolve(out.split('\n')[0]!);
        };
        child.stdout.on('data', look);
        child.once('close', () => reject(new Error(`ended: ${out}${err}`)));
        look();
      }),
  };
}
/** A command until it ended. */
export const omh = (t: TestContext, args: string[], options?: Parameters<typeof start>[2]): Promise<Ended> => start(t, args, options).ended;

/** A folder that is removed after the test. */
export function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'omh-cli-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return dir;
}
export const anyPorts = ['--http-port', '0', '--mqtt-port', '0', '--ws-port', '0', '--modbus-port', '0'];

/** Commands one after the other in one process, which starts once; ends with the test. */
export function many(t: TestContext, cwd: string): (args: readonly string[], env: Record<string, string>) => Promise<Ended> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./many.js', import.meta.url))], {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  t.after(() => child.kill('SIGKILL'));
  return async (args, env) => {
    child.stdin.write(`${JSON.stringify({ args, env })}\n`);
    const { value } = await answers.next();
    return JSON.parse(value as string) as Ended;
  };
}
