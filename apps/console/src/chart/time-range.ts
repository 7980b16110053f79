const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const relative = /^now(?:\s*-\s*(\d+)\s*([smhdw]))?$/;

/** `now`, `now-15m`, ms since 1970 or RFC 3339, as ms; undefined when it is none of these. */
export function parseTime(text: string, now: number): number | undefined {
  const m = relative.exec(text.trim());
  if (m !== null) return m[1] === undefined ? now : now - Number(m[1]) * unitMs[m[2]!]!;
  const v = /^\d{9,}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(v) ? v : undefined;
}

export interface TimeRange {
  readonly from: string;
  readonly to: string;
}
export const follows = (range: TimeRange): boolean => range.to.trim() === 'now';

export function resolveRange(range: TimeRange, now: number): { from: number; to: number } {
  const to = parseTime(range.to, now) ?? now;
  const from = parseTime(range.from, now) ?? to - 900_000;
  return from < to ? { from, to } : { from: to - 60_000, to };
}

export const quickRanges: readonly { from: string; title: string }[] = [
  { from: 'now-5m', title: 'Last 5 min' },
  { from: 'now-15m', title: 'Last 15 min' },
  { from: 'now-1h', title: 'Last hour' },
  { from: 'now-3h', title: 'Last 3 h' },
  { from: 'now-8h', title: 'Last 8 h' },
  { from: 'now-24h', title: 'Last 24 h' },
  { from: 'now-7d', title: 'Last 7 days' },
  { from: 'now-30d', title: 'Last 30 days' },
];

/** Replaces `$__timeFilter(col)`, `$__interval`, `$__from` and `$__to` by SQL. */
export function expandMacros(sql: string, from: number, to: number, points = 1_000): string {
  const stamp = (ms: number): string => `TIMESTAMPTZ '${new Date(ms).toISOString()}'`;
  const seconds = Math.max(1, Math.round((to - from) / 1_000 / points));
  return sql
    .replace(/\$__timeFilter\(\s*([^()]+?)\s*\)/g, (_, column: string) => `${column} >= ${stamp(from)} AND ${column} <= ${stamp(to)}`)
    .replace(/\$__interval\b/g, `INTERVAL '${seconds} seconds'`)
    .replace(/\$__from\b/g, stamp(from))
    .replace(/\$__to\b/g, stamp(to));
}
