import { Csv } from '../csv.ts';
import { errors } from '../errors.ts';
import type { Where } from './tags-read.ts';

/** Rows of cells with their places; row 0 is the header. */
export interface Sheet {
  readonly rows: number;
  cells(row: number): readonly string[];
  where(row: number, column?: number): Where;
}

const maxCell = 32_767;

export class CsvSheet implements Sheet {
  readonly #csv: Csv;
  #lines: Uint32Array | undefined;

  /** Throws CONFIG_IMPORT_FORMAT with the place of the first fault. */
  constructor(text: string) {
    this.#csv = new Csv(text);
    const fault = this.#csv.faults[0];
    if (fault === undefined) return;
    throw errors.CONFIG_IMPORT_FORMAT({ format: 'CSV', why: `${this.#at(fault.offset).text}: ${fault.what}` });
  }
  get rows(): number {
    return this.#csv.rows;
  }
  cells(row: number): readonly string[] {
    return this.#csv.cells(row).map(bounded);
  }
  where(row: number, column = 0): Where {
    const span = this.#csv.spans(row)[column];
    return this.#at(span === undefined ? this.#csv.start(row) : span[0] + Math.max(0, this.#csv.text.slice(span[0], span[1]).search(/\S/)));
  }

  #at(offset: number): Where {
    const lines = (this.#lines ??= lineStarts(this.#csv.text));
    let low = 0;
    for (let high = lines.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (lines[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const [line, column] = [low + 1, offset - lines[low]! + 1];
    return { text: `line ${line}, column ${column}`, line, column };
  }
}

export class XlsxSheet implements Sheet {
  readonly #rows: readonly (readonly unknown[])[];

  constructor(rows: readonly (readonly unknown[])[]) {
    this.#rows = rows;
  }
  get rows(): number {
    return this.#rows.length;
  }
  cells(row: number): readonly string[] {
    return (this.#rows[row] ?? []).map(cellText);
  }
  where(row: number, column = 0): Where {
    return { text: `cell ${letters(column)}${row + 1}`, line: row + 1, column: column + 1 };
  }
}

/** Which column each cell of the header names; `byName` has lower-case names. */
export function headerOf<C extends string>(sheet: Sheet, byName: ReadonlyMap<string, C>): (C | undefined)[] {
  return sheet.rows === 0 ? [] : sheet.cells(0).map((cell) => byName.get(cell.trim().toLowerCase()));
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return bounded(typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '');
}
const bounded = (text: string): string => (text.length > maxCell ? text.slice(0, maxCell) : text);

function letters(column: number): string {
  let out = '';
  for (let n = column + 1; n > 0; n = Math.floor((n - 1) / 26)) out = String.fromCharCode(65 + ((n - 1) % 26)) + out;
  return out;
}

function lineStarts(text: string): Uint32Array {
  const out = [0];
  for (const match of text.matchAll(/\r\n?|\n/g)) out.push(match.index + match[0].length);
  return Uint32Array.from(out);
}
