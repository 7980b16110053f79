/** A regular expression as a tree: what a linear-time machine can run, so no back-references and no look-around. */
export type Pattern =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'start' | 'end' | 'boundary' | 'notBoundary' }
  | { readonly kind: 'sequence'; readonly items: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly items: readonly Pattern[] }
  | { readonly kind: 'group'; readonly index: number; readonly item: Pattern }
  | { readonly kind: 'repeat'; readonly item: Pattern; readonly min: number; readonly max: number; readonly greedy: boolean };

/** Code point ranges, both ends included. */
export interface CharacterSet {
  readonly ranges: readonly (readonly [number, number])[];
  readonly negated: boolean;
}

export class PatternFault extends Error {}

const maxGroups = 50;
const maxRepeat = 1000;
const maxNesting = 50;

const digit = [[48, 57]] as const;
const wordRanges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
] as const;
const spaces = [
  [9, 13],
  [32, 32],
  [160, 160],
  [0x2028, 0x2029],
] as const;
const named: Readonly<Record<string, readonly (readonly [number, number])[]>> = { d: digit, w: wordRanges, s: spaces };
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' };
const newline = [[10, 10]] as const;

export interface ParsedPattern {
  readonly pattern: Pattern;
  readonly groups: number;
  readonly ignoreCase: boolean;
}

/** Throws `PatternFault` with a sentence's end: `… "(" is not closed`. */
export function parsePattern(source: string): ParsedPattern {
  const parser = new PatternParser(source);
  return parser.parse();
}

class PatternParser {
  readonly #chars: readonly string[];
  #at = 0;
  #groups = 0;
  #nesting = 0;
  #ignoreCase = false;
  #dotAll = false;

  constructor(source: string) {
    this.#chars = Array.from(source);
  }

  parse(): ParsedPattern {
    const flags = /^\(\?([is]+)\)/.exec(this.#chars.slice(0, 8).join(''));
    if (flags) {
      this.#ignoreCase = flags[1]!.includes('i');
      this.#dotAll = flags[1]!.includes('s');
      this.#at = flags[0].length;
    }
    const pattern = this.#choice();
    if (this.#at < this.#chars.length) throw new PatternFault('")" closes nothing');
    return { pattern, groups: this.#groups, ignoreCase: this.#ignoreCase };
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }
  #take(c: string): boolean {
    const yes = this.#peek() === c;
    if (yes) this.#at++;
    return yes;
  }

  #choice(): Pattern {
    if (++this.#nesting > maxNesting) throw new PatternFault(`groups nest at most ${maxNesting} deep`);
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    this.#nesting--;
    return items.length === 1 ? items[0]! : { kind: 'choice', items };
  }

  #sequence(): Pattern {
    const items: Pattern[] = [];
    for (let c = this.#peek(); c !== undefined && c !== '|' && c !== ')'; c = this.#peek()) items.push(this.#repeated());
    return { kind: 'sequence', items };
  }

  #repeated(): Pattern {
    const item = this.#atom();
    const bounds = this.#bounds();
    if (bounds === undefined) return item;
    const greedy = !this.#take('?');
    if (this.#bounds() !== undefined) throw new PatternFault('two repetitions follow each other');
    return { kind: 'repeat', item, ...bounds, greedy };
  }

  #bounds(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const match =
      this.#peek() === '{' ? /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(this.#chars.slice(this.#at, this.#at + 12).join('')) : null;
    if (match === null) return undefined;
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === undefined ? Infinity : Number(match[3]);
    if (max < min || min > maxRepeat || (max !== Infinity && max > maxRepeat))
      throw new PatternFault(`${match[0]} is no repetition up to ${maxRepeat}`);
    return { min, max };
  }

  #atom(): Pattern {
    const c = this.#chars[this.#at++]!;
    switch (c) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return this.#dotAll ? set([], true) : set(newline, true);
      case '(':
        return this.#group();
      case '[':
        return { kind: 'set', set: this.#class() };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new PatternFault(`"${c}" repeats nothing`);
      default:
        return literal(c);
    }
  }

  #group(): Pattern {
    let index: number | undefined;
    if (this.#take('?')) {
      const name = /^<[A-Za-z_]\w{0,40}>/.exec(this.#chars.slice(this.#at, this.#at + 44).join(''))?.[0];
      if (name !== undefined) {
        this.#at += name.length;
        index = ++this.#groups;
      } else if (!this.#take(':')) throw new PatternFault('look-ahead, look-behind and inner flags are not available');
    } else {
      index = ++this.#groups;
    }
    if (this.#groups > maxGroups) throw new PatternFault(`a pattern has at most ${maxGroups} groups`);
    const item = this.#choice();
    if (!this.#take(')')) throw new PatternFault('"(" is not closed');
    return index === undefined ? item : { kind: 'group', index, item };
  }

  #escape(): Pattern {
    const c = this.#chars[this.#at++];
    if (c === undefined) throw new PatternFault('"\\" stands at the end');
    if (c === 'b') return { kind: 'boundary' };
    if (c === 'B') return { kind: 'notBoundary' };
    const class_ = named[c.toLowerCase()];
    if (class_) return set(class_, c !== c.toLowerCase());
    if (/[1-9k]/.test(c)) throw new PatternFault('back-references are not available');
    return literal(this.#escaped(c));
  }

  #escaped(c: string): string {
    if (c === 'x' || c === 'u') {
      const digits = this.#chars.slice(this.#at, this.#at + (c === 'x' ? 2 : 4)).join('');
      if (!/^(?:[\da-fA-F]{2}|[\da-fA-F]{4})$/.test(digits)) {
        throw new PatternFault(`\\${c} is followed by ${c === 'x' ? 2 : 4} hexadecimal digits`);
      }
      this.#at += digits.length;
      return String.fromCharCode(parseInt(digits, 16));
    }
    const known = escapes[c];
    if (known !== undefined) return known;
    if (/[A-Za-z0-9]/.test(c)) throw new PatternFault(`"\\${c}" has no meaning`);
    return c;
  }

  #class(): CharacterSet {
    const negated = this.#take('^');
    const ranges: (readonly [number, number])[] = [];
    for (let first = true; ; first = false) {
      const c = this.#peek();
      if (c === undefined) throw new PatternFault('"[" is not closed');
      if (c === ']' && !first) {
        this.#at++;
        return { ranges, negated };
      }
      const low = this.#classItem(ranges);
      if (low === undefined || this.#peek() !== '-' || this.#chars[this.#at + 1] === ']' || this.#chars[this.#at + 1] === undefined) {
        if (low !== undefined) ranges.push([low, low]);
        continue;
      }
      this.#at++;
      const high = this.#classItem([]);
      if (high === undefined || high < low) throw new PatternFault('a range in […] goes from the lower to the higher character');
      ranges.push([low, high]);
    }
  }

  /** One character of a class; a class escape such as \d goes to `ranges` and gives undefined. */
  #classItem(ranges: (readonly [number, number])[]): number | undefined {
    const c = this.#chars[this.#at++]!;
    if (c !== '\\') return c.codePointAt(0)!;
    const e = this.#chars[this.#at++];
    if (e === undefined) throw new PatternFault('"[" is not closed');
    if (e === 'b') return 8;
    const class_ = named[e.toLowerCase()];
    if (class_ === undefined) return this.#escaped(e).codePointAt(0)!;
    ranges.push(...(e === e.toLowerCase() ? class_ : complement(class_)));
    return undefined;
  }
}

const set = (ranges: CharacterSet['ranges'], negated: boolean): Pattern => ({ kind: 'set', set: { ranges, negated } });
const literal = (c: string): Pattern => set([[c.codePointAt(0)!, c.codePointAt(0)!]], false);

function complement(ranges: CharacterSet['ranges']): (readonly [number, number])[] {
  const out: (readonly [number, number])[] = [];
  let from = 0;
  for (const [low, high] of ranges) {
    if (low > from) out.push([from, low - 1]);
    from = high + 1;
  }
  out.push([from, 0x10ffff]);
  return out;
}

export const isWordCode = (code: number | undefined): boolean => code !== undefined && wordRanges.some(([l, h]) => code >= l && code <= h);
