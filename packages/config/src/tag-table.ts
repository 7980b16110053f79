import type { JsonSchema } from '@omh/core';
import { Csv } from './csv.ts';
import { errors } from './errors.ts';
import { Tag } from './tag-schema.ts';
import type { TagConfig } from './tag-schema.ts';
import { columnNamed, tagColumns, tagOfCells } from './tag-cell.ts';
import type { TagColumn } from './tag-cell.ts';
import type { Aim, IssueSink, Spot } from './issue.ts';
import { didYouMean } from './did-you-mean.ts';
import { checkSchema } from './validation.ts';

type Column = TagColumn;
const needed: readonly Column[] = ['name', 'type'];
const sources: readonly Column[] = ['address', 'value', 'expression'];
const maxTags = 1_000_000;

/** The text of a tag table: where each tag stands, and its tags as plain data. */
export class TagTableText {
  readonly text: string;
  readonly csv: Csv;
  /** Which column each cell belongs to. */
  readonly columns: readonly (Column | undefined)[];
  #rowOf: Map<string, number> | undefined;
  #lines: readonly number[] | undefined;

  constructor(text: string) {
    this.text = text;
    this.csv = new Csv(text);
    const header = this.csv.rows === 0 ? [] : this.csv.cells(0);
    this.columns = header.map((cell) => columnNamed(cell));
  }

  position(offset: number): { line: number; column: number } {
    this.#lines ??= lineStarts(this.text);
    const lines = this.#lines;
    let low = 0;
    for (let high = lines.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (lines[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const bom = low === 0 && this.text.startsWith('\ufeff') ? 1 : 0;
    return { line: low + 1, column: Math.max(1, offset - lines[low]! - bom + 1) };
  }

  /** `path` ends as in the configuration: …/tags/NAME or …/tags/NAME/FIELD. */
  locate(path: readonly (string | number)[], aim: Aim): number {
    const tags = path.indexOf('tags', 4);
    const row = this.rowOf(String(path[tags + 1]));
    return row === undefined ? 0 : this.cellOffset(row, aim === 'key' ? 'name' : ((path[tags + 2] ?? 'name') as Column));
  }
  has(path: readonly (string | number)[]): boolean {
    const [tag, field] = path.slice(path.indexOf('tags', 4) + 1);
    const row = tag === undefined ? 0 : this.rowOf(String(tag));
    return row !== undefined && (field === undefined || this.cellsOf(row).has(field as Column));
  }
  rowOf(name: string): number | undefined {
    if (this.#rowOf === undefined) {
      const column = this.columns.indexOf('name');
      this.#rowOf = new Map();
      for (let row = 1; row < this.csv.rows; row++) {
        const cell = this.csv.cells(row)[column] ?? '';
        if (!this.#rowOf.has(cell)) this.#rowOf.set(cell, row);
      }
    }
    return this.#rowOf.get(name);
  }
  cellOffset(row: number, column: Column): number {
    const span = this.csv.spans(row)[this.columns.indexOf(column)];
    if (span === undefined) return this.csv.start(row);
    return span[0] + Math.max(0, this.text.slice(span[0], span[1]).search(/\S/));
  }
  /** The tag of a row as far as its cells can be read; nothing is checked. */
  tagOf(row: number): Partial<TagConfig> {
    return tagOfCells(this.csv.cells(row), this.columns);
  }
  cellsOf(row: number): Map<Column, string> {
    const out = new Map<Column, string>();
    const cells = this.csv.cells(row);
    for (const [i, column] of this.columns.entries()) if (column !== undefined && (cells[i] ?? '') !== '') out.set(column, cells[i]!);
    return out;
  }

  /** The tags by name, defaults filled in; every fault is told at its cell. */
  tags(at: readonly string[], file: number, issues: IssueSink): Record<string, TagConfig> {
    return this.#rows(at, file, issues, (cells, path) => this.#tag(cells, path, issues));
  }
  /** The tags of a template: their cells may hold variables, so only names and rows are checked. */
  looseTags(at: readonly string[], file: number, issues: IssueSink): Record<string, Partial<TagConfig>> {
    return this.#rows(at, file, issues, (cells) => tagOfCells(cells, this.columns));
  }

  #rows<T>(
    at: readonly string[],
    file: number,
    issues: IssueSink,
    tagOf: (cells: readonly string[], path: readonly string[]) => T,
  ): Record<string, T> {
    const spot = (offset: number): { spot: Spot } => ({ spot: { file, offset } });
    for (const { offset, what } of this.csv.faults) issues.add(at, errors.CONFIG_CSV({ what }), spot(offset));
    if (this.csv.faults.length > 0 || !this.#headerHolds(at, spot, issues)) return {};
    const { csv, columns } = this;
    const out: Record<string, T> = {};
    const nameColumn = columns.indexOf('name');
    for (let row = 1; row < csv.rows && !issues.full; row++) {
      const cells = csv.cells(row);
      const name = cells[nameColumn] ?? '';
      if (row > maxTags) {
        issues.add(at, errors.CONFIG_CSV({ what: `it has more than ${maxTags} rows` }), spot(csv.start(row)));
        break;
      }
      if (cells.length > columns.length) {
        issues.add([...at, name], errors.CONFIG_CSV_CELLS({ found: cells.length, columns: columns.length }), spot(csv.start(row)));
        continue;
      }
      if (name === '__proto__' || name === '') {
        const error = errors.CONFIG_FORBIDDEN_KEY({ key: name === '' ? 'An empty name' : name });
        issues.add([...at, name], error, spot(this.cellOffset(row, 'name')));
        continue;
      }
      if (Object.hasOwn(out, name)) {
        const { line } = this.position(csv.start(this.rowOf(name)!));
        issues.add([...at, name], errors.CONFIG_DUPLICATE_KEY({ key: name, line }), spot(this.cellOffset(row, 'name')));
        continue;
      }
      out[name] = tagOf(cells, [...at, name]);
    }
    return out;
  }

  #tag(cells: readonly string[], at: readonly string[], issues: IssueSink): TagConfig {
    const tag = tagOfCells(cells, this.columns);
    checkSchema(Tag as unknown as JsonSchema, tag, at, issues);
    return tag as TagConfig;
  }

  #headerHolds(at: readonly string[], spot: (offset: number) => { spot: Spot }, issues: IssueSink): boolean {
    const { csv, columns } = this;
    let holds = true;
    const tell = (error: Parameters<IssueSink['add']>[1], cell: number, fix?: string): void => {
      const span = csv.rows === 0 ? undefined : csv.spans(0)[cell];
      issues.add(at, error, { fix, ...spot(span?.[0] ?? 0) });
      holds = false;
    };
    const header = csv.rows === 0 ? [] : csv.cells(0);
    for (const [i, name] of header.entries()) {
      const column = columns[i];
      if (column === undefined) {
        tell(errors.CONFIG_CSV_COLUMN({ name: name === '' ? 'An empty text' : name }), i, didYouMean(name, tagColumns));
      } else if (columns.indexOf(column) !== i) tell(errors.CONFIG_CSV({ what: `the column ${column} stands there twice` }), i);
    }
    const missed = needed.filter((column) => !columns.includes(column));
    if (!sources.some((column) => columns.includes(column))) missed.push('address');
    for (const missing of missed) tell(errors.CONFIG_CSV_HEADER({ missing }), 0, errors.CONFIG_CSV_HEADER.row.next);
    return holds;
  }
}

function lineStarts(text: string): number[] {
  const out = [0];
  for (const match of text.matchAll(/\r\n?|\n/g)) out.push(match.index + match[0].length);
  return out;
}
