import type { Cancel, Clock, Logger, Reason } from '@omh/core';
import { errors } from '../errors.ts';
import type { JwtKey } from './jwt.ts';
import { keySet } from './jwt-keys.ts';

/** A key that nobody knows is looked for again after this time at the earliest, whoever asks. */
const pauseMs = 30_000;
const retryMs = 10_000;

export interface JwksSourceOptions {
  /** A URL or a file, for people. */
  readonly where: string;
  /** The JWK set as text; rejects with a plain clause. */
  readonly read: () => Promise<string>;
  readonly refreshMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keys that somebody else publishes: read again and again, the last good ones are kept while that fails. */
export class JwksSource {
  readonly #options: JwksSourceOptions;
  #keys: readonly JwtKey[] = [];
  #reading: Promise<void> | undefined;
  #readMs = -Infinity;
  #trouble: Reason | undefined;
  #cancel: Cancel | undefined;

  constructor(options: JwksSourceOptions) {
    this.#options = options;
  }
  /** Empty until the first were read. */
  get keys(): readonly JwtKey[] {
    return this.#keys;
  }
  trouble(): Reason | undefined {
    return this.#trouble;
  }
  start(): Cancel {
    let over = false;
    const next = (): void => {
      if (over) return;
      const { clock, refreshMs } = this.#options;
      this.#cancel = clock.after(
        this.#trouble === undefined ? refreshMs : Math.min(retryMs, refreshMs),
        () => void this.#read().then(next),
      );
    };
    void this.#read().then(next);
    return () => {
      over = true;
      this.#cancel?.();
    };
  }

  /** Reads again because a key is missing; undefined when that was tried a moment ago. Never rejects. */
  missing(): Promise<void> | undefined {
    if (this.#reading !== undefined) return this.#reading;
    return this.#options.clock.monotonicMs() - this.#readMs < pauseMs ? undefined : this.#read();
  }
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }
  async #readNow(): Promise<void> {
    const { read, where, log, clock } = this.#options;
    this.#readMs = clock.monotonicMs();
    try {
      this.#keys = keySet(await read());
      if (this.#trouble !== undefined) log.info('the keys for JWT are there again', { where, keys: this.#keys.length });
      this.#trouble = undefined;
    } catch (thrown) {
      const detail = (thrown as Error).message.replace(/\.$/, '');
      const reason = errors.ACCESS_JWKS_UNREAD({ where, detail }).reason();
      if (this.#trouble?.text !== reason.text) log.warn('the keys for JWT cannot be read', { where, detail });
      this.#trouble = reason;
    }
  }
}
