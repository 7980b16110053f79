import { createBatch, fail, isScaled, ok, tagKey } from '@omh/core';
import type { DataType, Micros, OmhError, Reason, Result, Scalar, Tag, TagValue, ValueBatch } from '@omh/core';
import { conversionOf, engineeringOf } from './engineering.ts';
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

/** Least and largest value of an integer type; undefined for the others. */
export const integerBounds = (type: DataType): readonly [bigint, bigint] | undefined => bounds[type];

/** An engineering value from outside, or its label, to the raw value the device takes, checked against type and range. */
export function toRaw(tag: Tag, value: unknown): Result<TagValue, OmhError> {
  const labelled = valueOfLabel(tag, value);
  if (tag.count === undefined) return scalarToRaw(tag, labelled);
  const name = tagKey(tag);
  if (!Array.isArray(labelled) || labelled.length !== tag.count) {
    const found = Array.isArray(labelled) ? `a list of ${labelled.length}` : (JSON.stringify(labelled) ?? String(labelled));
    return fail(errors.ACQUISITION_WRONG_TYPE({ tag: name, expected: `a list of ${tag.count} values`, value: found.slice(0, 100) }));
  }
  const out: Scalar[] = [];
  for (const element of labelled as unknown[]) {
    const raw = scalarToRaw(tag, valueOfLabel(tag, element));
    if (!raw.ok) return raw;
    out.push(raw.value);
  }
  return ok(out);
}

/** 1 for `running` where labels say `1: running`, however it is capitalized; what is no label stays as it is. */
function valueOfLabel({ labels, type }: Tag, value: unknown): unknown {
  if (typeof value !== 'string' || labels === undefined) return value;
  const entries = Object.entries(labels);
  const lower = value.toLowerCase();
  const key = (entries.find(([, label]) => label === value) ?? entries.find(([, label]) => label.toLowerCase() === lower))?.[0];
  if (key === undefined) return value;
  if (type === 'bool' || type === 'bit') return key === '1' || key === 'true';
  return type === 'string' || /^-?\d{16,}$/.test(key) ? key : Number(key);
}

function scalarToRaw(tag: Tag, value: unknown): Result<Scalar, OmhError> {
  const name = tagKey(tag);
  const wrong = (expected: string): Result<Scalar, OmhError> =>
    fail(errors.ACQUISITION_WRONG_TYPE({ tag: name, expected, value: (JSON.stringify(value) ?? String(value)).slice(0, 100) }));
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
    const shown = (b: bigint): string | number => (isScaled(tag) ? engineeringOf(Number(b), conversionOf(tag)) : b.toString());
    return fail(errors.ACQUISITION_OUT_OF_RANGE({ tag: name, min: shown(range[0]), max: shown(range[1]), value: String(value) }));
  }
  return ok(tag.type === 'int64' || tag.type === 'uint64' ? raw : Number(raw));
}

/** A cycle without any value: every row has the same quality and reason. */
export function emptyCycle(tags: readonly Tag[], quality: number, reason: Reason | undefined, receiveTime: Micros): ValueBatch {
  const batch = createBatch(tags.length, receiveTime);
  for (let i = 0; i < tags.length; i++) {
    batch.ids[i] = tags[i]!.id;
    batch.num[i] = Number.NaN;
  }
  batch.quality.fill(quality);
  if (reason !== undefined) batch.reasons = tags.map(() => reason);
  return batch;
}
