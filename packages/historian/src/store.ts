import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { qualityTable, qualityWord } from '@omh/core';
import { errors } from './errors.ts';
import { plainMessage } from './sql-error.ts';

/** Version of the tables in schema omh; a store with a higher one is refused. */
export const formatVersion = 1;
const lockPatienceMs = 1500;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const qualities = qualityTable()
  .map((row) => `(${row.code}, ${quoted(qualityWord(row.code))}, ${quoted(row.reason)})`)
  .join(', ');
const schema = `
  INSERT INTO omh.meta SELECT 'format', '${formatVersion}' WHERE NOT EXISTS (SELECT 1 FROM omh.meta WHERE key = 'format');
  CREATE TABLE IF NOT EXISTS omh.tags(tag_id INTEGER, path VARCHAR, device VARCHAR, "group" VARCHAR, tag VARCHAR, type VARCHAR,
    scaled BOOLEAN, unit VARCHAR, kinds UTINYINT, created TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS omh.segments(slot VARCHAR, kind VARCHAR, tier VARCHAR, t_min TIMESTAMPTZ, t_max TIMESTAMPTZ, state VARCHAR);
  CREATE TABLE IF NOT EXISTS omh.lkv(tag_id INTEGER, time TIMESTAMPTZ, value_time TIMESTAMPTZ, value DOUBLE, big BIGINT, text VARCHAR,
    quality USMALLINT);
  CREATE TABLE IF NOT EXISTS omh.progress(session VARCHAR, frame BIGINT, step INTEGER, "row" INTEGER, seq BIGINT, lkv_seq BIGINT);
  INSERT INTO omh.progress SELECT '', 0, 0, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM omh.progress);
  CREATE TABLE IF NOT EXISTS omh.outcomes(session VARCHAR, frame BIGINT, step INTEGER, "row" INTEGER, reason VARCHAR);
  CREATE OR REPLACE TABLE omh.qualities(code USMALLINT, word VARCHAR, reason VARCHAR);
  INSERT INTO omh.qualities VALUES ${qualities}`;

/** The open database file: one connection that writes, others on demand that read. */
export class Store {
  readonly file: string;
  readonly writer: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  readonly #knownQualities = new Set<number>();

  private constructor(file: string, instance: DuckDBInstance, writer: DuckDBConnection) {
    this.file = file;
    this.#instance = instance;
    this.writer = writer;
  }

  static async open(dir: string, memoryLimitMb: number): Promise<Store> {
    const file = join(dir, 'history.duckdb');
    let instance: DuckDBInstance;
    try {
      mkdirSync(dir, { recursive: true });
      rmSync(join(dir, 'tmp'), { recursive: true, force: true });
      instance = await openPatiently(file, {
        threads: '2',
        memory_limit: `${memoryLimitMb}MB`,
        storage_compatibility_version: 'latest',
        checkpoint_threshold: '64MB',
        temp_directory: join(dir, 'tmp'),
        max_temp_directory_size: '2GB',
        preserve_insertion_order: 'false',
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        allow_community_extensions: 'false',
      });
    } catch (thrown) {
      throw openError(dir, file, thrown);
    }
    const store = new Store(file, instance, await instance.connect());
    try {
      await store.#prepare(dir);
    } catch (thrown) {
      store.close();
      throw thrown;
    }
    return store;
  }

  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  async rows(sql: string, params: (number | bigint | string)[] = []): Promise<readonly (readonly unknown[])[]> {
    const reader = await this.writer.runAndReadAll(sql, params);
    return reader.getRowsJS();
  }

  bytesOnDisk(): number {
    let bytes = 0;
    for (const name of [this.file, `${this.file}.wal`]) bytes += statSync(name, { throwIfNoEntry: false })?.size ?? 0;
    return bytes;
  }

  /** A code that no table of ours has gets a row of its own, so that every sample finds its sentence. */
  async knowQuality(code: number): Promise<void> {
    if (this.#knownQualities.has(code)) return;
    const fallback = qualityTable().find((row) => row.code === (code & 0x8000 ? 0x8000 : code & 0x4000))!;
    await this.writer.run('INSERT INTO omh.qualities VALUES ($1, $2, $3)', [code, qualityWord(code), fallback.reason]);
    this.#knownQualities.add(code);
  }
  isKnownQuality(code: number): boolean {
    return this.#knownQualities.has(code);
  }

  async checkpoint(): Promise<void> {
    await this.writer.run('CHECKPOINT');
  }
  close(): void {
    this.writer.closeSync();
    this.#instance.closeSync();
  }

  async #prepare(dir: string): Promise<void> {
    const run = (sql: string): Promise<unknown> => this.writer.run(sql);
    await run("SET TimeZone='UTC'; SET enable_external_access=false; SET lock_configuration=true");
    await run('CREATE SCHEMA IF NOT EXISTS omh; CREATE TABLE IF NOT EXISTS omh.meta(key VARCHAR, value VARCHAR)');
    const found = Number((await this.rows("SELECT value FROM omh.meta WHERE key = 'format'"))[0]?.[0] ?? formatVersion);
    if (!(found <= formatVersion)) throw errors.HISTORIAN_FORMAT_NEWER({ dir, found, known: formatVersion });
    for (const row of qualityTable()) this.#knownQualities.add(row.code);
    await run(`BEGIN; ${schema}; COMMIT`);
  }
}

/** The lock of a killed process is gone within milliseconds; of a living one it stays. */
async function openPatiently(file: string, options: Record<string, string>): Promise<DuckDBInstance> {
  const until = performance.now() + lockPatienceMs;
  for (;;) {
    try {
      return await DuckDBInstance.create(file, options);
    } catch (thrown) {
      if (!isLockConflict(thrown) || performance.now() > until) throw thrown;
      await sleep(50);
    }
  }
}

const isLockConflict = (thrown: unknown): boolean => thrown instanceof Error && /Conflicting lock|Could not set lock/.test(thrown.message);

function openError(dir: string, file: string, thrown: unknown): Error {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (isLockConflict(thrown)) {
    return errors.HISTORIAN_DIRECTORY_IN_USE({ dir, pid: /PID (\d+)/.exec(text)?.[1] ?? 'unknown' }, { cause: thrown });
  }
  const message = plainMessage(text).replace(/\.$/, '');
  if (/not a valid DuckDB database|Serialization Error|corrupt|checksum|replaying WAL|version number|INTERNAL Error/i.test(text)) {
    return errors.HISTORIAN_FILE_CORRUPT({ file, message }, { cause: thrown });
  }
  return errors.HISTORIAN_START_FAILED({ dir, message }, { cause: thrown });
}
