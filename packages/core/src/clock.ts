import type { Micros } from './time.ts';

/** Cancels a timer; safe to call twice and after it fired. */
export type Cancel = () => void;

/** The only source of time and timers in the house; `VirtualClock` in core/testing is its twin. */
export interface Clock {
  /** Wall clock, µs UTC. Steps when the system's clock is set: never subtract two of these to get a duration. */
  now(): Micros;
  /** Monotonic milliseconds with fraction; origin is arbitrary. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`; does not keep the process alive. */
  after(delayMs: number, callback: () => void): Cancel;
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

interface MaybeUnref {
  unref?: () => void;
}

export const systemClock: Clock = {
  now: () => Math.round((performance.timeOrigin + performance.now()) * 1000) as Micros,
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    (timer as unknown as MaybeUnref).unref?.();
    return () => clearTimeout(timer);
  },
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal!.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, delayMs);
      signal?.addEventListener('abort', stop, { once: true });
    });
  },
};
