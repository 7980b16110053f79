import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { end } from '../child.ts';

export interface DeviceOptions {
  readonly ports: number;
  readonly delayMs?: number;
  /** The device answers one request after the other. */
  readonly oneAtATime?: boolean;
  /** This one never answers. */
  readonly silent?: number;
}
export interface DeviceCounts {
  readonly requests: number;
  readonly registersRead: number;
  readonly registersWritten: number;
}

/** Devices in a process of their own, on the second core where programs can be pinned. */
export class Devices {
  readonly ports: readonly number[];
  readonly #process: ChildProcess;
  readonly #lines: Interface;

  private constructor(process: ChildProcess, lines: Interface, ports: readonly number[]) {
    this.#process = process;
    this.#lines = lines;
    this.ports = ports;
  }
  static async start(program: string, pinned: boolean, o: DeviceOptions): Promise<Devices> {
    const args = ['--ports', `${o.ports}`, '--delay-us', `${(o.delayMs ?? 0) * 1000}`];
    if (o.oneAtATime) args.push('--one-at-a-time');
    if (o.silent !== undefined) args.push('--silent', `${o.silent}`);
    const command = pinned ? ['taskset', '-c', '1', program, ...args] : [program, ...args];
    const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const first = await line(lines);
    return new Devices(child, lines, first.split(' ').map(Number));
  }
  async counts(): Promise<DeviceCounts> {
    const answer = line(this.#lines);
    this.#process.stdin!.write('\n');
    return JSON.parse(await answer) as DeviceCounts;
  }
  stop(): Promise<void> {
    return end(this.#process);
  }
}

const line = (lines: Interface): Promise<string> =>
  new Promise((resolve, reject) => {
    lines.once('line', resolve);
    lines.once('close', () => reject(new Error('the devices ended')));
  });
