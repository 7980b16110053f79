import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { anyFreePort } from '../../free-port.ts';
import { end, forkProgram } from '../child.ts';
import type { Endpoint, LoadGenerator } from './load.ts';
import type { BrokerName, Setup } from './row.ts';
import { hubFile, mosquittoAcl, mosquittoFile, readsPerSecond, tagsPerDevice } from './settings.ts';

const main = fileURLToPath(new URL('../../main.js', import.meta.url));
const aedesProgram = fileURLToPath(new URL('./aedes-child.js', import.meta.url));
const settleMs = 3000;

/** A broker to measure: `label` names the column, `node` is the program that runs ours and aedes. */
export interface Contender {
  readonly label: string;
  readonly broker: BrokerName;
  readonly node: string;
}
export interface Running extends Endpoint {
  stop(): Promise<void>;
}
/** Why this broker cannot do this here, and what to install. */
export class CannotRun extends Error {}

/** Starts one for one measurement, alone but for what the setup puts beside it. Throws CannotRun. */
export async function startBroker(contender: Contender, setup: Setup, generator: LoadGenerator): Promise<Running> {
  if (setup.transport === 'tls') {
    if (!generator.tls) throw new CannotRun('the load generator has no TLS: apt-get install libssl-dev');
    if (generator.certificate === undefined) throw new CannotRun('there is no certificate: apt-get install openssl');
  }
  const dir = mkdtempSync(join(generator.dir, 'run-'));
  const started: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const child of started.reverse()) await end(child);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const target = await begin(contender, setup, generator, dir, started);
    return { ...target, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function begin(
  { broker, node }: Contender,
  setup: Setup,
  generator: LoadGenerator,
  dir: string,
  started: ChildProcess[],
): Promise<Endpoint> {
  const launch = (program: string, args: readonly string[]): ChildProcess => {
    const command = generator.pinned ? ['taskset', '-c', '0', program, ...args] : [program, ...args];
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    return child;
  };
  const file = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text);
    return path;
  };
  /** A hub, or our broker alone, as a person starts it. */
  const omh = async (config: string, port: number, whole: boolean): Promise<Endpoint> => {
    const kept = setup.durability !== 'none';
    const data = [...(whole || kept ? ['--data', join(dir, 'data')] : []), ...(kept ? ['--durability', setup.durability] : [])];
    const child = launch(node, [main, whole ? 'up' : 'broker', '-c', file('hub.yaml', config), ...data, '--json', '--log-level', 'error']);
    await firstLine(child, 'omh');
    return { port, pid: child.pid! };
  };
  const port = await anyFreePort('127.0.0.1');
  const beside = setup.tagsPerSecond > 0 ? await devices(setup.tagsPerSecond, started) : [];
  const whole = setup.sqlRules > 0 || beside.length > 0;
  if (broker === 'omh') {
    const target = await omh(hubFile(setup, port, generator.certificate, beside), port, whole);
    if (beside.length > 0) await pause(settleMs);
    return target;
  }
  if (beside.length > 0) {
    const free = await anyFreePort('127.0.0.1');
    await omh(hubFile(setup, free, generator.certificate, beside), free, true);
    await pause(settleMs);
  }
  if (broker === 'aedes') {
    const child = launch(node, [aedesProgram, JSON.stringify({ port, transport: setup.transport, ...generator.certificate })]);
    await firstLine(child, 'aedes');
    return { port, pid: child.pid! };
  }
  const program = mosquitto();
  if (program === undefined) throw new CannotRun('mosquitto is not here: apt-get install mosquitto');
  if (setup.aclRules > 0) file('acl', mosquittoAcl(setup.aclRules));
  // It gives up root, and its files must still be readable to it.
  const config = file('mosquitto.conf', `user root\n${mosquittoFile(setup, port, generator.certificate, dir)}`);
  const child = launch(program, ['-c', config]);
  child.stderr!.resume();
  if (!(await answers(child, port))) throw new CannotRun(`this mosquitto does not start with ${setup.transport}`);
  return { port, pid: child.pid! };
}

async function devices(tagsPerSecond: number, started: ChildProcess[]): Promise<number[]> {
  const count = tagsPerSecond / tagsPerDevice / readsPerSecond;
  const { process, ready } = await forkProgram<{ ports: number[] }>('device', { ports: count });
  started.push(process);
  return ready.ports;
}

const mosquitto = (): string | undefined => ['mosquitto', '/usr/sbin/mosquitto'].find((p) => spawnSync(p, ['-h']).error === undefined);

function firstLine(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-2000);
    });
    createInterface({ input: child.stdout! }).once('line', resolve);
    child.once('close', () => reject(new CannotRun(`${name} ended before it was ready: ${said.trim().split('\n').at(-1)}`)));
    child.once('error', reject);
  });
}

/** Whether somebody listens within five seconds. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  for (let i = 0; i < 100 && child.exitCode === null; i++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return true;
    await pause(50);
  }
  return false;
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
