/** How long to wait before attempt n + 1. */
export interface RetryOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Growth per failure; 2 doubles. */
  readonly factor?: number;
  /** Share of the delay that is random, 0 to 1: 0.2 gives 80 to 100 % of it. Spreads a thousand links that fell together. */
  readonly jitter?: number;
  readonly random?: () => number;
}

/** Exponential back-off with jitter. `next()` after each failure, `reset()` after a success. */
export class RetrySchedule {
  #failures = 0;
  readonly #options: Required<RetryOptions>;

  constructor(options: RetryOptions) {
    this.#options = { factor: 2, jitter: 0.2, random: Math.random, ...options };
  }
  get failures(): number {
    return this.#failures;
  }

  next(): number {
    const { firstMs, maxMs, factor, jitter, random } = this.#options;
    const full = Math.min(maxMs, firstMs * factor ** this.#failures);
    this.#failures++;
    return full * (1 - jitter * random());
  }
  reset(): void {
    this.#failures = 0;
  }
}
