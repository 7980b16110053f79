import type { Cancel, Clock } from '@omh/core';
import type { Delivery } from '../faults/fault.ts';

/** Answers that wait in one connection; beyond this no further requests are read. */
const mostWaiting = 1000;

interface Waiting {
  dueMs: number;
  bytes: Uint8Array;
  /** A piece that goes out by itself, so long before the next. */
  readonly pauseMs?: number;
  /** It waits for the next answer. */
  glued?: boolean;
}

/** Sends answers in their order, each when it is due. Those that are due together go out in one piece. */
export class Outbox {
  readonly #clock: Clock;
  readonly #write: (bytes: Uint8Array) => void;
  #waiting: Waiting[] = [];
  #head = 0;
  #ready: Uint8Array[] = [];
  #cancel: Cancel | undefined;
  readonly #late = new Set<Cancel>();
  #lastDue = 0;
  /** When each of the requests under way is done, oldest first. */
  #slots: number[] = [];

  constructor(clock: Clock, write: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#write = write;
  }
  get waiting(): number {
    return this.#waiting.length - this.#head + this.#late.size;
  }
  get full(): boolean {
    return this.waiting >= mostWaiting;
  }

  /** `atOnce`: requests the device works on together; Infinity for any number. */
  add(bytes: Uint8Array, { delayMs, lateMs, segment, pauseMs, glueMs }: Delivery, atOnce: number): void {
    const now = this.#clock.monotonicMs();
    if (lateMs > 0) {
      const cancel = this.#clock.after(lateMs, () => {
        this.#late.delete(cancel);
        this.#write(bytes);
      });
      this.#late.add(cancel);
      return;
    }
    let due = now;
    if (delayMs > 0) {
      while (this.#slots.length > 0 && (this.#slots[0]! <= now || this.#slots.length > mostWaiting)) this.#slots.shift();
      const free = this.#slots.length < atOnce ? now : this.#slots[this.#slots.length - atOnce]!;
      due = Math.max(free, now) + delayMs;
      this.#slots.push(due);
    }
    due = Math.max(due, this.#lastDue);
    const last = this.#head < this.#waiting.length ? this.#waiting.at(-1) : undefined;
    if (last?.glued === true) {
      last.bytes = Buffer.concat([last.bytes, bytes]);
      last.dueMs = this.#lastDue = due;
      last.glued = false;
    } else if (glueMs > 0) {
      this.#waiting.push({ dueMs: due + glueMs, bytes, glued: true });
    } else if (segment > 0) {
      for (let at = 0; at < bytes.length; at += segment)
        this.#waiting.push({ dueMs: (due += at === 0 ? 0 : pauseMs), bytes: bytes.subarray(at, at + segment), pauseMs });
      this.#lastDue = due;
    } else if (due <= now && last === undefined) {
      this.#ready.push(bytes);
    } else {
      this.#waiting.push({ dueMs: due, bytes });
      this.#lastDue = due;
    }
  }

  /** Sends what is due. Called once for each piece that arrived. */
  flush(): void {
    const now = this.#clock.monotonicMs();
    let pauseMs: number | undefined;
    while (pauseMs === undefined && this.#head < this.#waiting.length && this.#waiting[this.#head]!.dueMs <= now) {
      const { bytes, pauseMs: alone } = this.#waiting[this.#head++]!;
      if (alone !== undefined) {
        this.#send();
        pauseMs = alone;
      }
      this.#ready.push(bytes);
    }
    this.#send();
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    this.#cancel?.();
    this.#cancel = undefined;
    const next = this.#waiting[this.#head];
    if (next === undefined) return;
    this.#cancel = this.#clock.after(Math.max(pauseMs ?? 0, next.dueMs - now), () => {
      this.#cancel = undefined;
      this.flush();
    });
  }
  #send(): void {
    const ready = this.#ready;
    if (ready.length === 0) return;
    this.#ready = [];
    this.#write(ready.length === 1 ? ready[0]! : Buffer.concat(ready));
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const cancel of this.#late) cancel();
    this.#late.clear();
    this.#waiting = [];
    this.#head = 0;
    this.#ready = [];
  }
}
