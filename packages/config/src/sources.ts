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
    return new Map([...this.#yaml.values()].flatMap(({ secrets }) => [...secrets]));
  }

  /** A text without the values that came from outside: each as `!env NAME` or `!file PATH`. */
  hide(text: string): string {
    let out = text;
    const values = [...this.#yaml.values()].flatMap(({ outside }) => [...outside]).sort(([a], [b]) => b.length - a.length);
    for (const [value, tag] of values) if (value.length >= shortestHidden) out = out.replaceAll(value, tag);
    return out;
  }

  at(path: Path): { file: number; text: string; place: Place | undefined } {
    const file = this.#fileOf(path);
    const { source } = this.#files[file]!;
    return { file, text: source.text, place: 'place' in source ? source.place(path) : undefined };
  }
  locate(path: Path, aim: Aim): Spot {
    const file = this.#fileOf(path);
    return { file, offset: this.#files[file]!.source.locate(path, aim) };
  }
  position({ file, offset }: Spot): { file: string; line: number; column: number } {
    return { file: this.shown(file), ...this.#files[file]!.source.position(offset) };
  }
  secret(path: Path): string | undefined {
    return this.at(path).place?.secret;
  }

  /** Issues about what stands in one file, whoever else defines the same path. */
  sink(file: number, issues: IssueList): IssueSink {
    const { source } = this.#files[file]!;
    return {
      get full() {
        return issues.full;
      },
      secret: (path) => ('place' in source ? source.place(path).secret : undefined),
      add: (path, error, options: IssueOptions = {}) =>
        issues.add(path, error, { ...options, spot: options.spot ?? { file, offset: source.locate(path, options.aim ?? 'value') } }),
    };
  }

  #fileOf(path: Path): number {
    if (path.length < 2 || !(namedSections as readonly unknown[]).includes(path[0])) return 0;
    const table = path.length > 5 ? this.#owners.get(path.slice(0, 5).join('/')) : undefined;
    return table ?? this.#owners.get(`${path[0]}/${path[1]}`) ?? 0;
  }
}
