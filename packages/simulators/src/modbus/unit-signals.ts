import type { OmhError, TagValue } from '@omh/core';
import type { DeviceTime } from '../device-time.ts';
import { errors } from '../errors.ts';
import type { FaultBoard } from '../faults/board.ts';
import type { Input } from '../signals/config.ts';
import { sourceOf } from '../signals/make.ts';
import { stepMs, type Process, type Read } from '../signals/process.ts';
import type { Wave } from '../signals/wave.ts';
import type { Area, SignalView } from '../simulator.ts';
import { constantRaw } from './constant.ts';
import { endOf, getNumber, getShown, putNumber, putRaw, wholeType, type Place } from './place.ts';
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
    for (const live of this.#processes) this.#putProcess(live);
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
      for (const live of this.#processes) this.#putProcess(live);
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
    const { faults, time } = this.#context;
    if (!faults.empty && this.#isStuck(place)) return;
    live.stamp = ms;
    const wallMs = planned.config.signal === 'clock' ? faults.wallMs(this.#unit, time.ms(), time.wallMs()) : 0;
    for (let i = 0; i < place.count; i++) putNumber(table, place, i, wave!.at(ms, i, wallMs));
  }
  #putProcess({ planned, table, process, held }: Live): void {
    const { place, outputs } = planned;
    const { empty } = this.#context.faults;
    if (!held && (empty || !this.#isStuck(place))) for (let i = 0; i < place.count; i++) putNumber(table, place, i, process!.value());
    for (const output of outputs)
      if (empty || !this.#isStuck(output.place)) putRaw(this.#tables[output.place.area], output.place, 0, process!.outputs![output.key]!());
  }
  #isStuck(place: Place): boolean {
    return this.#context.faults.isStuck(this.#unit, place.area, place.start, endOf(place) - place.start, this.#context.time.ms());
  }

  /** Takes a value and keeps it until {@link release}. Throws SIMULATORS_NO_SIGNAL, SIMULATORS_SIGNAL_VALUE. */
  hold(simulator: string, name: string, value: TagValue): void {
    const live = this.#live(simulator, name);
    const { place } = live.planned;
    this.advance();
    const values = place.count === 1 ? [value] : Array.isArray(value) ? (value as TagValue[]) : [];
    const raw = values.map((each) => constantRaw(place, each));
    const wrong = (): OmhError => errors.SIMULATORS_SIGNAL_VALUE({ value: String(value).slice(0, 40), signal: name, type: place.type });
    if (raw.length !== place.count || raw.includes(undefined)) throw wrong();
    const copy = raw as TagValue[];
    for (const [i, each] of copy.entries()) if (putRaw(live.table, place, i, each) !== undefined) throw wrong();
    live.held = live.planned.config.signal !== 'constant';
  }
  /** Throws SIMULATORS_NO_SIGNAL. */
  release(simulator: string, name: string): void {
    const live = this.#live(simulator, name);
    live.held = false;
    live.stamp = -1;
  }
  #live(simulator: string, name: string): Live {
    const live = this.#byName.get(name);
    if (live === undefined) throw errors.SIMULATORS_NO_SIGNAL({ name: simulator, signal: name, unit: this.#unit });
    return live;
  }

  views(): SignalView[] {
    this.advance();
    return this.#all.map((live) => {
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
        value: place.count === 1 ? values[0]! : values,
        held,
      };
    });
  }
}

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
