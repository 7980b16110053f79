import {
  isScaled,
  ok,
  fail,
  carriesValue,
  createBatch,
  type Micros,
  type Reason,
  type Result,
  type Tag,
  type TagValue,
  type ValueBatch,
} from '@omh/core';
import type { OmhError } from '@omh/core';
import { errors } from './errors.ts';

/** Integer types with their bounds; 64-bit ones as bigint. */
const bounds: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int8: [-0x80n, 0x7fn],
  uint8: [0n, 0xffn],
  int16: [-0x8000n, 0x7fffn],
  uint16: [0n, 0xffffn],
  int32: [-0x80000000n, 0x7fffffffn],
  uint32: [0n, 0xffffffffn],
  int64: [-(1n << 63n), (1n << 63n) - 1n],
  uint64: [0n, (1n << 64n) - 1n],
};

/**
 * Raw values to engineering values, raw × decimal + bias, in place where the batch has no scaled 64-bit column.
 * Compiled per group: a group without scaled tags costs nothing.
 */
export class Scaling {
  readonly #rows: readonly number[];
  readonly #tags: readonly Tag[];

  constructor(tags: readonly Tag[]) {
    this.#tags = tags;
    this.#rows = tags.flatMap((tag, i) => (isScaled(tag) ? [i] : []));
  }

  apply(batch: ValueBatch): ValueBatch {
    if (this.#rows.length === 0) return batch;
    const num = batch.num;
    for (const i of this.#rows) {
      if (!carriesValue(batch.quality[i]!)) continue;
      const tag = this.#tags[i]!;
      const wide = (tag.type === 'int64' || tag.type === 'uint64') && batch.i64 !== null;
      const raw = wide ? Number(tag.type === 'uint64' ? BigInt.asUintN(64, batch.i64[i]!) : batch.i64[i]!) : num[i]!;
      num[i] = trim(raw * (tag.decimal || 1) + (tag.bias ?? 0), tag.decimal);
    }
    return batch;
  }
}

/** 291 × 0.1 is 29.1, not 29.100000000000001: rounds to the decimals that the factor itself has, and three more. */
function trim(value: number, decimal: number | undefined): number {
  if (decimal === undefined || !Number.isFinite(value)) return value;
  const digits = Math.min(15, (String(decimal).split('.')[1]?.length ?? 0) + 3);
  const rounded = Number(value.toFixed(digits));
  return Math.abs(rounded - value) < 1e-9 * Math.max(1, Math.abs(value)) ? rounded : value;
}

/** An engineering value from outside to the raw value the device takes, checked against type and range. */
export function toRaw(tag: Tag, value: unknown): Result<TagValue, OmhError> {
  const name = `${tag.device}/${tag.group}/${tag.name}`;
  const wrong = (expected: string): Result<TagValue, OmhError> =>
    fail(errors.ACQUISITION_WRONG_TYPE({ tag: name, expected, value: JSON.stringify(value) ?? String(value) }));
  switch (tag.type) {
    case 'bool':
    case 'bit':
      if (typeof value === 'boolean') return ok(value);
      if (value === 0 || value === 1) return ok(value === 1);
      return wrong('true or false');
    case 'string':
      return typeof value === 'string' ? ok(value) : wrong('text');
    case 'bytes': {
      if (Array.isArray(value) && value.every((b) => Number.isInteger(b) && b >= 0 && b <= 255))
        return ok(Uint8Array.from(value as number[]));
      return wrong('an array of bytes');
    }
    default:
      break;
  }
  if (typeof value !== 'number' && typeof value !== 'bigint' && !(typeof value === 'string' && /^-?\d+$/.test(value)))
    return wrong('a number');
  const range = bounds[tag.type];
  if (range === undefined) {
    const number = Number(value);
    if (!Number.isFinite(number)) return wrong('a number');
    const raw = (number - (tag.bias ?? 0)) / (tag.decimal || 1);
    if (tag.type === 'float' && Math.abs(raw) > 3.4028234663852886e38) {
      return fail(
        errors.ACQUISITION_OUT_OF_RANGE({ tag: name, min: -3.4028234663852886e38, max: 3.4028234663852886e38, value: String(value) }),
      );
    }
    return ok(raw);
  }
  let raw: bigint;
  if (isScaled(tag)) {
    const scaled = Math.round((Number(value) - (tag.bias ?? 0)) / (tag.decimal || 1));
    if (!Number.isFinite(scaled)) return wrong('a number');
    raw = BigInt(scaled);
  } else {
    if (typeof value === 'number' && !Number.isInteger(value)) return wrong('a whole number');
    raw = BigInt(value);
  }
  if (raw < range[0] || raw > range[1]) {
    const shown = (b: bigint): string | number => (isScaled(tag) ? Number(b) * (tag.decimal || 1) + (tag.bias ?? 0) : b.toString());
    return fail(errors.ACQUISITION_OUT_OF_RANGE({ tag: name, min: shown(range[0]), max: shown(range[1]), value: String(value) }));
  }
  return ok(tag.type === 'int64' || tag.type === 'uint64' ? raw : Number(raw));
}

/** A cycle without any value: every row has the same quality and reason. */
export function emptyCycle(tags: readonly Tag[], quality: number, reason: Reason, receiveTime: Micros): ValueBatch {
  const batch = createBatch(tags.length, receiveTime);
  for (let i = 0; i < tags.length; i++) {
    batch.ids[i] = tags[i]!.id;
    batch.num[i] = Number.NaN;
  }
  batch.quality.fill(quality);
  batch.reasons = tags.map(() => reason);
  return batch;
}
