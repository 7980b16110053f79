import type { Clock, Micros } from '@omh/core';
import type { Timed, TimerWheel } from './timer-wheel.ts';

/** Longest look ahead, seconds: the wall clock may be set meanwhile. */
const longest = 60;

/** Ends a connection when what its client came with expires. */
export class SignInEnd implements Timed {
  dueTick = 0;
  slot = -1;
  readonly #wheel: TimerWheel;
  readonly #clock: Clock;
  readonly #expired: () => void;
  #expires: Micros | undefined;

  constructor(wheel: TimerWheel, clock: Clock, expired: () => void) {
    this.#wheel = wheel;
    this.#clock = clock;
    this.#expired = expired;
  }
  /** Replaces an earlier end; undefined is none. */
  set(expires: Micros | undefined): void {
    this.#expires = expires;
    if (expires === undefined) this.#wheel.cancel(this);
    else this.#wheel.set(this, Math.min(longest, (expires - this.#clock.now()) / 1e6));
  }
  onDue(): void {
    if (this.#expires === undefined) return;
    if (this.#clock.now() >= this.#expires) this.#expired();
    else this.set(this.#expires);
  }
}
