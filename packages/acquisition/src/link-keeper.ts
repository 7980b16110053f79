import { reasonOf, RetrySchedule, type Cancel, type Clock, type Driver, type Reason } from '@omh/core';

/** connecting: an attempt is under way; down: the next one waits; stopped: nobody wants it. */
export type LinkState = 'connecting' | 'up' | 'down' | 'stopped';

export interface LinkKeeperOptions {
  readonly driver: () => Driver;
  readonly clock: Clock;
  readonly onUp: () => void;
  /** `retryMs` from now it is tried again. */
  readonly onDown: (reason: Reason, retryMs: number) => void;
}

const backOff = { firstMs: 500, maxMs: 4800, factor: 2, jitter: 0.3 };
const opening: Reason = { code: 'DEVICE_CONNECTING', params: {}, text: 'The link is being opened.' };

/**
 * Keeps a driver's link up: opens it, and opens it again, less and less often as long as it brings nothing. An attempt begins only when the
 * one before and its close are over, so that a device never sees two links.
 */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  readonly #retry = new RetrySchedule(backOff);
  #abort: AbortController | undefined;
  #cancel: Cancel | undefined;
  #state: LinkState = 'stopped';
  #down = opening;
  /** Attempts and closes that are under way; none ever rejects. */
  readonly #busy = new Set<Promise<void>>();
  #closing: Promise<void> = Promise.resolve();
  /** The link went away before its opener was told that it is open. */
  #lostEarly: Reason | undefined;

  constructor(options: LinkKeeperOptions) {
    this.#options = options;
  }
  get state(): LinkState {
    return this.#state;
  }
  get up(): boolean {
    return this.#state === 'up';
  }
  /** Why it is not up. */
  get down(): Reason {
    return this.#down;
  }

  start(): void {
    if (this.#abort !== undefined) return;
    this.#abort = new AbortController();
    this.#down = opening;
    this.#retry.reset();
    this.#try(this.#abort.signal);
  }
  /** Resolves when the link is closed. */
  stop(): Promise<void> {
    if (this.#abort === undefined) return this.#closing;
    this.#abort.abort(new Error('stopped'));
    this.#abort = undefined;
    this.#state = 'stopped';
    this.#cancel?.();
    this.#cancel = undefined;
    this.#closing = this.#close();
    this.#keep(this.#closing);
    return this.#closing;
  }
  #keep(work: Promise<void>): void {
    this.#busy.add(work);
    void work.finally(() => this.#busy.delete(work));
  }

  /** The link went away by itself; false when it was not there. */
  lost(reason: Reason): boolean {
    if (this.#state === 'connecting') this.#lostEarly = reason;
    if (this.#abort === undefined || this.#state !== 'up') return false;
    this.#later(reason);
    return true;
  }
  /** It brings values: the next loss is met at once. A peer that takes connections and hangs is not. */
  worked(): void {
    this.#retry.reset();
  }

  #try(signal: AbortSignal): void {
    this.#state = 'connecting';
    this.#keep(this.#connect(signal, [...this.#busy]));
  }
  async #connect(signal: AbortSignal, before: readonly Promise<void>[]): Promise<void> {
    if (before.length > 0) await Promise.all(before);
    if (signal.aborted) return;
    try {
      this.#lostEarly = undefined;
      await this.#options.driver().open(signal);
      if (signal.aborted) {
        // The driver opened a link that nobody wants any more.
        await this.#close();
        return;
      }
      const lost: Reason | undefined = this.#lostEarly;
      if (lost !== undefined) {
        // What is left of it goes before the next attempt.
        await this.#close();
        if (!signal.aborted) this.#later(lost);
        return;
      }
      this.#state = 'up';
    } catch (thrown) {
      if (!signal.aborted) this.#later(reasonOf(thrown));
      return;
    }
    this.#options.onUp();
  }
  async #close(): Promise<void> {
    try {
      await this.#options.driver().close();
    } catch {
      // What cannot be closed is gone as well.
    }
  }
  #later(reason: Reason): void {
    const { signal } = this.#abort!;
    this.#state = 'down';
    this.#down = reason;
    const delay = this.#retry.next();
    this.#cancel = this.#options.clock.after(delay, () => {
      this.#cancel = undefined;
      this.#try(signal);
    });
    this.#options.onDown(reason, delay);
  }
}
