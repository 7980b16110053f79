import { isWordCode, parsePattern, PatternFault, type CharacterSet, type Pattern } from './pattern.ts';

type Instruction =
  | { readonly op: 'set'; readonly set: CharacterSet }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'save'; readonly slot: number }
  | { readonly op: 'start' | 'end' | 'boundary' | 'notBoundary' | 'match' };

/** Offsets into the code points: whole match first, then groups; -1 where a group took no part. */
export type Match = readonly number[];

const maxProgram = 1000;

/** Steps of all threads that one call may take: a few milliseconds. */
export const maxSteps = 400_000;

export class StepLimit extends Error {}

/**
 * Runs a pattern over a text with one thread per instruction (Pike's machine): time grows with pattern × text, whatever they are.
 * Leftmost match, alternatives in their order, as in Perl.
 */
export class Machine {
  readonly #program: Instruction[] = [];
  readonly #ignoreCase: boolean;
  readonly #slots: number;
  #steps = 0;

  /** Throws `PatternFault`. */
  constructor(source: string) {
    const { pattern, groups, ignoreCase } = parsePattern(source);
    this.#ignoreCase = ignoreCase;
    this.#slots = 2 * (groups + 1);
    this.#emit({ op: 'save', slot: 0 });
    this.#compile(pattern);
    this.#emit({ op: 'save', slot: 1 });
    this.#emit({ op: 'match' });
  }

  /** A fresh budget of steps; one call of a function is one budget. */
  begin(): void {
    this.#steps = 0;
  }

  /** The first match at or after `from`. Throws `StepLimit`. */
  find(text: readonly number[], from = 0): Match | undefined {
    let current: Thread[] = [];
    let next: Thread[] = [];
    let found: Match | undefined;
    const seen = new Int32Array(this.#program.length).fill(-1);
    for (let at = from; at <= text.length; at++) {
      if (found === undefined) this.#add(current, seen, 0, at, text, new Array<number>(this.#slots).fill(-1));
      if (current.length === 0 && found !== undefined) break;
      for (const thread of current) {
        const instruction = this.#program[thread.at]!;
        if (instruction.op === 'match') {
          found = thread.slots;
          break;
        }
        if (instruction.op === 'set' && at < text.length && this.#contains(instruction.set, text[at]!)) {
          this.#add(next, seen, thread.at + 1, at + 1, text, thread.slots);
        }
      }
      [current, next] = [next, current];
      next.length = 0;
    }
    return found;
  }

  /** Follows all ways that take no character; `seen` keeps the first, best thread per instruction and place. */
  #add(threads: Thread[], seen: Int32Array, pc: number, at: number, text: readonly number[], slots: Match): void {
    if (seen[pc] === at) return;
    seen[pc] = at;
    if (++this.#steps > maxSteps) throw new StepLimit();
    const instruction = this.#program[pc]!;
    switch (instruction.op) {
      case 'jump':
        this.#add(threads, seen, instruction.to, at, text, slots);
        return;
      case 'split':
        this.#add(threads, seen, instruction.first, at, text, slots);
        this.#add(threads, seen, instruction.second, at, text, slots);
        return;
      case 'save': {
        const copy = [...slots];
        copy[instruction.slot] = at;
        this.#add(threads, seen, pc + 1, at, text, copy);
        return;
      }
      case 'start':
        if (at === 0) this.#add(threads, seen, pc + 1, at, text, slots);
        return;
      // As in Perl, $ also stands before a last line feed.
      case 'end':
        if (at === text.length || (at === text.length - 1 && text[at] === 10)) this.#add(threads, seen, pc + 1, at, text, slots);
        return;
      case 'boundary':
      case 'notBoundary': {
        const here = isWordCode(text[at - 1]) !== isWordCode(text[at]);
        if (here === (instruction.op === 'boundary')) this.#add(threads, seen, pc + 1, at, text, slots);
        return;
      }
      default:
        threads.push({ at: pc, slots });
    }
  }

  #contains(set: CharacterSet, code: number): boolean {
    const inside = inRanges(set, code) || (this.#ignoreCase && otherCases(code).some((c) => inRanges(set, c)));
    return inside !== set.negated;
  }

  #emit(instruction: Instruction): number {
    if (this.#program.length >= maxProgram) throw new PatternFault('the pattern is too large when its repetitions are written out');
    return this.#program.push(instruction) - 1;
  }

  #compile(p: Pattern): void {
    switch (p.kind) {
      case 'set':
        this.#emit({ op: 'set', set: p.set });
        return;
      case 'sequence':
        for (const item of p.items) this.#compile(item);
        return;
      case 'group':
        this.#emit({ op: 'save', slot: 2 * p.index });
        this.#compile(p.item);
        this.#emit({ op: 'save', slot: 2 * p.index + 1 });
        return;
      case 'choice':
        this.#compileChoice(p.items);
        return;
      case 'repeat':
        this.#compileRepeat(p);
        return;
      default:
        this.#emit({ op: p.kind });
    }
  }

  #compileChoice(items: readonly Pattern[]): void {
    const ends: { op: 'jump'; to: number }[] = [];
    items.forEach((item, i) => {
      if (i === items.length - 1) {
        this.#compile(item);
        return;
      }
      const split = { op: 'split' as const, first: this.#program.length + 1, second: 0 };
      this.#emit(split);
      this.#compile(item);
      const end = { op: 'jump' as const, to: 0 };
      this.#emit(end);
      ends.push(end);
      split.second = this.#program.length;
    });
    for (const end of ends) end.to = this.#program.length;
  }

  #compileRepeat({ item, min, max, greedy }: Extract<Pattern, { kind: 'repeat' }>): void {
    for (let i = 0; i < min; i++) this.#compile(item);
    if (max === Infinity) {
      const split = this.#split();
      const loop = this.#program.length - 1;
      this.#compile(item);
      this.#emit({ op: 'jump', to: loop });
      aim(split, loop + 1, this.#program.length, greedy);
      return;
    }
    const splits: { split: Split; inside: number }[] = [];
    for (let i = min; i < max; i++) {
      splits.push({ split: this.#split(), inside: this.#program.length });
      this.#compile(item);
    }
    for (const { split, inside } of splits) aim(split, inside, this.#program.length, greedy);
  }

  #split(): Split {
    const split: Split = { op: 'split', first: 0, second: 0 };
    this.#emit(split);
    return split;
  }
}

interface Thread {
  readonly at: number;
  readonly slots: Match;
}
interface Split {
  op: 'split';
  first: number;
  second: number;
}

function aim(split: Split, inside: number, behind: number, greedy: boolean): void {
  split.first = greedy ? inside : behind;
  split.second = greedy ? behind : inside;
}

const inRanges = (set: CharacterSet, code: number): boolean => {
  for (const [low, high] of set.ranges) if (code >= low && code <= high) return true;
  return false;
};

const otherCases = (code: number): number[] => {
  const c = String.fromCodePoint(code);
  return [c.toLowerCase(), c.toUpperCase()].map((x) => x.codePointAt(0)!);
};
