import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly arguments: readonly string[];
}
const scenarios: readonly Scenario[] = [
  { name: 'fan-in', title: 'fan-in 50 to 1, QoS 0, window 100', arguments: ['--scenario', 'fanin', '--pubs', '50', '--window', '100'] },
  {
    name: 'devices',
    title: '1,000 devices, one message each time',
    arguments: ['--scenario', 'fanin', '--pubs', '1000', '--window', '1', '--topics', '1'],
  },
  {
    name: 'pairs-qos1',
    title: '50 pairs, QoS 1, window 20',
    arguments: ['--scenario', 'pairs', '--pubs', '50', '--qos', '1', '--window', '20'],
  },
  {
    name: 'ping-pong',
    title: '50 pairs, QoS 1, window 1',
    arguments: ['--scenario', 'pairs', '--pubs', '50', '--qos', '1', '--window', '1'],
  },
  { name: 'fan-out', title: 'fan-out 1 to 500, QoS 0', arguments: ['--scenario', 'fanout', '--subs', '500', '--window', '20'] },
];

interface Peer {
  readonly name: string;
  start(dir: string): Promise<{ child: ChildProcess; port: number }>;
}
interface Reading {
  readonly messagesPerSecond: number;
  readonly cpuPerMillion: number;
  readonly missing: number;
}
export interface MqttBenchRow extends Reading {
  readonly scenario: string;
  readonly broker: string;
  readonly runs: number;
}
export interface MqttBenchResult {
  readonly seconds: number;
  readonly repeats: number;
  readonly rows: readonly MqttBenchRow[];
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const mosquitto = (): string | undefined => ['mosquitto', '/usr/sbin/mosquitto'].find((p) => spawnSync(p, ['-h']).error === undefined);

/**
 * Our broker beside mosquitto and aedes, where they are: runs alternate, the median of `repeats` counts. Messages per second are what
 * subscribers receive; CPU is the broker's, in seconds per million received messages. `only` picks one scenario by name.
 */
export async function benchMqtt(
  options: { json?: boolean; seconds?: number; repeats?: number; only?: string },
  print: (line: string) => void,
): Promise<MqttBenchResult | undefined> {
  const seconds = options.seconds ?? 3;
  const repeats = options.repeats ?? 3;
  const chosen = scenarios.filter((s) => options.only === undefined || s.name === options.only);
  if (chosen.length === 0) {
    print(`No scenario is called ${options.only}; there are ${scenarios.map((s) => s.name).join(', ')}.`);
    return undefined;
  }
  if (!has('gcc')) {
    print('The load generator is a C program and this machine has no gcc: apt-get install gcc, then run it again.');
    return undefined;
  }
  const dir = mkdtempSync(join(tmpdir(), 'omh-bench-'));
  const started: ChildProcess[] = [];
  try {
    const generator = join(dir, 'mqload');
    await run('gcc', ['-O2', '-o', generator, here('../../bench/mqload.c')]);
    const pin = has('taskset');
    const running: { name: string; port: number; pid: number }[] = [];
    for (const peer of peers(pin)) {
      try {
        const { child, port } = await peer.start(dir);
        started.push(child);
        running.push({ name: peer.name, port, pid: child.pid! });
      } catch (thrown) {
        if (peer.name === 'omh') throw thrown;
        print(`${peer.name} is not here and left out.`);
      }
    }
    const rows: MqttBenchRow[] = [];
    for (const scenario of chosen) {
      const readings = new Map<string, Reading[]>(running.map((r) => [r.name, []]));
      for (let i = 0; i < repeats; i++) {
        for (const target of running) readings.get(target.name)!.push(await load(generator, pin, target, scenario, seconds));
      }
      for (const [broker, list] of readings) rows.push({ scenario: scenario.name, broker, runs: list.length, ...median(list) });
      if (options.json !== true)
        printScenario(
          scenario,
          rows.filter((r) => r.scenario === scenario.name),
          print,
        );
    }
    const result = { seconds, repeats, rows };
    if (options.json === true) print(JSON.stringify(result));
    return result;
  } finally {
    for (const child of started) child.kill('SIGTERM');
    rmSync(dir, { recursive: true, force: true });
  }
}

function peers(pin: boolean): Peer[] {
  const pinned = (program: string, args: string[]): ChildProcess =>
    pin
      ? spawn('taskset', ['-c', '0', program, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
      : spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const node =
    (file: string): Peer['start'] =>
    async () => {
      const child = pinned(process.execPath, [here(file)]);
      return { child, port: Number(await firstLine(child)) };
    };
  const list: Peer[] = [{ name: 'omh', start: node('./broker-child.js') }];
  list.push({
    name: 'mosquitto',
    start: async (dir) => {
      const program = mosquitto();
      if (program === undefined) throw new Error('not installed');
      const port = await freePort();
      const file = join(dir, 'mosquitto.conf');
      writeFileSync(
        file,
        `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\nmax_inflight_messages 0\n`,
      );
      const child = pinned(program, ['-c', file]);
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
      return { child, port };
    },
  });
  list.push({ name: 'aedes', start: node('./aedes-child.js') });
  return list;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once('exit', () => reject(new Error('the broker ended before it was ready')));
    child.once('error', reject);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
    server.once('error', reject);
  });
}

async function load(
  generator: string,
  pin: boolean,
  target: { port: number; pid: number },
  scenario: Scenario,
  seconds: number,
): Promise<Reading> {
  const args = [
    ...scenario.arguments,
    '--port',
    String(target.port),
    '--pid',
    String(target.pid),
    '--warm',
    '0.5',
    '--dur',
    String(seconds),
    '--json',
  ];
  const { stdout } = await (pin ? run('taskset', ['-c', '1', generator, ...args]) : run(generator, args));
  const out = JSON.parse(stdout) as { rx_s: number; cpu_per_M_rx: number; missing: number };
  return { messagesPerSecond: out.rx_s, cpuPerMillion: out.cpu_per_M_rx, missing: out.missing };
}

function median(list: readonly Reading[]): Reading {
  const middle = (pick: (r: Reading) => number): number => [...list].map(pick).sort((a, b) => a - b)[list.length >> 1]!;
  return {
    messagesPerSecond: middle((r) => r.messagesPerSecond),
    cpuPerMillion: middle((r) => r.cpuPerMillion),
    missing: Math.max(...list.map((r) => r.missing)),
  };
}

function printScenario(scenario: Scenario, rows: readonly MqttBenchRow[], print: (line: string) => void): void {
  const ours = rows.find((r) => r.broker === 'omh')!;
  print(scenario.title);
  print(
    `  ${'broker'.padEnd(10)} ${'msg/s'.padStart(12)} ${'CPU s/M'.padStart(9)} ${'our msg/s ÷'.padStart(12)} ${'CPU ÷ ours'.padStart(11)} ${'missing'.padStart(8)}`,
  );
  for (const r of rows) {
    const ratio =
      r === ours
        ? ['', '']
        : [`${(ours.messagesPerSecond / r.messagesPerSecond).toFixed(1)}x`, `${(r.cpuPerMillion / ours.cpuPerMillion).toFixed(1)}x`];
    print(
      `  ${r.broker.padEnd(10)} ${Math.round(r.messagesPerSecond).toLocaleString('en').padStart(12)} ${r.cpuPerMillion.toFixed(2).padStart(9)} ${ratio[0]!.padStart(12)} ${ratio[1]!.padStart(11)} ${String(r.missing).padStart(8)}`,
    );
  }
}
