import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { rfc3339, systemClock, type SqlValue } from '@omh/core';
import { EmbeddedHistorian } from '@omh/historian';
import { lockDataDirectory } from '@omh/storage';
import { errors } from '../errors.ts';
import { ask, dataDirOf, findHub, type FindOptions } from '../hub-client.ts';
import { createLogger } from '../log.ts';
import { formatCsv, formatTable } from '../table.ts';

interface Answer {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  truncated: boolean;
}
interface Flags extends FindOptions {
  json?: true;
  csv?: true;
  limit: number;
}

export function sqlCommand(): Command {
  return new Command('sql')
    .description('Query history: the views samples and last_values, and your own tables.')
    .argument('<statement>', 'one SELECT')
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine')
    .option(
      '--limit <rows>',
      'most rows to print',
      (text) => {
        const n = Number(text);
        if (!Number.isInteger(n) || n < 1 || n > 100_000) throw new InvalidArgumentError('A number from 1 to 100000.');
        return n;
      },
      1000,
    )
    .option('--json', 'print JSON')
    .option('--csv', 'print CSV')
    .addHelpText(
      'after',
      '\nExamples:\n  omh sql "SELECT * FROM conditions ORDER BY time DESC LIMIT 5"\n  omh sql --csv "SELECT time, path, value FROM samples WHERE quality = \'good\'" > samples.csv',
    )
    .action(async (statement: string, flags: Flags) => {
      const hub = findHub(flags);
      const answer = hub
        ? await ask<Answer>(hub, 'POST', '/api/v1/sql', { sql: statement, limit: flags.limit })
        : await fromDirectory(dataDirOf(flags), statement, flags.limit);
      const head = answer.columns.map((c) => c.name);
      if (flags.json) process.stdout.write(`${JSON.stringify(answer)}\n`);
      else if (flags.csv) process.stdout.write(`${formatCsv(head, answer.rows)}\r\n`);
      else
        process.stdout.write(
          `${formatTable(head, answer.rows)}\n(${answer.rows.length} ${answer.rows.length === 1 ? 'row' : 'rows'}${answer.truncated ? ', more exist: --limit' : ''})\n`,
        );
    });
}

/** Without a running hub the directory is opened here, under its lock; a question never makes a new one. */
async function fromDirectory(dir: string, statement: string, limit: number): Promise<Answer> {
  if (!existsSync(join(dir, 'historian'))) throw errors.CLI_NO_HUB({ dir });
  const directory = lockDataDirectory(dir);
  const historian = new EmbeddedHistorian({
    dir: directory.sub('historian'),
    retentionMs: Number.MAX_SAFE_INTEGER,
    clock: systemClock,
    log: createLogger('warn', 'text'),
  });
  try {
    await historian.start();
    const result = await historian.query(statement, [], { rights: 'read', timeoutMs: 60_000, maxRows: limit });
    return { columns: [...result.columns], rows: result.rows.map((row) => row.map(printable)), truncated: result.truncated };
  } finally {
    await historian.stop();
    directory.release();
  }
}

const printable = (value: SqlValue): unknown =>
  typeof value === 'bigint'
    ? value.toString()
    : value instanceof Uint8Array
      ? Buffer.from(value).toString('hex')
      : value !== null && typeof value === 'object'
        ? rfc3339(value.micros)
        : value;
