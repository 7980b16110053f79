import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BackupSource } from '@omh/storage';
import type { ConfigFile } from './config-file.ts';

/** Where everything in a data directory is, by how it is copied; paths are relative to it, with `/`. */
export interface DataFiles {
  /** Folders that hold an append log. */
  readonly logs: readonly string[];
  /** Small documents that change in place; read together in one go. */
  readonly documents: readonly string[];
  /** Files that stay as they are once they are written. */
  readonly others: readonly string[];
}

const maxDepth = 8;
export const historyFile = 'historian/history.duckdb';
export const backupSuffix = '.backup.tar.gz';

/** `skip`: absolute paths that are not copied, such as files of secrets. */
export function listDataFiles(dataDir: string, skip: ReadonlySet<string>): DataFiles {
  const logs: string[] = [];
  const documents: string[] = [];
  const others: string[] = [];
  const walk = (folder: string, depth: number): void => {
    const entries = readdirSync(join(dataDir, folder), { withFileTypes: true });
    const isLog = entries.some(({ name }) => name.endsWith('.seg'));
    if (isLog) logs.push(folder);
    for (const entry of entries) {
      // A queue has the logs of its cursor and its dead letters in its own folder.
      if (isLog && !entry.isDirectory()) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const full = join(dataDir, path);
      if (isLeftOut(path) || skip.has(realOf(full))) continue;
      // The historian may lie on another disk behind a link; links deeper down may lead anywhere.
      const stats = depth === 0 ? statSync(full, { throwIfNoEntry: false }) : lstatSync(full, { throwIfNoEntry: false });
      if (stats?.isDirectory() && depth < maxDepth) walk(path, depth + 1);
      else if (stats?.isFile()) (/^state\/[\w-]+\.json$|^revisions\/current\.json$/.test(path) ? documents : others).push(path);
    }
  };
  walk('', 0);
  return { logs, documents, others };
}

/** What belongs to the running process, is half-written, or is copied in its own way. */
const isLeftOut = (path: string): boolean =>
  /^(lock(\..*)?|run|historian\/tmp)$/.test(path) ||
  path === historyFile ||
  path === `${historyFile}.wal` ||
  /\.tmp-|\.tmp$|\.part$/.test(path) ||
  path.endsWith(backupSuffix);

/** Absolute paths that the hub files name as `!file`: their contents never leave the machine. */
export function secretFiles(texts: Iterable<string>, folder: string): Set<string> {
  const out = new Set<string>();
  for (const text of texts) {
    for (const [, double, single, plain] of text.matchAll(/!file\s+(?:"([^"\n]+)"|'([^'\n]+)'|([^\s,}\]#]+))/g))
      out.add(realOf(resolve(folder, (double ?? single ?? plain)!)));
  }
  return out;
}

export const bufferSource = (path: string, bytes: Uint8Array): BackupSource => ({ path, bytes: bytes.length, read: () => [bytes] });

/** A file as long as it is when it is opened; undefined when it is gone. */
export async function fileSource(path: string, file: string): Promise<{ source: BackupSource; close: () => Promise<void> } | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
  const { size } = await handle.stat();
  const read = (): AsyncIterable<Uint8Array> | Iterable<Uint8Array> =>
    size === 0 ? [] : handle.createReadStream({ start: 0, end: size - 1, autoClose: false });
  return { source: { path, bytes: size, read }, close: () => handle.close() };
}

/** What is there of these, all read in one go. */
export function readTogether(dataDir: string, paths: readonly string[]): { path: string; bytes: Buffer }[] {
  return paths.flatMap((path) => {
    try {
      return [{ path, bytes: readFileSync(join(dataDir, path)) }];
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw thrown;
    }
  });
}

/** The files of the configuration as they stand on disk now, changes by hand included. */
export function configOnDisk(file: ConfigFile): { folder: string; main: string; texts: Map<string, string> } {
  const texts = new Map<string, string>();
  for (const [name, text] of file.onDisk(file.parsed.files)) if (text !== undefined) texts.set(name, text);
  return { folder: file.folder, main: file.main, texts };
}

export function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
