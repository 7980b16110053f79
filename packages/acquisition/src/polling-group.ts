import {
  carriesValue,
  isGood,
  Quality,
  type Clock,
  type Driver,
  type GroupCycle,
  type ReadPlan,
  type Reason,
  type Tag,
  type ValueBatch,
} from '@omh/core';
import { emptyCycle, Scaling } from './scaling.ts';

export interface GroupStatus {
  readonly name: string;
  readonly intervalMs: number;
  readonly tags: number;
  readonly cycles: number;
  readonly missed: number;
  readonly skipped: number;
  readonly lastCycleMs: number | undefined;
}

/** A link-level failure says nothing about the register, so its first miss is only uncertain. */
const isLinkFailure = (q: number): boolean => q === Quality.badTimeout || q === Quality.badNoCommunication || q === Quality.badNotConnected;

/** From here on a group is compiled in slices, so that the other devices and clients get their turn. */
const largeGroup = 1000;

/** One group of one device: its plan, its counters, and what a missed cycle does to each tag's quality. */
export class PollingGroup {
  readonly name: string;
  readonly intervalMs: number;
  readonly tags: readonly Tag[];
  readonly #device: string;
  readonly #clock: Clock;
  readonly #scaling: Scaling;
  readonly #readable: readonly Tag[];
  /** Cycles in a row that brought no value, per tag; stops at 2. */
  readonly #misses: Uint8Array;
  /** 1 once the tag had a value: nothing older can be shown before that, so its first miss is bad at once. */
  readonly #seen: Uint8Array;
  #plan: ReadPlan | undefined;
  #cycles = 0;
  #missed = 0;
  #lastCycleMs: number | undefined;
  skipped = 0;
  running = false;

  constructor(device: string, name: string, intervalMs: number, tags: readonly Tag[], clock: Clock) {
    this.#device = device;
    this.name = name;
    this.intervalMs = intervalMs;
    this.tags = tags;
    this.#clock = clock;
    this.#readable = tags.filter((tag) => tag.access !== 'write');
    this.#scaling = new Scaling(this.#readable);
    this.#misses = new Uint8Array(this.#readable.length);
    this.#seen = new Uint8Array(this.#readable.length);
  }

  /** Reads once. `timeoutMs` bounds each request. */
  async cycle(driver: Driver, timeoutMs: number): Promise<GroupCycle> {
    const started = this.#clock.monotonicMs();
    const slices =
      this.#plan === undefined && this.#readable.length >= largeGroup ? driver.compileInSlices?.(this.#readable, pause) : undefined;
    this.#plan ??= slices === undefined ? driver.compile(this.#readable) : await slices;
    const batch = await driver.read(this.#plan, { timeoutMs });
    this.#lastCycleMs = this.#clock.monotonicMs() - started;
    return this.#finish(this.#scaling.apply(batch));
  }

  /** A cycle that could not even be asked for. */
  missed(reason: Reason): GroupCycle {
    return this.#finish(emptyCycle(this.#readable, Quality.badNoCommunication, reason, this.#clock.now()));
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
    };
  }

  #finish(batch: ValueBatch): GroupCycle {
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
      if (carriesValue(q)) {
        any = true;
        this.#seen[i] = 1;
      }
    }
    if (any || quality.length === 0 || quality.some(isGood)) this.#cycles++;
    else this.#missed++;
    return { device: this.#device, group: this.name, tags: this.#readable, batch };
  }
}

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
