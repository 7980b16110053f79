/** One attempt that several may wait for; it is called off when the last of them no longer wants it. */
export class SharedAttempt {
  readonly #done: Promise<void>;
  readonly #abort = new AbortController();
  #waiting = 0;

  constructor(run: (signal: AbortSignal) => Promise<void>) {
    this.#done = run(this.#abort.signal);
  }
  /** Somebody still wants what it brings. */
  get isWanted(): boolean {
    return this.#waiting > 0;
  }

  /** Nobody wanted it any more; who comes now waits for its end and makes another. */
  get isCalledOff(): boolean {
    return this.#abort.signal.aborted;
  }
  /** Resolves when it is over, whatever came of it. */
  ended(): Promise<void> {
    return this.#done.catch(() => {});
  }

  /** Rejects as the attempt does. Whoever called off in the meantime has left when this resolves. */
  async wait(signal: AbortSignal): Promise<void> {
    let isHere = true;
    this.#waiting++;
    const leave = (): void => {
      if (!isHere) return;
      isHere = false;
      if (--this.#waiting === 0) this.#abort.abort();
    };
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      await this.#done;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
