import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { end } from '../child.ts';
import { processTree } from '../process-tree.ts';

const main = fileURLToPath(new URL('../../main.js', import.meta.url));

export interface PlantSize {
  readonly ports: readonly number[];
  readonly groups: number;
  readonly tags: number;
  readonly intervalMs: number;
}
export interface HubLoad {
  /** Of one core. */
  readonly cpuPercent: number;
  readonly rssMb: number;
  readonly cycles: number;
  /** Cycles that brought nothing or were left out. */
  readonly missed: number;
  readonly samplesPerSecond: number;
}

/** A whole hub as a person starts it: devices, history, one app that publishes every group. */
export class HubUnderLoad {
  readonly http: string;
  readonly mqtt: string;
  readonly token: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, ready: { http: string; mqtt: string }, token: string) {
    this.#process = process;
    this.http = ready.http;
    this.mqtt = ready.mqtt;
    this.token = token;
  }
  static async start(parent: string, size: PlantSize, pinned: boolean): Promise<HubUnderLoad> {
    const dir = mkdtempSync(join(parent, 'hub-'));
    const token = `omh_${randomBytes(24).toString('base64url')}`;
    const file = writePlant(dir, size);
    const args = [main, 'up', '-c', file, '--data', join(dir, 'data'), '--json', '--log-level', 'error'];
    const command = pinned ? ['taskset', '-c', '0', process.execPath, ...args] : [process.execPath, ...args];
    const hub = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, OMH_ADMIN_TOKEN: token },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ready = await new Promise<{ http: string; mqtt: string }>((resolve, reject) => {
      hub.once('exit', (code) => reject(new Error(`the hub ended with ${code}`)));
      createInterface({ input: hub.stdout }).once('line', (line) => resolve(JSON.parse(line) as { http: string; mqtt: string }));
    });
    return new HubUnderLoad(hub, ready, token);
  }

  async measure(seconds: number): Promise<HubLoad> {
    const before = await this.#counters();
    await new Promise((resolve) => {
      setTimeout(resolve, seconds * 1000);
    });
    const after = await this.#counters();
    const passed = (after.at - before.at) / 1000;
    return {
      cpuPercent: ((after.cpuSeconds - before.cpuSeconds) / passed) * 100,
      rssMb: after.rssMb,
      cycles: after.cycles - before.cycles,
      missed: after.missed - before.missed,
      samplesPerSecond: (after.samples - before.samples) / passed,
    };
  }

  async #counters(): Promise<{ at: number; cpuSeconds: number; rssMb: number; cycles: number; missed: number; samples: number }> {
    const answer = await fetch(`${this.http}/metrics`, { headers: { authorization: `Bearer ${this.token}` } });
    const lines = (await answer.text()).split('\n');
    const sum = (name: string): number =>
      lines
        .filter((l) => l.startsWith(`${name}{`) || l.startsWith(`${name} `))
        .reduce((n, l) => n + Number(l.slice(l.lastIndexOf(' ') + 1)), 0);
    return {
      at: performance.now(),
      ...processTree([this.#process.pid!]),
      cycles: sum('omh_group_cycles_total'),
      missed: sum('omh_group_missed_total') + sum('omh_group_skipped_total'),
      samples: sum('omh_historian_samples_total'),
    };
  }

  post(path: string, body: unknown): Promise<Response> {
    return fetch(`${this.http}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }
  stop(): Promise<void> {
    return end(this.#process);
  }
}

/** The hub file with its tag tables; every tag is a float, so that a device of 10,000 tags fills 20,000 registers. */
function writePlant(dir: string, { ports, groups, tags, intervalMs }: PlantSize): string {
  mkdirSync(join(dir, 'tags'));
  for (let g = 0; g < groups; g++) {
    const rows = Array.from({ length: tags }, (_, t) => {
      const register = 1 + (g * tags + t) * 2;
      return `g${g}t${t},1!4${String(register).padStart(5, '0')},float,readwrite`;
    });
    writeFileSync(join(dir, 'tags', `g${g}.csv`), `name,address,type,access\n${rows.join('\n')}\n`);
  }
  const names = Array.from({ length: groups }, (_, g) => `g${g}`);
  const device = (port: number, i: number): string => `  d${i}:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${port} }
    groups:
${names.map((g) => `      ${g}: { interval: ${intervalMs}ms, tags: { file: tags/${g}.csv } }`).join('\n')}
`;
  const subscriptions = ports.flatMap((_, i) => names.map((g) => `      - { device: d${i}, group: ${g} }`));
  const file = join(dir, 'hub.yaml');
  writeFileSync(
    file,
    `version: 1
hub: { name: bench, site: plant }
http: { port: 0 }
broker: { listeners: { tcp: { port: 0, anonymous: true } }, acl: [ { allow: all, topics: ['#'] } ] }
devices:
${ports.map(device).join('')}apps:
  north:
    type: mqtt
    subscriptions:
${subscriptions.join('\n')}
`,
  );
  return file;
}
