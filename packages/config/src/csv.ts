/** One fault of the text itself, at its offset. */
export interface CsvFault {
  readonly offset: number;
  readonly what: string;
}

const quote = 34;
const cr = 13;
const lf = 10;
const delimiters = [',', ';', '\t'] as const;

/**
 * A CSV text (RFC 4180; also `;` and tab between cells) as offsets of its rows: cells are cut out when they are asked for, so that
 * 100,000 rows cost two numbers each. Blank lines are no rows; row 0 is the header.
 */
export class Csv {
  readonly text: string;
  readonly delimiter: string;
  readonly eol: string;
  readonly faults: CsvFault[] = [];
  #starts: Uint32Array = new Uint32Array(1024);
  /** Behind the last cell, before the line end. */
  #ends: Uint32Array = new Uint32Array(1024);
  #rows = 0;

  constructor(text: string) {
    this.text = text;
    const first = text.search(/[\r\n]/);
    const header = first < 0 ? text : text.slice(0, first);
    this.eol = text.startsWith('\r\n', first) ? '\r\n' : '\n';
    this.delimiter = delimiters.reduce((best, d) => (header.split(d).length > header.split(best).length ? d : best));
    this.#scan();
  }
  get rows(): number {
    return this.#rows;
  }
  start(row: number): number {
    return this.#starts[row]!;
  }
  end(row: number): number {
    return this.#ends[row]!;
  }

  /** The cells of a row, unquoted. */
  cells(row: number): string[] {
    const out: string[] = [];
    this.#walk(row, (from, to) => out.push(this.#cell(from, to)));
    return out;
  }
  /** Where each cell of a row begins and ends, quotes included. */
  spans(row: number): (readonly [from: number, to: number])[] {
    const out: (readonly [number, number])[] = [];
    this.#walk(row, (from, to) => out.push([from, to]));
    return out;
  }
  /** A value as a cell of this text. */
  spell(value: string): string {
    return /["\r\n]/.test(value) || value.includes(this.delimiter) || value.trim() !== value ? `"${value.replaceAll('"', '""')}"` : value;
  }

  #scan(): void {
    const { text } = this;
    const comma = this.delimiter.charCodeAt(0);
    const length = text.length;
    let at = text.startsWith('\ufeff') ? 1 : 0;
    while (at < length) {
      const start = at;
      let fresh = true;
      let blank = true;
      while (at < length) {
        const c = text.charCodeAt(at);
        if (c === lf || c === cr) break;
        if (c === quote && fresh) {
          at = this.#skipQuoted(at);
          blank = false;
          fresh = false;
          continue;
        }
        if (c === comma) fresh = true;
        else if (c !== 32) {
          fresh = false;
          blank = false;
        }
        at++;
      }
      if (!blank) this.#push(start, at);
      if (text.charCodeAt(at) === cr) at++;
      if (text.charCodeAt(at) === lf) at++;
    }
  }

  /** Behind the closing quote. */
  #skipQuoted(open: number): number {
    const { text } = this;
    let at = open + 1;
    for (;;) {
      const close = text.indexOf('"', at);
      if (close < 0) {
        this.faults.push({ offset: open, what: 'this " is not closed' });
        return text.length;
      }
      if (text.charCodeAt(close + 1) !== quote) {
        const next = text.charCodeAt(close + 1);
        if (close + 1 < text.length && next !== lf && next !== cr && text[close + 1] !== this.delimiter && this.faults.length < 100)
          this.faults.push({ offset: close + 1, what: 'text stands behind the closing "; a " inside a cell is written ""' });
        return close + 1;
      }
      at = close + 2;
    }
  }

  #push(start: number, end: number): void {
    if (this.#rows === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#starts[this.#rows] = start;
    this.#ends[this.#rows++] = end;
  }

  #walk(row: number, each: (from: number, to: number) => void): void {
    const { text } = this;
    const comma = this.delimiter.charCodeAt(0);
    const end = this.end(row);
    let from = this.start(row);
    for (let at = from; ; at++) {
      if (at < end && text.charCodeAt(at) === quote && text.slice(from, at).trim() === '') {
        for (at++; at < end; at++) {
          if (text.charCodeAt(at) !== quote) continue;
          if (text.charCodeAt(at + 1) !== quote) break;
          at++;
        }
        continue;
      }
      if (at < end && text.charCodeAt(at) !== comma) continue;
      each(from, Math.min(at, end));
      if (at >= end) return;
      from = at + 1;
    }
  }

  #cell(from: number, to: number): string {
    const raw = this.text.slice(from, to).trim();
    return raw.startsWith('"') && raw.endsWith('"') && raw.length > 1 ? raw.slice(1, -1).replaceAll('""', '"') : raw;
  }
}

function grown(column: Uint32Array): Uint32Array {
  const out = new Uint32Array(column.length * 2);
  out.set(column);
  return out;
}
