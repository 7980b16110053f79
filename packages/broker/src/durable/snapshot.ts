import type { Cancel, Clock } from '@omh/core';
import type { BrokerLimits } from '../limits.ts';
import type { BrokerLog } from './broker-log.ts';
import type { DurableContents, DurableStore } from './durable-store.ts';

const sliceMs = 1;
const sliceEntries = 512;
const waitMs = 10;
const pollMs = 250;

/**
 * Everything that is alive, entry by entry at the head of the log, between what goes on happening; then, when all of it is on the disk,
 * what stands before it is trimmed.
 */
export class Snapshot {
  readonly #store: DurableStore;
  readonly #log: BrokerLog;
  readonly #clock: Clock;
  readonly #limits: BrokerLimits;
  readonly #entries: Iterator<void>;
  readonly #ended: (done: boolean) => void;
  readonly #from: number;
  #cancelled = false;
  #cancelWait: Cancel | undefined;

  constructor(
    store: DurableStore,
    contents: DurableContents,
    log: BrokerLog,
    clock: Clock,
    limits: BrokerLimits,
    ended: (done: boolean) => void,
    from: number,
  ) {
    this.#store = store;
    this.#log = log;
    this.#clock = clock;
    this.#limits = limits;
    this.#ended = ended;
    this.#from = from;
    this.#entries = entries(store, contents);
  }

  run(): void {
    if (this.#cancelled) return;
    const until = this.#clock.monotonicMs() + sliceMs;
    for (let i = 0; i < sliceEntries && this.#clock.monotonicMs() < until; i++) {
      this.#store.begin();
      // The log takes nothing: what was written so far is as good as not written.
      if (this.#store.full) {
        this.#end(false);
        return;
      }
      if (this.#entries.next().done === true) {
        this.#store.flush();
        this.#trim(this.#log.stats().bytes);
        return;
      }
    }
    if (this.#log.stats().heldBytes > this.#limits.logHighBytes / 2) this.#later(waitMs, () => this.run());
    else setImmediate(() => this.run());
  }
  /** In mode os a record counts as safe before a power cut could not take it: only what is synced replaces the old. */
  #trim(written: number): void {
    const { bytes, heldBytes } = this.#log.stats();
    if (this.#store.full || bytes - heldBytes < written) {
      this.#later(pollMs, () => this.#trim(written));
      return;
    }
    void this.#log.trim(this.#from).then(() => this.#end(true));
  }
  #later(ms: number, run: () => void): void {
    if (!this.#cancelled) this.#cancelWait = this.#clock.after(ms, run);
  }
  #end(done: boolean): void {
    if (!this.#cancelled) this.#ended(done);
    this.#cancelled = true;
  }
  cancel(): void {
    this.#cancelled = true;
    this.#cancelWait?.();
  }
}

function* entries(store: DurableStore, { retained, sessions, delayed }: DurableContents): Iterator<void> {
  for (const entry of delayed?.() ?? []) {
    store.delay(entry);
    yield;
  }
  for (const entry of retained.all()) {
    store.retain(entry.topic, entry);
    yield;
  }
  for (const s of sessions()) {
    if (s.logNumber === 0) continue;
    store.session(s);
    yield;
    for (const sub of s.subscriptions.values()) {
      store.subscribe(s, sub);
      yield;
      if (s.logNumber === 0) break;
    }
    for (const id of s.received) {
      if (s.logNumber === 0) break;
      store.received(s, id);
      yield;
    }
    for (const d of s.kept()) {
      if (s.logNumber === 0) break;
      store.again(s, d);
      yield;
    }
  }
}
