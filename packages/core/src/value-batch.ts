import type { Micros } from './time.ts';
import type { Reason } from './errors.ts';
import type { Tag, TagValue } from './tag.ts';
import { carriesValue } from './quality.ts';

/**
 * The values of one device cycle, column by column: no object per tag.
 *
 * The maker never touches a batch after publishing it and readers never change it, so it may be kept.
 * Row i has a value only where `carriesValue(quality[i])`; it stands in `i64[i]` when `i64` is there and the tag is a
 * 64-bit integer, in `any[i]` for strings, bytes and arrays, else in `num[i]` (booleans as 0 and 1).
 */
export interface ValueBatch {
  /** Tag ids, length n; every other column has the same length. */
  readonly ids: Uint32Array;
  readonly quality: Uint16Array;
  readonly num: Float64Array;
  readonly i64: BigInt64Array | null;
  readonly any: readonly (TagValue | undefined)[] | null;
  /** Device clock in µs UTC, NaN where the device gave none; null when no row has one. */
  readonly sourceTime: Float64Array | null;
  /** Gateway clock in µs UTC when the last byte of the answer arrived. */
  readonly receiveTime: Micros;
  /** Why row i is not good, more exact than its quality; null when all is said by `quality`. */
  readonly reasons: readonly (Reason | undefined)[] | null;
}

/** One cycle of one group as acquisition hands it to history, apps and screens. */
export interface GroupCycle {
  readonly device: string;
  readonly group: string;
  /** Row i of `batch` is `tags[i]`; the same array object as long as the group is not reconfigured. */
  readonly tags: readonly Tag[];
  readonly batch: ValueBatch;
}

/** Rows all good and zero. `ids` may be shared by all batches of a plan, since nobody changes them; the columns share one buffer. */
export function createBatch(
  n: number,
  receiveTime: Micros,
  columns: { i64?: boolean; any?: boolean } = {},
  ids: Uint32Array = new Uint32Array(n),
): {
  ids: Uint32Array;
  quality: Uint16Array;
  num: Float64Array;
  i64: BigInt64Array | null;
  any: (TagValue | undefined)[] | null;
  sourceTime: Float64Array | null;
  receiveTime: Micros;
  reasons: (Reason | undefined)[] | null;
} {
  const buffer = new ArrayBuffer(n * 10);
  return {
    ids,
    quality: new Uint16Array(buffer, n * 8, n),
    num: new Float64Array(buffer, 0, n),
    i64: columns.i64 ? new BigInt64Array(n) : null,
    any: columns.any ? new Array<TagValue | undefined>(n) : null,
    sourceTime: null,
    receiveTime,
    reasons: null,
  };
}

/** The value of row i in its own JavaScript type, or undefined where the row carries none. uint64 comes back unsigned. */
export function valueAt(
  batch: ValueBatch,
  i: number,
  tag: Pick<Tag, 'type'> & Partial<Pick<Tag, 'decimal' | 'bias'>>,
): TagValue | undefined {
  if (!carriesValue(batch.quality[i]!)) return undefined;
  const other = batch.any?.[i];
  if (other !== undefined) return other;
  switch (tag.type) {
    case 'int64':
    case 'uint64':
      if (batch.i64 === null || isScaled(tag)) return batch.num[i]!;
      return tag.type === 'uint64' ? BigInt.asUintN(64, batch.i64[i]!) : batch.i64[i]!;
    case 'bool':
    case 'bit':
      return isScaled(tag) ? batch.num[i]! : batch.num[i] !== 0;
    default:
      return batch.num[i]!;
  }
}

/** A scaled tag's engineering value is always a double, whatever the device's type (Neuron's rule for decimal and bias). */
export const isScaled = (tag: { readonly decimal?: number; readonly bias?: number }): boolean =>
  (tag.decimal !== undefined && tag.decimal !== 1 && tag.decimal !== 0) || (tag.bias !== undefined && tag.bias !== 0);

/** Source time where the device gave one, else receive time. */
export const timeAt = (batch: ValueBatch, i: number): Micros => {
  const source = batch.sourceTime?.[i];
  return source !== undefined && !Number.isNaN(source) ? (source as Micros) : batch.receiveTime;
};
