import { rfc3339, type SqlValue, type TagValue } from '@omh/core';

export type JsonScalar = number | string | boolean | null;
export type JsonValue = JsonScalar | readonly JsonValue[];

/**
 * A tag's value as JSON carries it: 64-bit integers beyond 2^53 as decimal strings (all of them when `bigAsText`), NaN and the
 * infinities by name, bytes as base64; null when there is none.
 */
export function tagValueToJson(value: TagValue | undefined, bigAsText = false): JsonValue {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'number':
      return number(value);
    case 'bigint':
      return bigAsText ? value.toString() : integer(value);
    case 'boolean':
    case 'string':
      return value;
    default:
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value.map((v) => tagValueToJson(v, bigAsText));
  }
}

/** One cell of an SQL answer: instants as RFC 3339, int8 beyond 2^53 as decimal strings, bytea as `\x…`. */
export function sqlValueToJson(value: SqlValue): JsonScalar {
  switch (typeof value) {
    case 'number':
      return number(value);
    case 'bigint':
      return integer(value);
    case 'boolean':
    case 'string':
      return value;
    default:
      if (value === null) return null;
      if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
      return instant(value.micros);
  }
}

const number = (value: number): number | string =>
  Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
const integer = (value: bigint): number | string =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();

/** PostgreSQL's `infinity` and instants outside JavaScript's calendar keep a readable form instead of throwing. */
const instant = (us: number): string =>
  !Number.isFinite(us) ? (us > 0 ? 'infinity' : '-infinity') : Math.abs(us) > 8.64e18 ? String(us) : rfc3339(us);
