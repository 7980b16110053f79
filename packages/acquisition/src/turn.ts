/** One user of a link at a time; writes go before the reads that wait. */
export class Turn {
  #busy = false;
  readonly #writes: (() => void)[] = [];
  readonly #reads: (() => void)[] = [];

  get waitingWrites(): number {
    return this.#writes.length;
  }

  async run<T>(kind: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    if (this.#busy)
      await new Promise<void>((resolve) => {
        (kind === 'write' ? this.#writes : this.#reads).push(resolve);
      });
    this.#busy = true;
    try {
      return await work();
    } finally {
      const next = this.#writes.shift() ?? this.#reads.shift();
      // The next one is woken while the turn is still held, so nobody slips in between.
      if (next) next();
      else this.#busy = false;
    }
  }
}
