import { isScaled, type Scalar, type Tag, type TagValue } from '@omh/core';

type Shown = Pick<Tag, 'type'> & Partial<Pick<Tag, 'precision' | 'decimal' | 'bias'>>;

/**
 * A value as JSON has it: 64-bit integers beyond 2^53 as decimal text, bytes as an array of numbers, arrays as arrays, floats without the
 * noise of their 32-bit form, no-numbers as null.
 */
export function jsonValue(value: TagValue, tag: Shown): unknown {
  if (typeof value === 'number') return jsonNumber(value, tag);
  if (typeof value !== 'object') return jsonScalar(value, tag);
  if (value instanceof Uint8Array) return Array.from(value);
  return value.map((one) => jsonScalar(one, tag));
}

function jsonScalar(value: Scalar, tag: Shown): unknown {
  if (typeof value === 'number') return jsonNumber(value, tag);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return value instanceof Uint8Array ? Array.from(value) : value;
}

function jsonNumber(value: number, tag: Shown): number | null {
  if (!Number.isFinite(value)) return null;
  if (tag.precision !== undefined && tag.precision > 0) return Number(value.toFixed(tag.precision));
  return tag.type === 'float' && !isExact(value) ? shortFloat(value, isScaled(tag)) : value;
}

/** Whole numbers of 24 bits are floats themselves. */
const isExact = (value: number): boolean => Number.isInteger(value) && Math.abs(value) <= 0x100_0000;

/** The shortest decimal that a 32-bit float comes back from; a scaled one has no more than the seven digits that were read. */
function shortFloat(value: number, scaled: boolean): number {
  const seven = sevenDigits(value);
  if (scaled || Math.fround(seven) === Math.fround(value)) return seven;
  const eight = Number(value.toPrecision(8));
  return Math.fround(eight) === Math.fround(value) ? eight : Number(value.toPrecision(9));
}

/** A whole number of seven digits divided by a power of ten is the nearest double to that decimal; far quicker than by text. */
function sevenDigits(value: number): number {
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-5) return Number(value.toPrecision(7));
  let scale = 1;
  while (size * scale < 1e6) scale *= 10;
  return Math.round(value * scale) / scale;
}
