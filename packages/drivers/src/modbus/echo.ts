const none = new Uint8Array(0);

/** What a two-wire adapter repeats of that which was sent, taken out of what is received. */
export class Echo {
  /** Of what was sent, the part that was not repeated yet. */
  #expected: Uint8Array = none;

  sent(bytes: Uint8Array): void {
    this.#expected = bytes;
  }
  reset(): void {
    this.#expected = none;
  }
  /** The part of the chunk that is no echo. */
  remove(chunk: Uint8Array): Uint8Array {
    if (this.#expected.length === 0) return chunk;
    let n = 0;
    while (n < chunk.length && n < this.#expected.length && chunk[n] === this.#expected[n]) n++;
    const isEcho = n === chunk.length || n === this.#expected.length;
    this.#expected = isEcho ? this.#expected.subarray(n) : none;
    return isEcho ? chunk.subarray(n) : chunk;
  }
}
