import { DuckDBTypeId } from '@duckdb/node-api';
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { Micros, SqlValue } from '@omh/core';

interface Mapping {
  readonly name: string;
  convert(value: Exclude<DuckDBValue, null>): SqlValue;
}

const same = (value: unknown): SqlValue => value as SqlValue;
const text = (value: unknown): SqlValue => String(value);
/** A number where it is exact, else the whole integer as bigint. */
const whole = (value: unknown): SqlValue => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : (value as bigint);
};
const scalePer: Readonly<
  Record<string, (v: { readonly micros?: bigint; readonly millis?: bigint; readonly seconds?: bigint; readonly nanos?: bigint }) => bigint>
> = {
  us: (v) => v.micros!,
  ms: (v) => v.millis! * 1000n,
  s: (v) => v.seconds! * 1_000_000n,
  ns: (v) => v.nanos! / 1000n,
};
const limitMicros = BigInt(Number.MAX_SAFE_INTEGER);
const instant =
  (unit: keyof typeof scalePer) =>
  (value: unknown): SqlValue => {
    const micros = scalePer[unit]!(value as { micros: bigint });
    return micros > limitMicros || micros < -limitMicros ? String(value) : { micros: Number(micros) as Micros };
  };
const decimal = (value: unknown): SqlValue => {
  const shown = String(value);
  return shown.replace(/^-?0*\.?|\./g, '').length <= 15 ? Number(shown) : shown;
};
const json = (value: unknown): SqlValue => JSON.stringify(plain(value));

/** Nested values as JSON knows them. */
function plain(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'object') {
    if ('items' in value && Array.isArray(value.items)) return value.items.map(plain);
    if ('entries' in value && typeof value.entries === 'object' && !Array.isArray(value.entries)) {
      return Object.fromEntries(Object.entries(value.entries as object).map(([k, v]) => [k, plain(v)]));
    }
    if ('entries' in value && Array.isArray(value.entries)) {
      return Object.fromEntries((value.entries as { key: unknown; value: unknown }[]).map((e) => [String(e.key), plain(e.value)]));
    }
  }
  return String(value);
}

const T = DuckDBTypeId;
const mappings = new Map<DuckDBTypeId, Mapping>([
  [T.BOOLEAN, { name: 'bool', convert: same }],
  [T.TINYINT, { name: 'int2', convert: same }],
  [T.SMALLINT, { name: 'int2', convert: same }],
  [T.INTEGER, { name: 'int4', convert: same }],
  [T.BIGINT, { name: 'int8', convert: whole }],
  [T.UTINYINT, { name: 'int2', convert: same }],
  [T.USMALLINT, { name: 'int4', convert: same }],
  [T.UINTEGER, { name: 'int8', convert: same }],
  [T.UBIGINT, { name: 'numeric', convert: whole }],
  [T.HUGEINT, { name: 'numeric', convert: whole }],
  [T.UHUGEINT, { name: 'numeric', convert: whole }],
  [T.BIGNUM, { name: 'numeric', convert: whole }],
  [T.FLOAT, { name: 'float4', convert: same }],
  [T.DOUBLE, { name: 'float8', convert: same }],
  [T.DECIMAL, { name: 'numeric', convert: decimal }],
  [T.VARCHAR, { name: 'text', convert: same }],
  [T.BLOB, { name: 'bytea', convert: (v) => Uint8Array.from((v as unknown as { bytes: Uint8Array }).bytes) }],
  [T.DATE, { name: 'date', convert: text }],
  [T.TIME, { name: 'time', convert: text }],
  [T.TIME_TZ, { name: 'timetz', convert: text }],
  [T.TIMESTAMP, { name: 'timestamp', convert: instant('us') }],
  [T.TIMESTAMP_S, { name: 'timestamp', convert: instant('s') }],
  [T.TIMESTAMP_MS, { name: 'timestamp', convert: instant('ms') }],
  [T.TIMESTAMP_NS, { name: 'timestamp', convert: instant('ns') }],
  [T.TIMESTAMP_TZ, { name: 'timestamptz', convert: instant('us') }],
  [T.INTERVAL, { name: 'interval', convert: text }],
  [T.UUID, { name: 'uuid', convert: text }],
  [T.BIT, { name: 'varbit', convert: text }],
  [T.ENUM, { name: 'text', convert: same }],
  [T.LIST, { name: 'json', convert: json }],
  [T.ARRAY, { name: 'json', convert: json }],
  [T.STRUCT, { name: 'json', convert: json }],
  [T.MAP, { name: 'json', convert: json }],
  [T.UNION, { name: 'json', convert: json }],
  [T.SQLNULL, { name: 'text', convert: same }],
]);
const other: Mapping = { name: 'text', convert: text };

/** The PostgreSQL name of a column's type and how its values leave the store. */
export function resultColumn(type: DuckDBType): Mapping {
  if (type.alias === 'JSON') return { name: 'json', convert: same };
  return mappings.get(type.typeId) ?? other;
}
