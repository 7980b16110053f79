import type { Cancel, Clock } from '@omh/core';
import type { PollingGroup } from './polling-group.ts';

export interface GroupGridOptions {
  readonly clock: Clock;
  /** False for a group that somebody switched off: its ticks pass in silence. */
  readonly isOn: (group: PollingGroup) => boolean;
  /** It is due now; both times are monotonic ms. */
  readonly due: (group: PollingGroup, dueMs: number, nowMs: number) => void;
}

/** Groups that begin together follow each other so closely, and all of them within so much. */
const spreadMs = 4;
const allWithinMs = 400;

/** Calls each group at its place in its interval. */
export class GroupGrid {
  readonly #options: GroupGridOptions;
  readonly #timers = new Map<PollingGroup, Cancel>();
  /** Groups that are called once besides their place. */
  readonly #soon = new Map<PollingGroup, Cancel>();
  /** When groups were called besides their place, monotonic ms. */
  readonly #calledAt = new Map<PollingGroup, number>();
  #runs = false;

  constructor(options: GroupGridOptions) {
    this.#options = options;
  }
  get runs(): boolean {
    return this.#runs;
  }

  start(groups: readonly PollingGroup[]): void {
    if (this.#runs) return;
    this.#runs = true;
    for (const group of groups) this.add(group);
  }
  stop(): void {
    this.#runs = false;
    for (const timers of [this.#timers, this.#soon]) {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    }
    this.#calledAt.clear();
  }
  add(group: PollingGroup): void {
    const now = this.#options.clock.monotonicMs();
    this.#at(group, group.dueAfter(now), now);
  }
  remove(group: PollingGroup): void {
    for (const timers of [this.#timers, this.#soon]) {
      timers.get(group)?.();
      timers.delete(group);
    }
    this.#calledAt.delete(group);
  }
  /** Calls the first one now and the others a few milliseconds one after the other, besides their places in the grid. */
  soon(groups: readonly PollingGroup[]): void {
    const { clock } = this.#options;
    const now = clock.monotonicMs();
    const step = Math.min(spreadMs, allWithinMs / groups.length);
    for (const [i, group] of groups.entries()) {
      this.#soon.get(group)?.();
      this.#soon.delete(group);
      if (i === 0) continue;
      this.#soon.set(
        group,
        clock.after(i * step, () => this.#early(group, now + i * step)),
      );
    }
    if (groups.length > 0) this.#early(groups[0]!, now);
  }

  #early(group: PollingGroup, dueMs: number): void {
    this.#soon.delete(group);
    const { clock, isOn, due } = this.#options;
    if (group.running || !isOn(group)) return;
    const now = clock.monotonicMs();
    this.#calledAt.set(group, now);
    due(group, dueMs, now);
  }
  #at(group: PollingGroup, dueMs: number, nowMs: number): void {
    this.#timers.set(
      group,
      this.#options.clock.after(Math.max(0, dueMs - nowMs), () => this.#tick(group, dueMs)),
    );
  }
  #tick(group: PollingGroup, dueMs: number): void {
    const { clock, isOn, due } = this.#options;
    const now = clock.monotonicMs();
    // Whole intervals that passed while nobody looked (a busy loop, a suspended machine) are skipped, never made up for.
    const passed = Math.max(0, Math.floor((now - dueMs) / group.intervalMs));
    this.#at(group, dueMs + (passed + 1) * group.intervalMs, now);
    if (!isOn(group)) return;
    this.#soon.get(group)?.();
    this.#soon.delete(group);
    group.skipped += passed;
    group.late(now - dueMs - passed * group.intervalMs);
    // A cycle that was begun besides its place may still run here without being too long.
    const isLong = now - (this.#calledAt.get(group) ?? -Infinity) >= group.intervalMs;
    if (!group.running) due(group, dueMs, now);
    else if (isLong) group.skipped++;
  }
}
