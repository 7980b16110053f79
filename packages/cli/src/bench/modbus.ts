import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatTable } from '../table.ts';
import { compile, compiler, hasProgram } from './c-program.ts';
import { machine } from './machine.ts';
import { rows } from './modbus/rows.ts';
import type { Bench, Figures, ModbusRow } from './modbus/rows.ts';
import { median, spread } from './stats.ts';

export interface ModbusBenchOptions {
  /** Length of one measurement, 3 when absent; rows with a hub take 10 at least. */
  readonly seconds?: number;
  /** Measurements of each row and contender, 3 when absent. */
  readonly repeats?: number;
  /** Rows with these names, or whose names hold one of these, separated by commas. */
  readonly only?: string;
}
export interface ModbusRowResult {
  readonly row: string;
  readonly figures: Readonly<Record<string, readonly Figures[]>>;
  readonly leftOut: Readonly<Record<string, string>>;
  readonly targets: readonly { readonly text: string; readonly reached: number; readonly met: boolean }[];
}
export interface ModbusBenchResult {
  readonly machine: string;
  readonly loadAverage: number;
  readonly seconds: number;
  readonly repeats: number;
  readonly rows: readonly ModbusRowResult[];
}

/**
 * Our Modbus driver beside npm's clients, and the whole hub under load. The devices are a C program on the second core, what is measured
 * runs on the first; contenders take turns and the median counts.
 */
export async function benchModbus(options: ModbusBenchOptions, print: (line: string) => void): Promise<ModbusBenchResult | undefined> {
  const seconds = options.seconds ?? 3;
  const repeats = options.repeats ?? 3;
  const wanted = options.only?.split(',');
  const chosen = rows.filter(({ name, long }) => (wanted === undefined ? !long : wanted.some((w) => name === w || name.includes(w))));
  if (chosen.length === 0) {
    print(`No row is called ${options.only}; there are ${rows.map((r) => r.name).join(', ')}.`);
    return undefined;
  }
  if (compiler() === undefined) {
    print('The measured devices are a C program and this machine has no C compiler: apt-get install gcc, then run it again.');
    return undefined;
  }
  const dir = mkdtempSync(join(tmpdir(), 'omh-bench-'));
  try {
    const pinned = hasProgram('taskset') && cpus().length > 1;
    const bench: Bench = { dir, program: await compile('mbdevice', dir, '-lm'), pinned, seconds };
    const loadAverage = loadavg()[0]!;
    print(machine());
    if (loadAverage > cpus().length / 4)
      print(`Other programs are at work here (load average ${loadAverage.toFixed(1)}): figures per second and delays mean little.`);
    print(
      `${repeats} measurements of ${seconds} s, median (spread); ${pinned ? 'clients and hub on core 0, devices and readers on core 1' : 'nothing pinned to a core'}.\n`,
    );
    const results: ModbusRowResult[] = [];
    for (const row of chosen) {
      const result = await measured(row, bench, repeats);
      results.push(result);
      print(tableOf(row, result));
    }
    const targets = results.flatMap((r) => r.targets);
    print(`${targets.filter((t) => t.met).length} of ${targets.length} targets met.`);
    return { machine: machine(), loadAverage, seconds, repeats, rows: results };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measured(row: ModbusRow, bench: Bench, repeats: number): Promise<ModbusRowResult> {
  const figures: Record<string, Figures[]> = {};
  const leftOut: Record<string, string> = {};
  for (let i = 0; i < repeats; i++) {
    for (const contender of row.contenders) {
      if (leftOut[contender] !== undefined) continue;
      try {
        (figures[contender] ??= []).push(await row.run(bench, contender));
      } catch (thrown) {
        leftOut[contender] = (thrown as Error).message;
      }
    }
  }
  const medians = Object.fromEntries(
    Object.entries(figures).map(([name, runs]): [string, Figures] => [
      name,
      Object.fromEntries(row.columns.map(({ key }) => [key, median(runs.flatMap((r) => r[key] ?? []))])),
    ]),
  );
  const targets = row.targets.map((target) => {
    const reached = Object.keys(leftOut).length === 0 ? target.reached(medians) : Number.NaN;
    return { text: target.text, reached, met: target.met(reached) };
  });
  return { row: row.name, figures, leftOut, targets };
}

function tableOf(row: ModbusRow, result: ModbusRowResult): string {
  const lines = row.contenders.map((name) => [
    name,
    ...row.columns.map(({ key, digits }) => {
      const values = (result.figures[name] ?? []).flatMap((f) => f[key] ?? []);
      return values.length === 0 ? '' : spread(values, digits);
    }),
  ]);
  const out = [`${row.name}: ${row.title}`, formatTable(['', ...row.columns.map((c) => c.title)], lines).trimEnd()];
  for (const [name, why] of Object.entries(result.leftOut)) out.push(`left out: ${name}: ${why}`);
  for (const t of result.targets) out.push(`${t.met ? 'met   ' : 'MISSED'} ${t.text}: ${t.reached.toFixed(2)}`);
  return `${out.join('\n')}\n`;
}
