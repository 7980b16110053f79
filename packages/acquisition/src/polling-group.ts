import { carriesValue, isGood, Quality } from '@omh/core';
import type { Clock, Driver, GroupCycle, ReadPlan, Reason, Tag, ValueBatch } from '@omh/core';
import type { CycleProbe } from './cycle-probe.ts';
import { CycleSteps, type CycleSurroundings, type Finished } from './cycle-steps.ts';
import type { Held } from './device-control.ts';
import { emptyCycle } from './scaling.ts';

export interface GroupStatus {
  readonly name: string;
  readonly intervalMs: number;
  readonly tags: number;
  readonly cycles: number;
  readonly missed: number;
  /** Cycles that were left out because the one before was still running. */
  readonly skipped: number;
  readonly lastCycleMs: number | undefined;
  /** How much later than due 99 % of the newest cycles began. */
  readonly jitterP99Ms: number | undefined;
  /** Who paused it, and since when. */
  readonly paused: Held | undefined;
}
export interface PollingGroupOptions {
  readonly device: string;
  readonly name: string;
  readonly intervalMs: number;
  readonly tags: readonly Tag[];
  /** Where in its interval it begins, 0 to 1. */
  readonly phase: number;
  readonly clock: Clock;
  readonly around: CycleSurroundings;
}

/** A link-level failure says nothing about the register, so its first miss is only uncertain. */
const isLinkFailure = (q: number): boolean => q === Quality.badTimeout || q === Quality.badNoCommunication || q === Quality.badNotConnected;

/** From here on a group is compiled in slices, so that the other devices and clients get their turn. */
const largeGroup = 1000;
const latenessKept = 256;

/**
 * A request gives up shortly before the next cycle is due, so that a silent device does not turn into skipped cycles; but half a second is
 * given to every device, however fast its group.
 */
const timeoutFor = (intervalMs: number): number => Math.min(3000, Math.max(500, intervalMs - Math.min(50, intervalMs * 0.1)));

/** One group of one device: when it is due, its plan, its counters, and what a missed cycle does to each tag's quality. */
export class PollingGroup {
  readonly name: string;
  readonly intervalMs: number;
  readonly tags: readonly Tag[];
  readonly phase: number;
  readonly #device: string;
  readonly #clock: Clock;
  readonly #steps: CycleSteps;
  /** Cycles in a row that brought no value, per readable tag; stops at 2. */
  readonly #misses: Uint8Array;
  /** 1 once the tag had a value: nothing older can be shown before that, so its first miss is bad at once. */
  readonly #seen: Uint8Array;
  readonly #lateness = new Float32Array(latenessKept);
  #ticks = 0;
  #plan: ReadPlan | undefined;
  #cycles = 0;
  #missed = 0;
  #lastCycleMs: number | undefined;
  skipped = 0;
  running = false;
  paused: Held | undefined;

  constructor(options: PollingGroupOptions) {
    const { device, name, intervalMs, tags, phase, clock, around } = options;
    this.#device = device;
    this.name = name;
    this.intervalMs = intervalMs;
    this.tags = tags;
    this.phase = phase;
    this.#clock = clock;
    this.#steps = new CycleSteps(device, name, tags, around);
    this.#misses = new Uint8Array(this.#steps.readable.length);
    this.#seen = new Uint8Array(this.#steps.readable.length);
  }

  /** The next time after `nowMs` (monotonic) at which it is due: all groups of an interval have one grid, each its place on it. */
  dueAfter(nowMs: number): number {
    const { intervalMs, phase } = this;
    const due = (Math.floor(nowMs / intervalMs - phase) + 1 + phase) * intervalMs;
    return due > nowMs ? due : due + intervalMs;
  }
  /** It was called so much later than it was due. */
  late(ms: number): void {
    this.#lateness[this.#ticks++ % latenessKept] = Math.max(0, ms);
  }

  /** Reads once. */
  async cycle(driver: Driver, probe: CycleProbe | undefined): Promise<Finished> {
    const started = this.#clock.monotonicMs();
    const { readable } = this.#steps;
    if (readable.length === 0) return this.#finish(emptyCycle([], Quality.good, undefined, this.#clock.now()), undefined);
    const slices = this.#plan === undefined && readable.length >= largeGroup ? driver.compileInSlices?.(readable, pause) : undefined;
    this.#plan ??= slices === undefined ? driver.compile(readable) : await slices;
    const batch = await driver.read(this.#plan, { timeoutMs: timeoutFor(this.intervalMs) });
    this.#lastCycleMs = this.#clock.monotonicMs() - started;
    probe?.decoded?.(this.#device, this.name, batch, this.#clock.monotonicMs() * 1000);
    return this.#finish(this.#steps.scaled(batch), probe);
  }

  /** A cycle that could not even be asked for. */
  missed(reason: Reason): Finished {
    return this.#finish(emptyCycle(this.#steps.readable, Quality.badNoCommunication, reason, this.#clock.now()), undefined);
  }
  /** What its tags are while somebody has switched it off. */
  outOfService(reason: Reason): Finished {
    const { readable } = this.#steps;
    return this.#steps.finish(emptyCycle(readable, Quality.badOutOfService, reason, this.#clock.now()), this.#clock.monotonicMs());
  }
  /** What its report on change still holds back; undefined where nothing is. */
  flush(): GroupCycle | undefined {
    return this.#steps.flush(this.#clock.now());
  }

  status(): GroupStatus {
    return {
      name: this.name,
      intervalMs: this.intervalMs,
      tags: this.tags.length,
      cycles: this.#cycles,
      missed: this.#missed,
      skipped: this.skipped,
      lastCycleMs: this.#lastCycleMs,
      jitterP99Ms: p99(this.#lateness, Math.min(this.#ticks, latenessKept)),
      paused: this.paused,
    };
  }

  #finish(batch: ValueBatch, probe: CycleProbe | undefined): Finished {
    const { quality } = batch;
    let any = false;
    for (let i = 0; i < quality.length; i++) {
      const q = quality[i]!;
      if (isLinkFailure(q)) {
        if (this.#misses[i]! < 2) this.#misses[i]!++;
        if (this.#misses[i] === 1 && this.#seen[i] === 1) quality[i] = Quality.uncertainNoCommunicationLastUsable;
        continue;
      }
      this.#misses[i] = 0;
      if (q === 0 || carriesValue(q)) {
        any = true;
        this.#seen[i] = 1;
      }
    }
    if (any || quality.length === 0 || quality.some(isGood)) this.#cycles++;
    else this.#missed++;
    const finished = this.#steps.finish(batch, this.#clock.monotonicMs());
    probe?.scaled?.(this.#device, this.name, this.#clock.monotonicMs() * 1000);
    return finished;
  }
}

/** 99 % of the first `n`, 300 at most, are no larger; undefined where there are none. Nothing is sorted: it is asked of every group at once. */
function p99(values: Float32Array, n: number): number | undefined {
  let [first, second, third] = [-1, -1, -1];
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    if (value > first) [first, second, third] = [value, first, second];
    else if (value > second) [second, third] = [value, second];
    else if (value > third) third = value;
  }
  return n === 0 ? undefined : [first, second, third][n - Math.ceil(n * 0.99)];
}

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
