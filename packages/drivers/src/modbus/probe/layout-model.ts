import { deviceOrders, numberTypes, registersOf, seriesAt, type NumberType, type Registers } from './reading.ts';
import { either, seriesBits } from './signal-model.ts';

/** The share of each type in the field; close together, because a rare type is no wrong one. */
const shares: Readonly<Record<NumberType, number>> = {
  uint16: 0.16,
  int16: 0.14,
  uint32: 0.12,
  int32: 0.12,
  float: 0.16,
  uint64: 0.09,
  int64: 0.09,
  double: 0.12,
};
/** A register list goes on with the type it has. */
const goesOn = 0.7;
/** Spare registers stand alone, or in rows. */
const spareShare = 0.08;
const spareGoesOn = 0.75;
const none = Number.NEGATIVE_INFINITY;
const { log2 } = Math;

/** How probable it is that a value of this type and order begins at a register, against all other ways to lay the registers out. */
export interface Placement {
  readonly type: NumberType;
  readonly mask: number;
  readonly at: number;
  /** Logarithm to base 2, comparable within one call. */
  readonly bits: number;
}

/**
 * Every placement that begins at one of `starts`. The registers around it are laid out as values too, in all ways at once, by a forward
 * and a backward pass: an address that is one too low cuts two values in halves, and the halves are no signals.
 */
export function placements(samples: readonly Registers[], starts: readonly number[]): Placement[] {
  const length = samples[0]!.length;
  const cache = new Map<string, number>();
  const emit = (at: number, type: NumberType, mask: number): number => {
    const key = `${at} ${type} ${mask}`;
    let bits = cache.get(key);
    if (bits === undefined) {
      const series = at + registersOf[type] > length ? undefined : seriesAt(samples, at, type, mask);
      bits = series === undefined ? none : seriesBits(type, series);
      cache.set(key, bits);
    }
    return bits;
  };
  const isHole = Array.from({ length }, (_, i) => samples.some((s) => s[i] === undefined));
  const isSpare = Array.from({ length }, (_, i) => samples.every((s) => s[i] === 0));
  const out = new Map<string, Placement>();
  for (const { masks, prior } of deviceOrders) {
    const states = numberTypes.length;
    const spare = states + 1;
    // Piece of a value that the window cuts, at its first or last registers.
    const cut = (from: number, to: number): number => {
      let bits = -3;
      for (let i = from; i < to; i++) {
        if (isHole[i]) return none;
        // A word of a cut value may be its fast one, which looks like nothing.
        bits += Math.max(emit(i, 'uint16', masks[1]), -16 * samples.length - 1);
      }
      return bits;
    };
    const next = (from: number, to: number): number => {
      const share = shares[numberTypes[to]!];
      if (from === states) return log2(share);
      if (from === spare) return log2((1 - spareGoesOn) * share);
      return log2(((from === to ? goesOn : 0) + (1 - goesOn) * share) * (1 - spareShare));
    };
    const toSpare = (from: number): number => log2(from === spare ? spareGoesOn : spareShare);
    // left[i][s]: everything before register i, the value that ends there being of type s; s = states: nothing or a gap before it.
    const left = Array.from({ length: length + 1 }, () => new Float64Array(states + 2).fill(none));
    const right = Array.from({ length: length + 1 }, () => new Float64Array(states + 2).fill(none));
    left[0]![states] = 0;
    for (let i = 1; i <= Math.min(3, length); i++) left[i]![states] = cut(0, i);
    for (let i = 0; i < length; i++) {
      const here = left[i]!;
      if (isHole[i]) {
        for (let s = 0; s <= spare; s++) left[i + 1]![states] = either(left[i + 1]![states]!, here[s]!);
        continue;
      }
      for (let s = 0; s < states; s++) {
        const type = numberTypes[s]!;
        const size = registersOf[type];
        if (i + size > length) continue;
        const bits = emit(i, type, masks[size]);
        if (bits === none) continue;
        let before = none;
        for (let p = 0; p <= spare; p++) before = either(before, here[p]! + next(p, s));
        left[i + size]![s] = either(left[i + size]![s]!, before + bits);
      }
      if (isSpare[i]) for (let s = 0; s <= spare; s++) left[i + 1]![spare] = either(left[i + 1]![spare]!, here[s]! + toSpare(s));
    }
    right[length]!.fill(0);
    for (let i = length - 1; i >= 0; i--) {
      const here = right[i]!;
      for (let s = 0; s <= spare; s++) {
        if (isHole[i]) {
          here[s] = right[i + 1]![states]!;
          continue;
        }
        let sum = length - i <= 3 ? cut(i, length) : none;
        for (let n = 0; n < states; n++) {
          const type = numberTypes[n]!;
          const size = registersOf[type];
          if (i + size > length) continue;
          const bits = emit(i, type, masks[size]);
          if (bits !== none) sum = either(sum, next(s, n) + bits + right[i + size]![n]!);
        }
        if (isSpare[i]) sum = either(sum, toSpare(s) + right[i + 1]![spare]!);
        here[s] = sum;
      }
    }
    for (const at of starts) {
      if (at < 0 || at >= length) continue;
      for (let s = 0; s < states; s++) {
        const type = numberTypes[s]!;
        const size = registersOf[type];
        if (at + size > length) continue;
        const mask = masks[size];
        const own = emit(at, type, mask);
        if (own === none) continue;
        let before = none;
        for (let p = 0; p <= spare; p++) before = either(before, left[at]![p]! + next(p, s));
        const bits = log2(prior) + before + own + right[at + size]![s]!;
        const key = `${at} ${type} ${mask}`;
        out.set(key, { type, mask, at, bits: either(out.get(key)?.bits ?? none, bits) });
      }
    }
  }
  return [...out.values()].filter(({ bits }) => bits !== none);
}
