import { parseTimeExpression } from '@omh/dashboards';
import { errors } from './errors.ts';

/** Milliseconds since 1970 of `now`, `now-15m`, a number of milliseconds or an RFC 3339 time; throws API_TIME_INVALID. */
export function instantMs(name: 'from' | 'to' | 'until', text: string, nowMs: number): number {
  const ms = parseTimeExpression(text, nowMs, name === 'from' ? 'start' : 'end');
  if (ms === undefined) throw errors.API_TIME_INVALID({ name, text: text.slice(0, 60) });
  return ms;
}
