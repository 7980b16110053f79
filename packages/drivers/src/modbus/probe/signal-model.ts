import { bitsOf, isInteger, isSigned, type NumberType, type Series } from './reading.ts';

/**
 * How probable a series of readings is as the values of one tag, as a logarithm to base 2. The model is wide: a magnitude that any number
 * of digits may have, then small changes, steady changes, jumps, or returns to former values. A wrong order of bytes breaks all of them,
 * because it takes slow digits for fast ones.
 */
export function seriesBits(type: NumberType, series: Series): number {
  return isInteger(type) ? integerBits(type, series) : realBits(type === 'float' ? 23 : 52, series.numbers);
}

/** A share of tags stands at zero, a share stands still. */
const zeroShare = 0.06;
const stillShare = 0.2;
const negativeShare = 0.3;
/** Within a moving signal: a step back to a former value, a step to anywhere. */
const returnShare = 0.15;
const jumpShare = 0.04;

const log2 = Math.log2;
const bitLength = (n: number): number => (n < 1 ? 0 : Math.floor(log2(n)) + 1);

function integerBits(type: NumberType, { numbers, wide }: Series): number {
  const bits = bitsOf(type);
  const signed = isSigned(type);
  const differences = wide === undefined ? differencesOf(numbers) : exactDifferences(wide);
  let low = numbers[0]!;
  let high = low;
  for (const n of numbers) {
    if (n < low) low = n;
    else if (n > high) high = n;
  }
  const top = Math.max(-low, high);
  let total = magnitudeBits(numbers[0]!, bits, signed);
  // A 64-bit number beyond 2^53 is no exact double; its distance to the first one is.
  total += changeBits(wide === undefined ? numbers : numbers.map((_, t) => Number(wide[t]! - wide[0]!)), differences, 1, bits, top);
  // Hardly a signal fills the whole range of its type; the low half of a wider number does.
  if (numbers.length > 3 && high - low > 0.6 * 2 ** bits) total -= bits === 16 ? 7 : 16;
  return total;
}

/** First value of an integer: any number of digits is as probable as any other, up to what plants count. */
function magnitudeBits(value: number, bits: number, signed: boolean): number {
  if (value === 0) return log2(zeroShare);
  const length = Math.min(bitLength(Math.abs(value)), bits);
  const usual = Math.min(bits, 44);
  const share = length <= usual ? (bits > usual ? 0.95 : 1) / usual : 0.05 / (bits - usual);
  const sign = signed ? (value < 0 ? negativeShare : 1 - negativeShare) : 1;
  return log2((1 - zeroShare) * sign * share) - (length - 1);
}

const differencesOf = (numbers: Float64Array): Float64Array => {
  const out = new Float64Array(Math.max(0, numbers.length - 1));
  for (let t = 1; t < numbers.length; t++) out[t - 1] = numbers[t]! - numbers[t - 1]!;
  return out;
};
function exactDifferences(wide: BigInt64Array): Float64Array {
  const out = new Float64Array(Math.max(0, wide.length - 1));
  for (let t = 1; t < wide.length; t++) out[t - 1] = Number(wide[t]! - wide[t - 1]!);
  return out;
}

/** What follows the first value, in steps of `quantum`; `range` is the number of bits a jump may need. */
function changeBits(numbers: Float64Array, differences: Float64Array, quantum: number, range: number, top: number): number {
  if (differences.length === 0) return 0;
  if (differences.every((d) => d === 0)) return log2(stillShare);
  const moving = log2(1 - stillShare);
  const steps = stepBits(numbers, differences, differences, quantum, range, top);
  if (differences.length < 3) return moving + steps;
  const bends = differences.map((d, i) => (i === 0 ? d : d - differences[i - 1]!));
  const bent = stepBits(numbers, differences, bends, quantum, range, top);
  return moving + either(steps - 0.5, bent - 1.7);
}

/** Each step as a small one of a scale that the series itself shows, as a return to a former value, or as a jump. */
function stepBits(
  numbers: Float64Array,
  differences: Float64Array,
  errors: Float64Array,
  quantum: number,
  range: number,
  top: number,
): number {
  const sizes = Array.from(errors, (e) => Math.abs(e) / quantum);
  const sorted = [...sizes].sort((a, b) => a - b);
  const mean = sizes.reduce((sum, s) => sum + s, 0) / sizes.length;
  const middle = sorted[sorted.length >> 1]!;
  let best = Number.NEGATIVE_INFINITY;
  for (const scale of mean === middle ? [mean] : [mean, middle]) best = Math.max(best, scaleBits(Math.max(scale, 0.2)));
  return best;

  function scaleBits(scale: number): number {
    // Which scale it is has to be said too; one beyond the value itself is rare.
    const relative = (scale * quantum) / (top || 1);
    let total = -3.5 - (relative > 0.3 ? 2 + 3 * Math.min(1, relative - 0.3) : 0);
    const small = Math.tanh(1 / (2 * scale));
    const seen = new Set<number>([numbers[0]!]);
    for (let i = 0; i < sizes.length; i++) {
      const value = numbers[i + 1]!;
      const back = seen.has(value) ? returnShare / seen.size : 0;
      const size = sizes[i]!;
      const near = (1 - returnShare - jumpShare) * small * Math.exp(-size / scale);
      const jump = (jumpShare / range) * 2 ** -bitLength(Math.abs(differences[i]!) / quantum);
      total += log2(near + back + jump);
      seen.add(value);
    }
    return total;
  }
}

/** Floating-point numbers: as computed, with few decimals, or as single precision kept in double. */
function realBits(mantissa: number, numbers: Float64Array): number {
  let top = 0;
  for (const n of numbers) {
    if (!(Math.abs(n) < 1e30)) return -(mantissa + 14) * numbers.length;
    top = Math.max(top, Math.abs(n));
  }
  if (top === 0) return log2(zeroShare * stillShare);
  if (top < 1e-30) return -(mantissa + 14) * numbers.length;
  const differences = differencesOf(numbers);
  const first = numbers[0] || numbers.find((n) => n !== 0)!;
  const sign = first < 0 ? negativeShare : 1 - negativeShare;
  const head = log2((1 - zeroShare) * sign) + binadeBits(first);
  const binade = Math.floor(log2(top));
  const ulp = 2 ** (binade - mantissa);
  // Digits below those of the largest number have to be said too: a misread exponent makes many.
  let finer = 0;
  for (const n of new Set(numbers.subarray(1))) if (n !== 0) finer += Math.floor(log2(Math.abs(n))) - binade;
  let out = log2(0.55) + head - mantissa + finer + changeBits(numbers, differences, ulp, mantissa + 8, top);
  if (mantissa === 52 && numbers.every((n) => Math.fround(n) === n)) {
    const coarse = 2 ** (binade - 23);
    out = either(out, log2(0.1) + head - 23 + finer + changeBits(numbers, differences, coarse, 31, top));
  }
  const decimals = decimalsOf(numbers, mantissa);
  if (decimals !== undefined) {
    const quantum = 10 ** -decimals;
    const whole = Math.max(1, Math.abs(first) / quantum);
    const digits = log2((1 - zeroShare) * sign) - 3 - 4.4 - Math.floor(log2(whole));
    const steps = differences.map((d) => Math.round(d / quantum) * quantum);
    out = either(out, log2(0.35) + digits + changeBits(numbers, steps, quantum, 24, top));
  }
  return out;
}

/** The power of two a number lies at: those of everyday units first. */
function binadeBits(value: number): number {
  const exponent = Math.floor(log2(Math.abs(value)));
  if (exponent >= -10 && exponent <= 20) return log2(0.9 / 31);
  if (exponent >= -20 && exponent <= 33) return log2(0.09 / 23);
  return -13 - Math.min(12, Math.abs(exponent) / 8);
}

/** Fewest decimals, up to six, that all the numbers have; undefined where they have more, or too many digits to say so. */
function decimalsOf(numbers: Float64Array, mantissa: number): number | undefined {
  for (let decimals = 0; decimals <= 6; decimals++) {
    const factor = 10 ** decimals;
    if (numbers.every((n) => fits(n, factor, mantissa))) return decimals;
  }
  return undefined;
}
function fits(n: number, factor: number, mantissa: number): boolean {
  const whole = Math.round(n * factor);
  if (Math.abs(whole) > (mantissa === 23 ? 2e6 : 1e12)) return false;
  const back = whole / factor;
  return mantissa === 23 ? Math.fround(back) === n : Math.abs(back - n) <= Math.abs(n) * 2 ** -50;
}

/** log2(2^a + 2^b) */
export const either = (a: number, b: number): number =>
  a === Number.NEGATIVE_INFINITY ? b : b === Number.NEGATIVE_INFINITY ? a : Math.max(a, b) + log2(1 + 2 ** -Math.abs(a - b));
