import type { LastValues } from '@omh/acquisition';
import type { Cancel, Clock, GroupCycle } from '@omh/core';

/** Turns values bad that became too old, once a second, and tells history and apps. */
export class Expiry {
  readonly #values: LastValues;
  readonly #clock: Clock;
  readonly #report: (cycle: GroupCycle) => void;
  #cancel: Cancel = () => {};

  constructor(values: LastValues, clock: Clock, report: (cycle: GroupCycle) => void) {
    this.#values = values;
    this.#clock = clock;
    this.#report = report;
  }
  start(): void {
    this.#cancel = this.#clock.after(1000, () => {
      this.start();
      for (const cycle of this.#values.expire(this.#clock.now())) this.#report(cycle);
    });
  }
  stop(): void {
    this.#cancel();
  }
}
