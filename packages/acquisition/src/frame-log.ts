import type { Cancel, Clock, Micros } from '@omh/core';
import { pcapOf } from './pcap.ts';

export interface LoggedFrame {
  /** Counts up from 1 over the device's life. */
  readonly seq: number;
  readonly at: Micros;
  readonly direction: 'tx' | 'rx';
  readonly bytes: Uint8Array;
}
export interface FrameLogStatus {
  readonly on: boolean;
  /** When it ends by itself. */
  readonly until: Micros | undefined;
  readonly frames: number;
  /** Frames that the bounds pushed out. */
  readonly dropped: number;
}

/** Nobody watches longer than that without asking again. */
const longestWatchMs = 60 * 60_000;
const usualWatchMs = 10 * 60_000;
const mostFrames = 100_000;
const mostBytes = 4 * 1024 * 1024;

/** The frames of a link while somebody watches: bounded in time and size, the oldest go first. */
export class FrameLog {
  readonly #clock: Clock;
  readonly #changed: () => void;
  #frames: LoggedFrame[] = [];
  #first = 0;
  #bytes = 0;
  #seq = 0;
  #dropped = 0;
  #until: Micros | undefined;
  #cancel: Cancel | undefined;

  /** `changed`: it goes on or off. */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }
  get on(): boolean {
    return this.#until !== undefined;
  }

  /** Begins, or goes on for so long from now, an hour at most; what was logged before stays. */
  start(ms = usualWatchMs): void {
    this.#cancel?.();
    const lasts = Math.min(longestWatchMs, Math.max(0, Number.isNaN(ms) ? usualWatchMs : ms));
    this.#until = (this.#clock.now() + lasts * 1000) as Micros;
    this.#cancel = this.#clock.after(lasts, () => this.stop());
    this.#changed();
  }
  /** What was logged can still be looked at. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#until === undefined) return;
    this.#until = undefined;
    this.#changed();
  }
  clear(): void {
    this.#frames = [];
    this.#first = this.#bytes = 0;
  }

  add(direction: 'tx' | 'rx', frame: Uint8Array): void {
    const bytes = new Uint8Array(frame);
    this.#frames.push({ seq: ++this.#seq, at: this.#clock.now(), direction, bytes });
    this.#bytes += bytes.length;
    while (this.#frames.length - this.#first > mostFrames || this.#bytes > mostBytes) {
      this.#bytes -= this.#frames[this.#first]!.bytes.length;
      this.#first++;
      this.#dropped++;
    }
    if (this.#first > 1000 && this.#first * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Oldest first, those with a larger `seq`. */
  frames(after = 0, limit = 1000): readonly LoggedFrame[] {
    const oldest = this.#frames[this.#first]?.seq ?? this.#seq + 1;
    const from = this.#first + Math.max(0, after - oldest + 1);
    return this.#frames.slice(from, from + limit);
  }
  status(): FrameLogStatus {
    return { on: this.on, until: this.#until, frames: this.#frames.length - this.#first, dropped: this.#dropped };
  }
  /** A capture file. */
  pcap(): Uint8Array {
    return pcapOf(this.#frames.slice(this.#first));
  }
}
