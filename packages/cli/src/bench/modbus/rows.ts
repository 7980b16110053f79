import { once } from 'node:events';
import { ModbusClient } from './write-client.ts';
import { end, forkProgram } from '../child.ts';
import { Devices } from './devices.ts';
import { HubUnderLoad } from './hub-load.ts';
import type { Library, PollerReading, PollerSettings } from './poller.ts';

export interface Bench {
  readonly dir: string;
  readonly program: string;
  readonly pinned: boolean;
  readonly seconds: number;
}
/** Figures of one contender in one run. */
export type Figures = Readonly<Record<string, number>>;
export interface Target {
  readonly text: string;
  /** Of the medians by contender. */
  reached(medians: Readonly<Record<string, Figures>>): number;
  met(reached: number): boolean;
}
export interface ModbusRow {
  readonly name: string;
  readonly title: string;
  readonly contenders: readonly string[];
  readonly columns: readonly { readonly key: string; readonly title: string; readonly digits: number }[];
  run(bench: Bench, contender: string): Promise<Figures>;
  readonly targets: readonly Target[];
  /** Left out unless it is named. */
  readonly long?: boolean;
}

const own = 'omh';
const all: readonly Library[] = ['omh', 'modbus-serial', 'modbus-serial, one at a time', 'jsmodbus'];
const polling = [
  { key: 'registersPerSecond', title: 'registers/s', digits: 0 },
  { key: 'cpuPerThousand', title: 'CPU µs/1,000', digits: 1 },
  { key: 'p50Ms', title: 'cycle p50 ms', digits: 2 },
  { key: 'p99Ms', title: 'p99 ms', digits: 2 },
  { key: 'window', title: 'in flight', digits: 0 },
];
const hub = [
  { key: 'cpuPercent', title: 'CPU % of a core', digits: 1 },
  { key: 'rssMb', title: 'RSS MB', digits: 0 },
  { key: 'valuesPerSecond', title: 'values/s outside', digits: 0 },
  { key: 'samplesPerSecond', title: 'stored/s', digits: 0 },
  { key: 'missed', title: 'missed cycles', digits: 0 },
  { key: 'jitterP99Ms', title: 'jitter p99 ms', digits: 1 },
];

const atLeast = (text: string, reached: Target['reached'], bound: number): Target => ({ text, reached, met: (x) => x >= bound });
const atMost = (text: string, reached: Target['reached'], bound: number): Target => ({ text, reached, met: (x) => x <= bound });
const peers = (medians: Readonly<Record<string, Figures>>, key: string): number[] =>
  Object.entries(medians).flatMap(([name, figures]) => (name === own ? [] : [figures[key]!]));

async function poll(bench: Bench, library: Library, ports: readonly number[], more: Partial<PollerSettings> = {}): Promise<PollerReading> {
  const settings: PollerSettings = { library, ports, registers: 1000, warmUpSeconds: 2, seconds: bench.seconds, ...more };
  const { process, ready } = await forkProgram<PollerReading>('modbus/poller', settings, bench.pinned ? 0 : undefined);
  await end(process);
  return ready;
}
async function withDevices<T>(bench: Bench, options: Parameters<typeof Devices.start>[2], work: (d: Devices) => Promise<T>): Promise<T> {
  const devices = await Devices.start(bench.program, bench.pinned, options);
  try {
    return await work(devices);
  } finally {
    await devices.stop();
  }
}
const figuresOf = (reading: PollerReading): Figures => reading as unknown as Figures;

/** A hub that reads, stores and publishes, with somebody outside who reads everything. */
/** What an outside reader got since it was last asked. */
interface OutsideCounts {
  readonly values: number;
  readonly watched: number;
  readonly jitterP99Ms: number;
}
/** A hub that runs for months is measured, not the compiling of its first cycles. */
const warmUpMs = 30_000;

async function loaded<T>(
  bench: Bench,
  devices: Devices,
  size: { groups: number; tags: number; intervalMs: number },
  watchers: number,
  work: (hub: HubUnderLoad, counts: () => Promise<OutsideCounts>) => Promise<T>,
): Promise<T> {
  const running = await HubUnderLoad.start(bench.dir, { ports: devices.ports, ...size }, bench.pinned);
  try {
    const paths = Array.from({ length: watchers }, (_, i) => {
      const device = i % devices.ports.length;
      const group = i % size.groups;
      return `plant/d${device}/g${group}t${Math.floor(i / 10) % size.tags}`;
    });
    const outside = await forkProgram(
      'modbus/outside',
      { url: running.mqtt, watchers: paths, intervalMs: size.intervalMs },
      bench.pinned ? 1 : undefined,
    );
    try {
      await pause(warmUpMs);
      return await work(running, async () => {
        const answer = once(outside.process, 'message');
        outside.process.send({});
        return (await answer)[0] as OutsideCounts;
      });
    } finally {
      await end(outside.process);
    }
  } finally {
    await running.stop();
  }
}

function hubRow(
  name: string,
  title: string,
  ports: number,
  size: { groups: number; tags: number; intervalMs: number },
  watchers: number,
  targets: readonly Target[],
): ModbusRow {
  return {
    name,
    title,
    contenders: [own],
    columns: watchers === 0 ? hub : [...hub, { key: 'watchedPerSecond', title: 'to watchers/s', digits: 0 }],
    targets,
    run: (bench) =>
      withDevices(bench, { ports }, (devices) =>
        loaded(bench, devices, size, watchers, async (running, counts) => {
          await counts();
          const began = performance.now();
          const load = await running.measure(Math.max(10, bench.seconds));
          const outside = await counts();
          const passed = (performance.now() - began) / 1000;
          return {
            ...load,
            jitterP99Ms: outside.jitterP99Ms,
            valuesPerSecond: outside.values / passed,
            watchedPerSecond: outside.watched / passed,
          };
        }),
      ),
  };
}

const big = { groups: 10, tags: 1000, intervalMs: 1000 };
const whole = (medians: Readonly<Record<string, Figures>>, key: string): number => medians[own]![key]!;

export const rows: readonly ModbusRow[] = [
  {
    name: 'flat-out',
    title: '10 devices of 1,000 registers, as fast as they answer',
    contenders: all,
    columns: polling,
    run: (bench, contender) =>
      withDevices(bench, { ports: 10 }, async ({ ports }) => figuresOf(await poll(bench, contender as Library, ports))),
    targets: [
      atLeast(
        'registers/s at least 5x the best peer',
        (m) => whole(m, 'registersPerSecond') / Math.max(...peers(m, 'registersPerSecond')),
        5,
      ),
      atLeast(
        'CPU per register at most 1/5 of the best peer',
        (m) => Math.min(...peers(m, 'cpuPerThousand')) / whole(m, 'cpuPerThousand'),
        5,
      ),
    ],
  },
  {
    name: 'delay-5ms',
    title: 'the same, each answer takes 5 ms and answers overlap',
    contenders: all,
    columns: polling,
    run: (bench, contender) =>
      withDevices(bench, { ports: 10, delayMs: 5 }, async ({ ports }) => figuresOf(await poll(bench, contender as Library, ports))),
    targets: [
      atLeast(
        'registers/s at least 6x one request at a time',
        (m) => whole(m, 'registersPerSecond') / m['modbus-serial, one at a time']!['registersPerSecond']!,
        6,
      ),
    ],
  },
  {
    name: 'one-at-a-time',
    title: 'the same, each answer takes 5 ms, one after the other: the window must find out',
    contenders: all,
    columns: polling,
    run: (bench, contender) =>
      withDevices(bench, { ports: 10, delayMs: 5, oneAtATime: true }, async ({ ports }) =>
        figuresOf(await poll(bench, contender as Library, ports)),
      ),
    targets: [],
  },
  {
    name: 'silent-one',
    title: '10 devices of 1,000 registers every 100 ms; one of them is silent: cycles of the other nine',
    contenders: all,
    columns: [
      { key: 'p50Ms', title: 'p50 ms', digits: 2 },
      { key: 'p99Ms', title: 'p99 ms', digits: 2 },
      { key: 'undisturbedP99Ms', title: 'undisturbed p99 ms', digits: 2 },
      { key: 'ratio', title: 'ratio', digits: 2 },
    ],
    async run(bench, contender) {
      const measured = (silent: number | undefined): Promise<PollerReading> =>
        withDevices(bench, silent === undefined ? { ports: 10 } : { ports: 10, silent }, ({ ports }) =>
          poll(bench, contender as Library, ports, { intervalMs: 100, apart: 9, seconds: Math.max(10, bench.seconds) }),
        );
      const undisturbed = await measured(undefined);
      const disturbed = await measured(9);
      return {
        p50Ms: disturbed.p50Ms,
        p99Ms: disturbed.p99Ms,
        undisturbedP99Ms: undisturbed.p99Ms,
        ratio: disturbed.p99Ms / undisturbed.p99Ms,
      };
    },
    targets: [atMost('p99 at most 1.1x undisturbed', (m) => whole(m, 'ratio'), 1.1)],
  },
  hubRow('hub-100k', 'a hub: 100,000 floats/s of 10 devices in 100 groups, stored, published and parsed outside', 10, big, 0, [
    atMost('CPU of the process tree at most 35 % of a core', (m) => whole(m, 'cpuPercent'), 35),
    atMost('RSS of the process tree at most 400 MB', (m) => whole(m, 'rssMb'), 400),
    atMost('no missed cycle', (m) => whole(m, 'missed'), 0),
    atMost('group jitter p99 below 50 ms', (m) => whole(m, 'jitterP99Ms'), 50),
  ]),
  hubRow('hub-100k-watched', 'the same with 1,000 namespace subscribers', 10, big, 1000, []),
  hubRow(
    'hub-500-devices',
    'a hub: 500 devices of 30 floats each at 1 s, stored and published',
    500,
    { groups: 1, tags: 30, intervalMs: 1000 },
    0,
    [
      atMost('CPU of the process tree at most 20 % of a core', (m) => whole(m, 'cpuPercent'), 20),
      atMost('no missed cycle', (m) => whole(m, 'missed'), 0),
    ],
  ),
  {
    name: 'write-100',
    title: '100 scattered tags over ten devices that take 5 ms, written through the API while the hub reads 100,000 floats/s',
    contenders: [own, 'modbus-serial'],
    columns: [
      { key: 'p50Ms', title: 'p50 ms', digits: 1 },
      { key: 'p99Ms', title: 'worst ms', digits: 1 },
    ],
    run: (bench, contender) =>
      withDevices(bench, { ports: 10, delayMs: 5 }, (devices) =>
        loaded(bench, devices, big, 0, (running) => (contender === own ? writesOf(running) : bareWrites(devices))),
      ),
    targets: [atMost('at most 1.5x a bare client', (m) => whole(m, 'p50Ms') / m['modbus-serial']!['p50Ms']!, 1.5)],
  },
];

const rounds = 20;
/** Ten tags of each device, 97 tags apart. */
const scattered = Array.from({ length: 100 }, (_, i) => ({ device: i % 10, tag: (Math.floor(i / 10) * 97 + i) % 1000 }));

async function writesOf(running: HubUnderLoad): Promise<Figures> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const items = scattered.map(({ device, tag }) => ({ device: `d${device}`, group: 'g0', tag: `g0t${tag}`, value: round + 0.5 }));
    const began = performance.now();
    const answer = await running.post('/write', { items });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the hub refuses the write: ${text.slice(0, 300)}`);
    times.push(performance.now() - began);
  }
  return summary(times);
}

async function bareWrites(devices: Devices): Promise<Figures> {
  const clients = await Promise.all(devices.ports.map((port) => ModbusClient.open(port)));
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await Promise.all(
      clients.map(async (client, d) => {
        for (const { device, tag } of scattered) if (device === d) await client.writeFloat(tag * 2, round + 0.5);
      }),
    );
    times.push(performance.now() - began);
  }
  for (const client of clients) await client.close();
  return summary(times);
}
const summary = (times: readonly number[]): Figures => {
  const sorted = [...times].sort((a, b) => a - b);
  return { p50Ms: sorted[Math.floor(sorted.length / 2)]!, p99Ms: sorted.at(-1)! };
};

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
