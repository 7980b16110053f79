import { accessSync, constants, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  expandInclude,
  migrateHubText,
  parseHub,
  type ConfigIssue,
  type HubConfig,
  type HubFiles,
  type HubFolder,
  type ParsedHub,
} from '@omh/config';
import { writeFileDurably } from '@omh/storage';
import { ok, OmhError, type Result } from '@omh/core';
import { errors } from './errors.ts';
import { hubFolder } from './hub-folder.ts';
import { registry } from './registry.ts';

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

  /** Brings an older hub file to the present version; the old one is kept beside it as `hub.yaml.v1`. Its path, when that was needed. */
  migrate(): string | undefined {
    const migrated = migrateHubText(this.#main(this.disk));
    if (migrated === undefined) return undefined;
    const copy = `${this.path}.v${migrated.from}`;
    if (!existsSync(copy)) copyFileSync(this.path, copy);
    this.writable([this.main]);
    writeFileDurably(this.path, migrated.text);
    return copy;
  }

  /** What these files say; nothing is kept. */
  parse(folder: HubFolder): Result<ParsedHub, ConfigIssue[]> {
    this.#main(folder);
    return parseHub(this.main, {
      folder,
      registry,
      env: (name) => process.env[name],
      readFile: (path) => readFileSync(resolve(this.folder, path), 'utf8'),
      shown: (name) => (name === this.main ? this.#shown : join(dirname(this.#shown), name)),
    });
  }
  /** Takes over what was applied. */
  accept(parsed: ParsedHub): void {
    this.#parsed = parsed;
  }

  /** What stands on disk in the places that these files have, and in the places that their include would read. */
  onDisk(files: HubFiles): Map<string, string | undefined> {
    const out = new Map<string, string | undefined>();
    const found = files.includes.flatMap((pattern) => {
      const expansion = expandInclude(pattern, this.disk);
      return 'files' in expansion && /[*?]/.test(pattern) ? expansion.files : [];
    });
    for (const name of new Set([...files.texts.keys(), ...found])) out.set(name, this.read(name));
    return out;
  }
  /** undefined when it cannot be read. */
  read(name: string): string | undefined {
    try {
      return this.disk.read(name);
    } catch {
      return undefined;
    }
  }

  /** Throws HUB_FILE_READ_ONLY for the first of the files that exists and may not be written. */
  writable(names: Iterable<string>): void {
    for (const name of names) {
      const path = join(this.folder, name);
      try {
        if (existsSync(path)) accessSync(path, constants.W_OK);
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
