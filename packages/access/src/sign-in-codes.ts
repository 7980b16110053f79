import type { Clock } from '@omh/core';
import { errors } from './errors.ts';
import { digestHex, randomId } from './secret.ts';
import type { Holder } from './sessions.ts';

const maxCodes = 1000;

/** Codes that open one session each, 192 bit; only their digests are kept. */
export class SignInCodes {
  readonly #clock: Clock;
  readonly #codes = new Map<string, { readonly holder: Holder; readonly deadlineMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Throws ACCESS_TOO_MANY_CODES when 1,000 wait. */
  create(holder: Holder, ttlMs: number): string {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { deadlineMs }] of this.#codes) if (deadlineMs <= nowMs) this.#codes.delete(key);
    if (this.#codes.size >= maxCodes) throw errors.ACCESS_TOO_MANY_CODES({ count: this.#codes.size });
    const code = randomId(24);
    this.#codes.set(digestHex(code), { holder, deadlineMs: nowMs + ttlMs });
    return code;
  }
  /** Whom the code stands for, once; undefined when it is unknown, used or expired. */
  redeem(code: string): Holder | undefined {
    const key = digestHex(code);
    const found = this.#codes.get(key);
    this.#codes.delete(key);
    return found !== undefined && found.deadlineMs > this.#clock.monotonicMs() ? found.holder : undefined;
  }
}
