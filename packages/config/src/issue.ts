import type { Issue, OmhError } from '@omh/core';

/** One fault of the hub file, at the place where it is corrected. `line` and `column` count from 1. */
export interface ConfigIssue extends Issue {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `hub.yaml:7:9 devices/demo/driver There is no driver modbus. Did you mean "modbus-tcp"?` */
export function formatIssue(issue: ConfigIssue): string {
  const { file, line, column, path, message, fix } = issue;
  return `${file}:${line}:${column} ${path === '' ? '' : `${path} `}${message}${fix === undefined ? '' : ` ${fix}`}`;
}

type Segment = string | number;
/** Where in the value an issue points: the value itself, or its key. */
export type Aim = 'value' | 'key';

export interface IssuePlaces {
  locate(path: readonly Segment[], aim: Aim): number;
  position(offset: number): { line: number; column: number };
}

const maxIssues = 1000;

/** Collects everything that is wrong, each at its place, and hands it out in the order of the file. */
export class IssueList {
  readonly #file: string;
  readonly #places: IssuePlaces;
  readonly #found: { offset: number; issue: Issue }[] = [];
  readonly #closed = new Set<string>();

  constructor(file: string, places: IssuePlaces) {
    this.#file = file;
    this.#places = places;
  }
  get empty(): boolean {
    return this.#found.length === 0;
  }
  /** One more than is shown: what comes now is only worth a last line. */
  get full(): boolean {
    return this.#found.length > maxIssues;
  }

  /** The value of this path is known to be wrong; nothing more is said about it. */
  close(path: readonly Segment[]): void {
    this.#closed.add(path.join('/'));
  }

  add(path: readonly Segment[], error: OmhError, options: { aim?: Aim; fix?: string | undefined; offset?: number } = {}): void {
    if (this.full || this.#closed.has(path.join('/'))) return;
    const offset = options.offset ?? this.#places.locate(path, options.aim ?? 'value');
    const issue: Issue = { path: path.join('/'), code: error.code, message: error.message };
    this.#found.push({ offset, issue: options.fix === undefined ? issue : { ...issue, fix: options.fix } });
  }

  /** In the order of the file; `more` is the last line when there are too many. */
  all(more: () => OmhError): ConfigIssue[] {
    const sorted = this.#found.sort((a, b) => a.offset - b.offset);
    const out = sorted
      .slice(0, maxIssues)
      .map(({ offset, issue }): ConfigIssue => ({ ...issue, file: this.#file, ...this.#places.position(offset) }));
    const next = sorted[maxIssues];
    if (next !== undefined) {
      const { code, message } = more();
      out.push({ path: '', code, message, file: this.#file, ...this.#places.position(next.offset) });
    }
    return out;
  }
}
