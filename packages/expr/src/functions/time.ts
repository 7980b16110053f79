import { parseRfc3339 } from '@omh/core';
import { Arguments, contextFn, fn, type EvaluationContext } from './signature.ts';

const named = <T>(name: string, build: (a: Arguments) => T): T => build(new Arguments(name));

const units = ['second', 'millisecond', 'microsecond', 'nanosecond'] as const;
type Unit = (typeof units)[number];
/** How many microseconds one unit has. */
const microsPer: Readonly<Record<Unit, number>> = { second: 1_000_000, millisecond: 1000, microsecond: 1, nanosecond: 0.001 };
const digitsOf: Readonly<Record<Unit, number>> = { second: 0, millisecond: 3, microsecond: 6, nanosecond: 9 };

const unitOf = (a: Arguments, v: unknown): Unit => (v === undefined ? 'second' : a.oneOf(v, units));
const inUnit = (us: number, unit: Unit): number => (unit === 'nanosecond' ? us * 1000 : Math.floor(us / microsPer[unit]));

function micros(a: Arguments, v: unknown, unit: Unit): number {
  const us = a.number(v) * microsPer[unit];
  if (!(Math.abs(us) <= 8.64e18 / 1000)) a.fail('takes an instant between the years -271821 and 275760');
  return us;
}

/** Seconds east of UTC of `Z`, `utc`, `+08:00`, `-0330`, `local` (UTC here) or a number. */
function offsetSeconds(a: Arguments, v: unknown): number {
  if (typeof v === 'number') return a.integer(v);
  const text = a.text(v).toLowerCase();
  if (text === 'z' || text === 'utc' || text === 'local' || text === '') return 0;
  const match = /^([+-])(\d{2}):?(\d{2})(?::?(\d{2}))?$/.exec(text);
  if (match === null || Number(match[2]) > 23 || Number(match[3]) > 59)
    return a.fail(`takes an offset such as +08:00 or Z, not '${text.slice(0, 20)}'`);
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -seconds : seconds;
}

const two = (n: number): string => String(n).padStart(2, '0');

function offsetText(seconds: number, separator: string, withSeconds: boolean): string {
  const s = Math.abs(seconds);
  const parts = [two(Math.floor(s / 3600)), two(Math.floor(s / 60) % 60), ...(withSeconds ? [two(s % 60)] : [])];
  return `${seconds < 0 ? '-' : '+'}${parts.join(separator)}`;
}

function formatDate(us: number, offset: number, format: string): string {
  const seconds = Math.floor(us / 1e6);
  const nanos = Math.round((us - seconds * 1e6) * 1000);
  const date = new Date((seconds + offset) * 1000);
  const fraction = String(nanos).padStart(9, '0');
  return format.replaceAll(/%(::z|:z|[36]N|[YmdHMSNz%])/g, (_all, code: string) => {
    switch (code) {
      case 'Y':
        return String(date.getUTCFullYear()).padStart(4, '0');
      case 'm':
        return two(date.getUTCMonth() + 1);
      case 'd':
        return two(date.getUTCDate());
      case 'H':
        return two(date.getUTCHours());
      case 'M':
        return two(date.getUTCMinutes());
      case 'S':
        return two(date.getUTCSeconds());
      case 'N':
        return fraction;
      case '3N':
        return fraction.slice(0, 3);
      case '6N':
        return fraction.slice(0, 6);
      case 'z':
        return offsetText(offset, '', false);
      case ':z':
        return offsetText(offset, ':', false);
      case '::z':
        return offsetText(offset, ':', true);
      default:
        return '%';
    }
  });
}

const fields: Readonly<Record<string, string>> = {
  Y: '(?<Y>\\d{4})',
  m: '(?<m>\\d{2})',
  d: '(?<d>\\d{2})',
  H: '(?<H>\\d{2})',
  M: '(?<M>\\d{2})',
  S: '(?<S>\\d{2})',
  N: '(?<N>\\d{9})',
  '3N': '(?<N>\\d{3})',
  '6N': '(?<N>\\d{6})',
  z: '(?<z>[+-]\\d{4})',
  ':z': '(?<z>[+-]\\d{2}:\\d{2})',
  '::z': '(?<z>[+-]\\d{2}:\\d{2}:\\d{2})',
  '%': '%',
};

/** The format as a pattern of fixed-width fields: every part has one length, so matching takes one pass. */
function parseDate(a: Arguments, format: string, text: string, offset: number | undefined): number {
  if (format.length > 200 || text.length > 200) a.fail('takes formats and dates of up to 200 characters');
  const seen = new Set<string>();
  const pattern = format.replaceAll(/%(::z|:z|[36]N|[YmdHMSNz%])|[\\^$.*+?()[\]{}|]/g, (c, code?: string) => {
    if (code === undefined) return `\\${c}`;
    const field = code === '%' ? code : code.at(-1)!;
    if (code !== '%' && seen.has(field)) a.fail(`takes each part once, and %${code} comes twice`);
    seen.add(field);
    return fields[code]!;
  });
  const g = new RegExp(`^${pattern}$`).exec(text)?.groups;
  if (!g) return a.fail(`takes a date that fits its format, and '${text.slice(0, 40)}' does not`);
  const part = (name: string, otherwise: number): number => (g[name] === undefined ? otherwise : Number(g[name]));
  const [year, month, day] = [part('Y', 1970), part('m', 1), part('d', 1)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(part('H', 0), part('M', 0), part('S', 0));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || part('H', 0) > 23 || part('M', 0) > 59 || part('S', 0) > 59) {
    return a.fail(`takes a date that exists, and '${text.slice(0, 40)}' does not`);
  }
  const east = offset ?? (g['z'] === undefined ? 0 : offsetSeconds(a, g['z']));
  return date.getTime() * 1000 - east * 1e6 + Number((g['N'] ?? '').padEnd(9, '0')) / 1000;
}

function toRfc3339(us: number, unit: Unit): string {
  const digits = digitsOf[unit];
  const format = digits === 0 ? '%Y-%m-%dT%H:%M:%SZ' : digits === 9 ? '%Y-%m-%dT%H:%M:%S.%NZ' : `%Y-%m-%dT%H:%M:%S.%${digits}NZ`;
  return formatDate(us, 0, format);
}

export const timeFunctions = [
  contextFn(
    'now_timestamp',
    'time',
    [0, 1],
    'The time now as a number of seconds, or of the given unit: second, millisecond, microsecond, nanosecond.',
    named('now_timestamp', (a) => (c: EvaluationContext, unit: unknown) => inUnit(c.now(), unitOf(a, unit))),
    ['now_timestamp()', 1764000000],
    ["now_timestamp('millisecond')", 1764000000250],
  ),
  contextFn(
    'now_rfc3339',
    'time',
    [0, 1],
    'The time now as RFC 3339 in UTC, to the second or the given unit.',
    named('now_rfc3339', (a) => (c: EvaluationContext, unit: unknown) => toRfc3339(c.now(), unitOf(a, unit))),
    ['now_rfc3339()', '2025-11-24T16:00:00Z'],
    ["now_rfc3339('millisecond')", '2025-11-24T16:00:00.250Z'],
  ),
  fn(
    'unix_ts_to_rfc3339',
    'time',
    [1, 2],
    'A number of seconds (or of the given unit) since 1970 as RFC 3339 in UTC.',
    named('unix_ts_to_rfc3339', (a) => (v, unit) => {
      const u = unitOf(a, unit);
      return toRfc3339(micros(a, v, u), u);
    }),
    ['unix_ts_to_rfc3339(0)', '1970-01-01T00:00:00Z'],
    ["unix_ts_to_rfc3339(1500, 'millisecond')", '1970-01-01T00:00:01.500Z'],
  ),
  fn(
    'rfc3339_to_unix_ts',
    'time',
    [1, 2],
    'An RFC 3339 time as a number of seconds (or of the given unit) since 1970.',
    named('rfc3339_to_unix_ts', (a) => (v, unit) => {
      const text = a.text(v);
      const us = parseRfc3339(text);
      return us === undefined
        ? a.fail(`takes a time such as 2026-01-31T12:00:00Z, not '${text.slice(0, 40)}'`)
        : inUnit(us, unitOf(a, unit));
    }),
    ["rfc3339_to_unix_ts('1970-01-01T00:01:00Z')", 60],
    ["rfc3339_to_unix_ts('1970-01-01T01:00:00.5+01:00', 'millisecond')", 500],
  ),
  contextFn(
    'format_date',
    'time',
    [3, 4],
    'A time (now when left out) in a format of %Y %m %d %H %M %S %N %3N %6N %z %:z %::z, at an offset from UTC.',
    named(
      'format_date',
      (a) => (c: EvaluationContext, unit: unknown, offset: unknown, format: unknown, time: unknown) =>
        formatDate(time === undefined ? c.now() : micros(a, time, unitOf(a, unit)), offsetSeconds(a, offset), a.text(format)),
    ),
    ["format_date('second', '+08:00', '%Y-%m-%d %H:%M:%S%:z', 0)", '1970-01-01 08:00:00+08:00'],
    ["format_date('millisecond', 'Z', '%H:%M:%S.%3N', 1500)", '00:00:01.500'],
  ),
  fn(
    'date_to_unix_ts',
    'time',
    [3, 4],
    'A date in a format (as in format_date) as a number of the unit; the offset may stand before the format.',
    named('date_to_unix_ts', (a) => (unit, x, y, z) => {
      const us = z === undefined ? parseDate(a, a.text(x), a.text(y), undefined) : parseDate(a, a.text(y), a.text(z), offsetSeconds(a, x));
      return inUnit(us, unitOf(a, unit));
    }),
    ["date_to_unix_ts('second', '%Y-%m-%d %H:%M:%S%:z', '1970-01-01 08:01:00+08:00')", 60],
    ["date_to_unix_ts('second', '+08:00', '%Y-%m-%d %H:%M', '1970-01-01 08:01')", 60],
  ),
  fn(
    'timezone_to_offset_seconds',
    'time',
    [1],
    'The seconds an offset such as +08:00 lies east of UTC.',
    named('timezone_to_offset_seconds', (a) => (v) => offsetSeconds(a, v)),
    ["timezone_to_offset_seconds('+08:00')", 28800],
    ["timezone_to_offset_seconds('Z')", 0],
  ),
  fn(
    'timezone_to_second',
    'time',
    [1],
    'The same as timezone_to_offset_seconds().',
    named('timezone_to_second', (a) => (v) => offsetSeconds(a, v)),
    ["timezone_to_second('-03:30')", -12600],
  ),
] as const;
