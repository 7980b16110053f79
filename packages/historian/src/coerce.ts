import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  FLOAT,
  INTEGER,
  SMALLINT,
  TIMESTAMP,
  TIMESTAMPTZ,
  TINYINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
  blobValue,
} from '@duckdb/node-api';
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { parseRfc3339, rfc3339 } from '@omh/core';
import type { OmhError, SqlValue } from '@omh/core';
import { errors } from './errors.ts';

/** How values enter a column of one type: undefined is "does not fit". null never arrives here. */
export interface ColumnWriter {
  readonly type: DuckDBType;
  convert(value: Exclude<SqlValue, null>): DuckDBValue | undefined;
}

const integer = (type: DuckDBType, min: bigint, max: bigint, wide: boolean): ColumnWriter => ({
  type,
  convert(value) {
    let whole: bigint;
    if (typeof value === 'bigint') whole = value;
    else if (typeof value === 'number' && Number.isInteger(value)) whole = BigInt(value);
    else if (typeof value === 'string' && /^\s*[+-]?\d{1,20}\s*$/.test(value)) whole = BigInt(value.trim().replace('+', ''));
    else return undefined;
    if (whole < min || whole > max) return undefined;
    return wide ? whole : Number(whole);
  },
});

const float = (type: DuckDBType): ColumnWriter => ({
  type,
  convert(value) {
    if (typeof value === 'number') return value;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'string' && /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value)) return Number(value);
    return undefined;
  },
});

const int64Max = 9223372036854775807n;

/** An instant; text without a zone counts as UTC. */
function microsOf(value: Exclude<SqlValue, null>): bigint | undefined {
  if (typeof value === 'object' && 'micros' in value) return Number.isSafeInteger(value.micros) ? BigInt(value.micros) : undefined;
  if (typeof value !== 'string') return undefined;
  let text = value.trim().replace(' ', 'T');
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) text += 'T00:00:00';
  if (/T\d{2}:\d{2}$/.test(text)) text += ':00';
  text = text.replace(/([+-]\d{2})$/, '$1:00');
  if (/T[\d:.]+$/.test(text)) text += 'Z';
  const micros = parseRfc3339(text);
  return micros === undefined ? undefined : BigInt(micros);
}

function boolOf(value: Exclude<SqlValue, null>): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 1n) return true;
  if (value === 0 || value === 0n) return false;
  if (typeof value !== 'string') return undefined;
  const text = value.trim().toLowerCase();
  return ['true', 't', 'yes', 'on', '1'].includes(text) ? true : ['false', 'f', 'no', 'off', '0'].includes(text) ? false : undefined;
}

const textOf = (value: Exclude<SqlValue, null>): string | undefined =>
  typeof value === 'string' ? value : typeof value !== 'object' ? String(value) : 'micros' in value ? rfc3339(value.micros) : undefined;

const utf8 = new TextEncoder();
const writers: Readonly<Record<string, ColumnWriter>> = {
  BOOLEAN: { type: BOOLEAN, convert: boolOf },
  TINYINT: integer(TINYINT, -128n, 127n, false),
  SMALLINT: integer(SMALLINT, -32768n, 32767n, false),
  INTEGER: integer(INTEGER, -2147483648n, 2147483647n, false),
  BIGINT: integer(BIGINT, -int64Max - 1n, int64Max, true),
  UTINYINT: integer(UTINYINT, 0n, 255n, false),
  USMALLINT: integer(USMALLINT, 0n, 65535n, false),
  UINTEGER: integer(UINTEGER, 0n, 4294967295n, false),
  UBIGINT: integer(UBIGINT, 0n, 18446744073709551615n, true),
  FLOAT: float(FLOAT),
  DOUBLE: float(DOUBLE),
  VARCHAR: { type: VARCHAR, convert: textOf },
  BLOB: {
    type: BLOB,
    convert: (v) => (v instanceof Uint8Array ? blobValue(v) : typeof v === 'string' ? blobValue(utf8.encode(v)) : undefined),
  },
  TIMESTAMP: {
    type: TIMESTAMP,
    convert: (v) => {
      const us = microsOf(v);
      return us === undefined ? undefined : new DuckDBTimestampValue(us);
    },
  },
  'TIMESTAMP WITH TIME ZONE': {
    type: TIMESTAMPTZ,
    convert: (v) => {
      const us = microsOf(v);
      return us === undefined ? undefined : new DuckDBTimestampTZValue(us);
    },
  },
};

/** The writer for a column of a type as DuckDB names it; undefined where only DuckDB's own cast knows the way. */
export const columnWriter = (dataType: string): ColumnWriter | undefined => writers[dataType];

/** A value in a sentence: quoted when it is text, never longer than a line. */
export function showValue(value: SqlValue): string {
  if (value === null) return 'empty';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'object') return rfc3339(value.micros);
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}

export const columnTypeError = (column: string, type: string, value: SqlValue): OmhError =>
  errors.HISTORIAN_COLUMN_TYPE({ column, type, value: showValue(value) });
