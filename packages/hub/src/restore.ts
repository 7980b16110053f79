import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statfsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { extractBackup, syncFolder, verifyBackup, writeFileDurably, type BackupManifest } from '@omh/storage';
import { errors } from './errors.ts';
import { inspectDirectory } from './inspect-directory.ts';

export interface RestoreRequest {
  readonly file: string;
  /** A directory that does not exist yet or is empty. */
  readonly dataDir: string;
  /** Where the hub file goes, with its included files beside it; into the data directory when absent. */
  readonly configFile?: string;
}
export interface Restored {
  readonly manifest: BackupManifest;
  readonly dataDir: string;
  readonly configFile: string;
  /** Counted again in what was written; each equals the backup's. */
  readonly counts: Readonly<Record<string, number | string>>;
}

/**
 * Makes a data directory out of a backup, whole or not at all: everything is checked before anything is written, written beside the place,
 * synced, counted again, and then put in place by one rename. Throws STORAGE_BACKUP_DAMAGED, STORAGE_BACKUP_NEWER, HUB_RESTORE_NOT_EMPTY,
 * HUB_RESTORE_CONFIG, HUB_RESTORE_SPACE, HUB_RESTORE_DIFFERS, STORAGE_WRITE.
 */
export async function restoreBackup(request: RestoreRequest): Promise<Restored> {
  const file = resolve(request.file);
  const dataDir = resolve(request.dataDir);
  mustBeEmpty(dataDir);
  const manifest = await verifyBackup(file);
  const configFile = request.configFile === undefined ? join(dataDir, manifest.config) : resolve(request.configFile);
  if (basename(configFile) !== manifest.config) throw errors.HUB_RESTORE_NAME({ name: manifest.config, given: basename(configFile) });
  const configFolder = dirname(configFile);
  const beside = request.configFile !== undefined;
  const configs = manifest.files.filter(({ path }) => path.startsWith('config/'));
  if (beside) for (const { path, sha256 } of configs) mustBeFree(join(configFolder, below(path)), sha256);
  else mustNotCollide(manifest);
  mkdirSync(dirname(dataDir), { recursive: true });
  mustFit(dirname(dataDir), manifest);
  const staging = `${dataDir}.restore-${process.pid}`;
  const configStaging = beside ? `${staging}-config` : staging;
  rmSync(staging, { recursive: true, force: true });
  rmSync(configStaging, { recursive: true, force: true });
  try {
    mkdirSync(staging, { mode: 0o700 });
    await extractBackup(file, manifest, (path) => join(path.startsWith('data/') ? staging : configStaging, below(path)));
    const { findings, counts } = await inspectDirectory(staging);
    if (findings.length > 0) throw errors.HUB_RESTORE_DIFFERS({ detail: findings[0]!.text });
    for (const [name, count] of Object.entries(manifest.counts)) {
      if (counts[name] !== count) throw errors.HUB_RESTORE_DIFFERS({ detail: `${name} is ${counts[name] ?? 'nothing'}, not ${count}.` });
    }
    if (beside) {
      for (const { path } of configs) {
        const target = join(configFolder, below(path));
        mkdirSync(dirname(target), { recursive: true });
        writeFileDurably(target, readFileSync(join(configStaging, below(path))));
      }
    }
    syncTree(staging);
    if (existsSync(dataDir)) rmdirSync(dataDir);
    renameSync(staging, dataDir);
    syncFolder(dirname(dataDir));
    return { manifest, dataDir, configFile, counts };
  } finally {
    rmSync(staging, { recursive: true, force: true });
    rmSync(configStaging, { recursive: true, force: true });
  }
}

/** `data/audit/x.seg` → `audit/x.seg`. */
const below = (path: string): string => path.slice(path.indexOf('/') + 1);

function mustBeEmpty(dataDir: string): void {
  let names: string[];
  try {
    names = readdirSync(dataDir);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw errors.HUB_RESTORE_NOT_EMPTY({ dir: dataDir }, { cause: thrown });
  }
  if (names.length > 0) throw errors.HUB_RESTORE_NOT_EMPTY({ dir: dataDir });
}

/** The same file may stand there already: from a restore that was cut off, or because only the data is lost. */
function mustBeFree(target: string, sha256: string): void {
  if (!existsSync(target)) return;
  if (createHash('sha256').update(readFileSync(target)).digest('hex') !== sha256) throw errors.HUB_RESTORE_CONFIG({ file: target });
}

function mustNotCollide({ files }: BackupManifest): void {
  const taken = new Set<string>();
  for (const { path } of files) {
    if (taken.has(below(path))) throw errors.HUB_RESTORE_COLLIDES({ file: below(path) });
    taken.add(below(path));
  }
}

function mustFit(folder: string, { files }: BackupManifest): void {
  const bytes = files.reduce((sum, one) => sum + one.bytes, 0);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const megabytes = (n: number): number => Math.ceil(n / 1e6);
  if (free < bytes) throw errors.HUB_RESTORE_SPACE({ dir: folder, needed: megabytes(bytes), free: megabytes(free) });
}

function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) syncTree(join(folder, entry.name));
  syncFolder(folder);
}
