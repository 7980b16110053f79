import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { machine } from './machine.ts';
import { CannotRun, startBroker } from './mqtt/brokers.ts';
import type { Contender } from './mqtt/brokers.ts';
import { LoadGenerator } from './mqtt/load.ts';
import type { Reading } from './mqtt/load.ts';
import { ratioTable, resultOf, rowTable } from './mqtt/report.ts';
import type { RowResult } from './mqtt/report.ts';
import { bare } from './mqtt/row.ts';
import type { Row } from './mqtt/row.ts';
import { rows } from './mqtt/rows.ts';

export interface MqttBenchOptions {
  /** Length of one measurement. */
  readonly seconds?: number;
  /** Measurements of each row and broker; latency rows take five at least unless this is 1. */
  readonly repeats?: number;
  /** Rows with these names, or whose names hold one of these, separated by commas. */
  readonly only?: string;
  /** Another Node: ours runs with it as well, in a column of its own. */
  readonly node?: string;
}
export interface MqttBenchResult {
  readonly machine: string;
  /** Of the minute before the run: what else the machine did. */
  readonly loadAverage: number;
  readonly seconds: number;
  readonly repeats: number;
  readonly rows: readonly RowResult[];
}

/**
 * Our broker beside mosquitto and aedes, where they are. Each measurement has a broker of its own, newly started; they take turns, and
 * the median counts. Messages per second are what subscribers receive; CPU is the broker process's, per million received messages.
 */
export async function benchMqtt(options: MqttBenchOptions, print: (line: string) => void): Promise<MqttBenchResult | undefined> {
  const seconds = options.seconds ?? 3;
  const repeats = options.repeats ?? 3;
  const chosen = chosenRows(options.only);
  if (chosen.length === 0) {
    print(`No row is called ${options.only}; there are ${rows.map((r) => r.name).join(', ')}.`);
    return undefined;
  }
  const generator = await LoadGenerator.build();
  if (generator === undefined) {
    print('The load generator is a C program and this machine has no C compiler: apt-get install gcc, then run it again.');
    return undefined;
  }
  try {
    const contenders = contendersOf(options.node);
    const loadAverage = loadavg()[0]!;
    print(machine());
    if (loadAverage > cpus().length / 4)
      print(`Other programs are at work here (load average ${loadAverage.toFixed(1)}): figures per second and delays mean little.`);
    print(
      `${repeats} measurements of ${seconds} s, median (spread); ${generator.pinned ? 'broker on core 0, load on core 1' : 'nothing pinned to a core'}; "ours" is how many times better ours is.\n`,
    );
    const results: RowResult[] = [];
    for (const row of chosen) {
      const result = await measured(row, contenders, generator, seconds, repeats);
      results.push(result);
      print(rowTable(row, result));
    }
    print(ratioTable(chosen, results));
    const aims = results.flatMap((r) => r.aims);
    print(`\n${aims.filter((a) => a.met).length} of ${aims.length} targets met.`);
    return { machine: machine(), loadAverage, seconds, repeats, rows: results };
  } finally {
    generator.remove();
  }
}

function chosenRows(only: string | undefined): readonly Row[] {
  if (only === undefined) return rows;
  const fits = (part: string): readonly Row[] => {
    const exact = rows.filter(({ name }) => name === part);
    return exact.length > 0 ? exact : rows.filter(({ name }) => name.includes(part));
  };
  const found = new Set(only.split(',').flatMap(fits));
  return rows.filter((row) => found.has(row));
}

function contendersOf(node: string | undefined): Contender[] {
  const own = process.execPath;
  const other: Contender[] =
    node === undefined ? [] : [{ label: `omh ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`, broker: 'omh', node }];
  return [
    { label: 'omh', broker: 'omh', node: own },
    ...other,
    { label: 'mosquitto', broker: 'mosquitto', node: own },
    { label: 'aedes', broker: 'aedes', node: own },
  ];
}

/** The contenders take turns; one that cannot do this row is left out of it with its reason. */
async function measured(
  row: Row,
  contenders: readonly Contender[],
  generator: LoadGenerator,
  seconds: number,
  repeats: number,
): Promise<RowResult> {
  const readings = new Map<string, Reading[]>(contenders.map(({ label }) => [label, []]));
  const leftOut: Record<string, string> = {};
  for (let i = 0; i < (repeats > 1 ? Math.max(repeats, row.repeats ?? 1) : 1); i++) {
    for (const contender of contenders) {
      const { label, broker } = contender;
      const why = row.without?.[broker] ?? leftOut[label];
      if (why !== undefined) {
        leftOut[label] = why;
        continue;
      }
      try {
        readings.get(label)!.push(await once(row, contender, generator, seconds));
      } catch (thrown) {
        leftOut[label] = reason(thrown);
      }
    }
  }
  const ours = contenders.filter(({ broker }) => broker === 'omh').map(({ label }) => label);
  return resultOf(row, readings, ours, leftOut);
}

async function once(row: Row, contender: Contender, generator: LoadGenerator, seconds: number): Promise<Reading> {
  const setup = { ...bare, ...row.setup };
  const running = await startBroker(contender, setup, generator);
  try {
    const load = [...row.load, '--transport', setup.transport];
    const alone = await generator.measure(running, load, seconds);
    if (setup.frozen === 0) return alone;
    const beside = await generator.measure(running, [...load, '--frozen', `${setup.frozen}`], seconds);
    return {
      ...beside,
      undisturbedPercent: (100 * beside['messagesPerSecond']!) / alone['messagesPerSecond']!,
      growthMb: beside['rssPeak']! - alone['rssPeak']!,
    };
  } finally {
    await running.stop();
  }
}

/** What a person can do something with: why it cannot run, or what the generator said. */
function reason(thrown: unknown): string {
  if (thrown instanceof CannotRun) return thrown.message;
  const { stderr, message } = thrown as { stderr?: string; message: string };
  return stderr?.trim() || message;
}
