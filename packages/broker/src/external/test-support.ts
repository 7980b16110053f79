import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@omh/core';
import { ExternalBroker } from './external-broker.ts';
import type { ExternalBrokerOptions } from './external-broker.ts';

const program = ['mosquitto', '/usr/sbin/mosquitto'].find((name) => spawnSync(name, ['-h']).error === undefined);
export const mosquittoFound = program !== undefined;
export const mosquittoMissing = 'mosquitto not found: apt-get install mosquitto';

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** mosquitto as a child process; `lines` follow its listener in the configuration, `files` stand beside it and replace `{name}`. */
export async function openMosquitto(
  lines: readonly string[] = ['allow_anonymous true'],
  files: Readonly<Record<string, string>> = {},
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'omh-external-'));
  const port = await freePort();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const own = lines.map((line) => line.replace(/\{([\w.]+)\}/g, (_, name: string) => join(folder, name)));
  // Started by root it would become another user, who may not read its files.
  const head = [`listener ${port} 127.0.0.1`, 'user root', 'max_queued_messages 100000', 'max_inflight_messages 1000'];
  writeFileSync(join(folder, 'conf'), [...head, 'log_dest none', ...own, ''].join('\n'));
  const child = spawn(program!, ['-c', join(folder, 'conf')], { stdio: 'ignore' });
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  for (let n = 0; n < 300 && child.exitCode === null && !(await answers(port)); n++) await sleep(10);
  return {
    port,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A TCP way to `target` on this machine that can be cut, held and opened again. */
export class Road {
  readonly #server = createServer((socket) => this.#pass(socket));
  readonly #sockets = new Set<Socket>();
  #target: number;
  #shut = false;

  constructor(target: number) {
    this.#target = target;
  }
  async open(): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }
  /** All connections end as if a cable was pulled; new ones are refused until `mend`. */
  cut(): void {
    this.#shut = true;
    for (const socket of this.#sockets) socket.destroy();
  }
  mend(target = this.#target): void {
    this.#target = target;
    this.#shut = false;
  }
  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
  #pass(near: Socket): void {
    if (this.#shut) {
      near.destroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}

/** Connected to a broker on this machine; both connections stand. */
export async function openExternal(port: number, options: Partial<ExternalBrokerOptions> = {}): Promise<ExternalBroker> {
  const external = new ExternalBroker({
    url: `mqtt://127.0.0.1:${port}`,
    clientId: 'omh-test',
    clock: systemClock,
    log: silentLogger,
    ...options,
  });
  await external.start();
  return external;
}
