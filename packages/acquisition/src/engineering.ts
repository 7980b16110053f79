import { carriesValue, columnOf, isScaled, Quality, type Scalar, type Tag, type TagValue, type ValueBatch } from '@omh/core';

/** How a tag's raw numbers become engineering values, worked out once: raw × factor + bias, without binary noise. */
export interface Conversion {
  readonly factor: number;
  readonly bias: number;
  /** Ten to the number of decimals that factor and bias have; 0 where a double does not hold it exactly. */
  readonly power: number;
}

export function conversionOf({ decimal, bias = 0 }: Pick<Tag, 'decimal' | 'bias'>): Conversion {
  const factor = decimal || 1;
  const digits = Math.max(digitsOf(factor), digitsOf(bias));
  return { factor, bias, power: digits > 22 ? 0 : 10 ** digits };
}

/** Decimals of a number as it is written: 2 of 0.25, 10 of 1e-10. */
function digitsOf(number: number): number {
  const [mantissa = '', exponent = '0'] = String(number).split('e');
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(exponent));
}

/** What doubles add by themselves in one multiplication and one addition. */
const noise = 2e-15;
/** From here on a double has no decimals to round. */
const largest = 2 ** 52;

/**
 * 291 × 0.1 is 29.1, not 29.100000000000001: where the result is as near to a number with the decimals of factor and bias as doubles are,
 * it is that number. A float with more decimals than those keeps them.
 */
export function engineeringOf(raw: number, { factor, bias, power }: Conversion): number {
  const product = raw * factor;
  const value = product + bias;
  const scaled = value * power;
  if (!(Math.abs(scaled) < largest)) return value;
  const rounded = Math.round(scaled) / power;
  return Math.abs(rounded - value) <= noise * (Math.abs(product) + Math.abs(bias)) ? rounded : value;
}

/**
 * Raw values to engineering values in place, and into their bounds: what is clamped is the bound, with quality uncertain. Compiled per
 * group: a group without scaled or clamped tags costs nothing.
 */
export class Scaling {
  readonly #tags: readonly Tag[];
  readonly #rows: readonly number[];
  readonly #conversions: readonly Conversion[];
  readonly #clamped: readonly number[];

  constructor(tags: readonly Tag[]) {
    this.#tags = tags;
    this.#rows = tags.flatMap((tag, i) => (isScaled(tag) ? [i] : []));
    this.#conversions = this.#rows.map((i) => conversionOf(tags[i]!));
    this.#clamped = tags.flatMap((tag, i) => (tag.clamp === undefined ? [] : [i]));
  }

  apply(batch: ValueBatch): ValueBatch {
    const { quality, num } = batch;
    const plain = batch.i64 === null && batch.any === null;
    for (let n = 0; n < this.#rows.length; n++) {
      const i = this.#rows[n]!;
      if (quality[i] !== 0 && !carriesValue(quality[i]!)) continue;
      if (plain) num[i] = engineeringOf(num[i]!, this.#conversions[n]!);
      else scale(batch, i, this.#tags[i]!, this.#conversions[n]!);
    }
    for (const i of this.#clamped) if (carriesValue(quality[i]!)) clamp(batch, i, this.#tags[i]!);
    return batch;
  }
}

function scale(batch: ValueBatch, i: number, tag: Tag, conversion: Conversion): void {
  const list = batch.any?.[i];
  if (Array.isArray(list)) {
    (batch.any as (TagValue | undefined)[])[i] = list.map((raw: Scalar) => engineeringOf(Number(raw), conversion));
    return;
  }
  const wide = (tag.type === 'int64' || tag.type === 'uint64') && batch.i64 !== null;
  const raw = wide ? Number(tag.type === 'uint64' ? BigInt.asUintN(64, batch.i64[i]!) : batch.i64[i]!) : batch.num[i]!;
  batch.num[i] = engineeringOf(raw, conversion);
}

/** Brings the value of a row that carries one into the tag's bounds. */
export function clamp(batch: ValueBatch, i: number, tag: Tag): void {
  const { min = -Infinity, max = Infinity } = tag.clamp!;
  const into = <T extends number | bigint>(value: T): T | number => (value < min ? min : value > max ? max : value);
  const list = batch.any?.[i];
  if (Array.isArray(list)) {
    if (list.every((v: Scalar) => (typeof v !== 'number' && typeof v !== 'bigint' ? true : into(v) === v))) return;
    const isWide = columnOf(tag.type) === 'i64' && !isScaled(tag);
    (batch.any as (TagValue | undefined)[])[i] = list.map((v: Scalar) => {
      if (typeof v !== 'number' && typeof v !== 'bigint') return v;
      const bound = into(v);
      return isWide && typeof bound === 'number' ? BigInt(Math.trunc(bound)) : bound;
    });
  } else if (batch.i64 !== null && columnOf(tag.type, tag.count) === 'i64' && !isScaled(tag)) {
    const before = tag.type === 'uint64' ? BigInt.asUintN(64, batch.i64[i]!) : batch.i64[i]!;
    const bound = into(before);
    if (bound === before) return;
    batch.i64[i] = BigInt(Math.trunc(Number(bound)));
  } else {
    const before = batch.num[i]!;
    if (list !== undefined || !(before < min || before > max)) return;
    batch.num[i] = before < min ? min : max;
  }
  batch.quality[i] = Quality.uncertainEngineeringUnitsExceeded;
}
