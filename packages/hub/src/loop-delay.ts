import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Cancel, Clock } from '@omh/core';

const resolutionMs = 10;

/** How late the one event loop is: everything in the hub waits for it. */
export class LoopDelay {
  readonly #clock: Clock;
  #histogram: IntervalHistogram | undefined;
  #p99Ms = 0;
  #cancel: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** 99th percentile of the last full ten seconds, without the timer's own period. */
  get p99Ms(): number {
    return this.#p99Ms;
  }

  start(): void {
    this.#histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#histogram.enable();
    const tick = (): void => {
      this.#p99Ms = Math.max(0, this.#histogram!.percentile(99) / 1e6 - resolutionMs);
      this.#histogram!.reset();
      this.#cancel = this.#clock.after(10_000, tick);
    };
    this.#cancel = this.#clock.after(10_000, tick);
  }
  stop(): void {
    this.#cancel();
    this.#histogram?.disable();
  }
}
