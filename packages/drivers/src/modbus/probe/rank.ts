import {
  isInteger,
  isSigned,
  orderName,
  orderSuffix,
  registersOf,
  seriesAt,
  type NumberType,
  type Registers,
  type Series,
} from './reading.ts';
import { either } from './signal-model.ts';
import { placements, type Placement } from './layout-model.ts';
import { whyOf } from './why.ts';

/** What stands in the registers at several times, and which of them the given address names. */
export interface Observation {
  /** One row of registers per time; all rows begin at the same register. */
  readonly samples: readonly Registers[];
  /** Index of the named register in each row. */
  readonly at: number;
}

/** What somebody knows the value to be, in the device's own number or after scaling. */
export interface Hint {
  readonly value: number;
  /** Relative; 0.01 when absent. */
  readonly tolerance?: number;
}

export interface Candidate {
  readonly type: NumberType;
  /** Letters as in the setting `byteOrder`; `AB` or `BA` for 16 bits. */
  readonly order: string;
  /** For an address: `#LL` without the `#`. */
  readonly suffix: string;
  /** Registers to add to the given address. */
  readonly offset: -1 | 0 | 1;
  /** 0 to 1; all candidates together make 1. */
  readonly share: number;
  /** Factor that makes the hint of the number, where it is not 1: 0.1, 0.01 … */
  readonly decimal?: number;
  /** What it reads, one of each sample. */
  readonly values: readonly (number | bigint)[];
  readonly why: readonly string[];
  /**
   * Why the samples cannot tell it from the first candidate: it reads the same numbers, the same but for the last digits, or it is a
   * value like the first one at another address.
   */
  readonly alike?: 'numbers' | 'digits' | 'place';
}

export interface Ranking {
  /** Best first; those with a share below one in ten thousand are left out. */
  readonly candidates: readonly Candidate[];
  /** What cannot be decided and what would decide it, in sentences. */
  readonly remarks: readonly string[];
}

interface Weighed extends Placement {
  readonly series: Series;
  readonly decimal: number | undefined;
}
const decimals = [0.1, 0.01, 0.001] as const;

/** Ranks what the value at an address, or one register beside it, may be. Pure; a dozen registers and some ten samples take a few ms. */
export function rank({ samples, at }: Observation, hint?: Hint): Ranking {
  if (samples.length === 0 || samples[0]!.length === 0) return { candidates: [], remarks: ['Nothing was read.'] };
  const found = placements(samples, [at - 1, at, at + 1]);
  const weighed = found
    .map((placement): Weighed => {
      const series = seriesAt(samples, placement.at, placement.type, placement.mask)!;
      const match = hint === undefined ? undefined : hintBits(placement.type, series.numbers, hint);
      // A list that counts from one less or more is rarer than one that is right.
      const bits = placement.bits + (placement.at === at ? 0.6 : 0) + (match?.bits ?? 0);
      return { ...placement, series, bits, decimal: match?.decimal };
    })
    .sort((a, b) => b.bits - a.bits);
  const best = weighed[0];
  if (best === undefined) return { candidates: [], remarks: ['The device reads none of these registers out.'] };
  const all = weighed.reduce((sum, { bits }) => either(sum, bits), Number.NEGATIVE_INFINITY);
  const candidates = weighed
    .filter((w, i) => i < 3 || w.bits - all > -13 || sameNumbers(w, best))
    .slice(0, 24)
    .map((w): Candidate => {
      const size = registersOf[w.type];
      const kind = w === best ? undefined : alikeOf(w, best, hint !== undefined);
      return {
        type: w.type,
        order: orderName(size, w.mask),
        suffix: orderSuffix(size, w.mask),
        offset: (w.at - at) as -1 | 0 | 1,
        share: 2 ** (w.bits - all),
        ...(w.decimal === undefined ? {} : { decimal: w.decimal }),
        values: w.series.wide === undefined ? [...w.series.numbers] : exactValues(w.type, w.series.wide),
        why: whyOf(samples, w, w.series, w.decimal, hint),
        ...(kind === undefined ? {} : { alike: kind }),
      };
    });
  return { candidates, remarks: remarksOf(samples, candidates, hint) };
}

const exactValues = (type: NumberType, wide: BigInt64Array): bigint[] =>
  Array.from(wide, (n) => (type === 'uint64' ? BigInt.asUintN(64, n) : n));

/** A value that fits is worth some twenty bits; a scaled one less, because many numbers fit some power of ten. */
function hintBits(
  type: NumberType,
  numbers: Float64Array,
  { value, tolerance = 0.01 }: Hint,
): { bits: number; decimal: number | undefined } {
  const plain = nearness(numbers, value, tolerance, 1);
  let bits = Math.log2(0.96 * plain + strange);
  let decimal: number | undefined;
  if (!isInteger(type) || value === 0) return { bits, decimal };
  let scaled = 0;
  let bestScaled = 0;
  for (const factor of decimals) {
    const near = nearness(numbers, value, tolerance, factor);
    scaled += (0.03 / decimals.length) * near;
    if (near > bestScaled) {
      bestScaled = near;
      decimal = factor;
    }
  }
  bits = Math.log2(0.96 * plain + scaled + strange);
  return { bits, decimal: scaled > 0.96 * plain && scaled > strange ? decimal : undefined };
}
/** A hint that fits nothing: somebody misread the display. */
const strange = 1e-5;

/** Density of the hint, given the readings: it may have been taken at any of their times. */
function nearness(numbers: Float64Array, value: number, tolerance: number, factor: number): number {
  const width = Math.max(tolerance, 1e-4) * 0.75;
  let sum = 0;
  for (const number of numbers) {
    const read = number * factor;
    if (!Number.isFinite(read)) continue;
    // Half a unit of the last shown digit is nothing.
    const span = Math.max(Math.abs(read), Math.abs(value)) * width + (value === 0 ? 1e-6 : 0);
    const error = span === 0 ? 0 : (read - value) / span;
    sum += Math.exp(-0.5 * error * error) / width;
  }
  return sum / numbers.length / 2.5;
}

const sameNumbers = (one: Weighed, best: Weighed): boolean => one.series.numbers.every((n, t) => n === best.series.numbers[t]);

/** As far as posteriors go, within a factor of thirty. */
const close = 5;
function alikeOf(one: Weighed, best: Weighed, hinted: boolean): Candidate['alike'] {
  if (sameNumbers(one, best)) return 'numbers';
  const a = one.series.numbers;
  const b = best.series.numbers;
  if (best.bits - one.bits > close) return undefined;
  const sameKind = one.type === best.type;
  if (sameKind && a.every((n, t) => Math.abs(n - b[t]!) <= 0.01 * Math.abs(b[t]!))) return 'digits';
  const apart = one.at + registersOf[one.type] <= best.at || best.at + registersOf[best.type] <= one.at;
  return !hinted && (apart || (sameKind && one.mask === best.mask)) ? 'place' : undefined;
}

function remarksOf(samples: readonly Registers[], candidates: readonly Candidate[], hint: Hint | undefined): string[] {
  const out: string[] = [];
  const [best, ...rest] = candidates;
  if (best === undefined) return out;
  const alike = rest.filter((c) => c.alike !== undefined);
  if (samples.every((row) => row.every((r) => r === undefined || r === 0)))
    out.push('All registers are zero: nothing can be told until they hold a value.');
  else if (samples.length > 1 && samples.every((row) => row.every((r, i) => r === samples[0]![i])))
    out.push('Nothing moved while it was read: a value that changes tells more.');
  if (isInteger(best.type) && alike.some((c) => c.alike === 'numbers' && isSigned(c.type) !== isSigned(best.type)))
    out.push('With or without a sign it reads the same numbers; a negative value would tell.');
  if (alike.some((c) => c.alike === 'numbers' && registersOf[c.type] !== registersOf[best.type]))
    out.push('A shorter or longer integer reads the same numbers, because the words above are zero; a larger value would tell.');
  if (alike.some((c) => c.alike === 'digits'))
    out.push('Two readings differ in their last digits only; a display with more digits would tell.');
  if (alike.some((c) => c.alike === 'place'))
    out.push('Values of the same kind stand beside it; a known value tells which of them is meant.');
  if (hint !== undefined && !fitsHint(best, hint))
    out.push(`Nothing here reads about ${hint.value}: check the address, the unit and the area.`);
  return out;
}

const fitsHint = ({ values, decimal = 1 }: Candidate, { value, tolerance = 0.01 }: Hint): boolean =>
  values.some((v) => Math.abs(Number(v) * decimal - value) <= 3 * tolerance * Math.abs(value) + 1e-9);
