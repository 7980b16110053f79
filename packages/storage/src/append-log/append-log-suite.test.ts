import { appendLogSuite } from '@omh/core/testing';
import type { LogUser } from '@omh/core/testing';
import { SimulatedFiles } from '../testing/simulated-files.ts';
import { AppendLog } from './append-log.ts';
import type { AppendLogOptions } from './append-log.ts';
import { killRound } from '../testing/kill-round.ts';

/** The log itself is its own first user: an entry is a record. */
export async function logUser(folder: string, options: AppendLogOptions): Promise<LogUser> {
  const log = await AppendLog.open(folder, options);
  return {
    add: async (entry) => {
      await log.durable(log.append(Buffer.from(entry)));
    },
    entries: async () => {
      const all: string[] = [];
      for await (const { record } of log.read()) all.push(Buffer.from(record).toString());
      return all;
    },
    close: () => log.close(),
  };
}

for (const [mode, outlives] of [
  ['os', 'kill'],
  ['strict', 'power'],
] as const) {
  appendLogSuite(`itself, mode ${mode}`, {
    disk: () => new SimulatedFiles(),
    open: (files, folder, clock) => logUser(folder, { mode, segmentBytes: 1000, files, clock }),
    outlives,
    kill: (random) => killRound(mode, random, mode === 'os' ? 2 : 1),
    kills: mode === 'os' ? 6 : 8,
  });
}
