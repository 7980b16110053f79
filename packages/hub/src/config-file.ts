import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  expandInclude,
  hubFileVersion,
  migrateHubFiles,
  migrations,
  parseHub,
  type ConfigIssue,
  type HubConfig,
  type HubFiles,
  type HubFolder,
  type Migration,
  type ParsedHub,
} from '@omh/config';
import { writeFileDurably } from '@omh/storage';
import { ok, OmhError, type Result } from '@omh/core';
import { errors } from './errors.ts';
import { hubFolder } from './hub-folder.ts';
import { registry } from './registry.ts';
import { readSecret, secretVariable } from './secret-places.ts';

/** The hub file with everything it includes, as it was last read or written by this process. */
export class ConfigFile {
  readonly path: string;
  readonly folder: string;
  /** Name of the hub file in its folder. */
  readonly main: string;
  readonly disk: HubFolder;
  readonly #shown: string;
  #parsed!: ParsedHub;

  /** `shown`: how the hub file is called in issues; included files are called from the same folder. */
  constructor(path: string, shown?: string) {
    this.path = resolve(path);
    this.folder = dirname(this.path);
    this.main = basename(this.path);
    this.disk = hubFolder(this.folder, this.main);
    this.#shown = shown ?? this.path;
  }
  /** Valid after `load` succeeded. */
  get parsed(): ParsedHub {
    return this.#parsed;
  }
  /** The main file's text. */
  get text(): string {
    return this.#parsed.files.texts.get(this.main)!;
  }

  /** Reads and checks the files; all faults at once. Throws when the hub file cannot be read at all. */
  load(): Result<HubConfig, ConfigIssue[]> {
    const parsed = this.parse(this.disk);
    if (!parsed.ok) return parsed;
    this.#parsed = parsed.value;
    return ok(parsed.value.config);
  }

  /**
   * Brings an older hub file and what it includes to the present version; each old text is kept beside its file first, as `hub.yaml.v1`.
   * The copy of the hub file, when that was needed. Throws HUB_FILE_READ_ONLY, CONFIG_MIGRATION; then nothing is written.
   */
  migrate(table: readonly Migration[] = migrations, present: number = hubFileVersion): string | undefined {
    this.#main(this.disk);
    const migrated = migrateHubFiles(this.main, this.disk, table, present);
    if (migrated === undefined) return undefined;
    this.writable(migrated.texts.keys());
    const copies = [...migrated.texts.keys()].map((name) => this.#copy(name, migrated.from));
    for (const [name, text] of migrated.texts) writeFileDurably(join(this.folder, name), text);
    return copies.at(-1);
  }
  /** Beside the file, under a name that holds nothing else. */
  #copy(name: string, version: number): string {
    const text = this.disk.read(name);
    const path = join(this.folder, name);
    for (let n = 0; ; n++) {
      const copy = `${path}.v${version}${n === 0 ? '' : `-${n}`}`;
      if (!existsSync(copy)) writeFileDurably(copy, text);
      if (readFileSync(copy, 'utf8') === text) return copy;
    }
  }

  /** What these files say; nothing is kept. */
  parse(folder: HubFolder): Result<ParsedHub, ConfigIssue[]> {
    this.#main(folder);
    return parseHub(this.main, {
      folder,
      registry,
      env: secretVariable,
      readFile: (path) => readSecret(path, this.folder),
      shown: (name) => (name === this.main ? this.#shown : join(dirname(this.#shown), name)),
    });
  }
  /** Takes over what was applied. */
  accept(parsed: ParsedHub): void {
    this.#parsed = parsed;
  }

  /** The places that these files have, and those that their include would read. */
  placesOf(files: HubFiles): string[] {
    const found = files.includes.flatMap((pattern) => {
      const expansion = expandInclude(pattern, this.disk);
      return 'files' in expansion && /[*?]/.test(pattern) ? expansion.files : [];
    });
    return [...new Set([...files.texts.keys(), ...found])];
  }
  /** What stands on disk in the places of these files; undefined where nothing can be read. */
  onDisk(files: HubFiles): Map<string, string | undefined> {
    return new Map(this.placesOf(files).map((name) => [name, this.read(name)]));
  }
  /** undefined when it cannot be read. */
  read(name: string): string | undefined {
    try {
      return this.disk.read(name);
    } catch {
      return undefined;
    }
  }

  /** Why the files of the configuration cannot be written; undefined when they can. */
  readOnly(): string | undefined {
    try {
      this.writable(this.parsed.files.texts.keys());
      return undefined;
    } catch (thrown) {
      if (thrown instanceof OmhError) return thrown.text;
      throw thrown;
    }
  }

  /** Throws HUB_FILE_READ_ONLY for the first of the files that may not be written, or whose folder may not: a write replaces the file. */
  writable(names: Iterable<string>): void {
    for (const name of names) {
      const path = join(this.folder, name);
      try {
        for (const needed of [path, dirname(path)]) if (existsSync(needed)) accessSync(needed, constants.W_OK);
      } catch (thrown) {
        throw errors.HUB_FILE_READ_ONLY({ file: path, detail: plain(thrown) }, { cause: thrown });
      }
    }
  }

  #main(folder: HubFolder): string {
    try {
      return folder.read(this.main);
    } catch (thrown) {
      throw errors.HUB_FILE_UNREADABLE({ file: this.path, detail: plain(thrown) }, { cause: thrown });
    }
  }
}

function plain(thrown: unknown): string {
  switch ((thrown as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'the user that runs omh has no permission';
    case 'EROFS':
      return 'its file system is read-only';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** A wrong hub file: the error and every fault with its place. */
export class InvalidHubFile extends OmhError {
  readonly issues: readonly ConfigIssue[];
  constructor(file: string, issues: readonly ConfigIssue[]) {
    super('HUB_FILE_INVALID', errors.HUB_FILE_INVALID.row, { file, count: issues.length });
    this.issues = issues;
  }
}
