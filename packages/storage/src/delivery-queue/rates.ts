const averageSeconds = 600;

/** An average per second over about ten minutes, over less while it is younger; costs nothing between its readings. */
export class AverageRate {
  readonly #bornMs: number;
  #lastMs: number;
  #rate = 0;
  #sum = 0;

  constructor(nowMs: number) {
    this.#bornMs = this.#lastMs = nowMs;
  }
  add(amount: number, nowMs: number): void {
    this.#sum += amount;
    if (nowMs - this.#lastMs >= 1000) this.#fold(nowMs);
  }
  perSecond(nowMs: number): number {
    if (nowMs - this.#lastMs >= 1000) this.#fold(nowMs);
    const age = (this.#lastMs - this.#bornMs) / 1000;
    // Under a second old there is nothing to divide by yet.
    if (age < 1) return this.#sum / Math.max(1, (nowMs - this.#bornMs) / 1000);
    return this.#rate / (1 - Math.exp(-age / averageSeconds));
  }
  #fold(nowMs: number): void {
    const seconds = (nowMs - this.#lastMs) / 1000;
    const old = Math.exp(-seconds / averageSeconds);
    this.#rate = this.#rate * old + (this.#sum / seconds) * (1 - old);
    this.#sum = 0;
    this.#lastMs = nowMs;
  }
}

/** So many per second; a fifth of a second's worth at once at most. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens = 0;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = Math.max(1, perSecond / 5);
    this.#atMs = nowMs;
  }
  /** How many may go now: `wanted`, or what the bucket can hold, or none yet. */
  allows(wanted: number, nowMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#atMs = nowMs;
    // A tenth of a millionth of a token is rounding.
    return this.#tokens + 1e-7 >= this.#portion(wanted) ? Math.floor(this.#tokens + 1e-7) : 0;
  }
  /** When `allows(wanted)` is no longer 0. */
  readyAtMs(wanted: number): number {
    return this.#atMs + (Math.max(0, this.#portion(wanted) - this.#tokens) / this.#perSecond) * 1000;
  }
  take(count: number): void {
    this.#tokens -= count;
  }
  #portion(wanted: number): number {
    return Math.max(1, Math.min(wanted, Math.floor(this.#burst)));
  }
}
