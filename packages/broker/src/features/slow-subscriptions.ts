import type { Micros } from '@omh/core';

/** A client that is slow with one topic. */
export interface SlowSubscription {
  readonly clientId: string;
  readonly topic: string;
  /** Longest time from the message's arrival at the broker to its acknowledgement, ms. */
  readonly tookMs: number;
  /** When that was, µs UTC. */
  readonly time: Micros;
}
interface Entry extends SlowSubscription {
  readonly atMs: number;
}

/** The slowest pairs of client and topic, QoS 1 and 2, from arrival to acknowledgement. */
export class SlowSubscriptions {
  thresholdMs: number;
  readonly #top: number;
  readonly #expiryMs: number;
  readonly #entries = new Map<string, Entry>();
  /** What a new one must exceed while the list is full. */
  #least = 0;

  constructor(options: { readonly thresholdMs: number; readonly top: number; readonly expiryMs: number }) {
    this.thresholdMs = options.thresholdMs;
    this.#top = options.top;
    this.#expiryMs = options.expiryMs;
  }
  acked(clientId: string, topic: string, tookMs: number, nowMs: number, time: Micros): void {
    if (tookMs < this.thresholdMs) return;
    const key = `${clientId}\0${topic}`;
    const known = this.#entries.get(key);
    if (known === undefined && this.#entries.size >= this.#top) {
      if (tookMs <= this.#least) return;
      this.#entries.delete(this.#slowest().at(-1)![0]);
    }
    if (known !== undefined && known.tookMs > tookMs) return;
    this.#entries.set(key, { clientId, topic, tookMs: Math.round(tookMs), time, atMs: nowMs });
    this.#least = this.#entries.size < this.#top ? 0 : this.#slowest().at(-1)![1].tookMs;
  }
  #slowest(): [string, Entry][] {
    return [...this.#entries].sort((a, b) => b[1].tookMs - a[1].tookMs);
  }
  /** Slowest first. */
  list(): SlowSubscription[] {
    return this.#slowest().map(([, { clientId, topic, tookMs, time }]) => ({ clientId, topic, tookMs, time }));
  }
  expire(nowMs: number): void {
    for (const [key, { atMs }] of this.#entries) {
      if (nowMs - atMs < this.#expiryMs) continue;
      this.#entries.delete(key);
      this.#least = 0;
    }
  }
  clear(): void {
    this.#entries.clear();
    this.#least = 0;
  }
}
