import type { Cancel, Clock } from '@omh/core';
import type { Entry } from './line-queue.ts';

/** Units that owe an answer from before. What is asked of them waits here until the answer came or its time is over. */
export class QuietUnits {
  readonly #clock: Clock;
  readonly #units = new Map<number, { readonly cancel: Cancel; readonly entries: Entry[] }>();
  readonly #free: (entries: readonly Entry[]) => void;

  constructor(clock: Clock, free: (entries: readonly Entry[]) => void) {
    this.#clock = clock;
    this.#free = free;
  }

  add(unit: number, ms: number): void {
    const former = this.#units.get(unit);
    former?.cancel();
    this.#units.set(unit, { cancel: this.#clock.after(ms, () => this.heard(unit)), entries: former?.entries ?? [] });
  }
  /** Keeps the request back where its unit owes an answer. */
  holds(entry: Entry): boolean {
    if (this.#units.size === 0) return false;
    const quiet = this.#units.get(entry.exchange.unit);
    quiet?.entries.push(entry);
    return quiet !== undefined;
  }
  /** The late answer came, or nobody waits for it any more. */
  heard(unit: number): void {
    const quiet = this.#units.get(unit);
    if (quiet === undefined) return;
    quiet.cancel();
    this.#units.delete(unit);
    this.#free(quiet.entries);
  }
  /** Removes what is kept back and meets `isOver`. */
  take(isOver: (entry: Entry) => boolean): Entry[] {
    const out: Entry[] = [];
    for (const { entries } of this.#units.values()) {
      const rest = entries.splice(0);
      for (const entry of rest) (isOver(entry) ? out : entries).push(entry);
    }
    return out;
  }
  clear(): Entry[] {
    const out = this.take(() => true);
    for (const { cancel } of this.#units.values()) cancel();
    this.#units.clear();
    return out;
  }
}
