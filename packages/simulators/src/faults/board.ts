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
  /** When that changes, in milliseconds from now. */
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
      if (asked.area === undefined || !this.hitsPoints(asked.area, asked.start, asked.count)) return false;
    }
    return config.share === undefined || this.chance() < config.share;
  }
}

const none: readonly Entry[] = [];
export const maxFaults = 1000;

/** The faults of one device. Repeatable: the same seed, requests and times meet the same faults. */
export class FaultBoard {
  readonly #seed: number;
  #entries: Entry[] = [];
  #lastId = 0;

  constructor(seed: number, configs: readonly FaultConfig[]) {
    this.#seed = seed;
    for (const config of configs) this.add(config.at === undefined ? { ...config, at: '0s' } : config, 0);
  }
  get empty(): boolean {
    return this.#entries.length === 0;
  }
  get full(): boolean {
    return this.#entries.length >= maxFaults;
  }
  add(config: FaultConfig, nowMs: number): number {
    const id = ++this.#lastId;
    this.#entries = [...this.#entries.filter((entry) => !isOver(entry.schedule, nowMs)), new Entry(id, config, nowMs, this.#seed)];
    return id;
  }
  remove(id: number): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
    return this.#entries.length < before;
  }
  clear(): number {
    const { length } = this.#entries;
    this.#entries = [];
    return length;
  }
  /** Those that hold now. */
  active(ms: number): readonly Entry[] {
    return this.#entries.length === 0 ? none : this.#entries.filter((entry) => since(entry.schedule, ms) !== undefined);
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
  isStuck(unit: number, area: Area, start: number, count: number, ms: number): boolean {
    for (const entry of this.#entries)
      if (
        entry.fault.stuck === true &&
        (entry.config.unit === undefined || entry.config.unit === unit) &&
        since(entry.schedule, ms) !== undefined &&
        entry.hitsPoints(area, start, count)
      )
        return true;
    return false;
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
    return this.#entries.map(({ id, config, fault, schedule, hits }) => {
      const change = nextChange(schedule, ms);
      const view = { id, fault: config.fault, text: fault.text, settings: config, active: since(schedule, ms) !== undefined, hits };
      return change === undefined ? view : { ...view, changesInMs: Math.max(0, change - ms) };
    });
  }
}
