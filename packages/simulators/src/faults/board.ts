import { chance, seedOf } from '../signals/chance.ts';
import type { Area } from '../simulator.ts';
import type { FaultConfig } from './config.ts';
import type { Asked, Fault } from './fault.ts';
import { faultOf } from './make.ts';
import { isOver, nextChange, scheduleOf, since, type Schedule } from './schedule.ts';

/** One fault as people see it. */
export interface FaultView {
  readonly id: number;
  readonly fault: string;
  /** One sentence: what the device does. */
  readonly text: string;
  readonly settings: FaultConfig;
  /** Whether it holds now. */
  readonly active: boolean;
  /** How long it has held; absent where it does not hold now. */
  readonly heldForMs?: number;
  /** When that changes, in milliseconds from now; absent where it never does again. */
  readonly changesInMs?: number;
  /** Requests it has hit. */
  readonly hits: number;
}

export class Entry {
  readonly id: number;
  readonly config: FaultConfig;
  readonly fault: Fault;
  readonly schedule: Schedule;
  hits = 0;
  readonly #seed: number;
  #drawn = 0;

  constructor(id: number, config: FaultConfig, nowMs: number, seed: number) {
    this.id = id;
    this.config = config;
    this.fault = faultOf(config);
    this.schedule = scheduleOf(config, nowMs);
    this.#seed = seedOf(seed, `${config.fault}${id}`);
  }
  readonly chance = (): number => chance(this.#seed, this.#drawn++);

  hitsPoints(area: Area, start: number, count: number): boolean {
    const { config } = this;
    if (config.area !== undefined && config.area !== area) return false;
    return config.from === undefined || (start <= (config.to ?? config.from) && start + count > config.from);
  }
  hitsRequest(asked: Asked): boolean {
    const { config } = this;
    if (config.unit !== undefined && config.unit !== asked.unit) return false;
    if (config.function !== undefined && config.function !== asked.function) return false;
    if (config.area !== undefined || config.from !== undefined) {
      const { area, start, count, also } = asked;
      if (area === undefined) return false;
      if (!this.hitsPoints(area, start, count) && (also === undefined || !this.hitsPoints(area, also.start, also.count))) return false;
    }
    return config.share === undefined || this.chance() < config.share;
  }
}

const none: readonly Entry[] = [];
const hole = 0;
export const maxFaults = 1000;

/** The faults of one device. Repeatable: the same seed, requests and times meet the same faults. */
export class FaultBoard {
  readonly #seed: number;
  #entries: Entry[] = [];
  #lastId = 0;

  /** `holes` are part of the device: they hit requests, and are neither shown nor switched off. */
  constructor(seed: number, configs: readonly FaultConfig[], holes: readonly FaultConfig[] = []) {
    this.#seed = seed;
    this.#entries = holes.map((config) => new Entry(hole, config, 0, seed));
    for (const config of configs) this.add(config, 0);
  }
  get empty(): boolean {
    return this.#entries.length === 0;
  }
  /** Those that are over make room. */
  full(nowMs: number): boolean {
    return this.#entries.filter((entry) => entry.id !== hole && !isOver(entry.schedule, nowMs)).length >= maxFaults;
  }
  add(config: FaultConfig, nowMs: number): number {
    const id = ++this.#lastId;
    this.#entries = [...this.#entries.filter((entry) => !isOver(entry.schedule, nowMs)), new Entry(id, config, nowMs, this.#seed)];
    return id;
  }
  remove(id: number): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.id === hole || entry.id !== id);
    return this.#entries.length < before;
  }
  clear(): number {
    const { length } = this.#entries;
    this.#entries = this.#entries.filter((entry) => entry.id === hole);
    return length - this.#entries.length;
  }
  /** Those that hold now. */
  active(ms: number): readonly Entry[] {
    return this.#entries.length === 0 ? none : this.#entries.filter(({ id, schedule }) => id !== hole && since(schedule, ms) !== undefined);
  }
  /** Those that hold now and hit this request; each hit is counted. */
  hitting(asked: Asked, ms: number): readonly Entry[] {
    if (this.#entries.length === 0) return none;
    const out = this.#entries.filter(
      (entry) => entry.fault.connections === undefined && since(entry.schedule, ms) !== undefined && entry.hitsRequest(asked),
    );
    for (const entry of out) entry.hits++;
    return out;
  }
  connections(ms: number): { readonly freeze: boolean; readonly refuse: boolean } {
    const kinds = this.active(ms).map((entry) => entry.fault.connections);
    return { freeze: kinds.includes('freeze'), refuse: kinds.includes('refuse') };
  }
  /** When connections are to be looked at again. */
  nextConnectionChange(ms: number): number | undefined {
    let next: number | undefined;
    for (const { fault, schedule } of this.#entries) {
      const change = fault.connections === undefined ? undefined : nextChange(schedule, ms);
      if (change !== undefined && (next === undefined || change < next)) next = change;
    }
    return next;
  }
  /** Since when points have been stuck at `ms`; undefined where they are not. */
  stuckSince(unit: number, area: Area, start: number, count: number, ms: number): number | undefined {
    let earliest: number | undefined;
    for (const entry of this.#entries) {
      if (entry.fault.stuck !== true || (entry.config.unit !== undefined && entry.config.unit !== unit)) continue;
      const began = since(entry.schedule, ms);
      if (began !== undefined && (earliest === undefined || began < earliest) && entry.hitsPoints(area, start, count)) earliest = began;
    }
    return earliest;
  }
  /** What the device takes for the time. */
  wallMs(unit: number, ms: number, wallMs: number): number {
    let out = wallMs;
    for (const { fault, config, schedule } of this.#entries) {
      if (fault.clock === undefined || (config.unit !== undefined && config.unit !== unit)) continue;
      const began = since(schedule, ms);
      if (began !== undefined) out = fault.clock(out, ms - began);
    }
    return out;
  }
  views(ms: number): FaultView[] {
    const shown = this.#entries.filter(({ id }) => id !== hole);
    return shown.map(({ id, config, fault, schedule, hits }) => {
      const change = nextChange(schedule, ms);
      const began = since(schedule, ms);
      return {
        id,
        fault: config.fault,
        text: fault.text,
        settings: config,
        active: began !== undefined,
        ...(began === undefined ? {} : { heldForMs: ms - began }),
        ...(change === undefined ? {} : { changesInMs: Math.max(0, change - ms) }),
        hits,
      };
    });
  }
}
