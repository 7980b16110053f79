import type { Issue, OmhError } from '@omh/core';

/** One fault of a hub file, at the place where it is corrected. `line` and `column` count from 1. */
export interface ConfigIssue extends Issue {
  /** The file it stands in: the hub file, an included one or a tag table. */
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

/** An offset in one of the files. */
export interface Spot {
  readonly file: number;
  readonly offset: number;
  /** Where it stands in a template: that one, and the device that was made from it. */
  readonly made?: { readonly template: string; readonly device: string };
}

export interface IssuePlaces {
  locate(path: readonly Segment[], aim: Aim): Spot;
  position(spot: Spot): { file: string; line: number; column: number };
  /** `!env NAME` where the value came from outside: it is never shown. */
  secret(path: readonly Segment[]): string | undefined;
  /** A text without values from outside. */
  hide(text: string): string;
}

export interface IssueOptions {
  readonly aim?: Aim;
  readonly fix?: string | undefined;
  readonly spot?: Spot | undefined;
}

/** Who takes issues: the whole list, or one file of it. */
export interface IssueSink {
  readonly full: boolean;
  secret(path: readonly Segment[]): string | undefined;
  add(path: readonly Segment[], error: OmhError, options?: IssueOptions): void;
}

const maxIssues = 1000;

/** Collects everything that is wrong, each at its place, and hands it out in the order of the files. */
export class IssueList implements IssueSink {
  readonly #places: IssuePlaces;
  readonly #found: { spot: Spot; issue: Issue }[] = [];
  readonly #closed = new Set<string>();
  readonly #silent = new Set<string>();
  readonly #settled = new Set<string>();
  readonly #told = new Set<string>();

  constructor(places: IssuePlaces) {
    this.#places = places;
  }
  get empty(): boolean {
    return this.#found.length === 0;
  }
  /** One more than is shown: what comes now is only worth a last line. */
  get full(): boolean {
    return this.#found.length > maxIssues;
  }
  secret(path: readonly Segment[]): string | undefined {
    return this.#places.secret(path);
  }

  /** The value of this path is known to be wrong; nothing more is said about it. */
  close(path: readonly Segment[]): void {
    this.#closed.add(path.join('/'));
  }

  /** What is wrong here is told in the template: the devices made from it need not repeat it. */
  settle({ file, offset }: Spot): void {
    this.#settled.add(`${file}:${offset}`);
  }
  /** This device cannot be what was meant: nothing more is said about it. */
  silence(device: string): void {
    this.#silent.add(device);
  }

  add(path: readonly Segment[], error: OmhError, options: IssueOptions = {}): void {
    if (this.full || this.#closed.has(path.join('/'))) return;
    if (this.#silent.size > 0 && path[0] === 'devices' && this.#silent.has(String(path[1]))) return;
    const spot = options.spot ?? this.#places.locate(path, options.aim ?? 'value');
    let message = this.#places.hide(error.message);
    if (spot.made !== undefined) {
      // A thousand devices of one template have one fault.
      const once = `${spot.file}:${spot.offset}:${error.code}:${path.slice(2).join('/')}`;
      if (this.#told.has(once) || this.#settled.has(`${spot.file}:${spot.offset}`)) return;
      this.#told.add(once);
      message += ` This is template ${spot.made.template}, as read for device ${spot.made.device}.`;
    }
    const issue: Issue = { path: path.join('/'), code: error.code, message };
    this.#found.push({ spot, issue: options.fix === undefined ? issue : { ...issue, fix: this.#places.hide(options.fix) } });
  }

  /** In the order of the files; `more` is the last line when there are too many. */
  all(more: () => OmhError): ConfigIssue[] {
    const sorted = this.#found.sort((a, b) => a.spot.file - b.spot.file || a.spot.offset - b.spot.offset);
    const out = sorted.slice(0, maxIssues).map(({ spot, issue }): ConfigIssue => ({ ...issue, ...this.#places.position(spot) }));
    const next = sorted[maxIssues];
    if (next !== undefined) {
      const { code, message } = more();
      out.push({ path: '', code, message, ...this.#places.position(next.spot) });
    }
    return out;
  }
}
