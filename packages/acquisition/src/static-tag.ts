import { columnOf, isScaled, Quality, tagKey, type Reason, type Tag, type TagValue } from '@omh/core';
import type { DerivedResult } from './derived-tag.ts';
import { conversionOf, engineeringOf } from './engineering.ts';
import { errors } from './errors.ts';
import { integerBounds } from './scaling.ts';
import type { StaticValues } from './static-values.ts';

/** A tag whose value no device holds: what was written to it last, else what the file says. */
export class StaticTag {
  readonly tag: Tag;
  readonly #key: string;
  readonly #values: StaticValues;
  readonly #configured: DerivedResult;
  /** What was kept when it was looked at last, and what that means. */
  #kept: TagValue | undefined;
  #now: DerivedResult;

  constructor(tag: Tag, values: StaticValues) {
    this.tag = tag;
    this.#key = tagKey(tag);
    this.#values = values;
    this.#configured = this.#now = configured(tag);
  }

  /** A value that was kept when the tag had another type gives way to the configured one. */
  value(): DerivedResult {
    const kept = this.#values.get(this.#key);
    if (kept !== this.#kept) {
      this.#kept = kept;
      const value = kept === undefined ? undefined : valueOfType(this.tag, kept);
      this.#now = value === undefined ? this.#configured : good(value);
    }
    return this.#now;
  }
}

const good = (value: TagValue): DerivedResult => ({ quality: Quality.good, value, reason: undefined });

function configured(tag: Tag): DerivedResult {
  const source = tag.source?.kind === 'static' ? tag.source.value : undefined;
  const value = valueOfType(tag, source);
  if (value !== undefined) return good(value);
  const reason: Reason = errors.ACQUISITION_STATIC_VALUE({ tag: tagKey(tag), type: tag.type, value: shown(source) }).reason();
  return { quality: Quality.badConfiguration, value: undefined, reason };
}
const shown = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : String(value)).slice(0, 100);

/** An engineering value in the JavaScript type that values of the tag have; undefined where it cannot be one. */
export function valueOfType(tag: Tag, value: unknown): TagValue | undefined {
  const { count } = tag;
  if (count === undefined) return scalarOfType(tag, value);
  if (!Array.isArray(value) || value.length !== count) return undefined;
  const out = value.map((element: unknown) => scalarOfType(tag, element));
  return out.includes(undefined) ? undefined : (out as TagValue);
}

function scalarOfType(tag: Tag, value: unknown): Exclude<TagValue, readonly unknown[]> | undefined {
  const { type } = tag;
  const isNumber = typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value));
  if (isScaled(tag)) return isNumber ? Number(value) : undefined;
  switch (type) {
    case 'bool':
    case 'bit':
      return typeof value === 'boolean' ? value : value === 0 || value === 1 ? value === 1 : undefined;
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'bytes':
      return value instanceof Uint8Array ? value : undefined;
    case 'float':
    case 'double':
      return isNumber ? Number(value) : undefined;
    default:
      break;
  }
  if (!isNumber || (typeof value === 'number' && !Number.isInteger(value))) return undefined;
  const whole = BigInt(value);
  const [min, max] = integerBounds(type)!;
  if (whole < min || whole > max) return undefined;
  return columnOf(type) === 'i64' ? whole : Number(whole);
}

/** The engineering value of what was written. */
export function engineeringValue(tag: Tag, raw: TagValue): TagValue {
  if (!isScaled(tag)) return raw;
  const conversion = conversionOf(tag);
  const one = (v: TagValue): TagValue => (typeof v === 'number' || typeof v === 'bigint' ? engineeringOf(Number(v), conversion) : v);
  return Array.isArray(raw) ? ((raw as readonly TagValue[]).map(one) as TagValue) : one(raw);
}
