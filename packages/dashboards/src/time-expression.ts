import { parseRfc3339 } from '@omh/core';

const step = /([+-]\d{1,9}|\/)([smhdwMy])/y;
const sizeMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** 1970-01-01 was a Thursday; weeks begin on Monday. */
const weekOffsetMs = 4 * 86_400_000;

/**
 * Milliseconds since 1970 for `now`, `now-15m`, `now-1d/d` (start of that day, UTC), a number of milliseconds or an RFC 3339 time;
 * undefined when it is none of these. Units: s m h d w, M (month), y. With `edge` `end`, `/d` means the last millisecond of the day.
 */
export function parseTimeExpression(text: string, nowMs: number, edge: 'start' | 'end' = 'start'): number | undefined {
  const expression = text.trim();
  if (/^\d{1,16}$/.test(expression)) return valid(Number(expression));
  if (!expression.startsWith('now')) {
    const micros = parseRfc3339(expression);
    return micros === undefined ? undefined : valid(Math.floor(micros / 1000));
  }
  let ms = nowMs;
  for (let at = 3; at < expression.length; ) {
    step.lastIndex = at;
    const match = step.exec(expression);
    if (match === null) return undefined;
    ms = match[1] === '/' ? round(ms, match[2]!, edge) : shift(ms, Number(match[1]), match[2]!);
    at = step.lastIndex;
  }
  return valid(ms);
}

function shift(ms: number, count: number, unit: string): number {
  const size = sizeMs[unit];
  if (size !== undefined) return ms + count * size;
  const date = new Date(ms);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + (unit === 'y' ? 12 * count : count));
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime();
}

function round(ms: number, unit: string, edge: 'start' | 'end'): number {
  const start = floor(ms, unit);
  return edge === 'start' ? start : shift(start, 1, unit) - 1;
}

function floor(ms: number, unit: string): number {
  if (unit === 'w') return Math.floor((ms - weekOffsetMs) / sizeMs.w!) * sizeMs.w! + weekOffsetMs;
  const size = sizeMs[unit];
  if (size !== undefined) return Math.floor(ms / size) * size;
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), unit === 'y' ? 0 : date.getUTCMonth(), 1);
}

const valid = (ms: number): number | undefined => (Number.isFinite(ms) && ms >= 0 && ms <= 253_402_300_799_999 ? ms : undefined);
