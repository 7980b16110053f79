import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Starts one of the bench's own programs with its settings, on this core where one is named, and waits for its first message. */
export async function forkProgram<T>(name: string, settings: unknown, core?: number): Promise<{ process: ChildProcess; ready: T }> {
  const child = fork(new URL(`./${name}.js`, import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  if (core !== undefined) spawnSync('taskset', ['-a', '-cp', `${core}`, `${child.pid}`]);
  child.send(settings as object);
  const [ready] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(`${name} ended before it was ready`);
    }),
  ])) as [T];
  return { process: child, ready };
}

/** Runs a server program; resolves once `ready` says so. */
export async function startServer(command: string, args: readonly string[], ready: () => Promise<boolean>): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}`)));
  });
  failed.catch(() => {});
  for (let i = 0; i < 200; i++) {
    if (await Promise.race([ready(), failed])) return child;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  child.kill('SIGKILL');
  throw new Error(`${command} does not become ready`);
}

export async function end(child: ChildProcess | undefined, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 8000);
  await once(child, 'exit');
  clearTimeout(late);
}
