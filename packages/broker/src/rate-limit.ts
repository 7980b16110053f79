import type { Cancel, Clock } from '@omh/core';
import type { TrafficRate } from './listen/listener-options.ts';

/** `rate` tokens come per second, `burst` of them may wait. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #level: number;
  #at: number;

  constructor(rate: number, burst: number, nowMs: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#level = burst;
    this.#at = nowMs;
  }
  #fill(nowMs: number): void {
    this.#level = Math.min(this.#burst, this.#level + ((nowMs - this.#at) * this.#rate) / 1000);
    this.#at = nowMs;
  }
  /** False, and nothing taken, when there is less than one token. */
  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#level < 1) return false;
    this.#level--;
    return true;
  }
  /** Takes tokens that were used already; returns the milliseconds until the debt is paid. */
  spend(n: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#level -= n;
    return this.#level >= 0 ? 0 : (-this.#level * 1000) / this.#rate;
  }
}

interface Buckets {
  readonly messages: TokenBucket | null;
  readonly bytes: TokenBucket | null;
}

const bucketsOf = ({ messages, bytes }: TrafficRate, nowMs: number): Buckets => ({
  messages: messages === undefined ? null : new TokenBucket(messages, messages, nowMs),
  bytes: bytes === undefined ? null : new TokenBucket(bytes, bytes, nowMs),
});

/** Whose reading can be stopped for a while. */
export interface Limited {
  readonly open: boolean;
  stopReading(): void;
  readOn(): void;
}

/** What one connection and its listener may send. */
export class Meter {
  readonly #own: Buckets | null;
  readonly #shared: Buckets | null;
  readonly #limits: RateLimits;

  constructor(own: Buckets | null, shared: Buckets | null, limits: RateLimits) {
    this.#own = own;
    this.#shared = shared;
    this.#limits = limits;
  }
  /** A chunk was taken; when that was too much its connection is not read from until the average is right again. */
  spent(connection: Limited, messages: number, bytes: number): void {
    const now = this.#limits.clock.monotonicMs();
    let wait = 0;
    for (const buckets of [this.#own, this.#shared]) {
      if (buckets === null) continue;
      if (buckets.messages !== null && messages > 0) wait = Math.max(wait, buckets.messages.spend(messages, now));
      if (buckets.bytes !== null) wait = Math.max(wait, buckets.bytes.spend(bytes, now));
    }
    if (wait > 0 && connection.open) this.#limits.pause(connection, now + wait);
  }
}

/** Everything one listener needs to slow its clients down; made anew when its rates change. */
export interface ListenerRates {
  readonly client: TrafficRate | undefined;
  readonly shared: Buckets | null;
}

const turnMs = 20;

/** Who is not read from for sending too much; one timer for all, only while there is somebody. */
export class RateLimits {
  readonly clock: Clock;
  readonly #paused = new Map<Limited, number>();
  readonly #counted: () => void;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, counted: () => void) {
    this.clock = clock;
    this.#counted = counted;
  }
  get paused(): number {
    return this.#paused.size;
  }
  /** Undefined when nothing is limited. */
  listener(client: TrafficRate | undefined, total: TrafficRate | undefined): ListenerRates | undefined {
    if (client === undefined && total === undefined) return undefined;
    return { client, shared: total === undefined ? null : bucketsOf(total, this.clock.monotonicMs()) };
  }
  meter(rates: ListenerRates): Meter {
    return new Meter(rates.client === undefined ? null : bucketsOf(rates.client, this.clock.monotonicMs()), rates.shared, this);
  }

  pause(connection: Limited, untilMs: number): void {
    if (!this.#paused.has(connection)) {
      this.#counted();
      connection.stopReading();
    }
    this.#paused.set(connection, untilMs);
    this.#cancel ??= this.clock.after(turnMs, this.#turn);
  }
  readonly #turn = (): void => {
    this.#cancel = undefined;
    const now = this.clock.monotonicMs();
    for (const [connection, until] of this.#paused) {
      if (connection.open && until > now) continue;
      this.#paused.delete(connection);
      connection.readOn();
    }
    if (this.#paused.size > 0) this.#cancel = this.clock.after(turnMs, this.#turn);
  };
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#paused.clear();
  }
}
