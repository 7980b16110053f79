import { msFromMicros, type Cancel, type Clock } from '@omh/core';
import type { DeviceLink } from './tag-gate.ts';

/** `{"timestamp","states":[{"node","link","running"}]}`: link 0 lost, 1 connected; running 3 runs, 4 stopped. */
export interface StateReport {
  readonly timestamp: number;
  readonly states: readonly { readonly node: string; readonly link: 0 | 1; readonly running: 3 | 4 }[];
}

export interface StateReportsOptions {
  readonly devices: () => readonly DeviceLink[];
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Rejects when it was not handed over; the same report is then sent again with the next look. */
  readonly publish: (report: StateReport) => Promise<void> | undefined;
}

const lookEveryMs = 1000;

/** Looks at the devices each second and tells of them when one changed, and every `intervalMs`. */
export class StateReports {
  readonly #options: StateReportsOptions;
  #cancel: Cancel = () => {};
  #told: string | undefined;
  #dueMs = 0;

  constructor(options: StateReportsOptions) {
    this.#options = options;
  }
  start(): void {
    this.#look();
  }
  stop(): void {
    this.#cancel();
    this.#told = undefined;
  }

  #look(): void {
    const { clock, devices, intervalMs, publish } = this.#options;
    this.#cancel = clock.after(Math.min(lookEveryMs, intervalMs), () => this.#look());
    const states = devices().map(({ node, up, running }) => ({
      node,
      link: up ? (1 as const) : (0 as const),
      running: running ? (3 as const) : (4 as const),
    }));
    const text = JSON.stringify(states);
    const now = clock.monotonicMs();
    if (text === this.#told && now < this.#dueMs) return;
    this.#told = text;
    this.#dueMs = now + intervalMs;
    const again = (): void => {
      this.#told = undefined;
    };
    try {
      publish({ timestamp: msFromMicros(clock.now()), states })?.catch(again);
    } catch {
      again();
    }
  }
}
