import mqtt from 'mqtt';
import { formatTable } from '../table.ts';
import { end, forkProgram } from './child.ts';
import { machine } from './machine.ts';
import { omhStack } from './omh-stack.ts';
import { peerStack } from './peer-stack.ts';
import { processTree } from './process-tree.ts';
import { NotInstalled, type Job, type Stack } from './stack.ts';
import { median, percentile, spread, wallMs } from './stats.ts';

export interface EndToEndOptions {
  readonly seconds?: number;
  readonly repeats?: number;
  readonly only?: string;
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly n: number;
}
interface Run {
  /** ms from the change in the device: it includes waiting for the next poll. */
  readonly change: Readonly<Record<Sink, Latency | undefined>>;
  /** ms from the device's answer: what the software adds. */
  readonly answer: Readonly<Record<Sink, Latency | undefined>>;
}
interface Load {
  readonly samplesPerSecond: number;
  readonly stored: number;
  readonly cpuPerMillion: number;
  readonly rssMb: number;
}
type Sink = 'subscriber' | 'row' | 'chart';
const sinks: readonly Sink[] = ['subscriber', 'row', 'chart'];

const latencyIntervalMs = 100;
const rowPollMs = 5;
/** Programs that run for months are measured, not the compiling of their first cycles. */
const warmUpMs = 30_000;
const load = { devices: 10, tags: 100, intervalMs: 100 };
const stacks: Readonly<Record<string, (job: Job) => Promise<Stack>>> = { omh: omhStack, parts: peerStack };

/**
 * From a register's change to a subscriber, to a committed row and to a screen, and what a million samples cost, ours beside the same
 * job made of modbus-serial, mosquitto, MQTT.js and PostgreSQL; the stacks take turns.
 */
export async function benchEndToEnd(options: EndToEndOptions, print: (line: string) => void): Promise<unknown> {
  const seconds = options.seconds ?? 10;
  const repeats = options.repeats ?? 3;
  const names = Object.keys(stacks).filter((name) => options.only === undefined || name.includes(options.only));
  const results = new Map(
    names.map((name) => [name, { parts: '', runs: [] as Run[], loads: [] as Load[], missing: undefined as string | undefined }]),
  );
  print(machine());
  print(
    `${repeats} rounds; latency: 1 tag every ${latencyIntervalMs} ms for ${seconds} s; load: ${load.devices} devices x ${load.tags} tags every ${load.intervalMs} ms for ${seconds} s.`,
  );
  for (let round = 1; round <= repeats; round++) {
    for (const name of names) {
      const result = results.get(name)!;
      if (result.missing !== undefined) continue;
      try {
        result.runs.push(
          await latency(stacks[name]!, seconds, (parts) => {
            result.parts = parts;
          }),
        );
        result.loads.push(await underLoad(stacks[name]!, seconds));
        print(`round ${round}: ${name} done`);
      } catch (thrown) {
        if (!(thrown instanceof NotInstalled)) throw thrown;
        result.missing = thrown.message;
        print(`${name} left out: ${thrown.message}`);
      }
    }
  }
  print('');
  print(formatTable(['ms, median of rounds', ...names], rows(names, results)));
  return { machine: machine(), seconds, repeats, results: Object.fromEntries(results) };
}

function rows(names: readonly string[], results: ReadonlyMap<string, { runs: readonly Run[]; loads: readonly Load[] }>): unknown[][] {
  const cell = (name: string, of: (run: Run) => Latency | undefined): string => {
    const found = results
      .get(name)!
      .runs.map(of)
      .filter((l) => l !== undefined);
    return found.length === 0
      ? '-'
      : `p50 ${spread(
          found.map((l) => l.p50),
          1,
        )}  p99 ${spread(
          found.map((l) => l.p99),
          1,
        )}`;
  };
  const label: Readonly<Record<Sink, string>> = { subscriber: 'MQTT subscriber', row: 'committed row', chart: 'live chart' };
  return [
    ...sinks.map((sink) => [`register change to ${label[sink]}`, ...names.map((name) => cell(name, (run) => run.change[sink]))]),
    ...sinks.map((sink) => [`device answer to ${label[sink]}`, ...names.map((name) => cell(name, (run) => run.answer[sink]))]),
    [
      'samples per second stored',
      ...names.map((name) =>
        spread(
          results.get(name)!.loads.map((l) => l.samplesPerSecond),
          0,
        ),
      ),
    ],
    [
      'CPU-seconds per million samples',
      ...names.map((name) =>
        spread(
          results.get(name)!.loads.map((l) => l.cpuPerMillion),
          1,
        ),
      ),
    ],
    [
      'RSS of the whole stack, MB',
      ...names.map((name) =>
        spread(
          results.get(name)!.loads.map((l) => l.rssMb),
          0,
        ),
      ),
    ],
  ];
}

async function latency(start: (job: Job) => Promise<Stack>, seconds: number, parts: (text: string) => void): Promise<Run> {
  const device = await forkProgram<{ ports: number[] }>('device', { ports: 1, changeEveryMs: 180 });
  const stack = await start({ ports: device.ready.ports, tagsPerDevice: 1, intervalMs: latencyIntervalMs });
  parts(stack.parts);
  const changed = new Map<number, { changedAt: number; answeredAt: number }>();
  const seen: Record<Sink, Map<number, number>> = { subscriber: new Map(), row: new Map(), chart: new Map() };
  device.process.on('message', (m: { seq: number; changedAt: number; answeredAt: number }) => changed.set(m.seq, m));
  const note = (sink: Sink, seq: number): void => {
    if (!seen[sink].has(seq)) seen[sink].set(seq, wallMs());
  };
  const client = await mqtt.connectAsync(stack.mqttUrl);
  client.on('message', (_topic, payload) => {
    const seq = (JSON.parse(payload.toString()) as { values: { t0?: number } }).values.t0;
    if (seq !== undefined) note('subscriber', seq);
  });
  await client.subscribeAsync(stack.topic);
  const leave = await stack.onChart?.((seq) => note('chart', seq));
  await pause(1000);
  changed.clear();
  const until = wallMs() + seconds * 1000;
  while (wallMs() < until) {
    note('row', await stack.committedSeq());
    await pause(rowPollMs);
  }
  leave?.();
  await client.endAsync(true);
  await stack.stop();
  await end(device.process);
  const against = (sink: Sink, from: 'changedAt' | 'answeredAt'): Latency | undefined => {
    const ms = [...changed].flatMap(([seq, at]) => {
      const t = seen[sink].get(seq);
      return t === undefined ? [] : [t - at[from]];
    });
    return ms.length === 0 ? undefined : { p50: median(ms), p99: percentile(ms, 99), n: ms.length };
  };
  const all = (from: 'changedAt' | 'answeredAt'): Run['change'] => ({
    subscriber: against('subscriber', from),
    row: against('row', from),
    chart: against('chart', from),
  });
  return { change: all('changedAt'), answer: all('answeredAt') };
}

async function underLoad(start: (job: Job) => Promise<Stack>, seconds: number): Promise<Load> {
  const device = await forkProgram<{ ports: number[] }>('device', { ports: load.devices });
  const stack = await start({ ports: device.ready.ports, tagsPerDevice: load.tags, intervalMs: load.intervalMs });
  // One reader outside, as in the plant: every message is really sent.
  const client = await mqtt.connectAsync(stack.mqttUrl);
  await client.subscribeAsync('/neuron/#');
  await pause(warmUpMs);
  const before = { stored: await stack.storedSamples(), at: wallMs(), ...processTree(stack.pids()) };
  await pause(seconds * 1000);
  const after = { ...processTree(stack.pids()), at: wallMs(), stored: await stack.storedSamples() };
  await client.endAsync(true);
  await stack.stop();
  await end(device.process);
  const stored = after.stored - before.stored;
  return {
    stored,
    samplesPerSecond: (stored * 1000) / (after.at - before.at),
    cpuPerMillion: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / stored,
    rssMb: after.rssMb,
  };
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
