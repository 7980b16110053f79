import type { Cancel, Clock } from '@omh/core';

const windowSeconds = 10;
interface Reading {
  readonly atMs: number;
  readonly counters: ReadonlyMap<string, number>;
}

/** Per-second rates over the last ten seconds, from counters that are read once a second. */
export class Rates {
  readonly #clock: Clock;
  readonly #read: () => Iterable<readonly [string, number]>;
  #readings: Reading[] = [];
  #cancel: Cancel = () => {};

  constructor(clock: Clock, read: () => Iterable<readonly [string, number]>) {
    this.#clock = clock;
    this.#read = read;
  }
  start(): void {
    this.#tick();
  }
  stop(): void {
    this.#cancel();
  }

  /** 0 for a counter that is new or went backwards (its part was restarted). */
  perSecond(name: string): number {
    const last = this.#readings.at(-1);
    if (!last) return 0;
    const to = last.counters.get(name);
    const first = this.#readings.find((r) => r.counters.has(name));
    const from = first?.counters.get(name);
    if (to === undefined || from === undefined || to <= from || first!.atMs === last.atMs) return 0;
    return ((to - from) * 1000) / (last.atMs - first!.atMs);
  }

  #tick(): void {
    this.#readings.push({ atMs: this.#clock.monotonicMs(), counters: new Map(this.#read()) });
    if (this.#readings.length > windowSeconds + 1) this.#readings.shift();
    this.#cancel = this.#clock.after(1000, () => this.#tick());
  }
}
