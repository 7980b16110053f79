import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, rfc3339 } from '@omh/core';
import type { Micros } from '@omh/core';
import { parseDocument } from './check-documents.ts';
import { syncFolder, temporaryMark, writeFileDurably } from './durable-file.ts';
import { errors, whyNot } from './errors.ts';

export interface DocumentFormat<T> {
  /** The version this program writes; 1 when absent. */
  readonly version?: number;
  /** Brings the content of an older version to the present one. The document as it was is first kept as `<file>.version-<n>`. */
  readonly migrate?: (value: unknown, from: number) => T;
}

/**
 * Small JSON documents in one folder, `{"version":1,"value":…}` each, read whole and replaced whole. A crash leaves the old document
 * or the new one. The folder belongs to one process: the owner of the data directory's lock.
 */
export class Documents {
  readonly #folder: string;
  readonly #now: () => Micros;

  /** `folder`: usually `dataDirectory.sub('state')`. */
  constructor(folder: string, now: () => Micros = systemClock.now) {
    this.#folder = folder;
    this.#now = now;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(folder)) if (file.includes(temporaryMark)) rmSync(join(folder, file), { force: true });
  }

  /**
   * The document's value, or undefined when there is none. Throws STORAGE_DAMAGED (the file is then kept aside as
   * `<file>.damaged-<time>`, so the next call finds none), STORAGE_NEWER and STORAGE_OLDER.
   */
  get<T>(name: string, format: DocumentFormat<T> = {}): T | undefined {
    const file = this.#file(name);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw errors.STORAGE_UNUSABLE({ path: file, why: whyNot(cause) }, { cause });
    }
    const known = format.version ?? 1;
    const found = this.#open(file, text);
    if (found.version > known) throw errors.STORAGE_NEWER({ file, found: found.version, known });
    if (found.version === known) return found.value as T;
    if (format.migrate === undefined) throw errors.STORAGE_OLDER({ file, found: found.version, known });
    const value = format.migrate(found.value, found.version);
    const copy = `${file}.version-${found.version}`;
    if (!existsSync(copy)) writeFileDurably(copy, text, 0o600);
    return value;
  }

  /** Returns after the document is on disk. Throws STORAGE_WRITE; the old document then stands. */
  put(name: string, value: unknown, version = 1): void {
    writeFileDurably(this.#file(name), `${JSON.stringify({ version, value }, undefined, 2)}\n`, 0o600);
  }

  delete(name: string): void {
    rmSync(this.#file(name), { force: true });
    syncFolder(this.#folder);
  }

  list(): string[] {
    return readdirSync(this.#folder)
      .filter((file) => /^[\w-]+\.json$/.test(file))
      .map((file) => file.slice(0, -5))
      .sort();
  }

  #file(name: string): string {
    if (!/^[\w-]{1,100}$/.test(name)) throw errors.STORAGE_NAME({ name });
    return join(this.#folder, `${name}.json`);
  }

  #open(file: string, text: string): { version: number; value: unknown } {
    let why: string;
    try {
      return parseDocument(text);
    } catch (thrown) {
      why = thrown instanceof SyntaxError ? 'it is no JSON' : whyNot(thrown);
    }
    const aside = `${file}.damaged-${rfc3339(this.#now()).replaceAll(':', '-')}`;
    renameSync(file, aside);
    syncFolder(this.#folder);
    throw errors.STORAGE_DAMAGED({ file, why, aside });
  }
}
