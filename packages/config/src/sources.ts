import { namedSections } from './checks.ts';
import type { Aim, IssueList, IssueOptions, IssuePlaces, IssueSink, Spot } from './issue.ts';
import type { Place, Source } from './source.ts';
import type { TagTableText } from './tag-table.ts';

interface Entry {
  readonly name: string;
  readonly source: Source | TagTableText;
}
type Path = readonly (string | number)[];

/** Shorter values stand in too many words to be told apart; they are no secrets either. */
const shortestHidden = 4;

/** All files of a hub and which of them owns which path. */
export class Sources implements IssuePlaces {
  readonly #shown: (name: string) => string;
  readonly #files: Entry[] = [];
  readonly #yaml = new Map<string, Source>();
  readonly #tables = new Map<string, TagTableText>();
  readonly #owners = new Map<string, number>();
  /** Device → the template it was made from. */
  readonly #templates = new Map<string, string>();
  readonly #hidden = new Map<string, string>();

  /** `shown`: how a file is called in issues. */
  constructor(shown: (name: string) => string) {
    this.#shown = shown;
  }

  /** The first one is the main file. Returns the file's number. */
  addYaml(name: string, source: Source): number {
    this.#yaml.set(name, source);
    return this.#files.push({ name, source }) - 1;
  }
  addTable(name: string, table: TagTableText): number {
    this.#tables.set(name, table);
    return this.#files.push({ name, source: table }) - 1;
  }
  table(name: string): { file: number; table: TagTableText } | undefined {
    const table = this.#tables.get(name);
    return table && { file: this.#files.findIndex((f) => f.source === table), table };
  }
  own(path: Path, file: number): void {
    this.#owners.set(path.join('/'), file);
  }
  /** What this device does not say itself stands in the template. */
  expanded(device: string, template: string): void {
    this.#templates.set(device, template);
  }
  /** A value of an expanded device that came from outside. */
  hidden(path: Path, reference: string): void {
    this.#hidden.set(path.join('/'), reference);
  }
  names(): string[] {
    return this.#files.map(({ name }) => name);
  }
  shown(file: number): string {
    return this.#shown(this.#files[file]!.name);
  }
  texts(): Map<string, string> {
    return new Map(this.#files.map(({ name, source }) => [name, source.text]));
  }
  owners(): Map<string, string> {
    return new Map([...this.#owners].map(([path, file]) => [path, this.#files[file]!.name]));
  }
  /** Path → `!env NAME` or `!file PATH`. */
  secrets(): Map<string, string> {
    return new Map([...[...this.#yaml.values()].flatMap(({ secrets }) => [...secrets]), ...this.#hidden]);
  }

  /** A text without the values that came from outside: each as `!env NAME` or `!file PATH`. */
  hide(text: string): string {
    let out = text;
    const values = [...this.#yaml.values()].flatMap(({ outside }) => [...outside]).sort(([a], [b]) => b.length - a.length);
    for (const [value, tag] of values) if (value.length >= shortestHidden) out = out.replaceAll(value, tag);
    return out;
  }

  at(path: Path): { file: number; text: string; place: Place | undefined } {
    const { path: here, file } = this.#stands(path);
    const { source } = this.#files[file]!;
    return { file, text: source.text, place: 'place' in source ? source.place(here) : undefined };
  }
  locate(path: Path, aim: Aim): Spot {
    const { path: here, file, made } = this.#stands(path);
    const offset = this.#files[file]!.source.locate(here, aim);
    return made === undefined ? { file, offset } : { file, offset, made };
  }
  /** A place in a template of this file, or in its tag table. */
  spotOfTemplate(path: Path, file: number): Spot {
    const at = this.#owners.get(path.slice(0, 5).join('/')) ?? file;
    return { file: at, offset: this.#files[at]!.source.locate(path, 'value') };
  }
  position({ file, offset }: Spot): { file: string; line: number; column: number } {
    return { file: this.shown(file), ...this.#files[file]!.source.position(offset) };
  }
  secret(path: Path): string | undefined {
    return this.#hidden.get(path.join('/')) ?? this.at(path).place?.secret;
  }

  /** Issues about what stands in one file, whoever else defines the same path. */
  sink(file: number, issues: IssueList): IssueSink {
    const { source } = this.#files[file]!;
    return {
      get full() {
        return issues.full;
      },
      secret: (path) => this.#hidden.get(path.join('/')) ?? ('place' in source ? source.place(path).secret : undefined),
      add: (path, error, options: IssueOptions = {}) => {
        const aim = options.aim ?? 'value';
        const made = path[0] === 'devices' && !source.has(path) && this.#templates.has(String(path[1]));
        issues.add(path, error, {
          ...options,
          spot: options.spot ?? (made ? this.locate(path, aim) : { file, offset: source.locate(path, aim) }),
        });
      },
    };
  }

  /** The file and path where what a path means is written: in a device itself, or in its template. */
  #stands(path: Path): { file: number; path: Path; made?: NonNullable<Spot['made']> } {
    const file = this.#fileOf(path);
    const template = path[0] === 'devices' && path.length > 2 ? this.#templates.get(String(path[1])) : undefined;
    if (template === undefined || this.#files[file]!.source.has(path)) return { file, path };
    const there = ['templates', template, ...path.slice(2)];
    const other = this.#fileOf(there);
    // What neither says is told where the template would say it, unless the device began that block.
    const { source } = this.#files[other]!;
    if (!source.has(there) && this.#files[file]!.source.has(path.slice(0, -1))) return { file, path };
    return { file: other, path: there, made: { template, device: String(path[1]) } };
  }

  #fileOf(path: Path): number {
    if (path.length < 2 || !(namedSections as readonly unknown[]).includes(path[0])) return 0;
    const table = path.length > 5 ? this.#owners.get(path.slice(0, 5).join('/')) : undefined;
    return table ?? this.#owners.get(`${path[0]}/${path[1]}`) ?? 0;
  }
}
