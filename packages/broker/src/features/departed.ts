import type { Micros } from '@omh/core';

/** Why and when a client went. */
export interface Departure {
  readonly time: Micros;
  /** `normal`, `tcp_closed`, `keepalive_timeout`, `kicked`, `takenover`, … */
  readonly reason: string;
  readonly peer: string;
  readonly username: string | undefined;
}

const max = 1000;
const keptUs = 3_600_000_000;

/** The last clients that went, for an hour. */
export class Departed {
  readonly #byId = new Map<string, Departure>();

  add(clientId: string, departure: Departure): void {
    this.#byId.delete(clientId);
    this.#byId.set(clientId, departure);
    if (this.#byId.size > max) this.#byId.delete(this.#byId.keys().next().value!);
  }
  get(clientId: string): Departure | undefined {
    return this.#byId.get(clientId);
  }
  expire(now: Micros): void {
    for (const [clientId, { time }] of this.#byId) {
      if (now - time < keptUs) return;
      this.#byId.delete(clientId);
    }
  }
}
