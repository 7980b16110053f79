import type { Clock } from '@omh/core';

/** Answers that hold for a while, by key; when there are too many the oldest goes. */
export class ShortMemory<T> {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #kept = new Map<string, { readonly value: T; readonly untilMs: number }>();

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#capacity = capacity;
  }
  get size(): number {
    return this.#kept.size;
  }
  get(key: string): T | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    if (found.untilMs > this.#clock.monotonicMs()) return found.value;
    this.#kept.delete(key);
    return undefined;
  }
  keep(key: string, value: T, forMs: number): void {
    this.#kept.delete(key);
    if (forMs <= 0) return;
    if (this.#kept.size >= this.#capacity) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { value, untilMs: this.#clock.monotonicMs() + forMs });
  }
  clear(): void {
    this.#kept.clear();
  }
}
