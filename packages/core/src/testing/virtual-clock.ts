import type { Cancel, Clock } from '../clock.ts';
import type { Micros } from '../time.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only when told to: hours of back-off in a millisecond, in the exact order. */
export class VirtualClock implements Clock {
  #ms = 0;
  #wallOffsetUs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startUs: number = Date.UTC(2026, 0, 1) * 1000) {
    this.#wallOffsetUs = startUs;
  }

  now(): Micros {
    return (this.#wallOffsetUs + Math.round(this.#ms * 1000)) as Micros;
  }
  monotonicMs(): number {
    return this.#ms;
  }
  after(delayMs: number, callback: () => void): Cancel {
    const timer: Timer = { at: this.#ms + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const cancel = this.after(delayMs, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      const stop = (): void => {
        cancel();
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', stop, { once: true });
    });
  }
  get pending(): number {
    return this.#timers.size;
  }

  /** The wall clock steps, durations do not: what an NTP correction does. */
  stepWall(us: number): void {
    this.#wallOffsetUs += us;
  }

  /** Moves on, firing timers in order and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#ms + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const t of this.#timers) if (t.at <= end && (!next || t.at < next.at || (t.at === next.at && t.order < next.order))) next = t;
      if (!next) break;
      this.#timers.delete(next);
      this.#ms = Math.max(this.#ms, next.at);
      next.callback();
      await settle();
    }
    this.#ms = end;
    await settle();
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};
