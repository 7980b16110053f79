import { statSync } from 'node:fs';
import { join } from 'node:path';
import { unifiedDiff } from '@omh/config';
import type { Cancel, Clock } from '@omh/core';
import type { ConfigFile } from './config-file.ts';

export interface Drift {
  /** The files that differ, each with the unified text from the running revision to what stands on disk. */
  readonly files: readonly { readonly file: string; readonly kind: 'changed' | 'added' | 'removed'; readonly diff: string }[];
}

const periodMs = 3000;

/** What differs between the running revision and the disk; undefined when nothing does. */
export function compareWithDisk(file: ConfigFile): Drift | undefined {
  const { texts } = file.parsed.files;
  const files: Drift['files'][number][] = [];
  for (const [name, found] of file.onDisk(file.parsed.files)) {
    const runs = texts.get(name);
    if (runs === found) continue;
    files.push({
      file: name,
      kind: runs === undefined ? 'added' : found === undefined ? 'removed' : 'changed',
      diff: unifiedDiff(name, runs, found),
    });
  }
  return files.length === 0 ? undefined : { files };
}

/** Looks every few seconds whether somebody edits the files by hand; reads them only when their time or size moved. */
export class DriftWatch {
  readonly #file: ConfigFile;
  readonly #clock: Clock;
  readonly #onChange: (drifted: boolean) => void;
  readonly #busy: () => boolean;
  #cancel: Cancel = () => {};
  #signature = '';
  #drifted = false;

  /** `busy`: the hub itself writes the files just now. */
  constructor(file: ConfigFile, clock: Clock, onChange: (drifted: boolean) => void, busy: () => boolean = () => false) {
    this.#file = file;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#busy = busy;
  }
  get drifted(): boolean {
    return this.#drifted;
  }

  start(): void {
    this.#cancel = this.#clock.after(periodMs, () => {
      this.check();
      this.start();
    });
  }
  stop(): void {
    this.#cancel();
  }

  check(): void {
    if (this.#busy()) return;
    const { files } = this.#file.parsed;
    const signature = this.#file
      .placesOf(files)
      .map((name) => `${name} ${this.#stamp(name)}`)
      .join('\n');
    if (signature === this.#signature && !this.#drifted) return;
    this.#signature = signature;
    let drifted = false;
    for (const [name, found] of this.#file.onDisk(files)) drifted ||= files.texts.get(name) !== found;
    if (drifted === this.#drifted) return;
    this.#drifted = drifted;
    this.#onChange(drifted);
  }

  #stamp(name: string): string {
    try {
      const { mtimeMs, size, ino } = statSync(join(this.#file.folder, name));
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return '-';
    }
  }
}
