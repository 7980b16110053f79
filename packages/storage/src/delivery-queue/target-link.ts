import { RetrySchedule } from '@omh/core';
import type { Clock, Micros, Reason, RetryOptions } from '@omh/core';

/** Whether the target takes what is sent, and when to try again: the breaker of a queue. */
export class TargetLink {
  readonly #clock: Clock;
  #schedule: RetrySchedule;
  #reason: Reason | undefined;
  #nextTryMs = 0;
  #nextTry: Micros | undefined;
  /** Sends that began before the last failure say nothing new when they fail too. */
  #failedAt = -1;

  constructor(clock: Clock, retry: RetryOptions) {
    this.#clock = clock;
    this.#schedule = new RetrySchedule(retry);
  }
  /** Failed sends in a row. */
  get failures(): number {
    return this.#schedule.failures;
  }
  get isDown(): boolean {
    return this.#schedule.failures > 0;
  }
  /** Why the last send failed. */
  get reason(): Reason | undefined {
    return this.#reason;
  }
  /** Monotonic; 0 when nothing has to wait. */
  get nextTryMs(): number {
    return this.#nextTryMs;
  }
  get nextTry(): Micros | undefined {
    return this.#nextTry;
  }

  configure(retry: RetryOptions): void {
    if (!this.isDown) this.#schedule = new RetrySchedule(retry);
  }
  /** `began`: number of the send; `latest`: number of the last one that began. */
  failed(reason: Reason, began: number, latest: number): void {
    this.#reason = reason;
    if (began <= this.#failedAt) return;
    this.#failedAt = latest;
    const waitMs = this.#schedule.next();
    this.#nextTryMs = this.#clock.monotonicMs() + waitMs;
    this.#nextTry = (this.#clock.now() + Math.round(waitMs * 1000)) as Micros;
  }
  answered(): void {
    this.#schedule.reset();
    this.#reason = undefined;
    this.hurry();
  }
  hurry(): void {
    this.#nextTryMs = 0;
    this.#nextTry = undefined;
  }
}
