import type { TagValue } from '@omh/core';
import type { DeviceTime } from '../device-time.ts';
import { errors } from '../errors.ts';
import type { FaultBoard } from '../faults/board.ts';
import type { Input } from '../signals/config.ts';
import { sourceOf } from '../signals/make.ts';
import { stepMs, type Process, type Read } from '../signals/process.ts';
import type { Wave } from '../signals/wave.ts';
import type { Area, SignalView } from '../simulator.ts';
import { constantRaw } from './constant.ts';
import { endOf, getNumber, getShown, putNumber, putRaw, rawFault, wholeType, type Place } from './place.ts';
import type { Table } from './table.ts';
import type { PlannedSignal, UnitPlan } from './unit-plan.ts';

/** A wave is computed at most once in this time. */
const freshMs = 10;
/** Steps that are made up for at once, one hour; only a sleeping computer misses more. */
const mostSteps = 3_600_000 / stepMs;

interface Live {
  readonly planned: PlannedSignal;
  readonly table: Table;
  readonly text: string;
  readonly wave: Wave | undefined;
  readonly process: Process | undefined;
  /** Time of the value that stands in the table. */
  stamp: number;
  /** It keeps what a person gave it. */
  held: boolean;
}

export interface SignalContext {
  readonly seed: number;
  readonly time: DeviceTime;
  readonly faults: FaultBoard;
  readonly column: (file: string, column: string) => readonly number[];
}

/** What moves in the tables of one unit. */
export class UnitSignals {
  readonly #unit: number;
  readonly #context: SignalContext;
  readonly #tables: Readonly<Record<Area, Table>>;
  readonly #all: readonly Live[];
  readonly #byName: ReadonlyMap<string, Live>;
  /** In order of their place. */
  readonly #waves: Readonly<Record<Area, readonly Live[]>>;
  readonly #processes: readonly Live[];
  #steps = 0;

  /** Throws SIMULATORS_CSV. */
  constructor(plan: UnitPlan, tables: Readonly<Record<Area, Table>>, context: SignalContext) {
    this.#unit = plan.unit;
    this.#context = context;
    this.#tables = tables;
    this.#all = plan.signals.map((planned) => {
      const { config, name, place } = planned;
      const source = sourceOf(config, `${plan.unit}/${name}`, context.seed, wholeType(place.type), context.column);
      const wave = 'wave' in source ? source.wave : undefined;
      const process = 'process' in source ? source.process : undefined;
      const text = (wave ?? process ?? (source as { readonly text: string })).text;
      return { planned, table: tables[place.area], text, wave, process, stamp: -1, held: false };
    });
    this.#byName = new Map(this.#all.map((live) => [live.planned.name, live]));
    const inOrder = this.#all.filter(({ wave }) => wave !== undefined).sort((a, b) => a.planned.place.start - b.planned.place.start);
    const of = (area: Area): Live[] => inOrder.filter(({ planned }) => planned.place.area === area);
    this.#waves = { coil: of('coil'), discrete: of('discrete'), input: of('input'), holding: of('holding') };
    this.#processes = this.#all.filter(({ process }) => process !== undefined);
    for (const { planned, table } of this.#all) {
      if (planned.config.signal !== 'constant') continue;
      const { place, config } = planned;
      const values = place.count === 1 ? [config.value] : Array.isArray(config.value) ? (config.value as TagValue[]) : undefined;
      for (let i = 0; i < place.count; i++) {
        const value = values === undefined ? config.value : values[i];
        if (value !== undefined) putRaw(table, place, i, constantRaw(place, value) as TagValue);
      }
    }
    for (const live of this.#processes) this.#putProcess(live, 0);
  }
  get count(): number {
    return this.#all.length;
  }
  has(name: string): boolean {
    return this.#byName.has(name);
  }
  /** True where something happens without being asked. */
  get hasProcesses(): boolean {
    return this.#processes.length > 0;
  }

  /** Brings the points up to the present. */
  refresh(area: Area, start: number, count: number): void {
    this.advance();
    const waves = this.#waves[area];
    if (waves.length === 0) return;
    const ms = Math.floor(this.#context.time.ms() / freshMs) * freshMs;
    for (let at = firstFrom(waves, start); at < waves.length; at++) {
      const live = waves[at]!;
      if (live.planned.place.start >= start + count) break;
      this.#putWave(live, ms);
    }
  }

  /** Makes the steps of physics that are due. */
  advance(): void {
    if (this.#processes.length === 0) return;
    const due = Math.floor(this.#context.time.ms() / stepMs);
    if (due <= this.#steps) return;
    for (let n = Math.max(this.#steps, due - mostSteps) + 1; n <= due; n++) {
      const read: Read = (input) => this.#input(input, n * stepMs);
      for (const { process } of this.#processes) process!.step(n, read);
      // Alarms and other outputs of one step are inputs of the next.
      for (const live of this.#processes) this.#putProcess(live, n * stepMs);
    }
    this.#steps = due;
  }

  #input(input: Input, ms: number): number {
    if (typeof input === 'number') return input;
    const live = this.#byName.get(input);
    if (live === undefined) return 0;
    if (live.wave !== undefined) this.#putWave(live, ms);
    return getNumber(live.table, live.planned.place, 0);
  }

  #putWave(live: Live, ms: number): void {
    if (live.held || live.stamp === ms) return;
    const { planned, table, wave } = live;
    const { place } = planned;
    const { faults } = this.#context;
    // What is stuck shows its value of the moment it got stuck, whoever read it then.
    const stuck = faults.empty ? undefined : this.#stuckSince(place, ms);
    const at = stuck ?? ms;
    if (live.stamp === at) return;
    live.stamp = at;
    const wallMs = planned.config.signal === 'clock' ? this.#clockMs(stuck) : 0;
    for (let i = 0; i < place.count; i++) putNumber(table, place, i, wave!.at(at, i, wallMs));
  }
  #putProcess({ planned, table, process, held }: Live, ms: number): void {
    const { place, outputs } = planned;
    const { empty } = this.#context.faults;
    const free = (one: Place): boolean => empty || this.#stuckSince(one, ms) === undefined;
    if (!held && free(place)) for (let i = 0; i < place.count; i++) putNumber(table, place, i, process!.value());
    for (const output of outputs)
      if (free(output.place)) putRaw(this.#tables[output.place.area], output.place, 0, process!.outputs![output.key]!());
  }
  /** What the device took for the time at `ms`, or takes for it now. */
  #clockMs(ms: number | undefined): number {
    const { faults, time } = this.#context;
    const now = time.ms();
    return faults.wallMs(this.#unit, ms ?? now, time.wallMs() - (now - (ms ?? now)));
  }
  #stuckSince(place: Place, ms: number): number | undefined {
    return this.#context.faults.stuckSince(this.#unit, place.area, place.start, endOf(place) - place.start, ms);
  }

  /** Takes a value and keeps it until {@link release}; a constant takes it as if it were written. Throws SIMULATORS_SIGNAL_VALUE. */
  hold(name: string, value: TagValue): void {
    const live = this.#byName.get(name)!;
    const { place, config } = live.planned;
    this.advance();
    const values = place.count === 1 ? [value] : Array.isArray(value) ? (value as TagValue[]) : [];
    const raw = values.map((each) => constantRaw(place, each));
    if (raw.length !== place.count || raw.some((each) => each === undefined || rawFault(place, each) !== undefined))
      throw errors.SIMULATORS_SIGNAL_VALUE({ value: shown(value).slice(0, 40), signal: name, type: typeOf(place) });
    for (const [i, each] of raw.entries()) putRaw(live.table, place, i, each!);
    live.held = config.signal !== 'constant';
  }
  release(name: string): void {
    const live = this.#byName.get(name)!;
    live.held = false;
    live.stamp = -1;
  }

  view(name: string): SignalView {
    return this.#view(this.#byName.get(name)!);
  }
  /** `count` of them from the `from`th on, in the order of the file. */
  views(from = 0, count = Number.POSITIVE_INFINITY): SignalView[] {
    this.advance();
    return this.#all.slice(from, from + count).map((live) => this.#view(live));
  }
  #view(live: Live): SignalView {
    const { planned, table, text, held } = live;
    const { place, name, config } = planned;
    if (live.wave !== undefined) this.#putWave(live, Math.floor(this.#context.time.ms() / freshMs) * freshMs);
    const values = Array.from({ length: Math.min(place.count, 16) }, (_, i) => getShown(table, place, i));
    return {
      unit: this.#unit,
      name,
      signal: config.signal,
      text,
      area: place.area,
      address: place.start,
      points: endOf(place) - place.start,
      type: place.type,
      count: place.count,
      value: place.count === 1 ? values[0]! : values,
      held,
    };
  }
}

const shown = (value: unknown): string => (Array.isArray(value) ? `[${value.map(String).join(', ')}]` : String(value));
const typeOf = ({ type, count }: Place): string => (count === 1 ? type : `${type}, ${count} of them`);

/** The first signal that ends after `start`; none overlaps another. */
function firstFrom(waves: readonly Live[], start: number): number {
  let low = 0;
  let high = waves.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(waves[middle]!.planned.place) <= start) low = middle + 1;
    else high = middle;
  }
  return low;
}
