import type { Cancel, Clock } from '@omh/core';

/** A timer later than this by itself means that the process stood still. */
const lateMs = 10;

/** One timer for all requests under way; it is not touched when answers come. */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #due: (nowMs: number) => number;
  #at = Number.POSITIVE_INFINITY;
  #cancel: Cancel | undefined;
  #graceGiven = false;

  /** `due` settles what is over at `nowMs` (monotonic) and returns the next deadline, or infinity. */
  constructor(clock: Clock, due: (nowMs: number) => number) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Something is over at `atMs`. */
  expect(atMs: number, nowMs: number): void {
    if (atMs >= this.#at) return;
    this.#cancel?.();
    this.#at = atMs;
    this.#cancel = this.#clock.after(Math.max(1, Math.ceil(atMs - nowMs)), () => this.#fire());
  }
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonicMs();
    const isLate = now - this.#at > lateMs;
    this.#at = Number.POSITIVE_INFINITY;
    // After a pause of this process the answers may lie in the socket: they are read before anything is given up.
    if (isLate && !this.#graceGiven) {
      this.#graceGiven = true;
      this.expect(now + 1, now);
      return;
    }
    this.#graceGiven = false;
    this.expect(this.#due(now), now);
  }
}
