import { BoundedQueue } from '@omh/core';
import type { Delivery } from './delivery.ts';
import type { BrokerLimits } from './limits.ts';
import type { BrokerStats } from './stats.ts';

/** What one message costs besides its bytes, when a queue is measured. */
const overhead = 128;
const sizeOf = (d: Delivery): number => d.p!.size + overhead;

/** What waits for one session, bounded by itself and by all together. */
export class SessionQueue implements Iterable<Delivery> {
  readonly #limits: BrokerLimits;
  readonly #stats: BrokerStats;
  readonly #items: BoundedQueue<Delivery>;
  #bytes = 0;

  constructor(limits: BrokerLimits, stats: BrokerStats) {
    this.#limits = limits;
    this.#stats = stats;
    this.#items = new BoundedQueue(limits.maxQueuedMessages);
  }
  get size(): number {
    return this.#items.size;
  }
  peek(): Delivery | undefined {
    return this.#items.peek();
  }
  [Symbol.iterator](): Iterator<Delivery> {
    return this.#items[Symbol.iterator]();
  }

  /** Takes it; the oldest go for it, one `drop` each. False when it does not fit even alone. */
  push(d: Delivery, drop: (d: Delivery) => void): boolean {
    const size = sizeOf(d);
    while (this.#items.size > 0 && this.#tooMuch(size)) {
      const oldest = this.shift()!;
      this.#stats.droppedQueue++;
      drop(oldest);
    }
    if (this.#tooMuch(size)) {
      this.#stats.droppedQueue++;
      return false;
    }
    this.#items.push(d);
    this.#count(size, 1);
    return true;
  }
  #count(bytes: number, messages: number): void {
    this.#bytes += bytes;
    this.#stats.queuedBytes += bytes;
    this.#stats.queued += messages;
  }
  #tooMuch(size: number): boolean {
    const { maxQueuedMessages, maxQueuedBytes, maxQueuedBytesTotal } = this.#limits;
    return (
      this.#items.size >= maxQueuedMessages || this.#bytes + size > maxQueuedBytes || this.#stats.queuedBytes + size > maxQueuedBytesTotal
    );
  }
  /** Takes out what does not fit, in order. */
  keepOnly(fits: (d: Delivery) => boolean): Delivery[] {
    const out: Delivery[] = [];
    for (let n = this.#items.size; n > 0; n--) {
      const d = this.shift()!;
      if (!fits(d)) {
        out.push(d);
        continue;
      }
      this.#items.push(d);
      this.#count(sizeOf(d), 1);
    }
    return out;
  }
  shift(): Delivery | undefined {
    const d = this.#items.shift();
    if (d === undefined) return undefined;
    this.#count(-sizeOf(d), -1);
    return d;
  }
}
