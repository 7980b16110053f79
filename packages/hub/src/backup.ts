import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { EmbeddedHistorian } from '@omh/historian';
import { pinLog, writeBackup, type BackupSource, type PinnedLog } from '@omh/storage';
import { rfc3339, type Clock } from '@omh/core';
import {
  backupSuffix,
  bufferSource,
  fileSource,
  historyFile,
  listDataFiles,
  readTogether,
  realOf,
  secretFiles,
  type DataFiles,
} from './backup-files.ts';
import { pinHistory, type PinnedHistory } from './backup-history.ts';
import { countDirectory, type AuditHead } from './count-directory.ts';
import { errors } from './errors.ts';

/** What a backup is taken of. */
export interface BackupPlace {
  readonly dataDir: string;
  readonly version: string;
  readonly clock: Clock;
  readonly hub: () => { readonly id: string; readonly name: string };
  readonly historian: EmbeddedHistorian;
  /** Folder and name of the hub file, and all files of the configuration as they stand on disk, by name. */
  readonly config: () => { readonly folder: string; readonly main: string; readonly texts: ReadonlyMap<string, string> };
  /** The newest record of the audit log, once it is on disk. */
  readonly auditHead: () => Promise<AuditHead | undefined>;
  /** Runs at a moment when no change of the configuration is under way. */
  readonly between: <T>(work: () => T) => Promise<T>;
}
export interface Backup {
  /** A name for the file: `demo-20261123T211508Z.backup.tar.gz`. */
  readonly name: string;
  /** Ends with an error when it cannot become whole; what came until then is no backup. Destroying it gives everything back. */
  readonly stream: Readable;
}

const spoolName = /^backup-\d+\.duckdb$/;

/** Takes one backup at a time of a hub that goes on working. */
export class Backups {
  readonly #place: BackupPlace;
  #running: { stream?: Readable; done: Promise<void> } | undefined;
  #stopped = false;

  constructor(place: BackupPlace) {
    this.#place = place;
  }

  /**
   * The data directory and the files of the configuration as they are now. Throws HUB_BACKUP_BUSY (409), HUB_BACKUP_OVERTAKEN (503) and
   * what the historian and the disk refuse.
   */
  async create(): Promise<Backup> {
    if (this.#stopped) throw errors.HUB_STOPS();
    // The one before has ended and is about to give back what it held.
    if (this.#running?.stream?.destroyed) await this.#running.done;
    if (this.#running) throw errors.HUB_BACKUP_BUSY();
    let end = (): void => {};
    const running: { stream?: Readable; done: Promise<void> } = {
      done: new Promise((resolve) => {
        end = () => {
          this.#running = undefined;
          resolve();
        };
      }),
    };
    this.#running = running;
    const held = new Held();
    try {
      const stream = await collect(this.#place, held);
      running.stream = stream;
      // Whoever reads it hears of its errors; without a reader nobody needs to.
      stream.on('error', () => {});
      stream.once('close', () => void held.release().finally(end));
      if (this.#stopped) stream.destroy(errors.HUB_STOPS());
      const time = rfc3339(this.#place.clock.now()).replace(/\.\d+/, '').replace(/[-:]/g, '');
      return { name: `${this.#place.hub().name.replace(/[^\w-]+/g, '-')}-${time}${backupSuffix}`, stream };
    } catch (thrown) {
      await held.release();
      end();
      throw thrown;
    }
  }

  /** Ends what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#running?.stream?.destroy(errors.HUB_STOPS());
    await this.#running?.done;
  }
}

/** What is open until the backup ends. */
class Held {
  readonly #things: { release(): Promise<void> }[] = [];
  add<T extends { release(): Promise<void> }>(thing: T): T {
    this.#things.push(thing);
    return thing;
  }
  async release(): Promise<void> {
    for (const thing of this.#things.splice(0)) await thing.release().catch(() => {});
  }
}

/**
 * Holds everything at nearly one moment, in the order in which nothing can be missing: queues, of which history then holds what left
 * them; history; tag ids, people and revisions, of which history has none that are not there; the audit log last.
 */
async function collect(place: BackupPlace, held: Held): Promise<Readable> {
  const { dataDir } = place;
  const logs = new Map<string, PinnedLog>();
  const pin = async (folder: string, last?: number): Promise<void> => {
    const log = await pinLog(join(dataDir, folder), last);
    held.add({ release: () => log.close() });
    logs.set(folder, log);
  };
  for (const folder of listed(place).files.logs) if (folder !== 'audit') await pin(folder);
  const history = held.add(await pinHistory(place.historian, scratchFolder(dataDir)));
  const at = rfc3339(place.clock.now());
  // In one go: names and contents of what belongs together are of the same moment.
  const small = await place.between(() => {
    const { config, files } = listed(place);
    return { config, others: files.others, documents: readTogether(dataDir, files.documents) };
  });
  const audit = await place.auditHead();
  if (audit !== undefined) await pin('audit', audit.position);
  let revisions = 0;
  return writeBackup({
    sources: sources(place, { history, logs, ...small }, (path) => {
      if (/^data\/revisions\/\d+\.json$/.test(path)) revisions++;
    }),
    head: () => ({
      omh: place.version,
      hub: place.hub(),
      at,
      config: small.config.main,
      counts: countDirectory({
        document: (path) => jsonOf(small.documents.find((one) => one.path === path)?.bytes),
        revisions,
        audit,
        history: history.contents,
      }),
    }),
  });
}

/** The configuration, and what is in the data directory beside it. */
function listed(place: BackupPlace): { config: ReturnType<BackupPlace['config']>; files: DataFiles } {
  const config = place.config();
  const skip = secretFiles(config.texts.values(), config.folder);
  for (const name of config.texts.keys()) skip.add(realOf(join(config.folder, name)));
  return { config, files: listDataFiles(place.dataDir, skip) };
}

interface Collected {
  readonly history: PinnedHistory;
  readonly logs: ReadonlyMap<string, PinnedLog>;
  readonly documents: readonly { readonly path: string; readonly bytes: Buffer }[];
  readonly config: { readonly texts: ReadonlyMap<string, string> };
  readonly others: readonly string[];
}

async function* sources(place: BackupPlace, all: Collected, see: (path: string) => void): AsyncGenerator<BackupSource> {
  yield { path: `data/${historyFile}`, bytes: all.history.bytes, read: () => all.history.read() };
  for (const [name, text] of all.config.texts) yield bufferSource(`config/${name}`, Buffer.from(text, 'utf8'));
  for (const { path, bytes } of all.documents) yield bufferSource(`data/${path}`, bytes);
  for (const path of all.others) {
    // A revision may be the one too many of a thousand and go.
    const file = await fileSource(`data/${path}`, join(place.dataDir, path));
    if (!file) continue;
    try {
      see(file.source.path);
      yield file.source;
    } finally {
      await file.close();
    }
  }
  for (const [folder, log] of all.logs)
    for (const { name, bytes, read } of log.files) yield { path: `data/${folder}/${name}`, bytes, read };
}

/** `run/`, which is never copied, without what an earlier process left there. */
function scratchFolder(dataDir: string): string {
  const folder = join(dataDir, 'run');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) if (spoolName.test(name)) rmSync(join(folder, name), { force: true });
  return folder;
}

function jsonOf(bytes: Buffer | undefined): unknown {
  try {
    return bytes === undefined ? undefined : (JSON.parse(bytes.toString('utf8')) as { value?: unknown }).value;
  } catch {
    return undefined;
  }
}
