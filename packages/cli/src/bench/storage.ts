import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '@omh/core';
import { AppendLog } from '@omh/storage';
import { machine } from './machine.ts';
import { median, spread } from './stats.ts';

export interface StorageBenchOptions {
  /** Seconds per measurement; 1 when absent. */
  readonly seconds?: number;
  /** Runs of each row, of which the median counts; 3 when absent. */
  readonly repeats?: number;
  /** Where the log is written: the disk that is measured; the system's folder for temporary files when absent. */
  readonly folder?: string;
  /** Only the stores whose name holds this. */
  readonly only?: string;
}
export interface StorageBenchRow {
  readonly store: string;
  readonly mode: 'memory' | 'os' | 'strict';
  readonly perTurn: number;
  readonly recordsPerSecond: number;
  /** CPU of the whole process, in microseconds per record. */
  readonly cpuMicrosPerRecord: number;
  /** Records made safe by one sync; absent where the store does not say. */
  readonly recordsPerSync?: number;
}
export interface StorageBenchResult {
  readonly machine: string;
  readonly recordBytes: number;
  readonly seconds: number;
  readonly repeats: number;
  readonly rows: readonly StorageBenchRow[];
  /** Peers that are not installed here. */
  readonly missing: readonly string[];
}
interface Reading {
  readonly recordsPerSecond: number;
  readonly cpuMicrosPerRecord: number;
  readonly recordsPerSync?: number;
}
/** Commits `count` records of `bytes` as one group and waits for what it promises. */
interface Store {
  commit(bytes: Uint8Array, count: number): Promise<void>;
  /** Groups synced so far. */
  syncs?(): number;
  close(): Promise<void>;
}

const recordBytes = 128;
const groups = [1, 10, 100, 1000];
const modes = ['memory', 'os', 'strict'] as const;

/**
 * Records of 128 bytes in groups of 1, 10, 100 and 1000 per loop turn, each group waited for, in every mode of the append log, beside the
 * stores of npm that are installed here.
 */
export async function benchStorage(options: StorageBenchOptions, print: (line: string) => void): Promise<StorageBenchResult> {
  const seconds = options.seconds ?? 1;
  const repeats = options.repeats ?? 3;
  const rows: StorageBenchRow[] = [];
  const missing: string[] = [];
  const peers = peerStores();
  for (const { name, open } of peers) if (open === undefined) missing.push(name);
  const stores = [
    { name: 'omh append log', open: openAppendLog },
    ...peers.flatMap((p) => (p.open ? [{ name: p.name, open: p.open }] : [])),
  ].filter(({ name }) => options.only === undefined || name.includes(options.only));
  print(machine());
  print(`records of ${recordBytes} bytes, each group waited for, median of ${repeats} runs of ${seconds} s`);
  print(
    `  ${'store'.padEnd(16)} ${'mode'.padEnd(7)} ${'per turn'.padStart(8)} ${'records/s'.padStart(11)} ${'µs CPU/record'.padStart(24)} ${'records/sync'.padStart(13)}`,
  );
  for (const { name, open } of stores) {
    for (const mode of modes) {
      for (const perTurn of groups) {
        const readings: Reading[] = [];
        for (let i = 0; i < repeats; i++) readings.push(await measure(open, mode, perTurn, seconds, options.folder ?? tmpdir()));
        const cpu = readings.map((r) => r.cpuMicrosPerRecord);
        const perSync = median(readings.flatMap((r) => r.recordsPerSync ?? []));
        const row: StorageBenchRow = {
          store: name,
          mode,
          perTurn,
          recordsPerSecond: median(readings.map((r) => r.recordsPerSecond)),
          cpuMicrosPerRecord: median(cpu),
          ...(Number.isNaN(perSync) ? {} : { recordsPerSync: perSync }),
        };
        rows.push(row);
        print(
          `  ${name.padEnd(16)} ${mode.padEnd(7)} ${String(perTurn).padStart(8)} ${Math.round(row.recordsPerSecond).toLocaleString('en').padStart(11)} ${spread(cpu, 2).padStart(24)} ${(row.recordsPerSync === undefined ? '-' : Math.round(row.recordsPerSync).toLocaleString('en')).padStart(13)}`,
        );
      }
    }
  }
  for (const name of missing)
    print(`${name} is not here and left out: npm install --prefix /tmp/peers ${name}, then OMH_BENCH_PEERS=/tmp/peers omh bench storage`);
  return { machine: machine(), recordBytes, seconds, repeats, rows, missing };
}

type Open = (folder: string, mode: StorageBenchRow['mode']) => Promise<Store>;

async function measure(open: Open, mode: StorageBenchRow['mode'], perTurn: number, seconds: number, parent: string): Promise<Reading> {
  const folder = mkdtempSync(join(parent, 'omh-bench-log-'));
  const bytes = new Uint8Array(recordBytes).fill(0x2a);
  const store = await open(folder, mode);
  try {
    for (let i = 0; i < 50; i++) await store.commit(bytes, perTurn);
    const syncsBefore = store.syncs?.() ?? 0;
    const cpuBefore = process.cpuUsage();
    const began = performance.now();
    let records = 0;
    for (; performance.now() - began < seconds * 1000; records += perTurn) await store.commit(bytes, perTurn);
    const elapsedSeconds = (performance.now() - began) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const syncs = (store.syncs?.() ?? 0) - syncsBefore;
    return {
      recordsPerSecond: records / elapsedSeconds,
      cpuMicrosPerRecord: (cpu.user + cpu.system) / records,
      ...(syncs > 0 ? { recordsPerSync: records / syncs } : {}),
    };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const isFull = (thrown: unknown): boolean => (thrown as { code?: unknown }).code === 'STORAGE_LOG_FULL';

const openAppendLog: Open = async (folder, mode) => {
  const log = await AppendLog.open(folder, { mode });
  return {
    async commit(bytes, count) {
      let last = 0;
      for (let i = 0; i < count; i++) {
        try {
          last = log.append(bytes);
        } catch (thrown) {
          if (!isFull(thrown)) throw thrown;
          // The disk is slower than this loop: that is its share of the time.
          await systemClock.sleep(1);
          i--;
        }
      }
      await log.durable(last);
      // In mode memory nothing is waited for: old segments make room, and the loop turns.
      if (mode === 'memory') {
        await log.trim(last);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    },
    syncs: () => (mode === 'memory' ? 0 : log.stats().syncs),
    close: () => log.close(),
  };
};

/** What npm offers, where it is installed: development tools, never dependencies of a hub. */
function peerStores(): { name: string; open: Open | undefined }[] {
  return [
    { name: 'better-sqlite3', open: sqlite() },
    { name: 'lmdb', open: lmdb() },
  ];
}

/** From the folder that OMH_BENCH_PEERS names, else from beside this program; never a part of it. */
function load(name: string): unknown {
  const folder = process.env['OMH_BENCH_PEERS'];
  for (const from of [...(folder === undefined ? [] : [join(resolve(folder), 'peers.js')]), import.meta.url]) {
    try {
      return createRequire(from)(name) as unknown;
    } catch {
      continue;
    }
  }
  return undefined;
}

interface Sqlite {
  pragma(text: string): unknown;
  exec(text: string): unknown;
  prepare(text: string): { run(...values: unknown[]): unknown };
  close(): void;
}
function sqlite(): Open | undefined {
  const Database = load('better-sqlite3') as (new (path: string) => Sqlite) | undefined;
  if (Database === undefined) return undefined;
  return async (folder, mode) => {
    const db = new Database(mode === 'memory' ? ':memory:' : join(folder, 'log.db'));
    db.pragma('journal_mode = WAL');
    db.pragma(`synchronous = ${mode === 'strict' ? 'FULL' : 'NORMAL'}`);
    db.exec('CREATE TABLE log (position INTEGER PRIMARY KEY, record BLOB NOT NULL)');
    const insert = db.prepare('INSERT INTO log (record) VALUES (?)');
    return {
      async commit(bytes, count) {
        db.exec('BEGIN');
        for (let i = 0; i < count; i++) insert.run(bytes);
        db.exec('COMMIT');
      },
      close: async () => db.close(),
    };
  };
}

interface Lmdb {
  put(key: number, value: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}
function lmdb(): Open | undefined {
  const found = load('lmdb') as { open(options: Record<string, unknown>): Lmdb } | undefined;
  if (found === undefined) return undefined;
  return async (folder, mode) => {
    const store = found.open({ path: folder, encoding: 'binary', noSync: mode !== 'strict', overlappingSync: false });
    let position = 0;
    return {
      async commit(bytes, count) {
        let last: Promise<boolean> | undefined;
        for (let i = 0; i < count; i++) last = store.put(position++, bytes);
        await last;
      },
      close: () => store.close(),
    };
  };
}
