import type { Clock } from '@omh/core';

/** A device's own time: 0 at its first start, standing still while it is stopped. Whoever asks when is told the same. */
export class DeviceTime {
  readonly #clock: Clock;
  #before = 0;
  #since: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  start(): void {
    this.#since ??= this.#clock.monotonicMs();
  }
  stop(): void {
    this.#before = this.ms();
    this.#since = undefined;
  }
  ms(): number {
    return this.#since === undefined ? this.#before : this.#before + this.#clock.monotonicMs() - this.#since;
  }
  wallMs(): number {
    return this.#clock.now() / 1000;
  }
}
