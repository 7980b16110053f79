import type { Clock, Logger, Micros } from '@omh/core';
import type { Bans } from './bans.ts';

/** A client that comes and goes `disconnects` times within `windowMs` may not connect for `banMs`. */
export interface FlappingLimits {
  readonly disconnects: number;
  readonly windowMs: number;
  readonly banMs: number;
}
export const defaultFlapping: FlappingLimits = { disconnects: 15, windowMs: 60_000, banMs: 300_000 };

const maxWatched = 10_000;

/** Counts disconnections by client id. */
export class Flapping {
  readonly #limits: FlappingLimits;
  readonly #bans: Bans;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #seen = new Map<string, { since: number; count: number }>();

  constructor(limits: FlappingLimits, bans: Bans, clock: Clock, log: Logger) {
    this.#limits = limits;
    this.#bans = bans;
    this.#clock = clock;
    this.#log = log;
  }
  disconnected(clientId: string): void {
    const now = this.#clock.monotonicMs();
    const { disconnects, windowMs, banMs } = this.#limits;
    let seen = this.#seen.get(clientId);
    if (seen === undefined || now - seen.since > windowMs) {
      this.#seen.delete(clientId);
      if (this.#seen.size >= maxWatched) this.#seen.delete(this.#seen.keys().next().value!);
      seen = { since: now, count: 0 };
      this.#seen.set(clientId, seen);
    }
    if (++seen.count < disconnects) return;
    this.#seen.delete(clientId);
    const reason = `${disconnects} disconnections within ${Math.round(windowMs / 1000)} s.`;
    try {
      this.#bans.addSoon({ kind: 'client', value: clientId, by: 'flapping', reason, until: (this.#clock.now() + banMs * 1000) as Micros });
      this.#log.warn('a client that comes and goes is banned for a time', { clientId, forMs: banMs, reason });
    } catch (thrown) {
      this.#log.warn('a client that comes and goes cannot be banned', { clientId, reason: String(thrown) });
    }
  }
}
