const kept = 512;
/** Steps of a twelfth of an octave, from 10 µs to 25 seconds: a quantile is right within 3 %. */
const perOctave = 12;
const leastMs = 0.01;
const buckets = 256;
const octave = perOctave / Math.LN2;

/** Round trips of the newest {@link kept} answers; adding one allocates nothing, and quantiles need no sorting. */
export class RoundTrips {
  readonly #bucket = new Uint8Array(kept);
  readonly #counts = new Uint16Array(buckets);
  #count = 0;
  #last: number | undefined;

  add(ms: number): void {
    this.#last = ms;
    const at = this.#count++ % kept;
    if (this.#count > kept) this.#counts[this.#bucket[at]!]!--;
    const bucket = ms <= leastMs ? 0 : Math.min(buckets - 1, Math.round(Math.log(ms / leastMs) * octave));
    this.#bucket[at] = bucket;
    this.#counts[bucket]!++;
  }
  get last(): number | undefined {
    return this.#last;
  }
  /** Half and 99 % of them; undefined before the first. */
  quantiles(): { readonly rttP50Ms: number; readonly rttP99Ms: number } | undefined {
    const n = Math.min(this.#count, kept);
    return n === 0 ? undefined : { rttP50Ms: this.#at(0.5 * n), rttP99Ms: this.#at(0.99 * n) };
  }
  #at(rank: number): number {
    let bucket = 0;
    for (let seen = this.#counts[0]!; seen < rank && bucket < buckets - 1; seen += this.#counts[bucket]!) bucket++;
    return leastMs * Math.exp(bucket / octave);
  }
}
