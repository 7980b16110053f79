import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { PlanChange } from '@omh/config';
import type { Logger } from '@omh/core';
import { Documents, lockDataDirectory, writeFileDurably } from '@omh/storage';
import { errors } from './errors.ts';

/** Who changed the configuration when, why and how. */
export interface Revision {
  readonly revision: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly by: string;
  readonly comment: string;
  readonly changes: readonly PlanChange[];
}
export interface StoredRevision extends Revision {
  /** Text of each file, `!env` and `!file` as they are written. */
  readonly files: Readonly<Record<string, string>>;
}

interface Current {
  readonly revision: number;
  /** An apply to this revision has begun and is not committed. */
  readonly applying?: number;
}

const maxKept = 1000;
const nameOf = (revision: number): string => String(revision).padStart(8, '0');

/**
 * The revisions of a hub, one document each in `revisions/`, and the journal that keeps the files on disk and the current revision
 * together: `begin` stores the new revision, marks it as being applied and rewrites the files; `commit` makes it current in one write.
 * A process that dies in between finds the mark when it starts again, and `recover` puts the files of the current revision back.
 */
export class Revisions {
  readonly #folder: string;
  readonly #hubFolder: string;
  readonly #documents: Documents;
  readonly #log: Logger;
  readonly #headers = new Map<number, Revision>();
  #current: Current | undefined;

  /** `folder`: `revisions/` of the data directory; `hubFolder`: where the hub file stands. */
  constructor(folder: string, hubFolder: string, log: Logger) {
    this.#folder = folder;
    this.#hubFolder = hubFolder;
    this.#log = log;
    this.#documents = new Documents(folder);
    this.#current = this.#readCurrent();
  }

  /** undefined before the first one. */
  get current(): number | undefined {
    return this.#current?.revision;
  }

  /** Ends an apply that a crash interrupted: the files of the current revision stand again. True when there was one. */
  recover(): boolean {
    const { revision, applying } = this.#current ?? {};
    if (revision === undefined) return false;
    // Stored, but never marked: nothing else was touched.
    for (const later of this.#numbers()) if (later > revision && later !== applying) this.#documents.delete(nameOf(later));
    if (applying === undefined) return false;
    const before = this.stored(revision).files;
    let after: StoredRevision['files'] = {};
    try {
      after = this.stored(applying).files;
    } catch {
      // Without the new revision there is nothing it can have written.
    }
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      this.#sweep(name);
      const found = this.#read(name);
      // What is neither was written by somebody else in the meantime.
      if (found === before[name] || (found !== after[name] && found !== undefined)) continue;
      this.#put(name, before[name]);
    }
    this.#finish(revision);
    this.#documents.delete(nameOf(applying));
    this.#log.warn('an interrupted change of the configuration was taken back', { revision, applying });
    return true;
  }

  /** Records what stands on disk as the next revision; no file is written. */
  record(entry: Omit<Revision, 'revision'>, files: ReadonlyMap<string, string>, revision = (this.current ?? 0) + 1): number {
    this.#documents.put(nameOf(revision), { ...entry, revision, files: Object.fromEntries(files) } satisfies StoredRevision);
    this.#finish(revision);
    this.#prune();
    return revision;
  }

  /**
   * Stores the next revision and rewrites the files. `files` maps names to texts, `remove` names those that go. What throws has been
   * undone. Follow with `commit` or `undo`.
   */
  begin(entry: Omit<Revision, 'revision'>, files: ReadonlyMap<string, string>, remove: readonly string[]): number {
    const revision = this.current! + 1;
    this.#documents.put(nameOf(revision), { ...entry, revision, files: Object.fromEntries(files) } satisfies StoredRevision);
    this.#log.debug('the new revision is stored', { revision });
    this.#current = { revision: this.current!, applying: revision };
    try {
      this.#documents.put('current', this.#current);
      this.#log.debug('the apply is marked', { revision });
      for (const [name, text] of files) {
        if (this.#read(name) === text) continue;
        this.#put(name, text);
        this.#log.debug('a file is written', { revision, file: name });
      }
      for (const name of remove) {
        this.#put(name, undefined);
        this.#log.debug('a file is removed', { revision, file: name });
      }
    } catch (thrown) {
      this.undo();
      throw thrown;
    }
    return revision;
  }

  commit(): void {
    const { applying } = this.#current!;
    this.#log.debug('the apply is about to be committed', { revision: applying! });
    this.#finish(applying!);
    this.#log.debug('the apply is committed', { revision: applying! });
    this.#prune();
  }
  undo(): void {
    this.recover();
  }

  /** Throws HUB_NO_SUCH_REVISION. */
  stored(revision: number): StoredRevision {
    const stored = this.#documents.get<StoredRevision>(nameOf(revision));
    if (stored === undefined) throw errors.HUB_NO_SUCH_REVISION({ revision });
    return stored;
  }

  /** The newest first; `cursor` is the last revision already seen. */
  async list(limit: number, cursor?: number): Promise<{ revisions: Revision[]; cursor?: number }> {
    const numbers = this.#numbers().filter((n) => n <= (this.current ?? 0) && (cursor === undefined || n < cursor));
    const wanted = numbers.reverse().slice(0, Math.max(1, Math.min(limit, 200)));
    const revisions: Revision[] = [];
    for (const n of wanted) {
      const header = this.#headers.get(n) ?? (await this.#readHeader(n));
      if (header !== undefined) revisions.push(header);
    }
    const last = wanted.at(-1);
    return last === undefined || wanted.length === numbers.length ? { revisions } : { revisions, cursor: last };
  }

  async #readHeader(revision: number): Promise<Revision | undefined> {
    try {
      const { value } = JSON.parse(await readFile(join(this.#folder, `${nameOf(revision)}.json`), 'utf8')) as { value: StoredRevision };
      const { files: _texts, ...header } = value;
      this.#headers.set(revision, header);
      return header;
    } catch (thrown) {
      this.#log.warn('a revision cannot be read', { revision, err: thrown });
      return undefined;
    }
  }

  #readCurrent(): Current | undefined {
    try {
      const stored = this.#documents.get<Current>('current');
      if (stored !== undefined) return stored;
    } catch (thrown) {
      this.#log.error('which revision is current cannot be read; the newest one is taken', { err: thrown });
    }
    const newest = this.#numbers().at(-1);
    return newest === undefined ? undefined : { revision: newest };
  }
  #finish(revision: number): void {
    this.#documents.put('current', { revision } satisfies Current);
    this.#current = { revision };
  }
  #numbers(): number[] {
    return readdirSync(this.#folder)
      .filter((name) => /^\d{8,}\.json$/.test(name))
      .map((name) => Number(name.slice(0, -5)))
      .sort((a, b) => a - b);
  }
  #prune(): void {
    for (const revision of this.#numbers().slice(0, -maxKept)) {
      this.#documents.delete(nameOf(revision));
      this.#headers.delete(revision);
    }
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.#hubFolder, name), 'utf8');
    } catch {
      return undefined;
    }
  }
  #put(name: string, text: string | undefined): void {
    const path = join(this.#hubFolder, name);
    if (text === undefined) rmSync(path, { force: true });
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileDurably(path, text);
    }
  }
  /** Half-written copies that a crash left beside a file. */
  #sweep(name: string): void {
    const path = join(this.#hubFolder, name);
    let names: string[];
    try {
      names = readdirSync(dirname(path));
    } catch {
      return;
    }
    for (const other of names) {
      if (other.startsWith(`${basename(path)}.tmp-`) && /\.tmp-\d+-\d+$/.test(other)) rmSync(join(dirname(path), other), { force: true });
    }
  }
}

/**
 * Ends an apply that a crash interrupted, for whoever reads the hub file before the hub itself starts. Throws STORAGE_LOCKED while
 * another process owns the data directory.
 */
export function recoverHubFiles(file: string, dataDir: string, log: Logger): void {
  if (!existsSync(join(dataDir, 'revisions'))) return;
  const directory = lockDataDirectory(dataDir);
  try {
    new Revisions(directory.sub('revisions'), dirname(resolve(file)), log).recover();
  } finally {
    directory.release();
  }
}
