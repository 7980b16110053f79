import { statSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { reasonOf } from '@omh/core';
import { plainMessage } from './sql-error.ts';
import type { Store } from './store.ts';

/** What the database holds at one moment; tables by `schema.name`. */
export interface StoreContents {
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** Samples of all days. */
  readonly samples: number;
}
/** A moment that can be copied: the first `bytes` bytes of `file`, as long as the database reorganises nothing. */
export interface StoreSnapshot extends StoreContents {
  readonly file: string;
  readonly bytes: number;
}
export interface StoreCheck extends StoreContents {
  readonly faults: readonly { readonly table: string; readonly why: string }[];
}

/** Tables that somebody filled; the store's own bookkeeping is made anew or changes by itself. */
const counted = `SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary
  AND (schema_name <> 'omh' OR table_name = 'tags' OR table_name LIKE 'hot!_%' ESCAPE '!') ORDER BY 1, 2`;

/**
 * Brings everything into the database file and counts it; the caller keeps writers out meanwhile. After it DuckDB only adds blocks: those
 * of the snapshot change at the next checkpoint, 64 MB of writes later.
 */
export async function takeSnapshot(store: Store): Promise<StoreSnapshot> {
  await store.checkpoint();
  return { file: store.file, bytes: statSync(store.file).size, ...(await contentsOf(store.writer)) };
}

/** Row counts, from what DuckDB keeps beside the rows. */
export async function contentsOf(connection: DuckDBConnection): Promise<StoreContents> {
  return summed(await eachTable(connection, 'count(*)'));
}

/** Reads every row of every table, so that each block's checksum is looked at. */
export async function readEverything(connection: DuckDBConnection): Promise<StoreCheck> {
  const faults: { table: string; why: string }[] = [];
  const tables = await eachTable(connection, 'count(*), bit_xor(hash(t))', (table, thrown) => {
    faults.push({ table, why: plainMessage(reasonOf(thrown).text).replace(/\.$/, '') });
  });
  return { ...summed(tables), faults };
}

async function eachTable(
  connection: DuckDBConnection,
  what: string,
  failed?: (table: string, thrown: unknown) => void,
): Promise<StoreContents['tables']> {
  const out: { name: string; rows: number }[] = [];
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  for (const [schema, table] of (await connection.runAndReadAll(counted)).getRowsJS() as [string, string][]) {
    const name = `${schema}.${table}`;
    try {
      const reader = await connection.runAndReadAll(`SELECT ${what} FROM ${quoted(schema)}.${quoted(table)} t`);
      out.push({ name, rows: Number(reader.getRowsJS()[0]![0]) });
    } catch (thrown) {
      if (failed === undefined) throw thrown;
      failed(name, thrown);
    }
  }
  return out;
}

const summed = (tables: StoreContents['tables']): StoreContents => ({
  tables,
  samples: tables.reduce((sum, { name, rows }) => (name.startsWith('omh.hot_') ? sum + rows : sum), 0),
});
