declare const micros: unique symbol;
/** Integer microseconds since 1970-01-01T00:00:00Z in a double: exact until the year 2255. */
export type Micros = number & { readonly [micros]: true };

export const microsFromMs = (ms: number): Micros => Math.round(ms * 1000) as Micros;
export const msFromMicros = (us: number): number => Math.floor(us / 1000);

/** RFC 3339 UTC with microseconds only where they are not zero, e.g. `2026-11-23T06:52:14.221Z`. */
export function rfc3339(us: number): string {
  const ms = Math.floor(us / 1000);
  const rest = us - ms * 1000;
  const text = new Date(ms).toISOString();
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

/** Parses an RFC 3339 instant to microseconds; `undefined` when it is none. */
export function parseRfc3339(text: string): Micros | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|z|[+-]\d{2}:\d{2})$/.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]!.replace(/[t ]/, 'T')}${match[3]!.toUpperCase()}`);
  if (Number.isNaN(ms)) return undefined;
  const fraction = Number(`${match[2] ?? ''}000000`.slice(0, 6));
  return (ms * 1000 + fraction) as Micros;
}

const unitMs: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Parses `250ms`, `1s`, `1.5h`, `90d` to milliseconds; `undefined` when it is no duration. A bare number has no unit and is refused. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(us|ms|s|min|m|h|d|w)$/.exec(text.trim());
  if (!match) return undefined;
  return Number(match[1]) * unitMs[match[2]!]!;
}

/** The shortest exact form: `500 ms`, `1 s`, `90 d`. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms >= size && (ms % size === 0 || unit === 's')) return `${Math.round((ms / size) * 10) / 10} ${unit}`;
  }
  return `${Math.round(ms)} ms`;
}
