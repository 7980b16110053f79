import { parseDurationMs } from '@omh/core';

/** When something holds, in milliseconds of the device's time. */
export interface Schedule {
  readonly atMs: number;
  /** Infinity: for good. */
  readonly forMs: number;
  readonly everyMs: number | undefined;
}

/** `at` counts from `nowMs`: 0 for what stands in a file, the present for what is switched on later. */
export function scheduleOf(config: { readonly at?: string; readonly for?: string; readonly every?: string }, nowMs: number): Schedule {
  const every = config.every === undefined ? 0 : (parseDurationMs(config.every) ?? 0);
  return {
    atMs: nowMs + (config.at === undefined ? 0 : (parseDurationMs(config.at) ?? 0)),
    forMs: config.for === undefined ? Number.POSITIVE_INFINITY : (parseDurationMs(config.for) ?? 0),
    everyMs: every > 0 ? every : undefined,
  };
}

/** Since when it holds at `ms`; undefined where it does not. */
export function since({ atMs, forMs, everyMs }: Schedule, ms: number): number | undefined {
  if (ms < atMs) return undefined;
  const begin = everyMs === undefined ? atMs : atMs + Math.floor((ms - atMs) / everyMs) * everyMs;
  return ms - begin < forMs ? begin : undefined;
}

/** The next time it begins or ends after `ms`; undefined when it does neither again. */
export function nextChange({ atMs, forMs, everyMs }: Schedule, ms: number): number | undefined {
  if (ms < atMs) return atMs;
  const begin = everyMs === undefined ? atMs : atMs + Math.floor((ms - atMs) / everyMs) * everyMs;
  if (ms < begin + forMs && (everyMs === undefined || forMs < everyMs)) return Number.isFinite(forMs) ? begin + forMs : undefined;
  return everyMs === undefined || forMs >= everyMs ? undefined : begin + everyMs;
}

/** Whether it will never hold again. */
export const isOver = ({ atMs, forMs, everyMs }: Schedule, ms: number): boolean => everyMs === undefined && ms >= atMs + forMs;
