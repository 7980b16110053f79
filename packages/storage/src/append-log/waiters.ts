import type { Position } from './segment-format.ts';

interface Waiter {
  readonly position: Position;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Who waits for which position, in order of position. */
export class Waiters {
  #waiting: Waiter[] = [];

  /** Askers of the same position share a promise. */
  add(position: Position): Promise<void> {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.position > position) at--;
    const before = this.#waiting[at - 1];
    if (before?.position === position) return before.promise;
    let resolve!: () => void;
    let reject!: (reason: unknown) => void;
    const promise = new Promise<void>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    // Nobody has to listen: a log that closes must not end the process.
    promise.catch(() => {});
    this.#waiting.splice(at, 0, { position, promise, resolve, reject });
    return promise;
  }

  /** Everyone below `position` got there. */
  resolve(position: Position): void {
    let done = 0;
    while (done < this.#waiting.length && this.#waiting[done]!.position < position) this.#waiting[done++]!.resolve();
    if (done === this.#waiting.length) this.#waiting = [];
    else if (done > 0) this.#waiting.splice(0, done);
  }
  reject(reason: unknown): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason);
  }
}
