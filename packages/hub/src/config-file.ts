import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { editHubText, parseHubText, type ConfigIssue, type EditOp, type HubConfig, type ParsedHub } from '@omh/config';
import { writeFileDurably } from '@omh/storage';
import { ok, OmhError, type Result } from '@omh/core';
import { errors } from './errors.ts';
import { registry } from './registry.ts';

/** The hub file as it was last read or written by this process. */
export class ConfigFile {
  readonly path: string;
  #parsed!: ParsedHub;

  constructor(path: string) {
    this.path = resolve(path);
  }
  /** Valid after `load` succeeded. */
  get parsed(): ParsedHub {
    return this.#parsed;
  }
  get text(): string {
    return this.#parsed.text;
  }

  /** Reads and checks the file; all faults at once. Throws when it cannot be read at all. */
  load(): Result<HubConfig, ConfigIssue[]> {
    const parsed = parseText(this.#read(), this.path);
    if (!parsed.ok) return parsed;
    this.#parsed = parsed.value;
    return ok(parsed.value.config);
  }

  /** The file as it would be with the ops carried out; nothing is written yet. */
  edited(ops: readonly EditOp[]): Result<ParsedHub, ConfigIssue[]> {
    if (this.#read() !== this.text) throw errors.HUB_FILE_CHANGED({ file: this.path });
    return parseText(editHubText(this.text, ops), this.path);
  }

  write(next: ParsedHub): void {
    try {
      accessSync(this.path, constants.W_OK);
      writeFileDurably(this.path, next.text);
    } catch (thrown) {
      throw errors.HUB_FILE_READ_ONLY({ file: this.path, detail: plain(thrown) }, { cause: thrown });
    }
    this.#parsed = next;
  }

  #read(): string {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (thrown) {
      throw errors.HUB_FILE_UNREADABLE({ file: this.path, detail: plain(thrown) }, { cause: thrown });
    }
  }
}

const parseText = (text: string, file: string): Result<ParsedHub, ConfigIssue[]> =>
  parseHubText(text, {
    file,
    registry,
    env: (name) => process.env[name],
    readFile: (path) => readFileSync(resolve(dirname(file), path), 'utf8'),
  });

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
