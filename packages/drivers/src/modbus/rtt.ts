const kept = 512;

/** Round trips of the newest {@link kept} answers; adding one allocates nothing. */
export class RoundTrips {
  readonly #ms = new Float64Array(kept);
  #count = 0;

  add(ms: number): void {
    this.#ms[this.#count++ % kept] = ms;
  }
  get last(): number | undefined {
    return this.#count === 0 ? undefined : this.#ms[(this.#count - 1) % kept];
  }
  /** Half and 99 % of them; undefined before the first. */
  quantiles(): { readonly rttP50Ms: number; readonly rttP99Ms: number } | undefined {
    const n = Math.min(this.#count, kept);
    if (n === 0) return undefined;
    const sorted = this.#ms.slice(0, n).sort();
    const at = (share: number): number => sorted[Math.min(n - 1, Math.ceil(share * n) - 1)]!;
    return { rttP50Ms: at(0.5), rttP99Ms: at(0.99) };
  }
}
