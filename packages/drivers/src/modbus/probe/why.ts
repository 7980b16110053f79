import { isInteger, registersOf, type NumberType, type Registers, type Series } from './reading.ts';
import type { Hint } from './rank.ts';

interface Place {
  readonly type: NumberType;
  readonly mask: number;
  readonly at: number;
}

/** What speaks for and against a reading, in sentences. */
export function whyOf(
  samples: readonly Registers[],
  { type, mask, at }: Place,
  { numbers }: Series,
  decimal: number | undefined,
  hint: Hint | undefined,
): string[] {
  const out: string[] = [];
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const top = Math.max(Math.abs(low), Math.abs(high));
  if (hint !== undefined) {
    const near = [...numbers].reduce((a, b) =>
      Math.abs(b * (decimal ?? 1) - hint.value) < Math.abs(a * (decimal ?? 1) - hint.value) ? b : a,
    );
    const error = Math.abs(near * (decimal ?? 1) - hint.value) / (Math.abs(hint.value) || 1);
    if (error <= 3 * (hint.tolerance ?? 0.01))
      out.push(
        decimal === undefined
          ? `It reads ${short(near)}, ${percent(error)} from the known value.`
          : `It reads ${short(near)}: with decimal ${decimal} the known value, ${percent(error)} off.`,
      );
    else out.push(`It reads ${short(near)}, not the known value.`);
  }
  if (!Number.isFinite(top)) return [...out, 'It is no number at times.'];
  if (top === 0) return [...out, 'It is zero all the time.'];
  if (!isInteger(type)) {
    if (top < 1e-6 || top > 1e9) out.push(`Its size, ${short(top)}, is far from what plants measure.`);
    else if (decimalsOf(numbers) !== undefined) out.push(`Its values have at most ${decimalsOf(numbers)} decimals, as people set them.`);
    else out.push(`Its size, ${short(top)}, is a usual one.`);
  }
  if (numbers.length > 2) out.push(...movement(samples, type, mask, at, numbers, top));
  return out;
}

function movement(samples: readonly Registers[], type: NumberType, mask: number, at: number, numbers: Float64Array, top: number): string[] {
  const steps = Array.from({ length: numbers.length - 1 }, (_, t) => Math.abs(numbers[t + 1]! - numbers[t]!));
  const largest = Math.max(...steps);
  if (largest === 0) return ['It stands still.'];
  const out: string[] = [];
  const size = registersOf[type];
  if (isInteger(type)) {
    const jumps = [256, 65536, 2 ** 32, 2 ** 48].filter((j) => j < 2 ** (size * 16));
    const jump = jumps.findLast((j) => steps.filter((s) => s > 0 && s % j === 0).length > steps.length / 2);
    if (jump !== undefined) out.push(`Read so, it moves in steps of ${jump}: its fast digits stand where slow ones belong.`);
  }
  if (largest < 0.2 * top) out.push(`From one reading to the next it moves by ${percent(largest / top)} at most.`);
  else if (new Set(numbers).size <= Math.max(2, numbers.length / 2)) out.push('It steps between a few values.');
  else out.push(`It jumps by up to ${percent(largest / top)} of its size.`);
  if (size > 1) {
    const changes = Array.from({ length: size }, (_, i) => {
      let n = 0;
      for (let t = 1; t < samples.length; t++) if (samples[t]![at + i] !== samples[t - 1]![at + i]) n++;
      return n;
    });
    // Registers in the order of their weight, the most significant first.
    const weighed = changes.map((_, i) => changes[i ^ (mask >> 1)]!);
    if (weighed[0]! < weighed.at(-1)!)
      out.push(weighed[0] === 0 ? 'The high word never moves while the low one does.' : 'The low word moves more often than the high one.');
    else if (weighed[0]! > weighed.at(-1)!) out.push('The high word moves more often than the low one.');
  }
  return out;
}

function decimalsOf(numbers: Float64Array): number | undefined {
  for (let d = 0; d <= 3; d++)
    if (numbers.every((n) => Math.abs(n) < 1e6 && Math.abs(Number(n.toFixed(d)) - n) <= Math.abs(n) * 1.2e-7)) return d;
  return undefined;
}
const short = (n: number): string => String(Number(n.toPrecision(7)));
const percent = (share: number): string => `${share < 0.001 ? '< 0.1' : Number((share * 100).toPrecision(2))} %`;
