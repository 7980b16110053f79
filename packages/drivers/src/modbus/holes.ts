import type { Clock, DeviceHole, DeviceLimit, DriverMemory } from '@omh/core';
import { modbus } from '@omh/wire';
import { fromMemory, toMemory, type SavedArea } from './holes-memory.ts';

/** A span the device refuses, asked again from `dueAtMs` (monotonic) on, ever more seldom. */
export interface Hole {
  readonly start: number;
  readonly end: number;
  readonly code: number;
  intervalMs: number;
  dueAtMs: number;
  /** Refused together with others when it was due; it is asked alone now. */
  apart: boolean;
  /** Asked at the moment. */
  probing: boolean;
}
interface Span {
  readonly start: number;
  readonly end: number;
}

/** First wait before a refused span is asked again, the longest one, and the first one where nothing of the area answers. */
export const probeFirstMs = 600_000;
export const probeMostMs = 86_400_000;
export const probeQuickMs = 60_000;
/** What a hostile or broken device can make this driver remember of one area. */
const maxHoles = 4096;
const maxSpans = 1024;
/** Refusals of a function, without one answer, after which the whole area counts as refused. */
const functionRefusals = 3;

/** What is known of one area of one unit. Each change bumps `version`, so that every plan of the device takes it over. */
export class LearntArea {
  readonly unit: number;
  readonly area: modbus.Source;
  version = 0;
  /** Most points the device gives in one request, where it gives fewer than the settings allow. */
  limit: number | undefined;
  /** The function itself is refused. */
  whole: Hole | undefined;
  /** Something of the area was read. */
  answered = false;
  #functionRefusals = 0;
  #holes: Hole[] = [];
  #longest = 0;
  /** Not read over: a gap that holds something refused or, with start = end, a border between two neighbours. */
  #fences: (Span & { readonly code: number })[] = [];
  /** Spans that are answered as a whole though a hole lies in them: a register inside a 32-bit value. */
  #answered: Span[] = [];
  readonly #clock: Clock;
  readonly #changed: () => void;

  constructor(unit: number, area: modbus.Source, clock: Clock, changed: () => void) {
    this.unit = unit;
    this.area = area;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Nothing is known that a plan has to heed. */
  get isPlain(): boolean {
    return this.#holes.length === 0 && this.#fences.length === 0 && this.whole === undefined && this.limit === undefined;
  }
  get holes(): readonly Hole[] {
    return this.#holes;
  }
  get fences(): readonly (Span & { readonly code: number })[] {
    return this.#fences;
  }

  /** The hole of exactly this span. */
  holeOf(start: number, end: number): Hole | undefined {
    for (let i = this.#from(start); i < this.#holes.length && this.#holes[i]!.start <= start; i++) {
      const hole = this.#holes[i]!;
      if (hole.start === start && hole.end === end) return hole;
    }
    return undefined;
  }
  touchesHole(start: number, end: number): boolean {
    for (let i = this.#from(start); i < this.#holes.length && this.#holes[i]!.start < end; i++)
      if (this.#holes[i]!.end > start) return true;
    return false;
  }
  /** A hole lies in the span, and nobody saw the span answered as a whole. */
  isDoubtful(start: number, end: number): boolean {
    return this.touchesHole(start, end) && !this.#answered.some((s) => s.start === start && s.end === end);
  }
  /** Whether a request may run on from `end` of one value to `start` of the next. */
  mayJoin(end: number, start: number): boolean {
    if (start > end && this.touchesHole(end, start)) return false;
    return !this.#fences.some((f) => (f.start === f.end ? f.start >= end && f.start <= start : f.start < start && f.end > end));
  }
  /** First hole that may reach past `start`. */
  #from(start: number): number {
    let low = 0;
    let high = this.#holes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#holes[middle]!.start + this.#longest > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  refuse(start: number, end: number, code: number): Hole | undefined {
    const known = this.holeOf(start, end);
    if (known !== undefined || this.#holes.length >= maxHoles) return known;
    const hole = this.#hole(start, end, code);
    this.#insert(hole);
    this.#bump();
    return hole;
  }
  #insert(hole: Hole): void {
    this.#longest = Math.max(this.#longest, hole.end - hole.start);
    let at = this.#holes.length;
    while (at > 0 && this.#holes[at - 1]!.start > hole.start) at--;
    this.#holes.splice(at, 0, hole);
  }
  #hole(start: number, end: number, code: number): Hole {
    const intervalMs = code === modbus.ExceptionCode.serverDeviceFailure ? probeQuickMs / 6 : probeFirstMs;
    return { start, end, code, intervalMs, dueAtMs: this.#clock.monotonicMs() + intervalMs, apart: false, probing: false };
  }
  /** The device knows the function after all, or not: true where the area is given up. */
  refuseFunction(code: number): boolean {
    if (this.answered || ++this.#functionRefusals < functionRefusals) return this.whole !== undefined;
    if (this.whole === undefined) {
      this.whole = this.#hole(0, 65536, code);
      this.#bump();
    }
    return true;
  }
  fence(start: number, end: number, code: number): void {
    if (this.#fences.length >= maxSpans || this.#fences.some((f) => f.start === start && f.end === end)) return;
    this.#fences.push({ start, end, code });
    this.#bump();
  }
  limitTo(count: number): void {
    if (count < 1 || (this.limit !== undefined && this.limit <= count)) return;
    this.limit = count;
    this.#bump();
  }
  /** Something of the area was read. */
  answers(): void {
    this.answered = true;
    this.#functionRefusals = 0;
    if (this.whole === undefined) return;
    this.whole = undefined;
    this.#bump();
  }
  answersWhole(start: number, end: number): void {
    if (this.#answered.length >= maxSpans || !this.isDoubtful(start, end)) return;
    this.#answered.push({ start, end });
    this.#bump();
  }
  /** These spans are there again; the others are asked soon, for the device changed. */
  heal(holes: ReadonlySet<Hole>): void {
    const now = this.#clock.monotonicMs();
    this.#holes = this.#holes.filter((hole) => !holes.has(hole));
    for (const hole of this.#holes) {
      hole.dueAtMs = now;
      hole.apart = false;
    }
    this.#bump();
  }
  postpone(hole: Hole): void {
    hole.intervalMs = Math.min(hole.intervalMs * 2, probeMostMs);
    hole.dueAtMs = this.#clock.monotonicMs() + hole.intervalMs;
    hole.apart = false;
    this.#changed();
  }
  /** Nothing of the area answers: it may be back in a minute, a program that is being loaded for instance. */
  hasten(holes: Iterable<Hole>): void {
    for (const hole of holes) {
      hole.intervalMs = Math.min(hole.intervalMs, probeQuickMs);
      hole.dueAtMs = this.#clock.monotonicMs() + hole.intervalMs;
    }
  }

  forget(): void {
    this.limit = undefined;
    this.whole = undefined;
    this.answered = false;
    this.#functionRefusals = 0;
    this.#holes = [];
    this.#longest = 0;
    this.#fences = [];
    this.#answered = [];
    this.#bump();
  }
  #bump(): void {
    this.version++;
    this.#changed();
  }

  save(): SavedArea {
    const whole = this.whole === undefined ? {} : { whole: this.whole.code };
    const limit = this.limit === undefined ? {} : { limit: this.limit };
    return {
      unit: this.unit,
      area: this.area,
      ...limit,
      ...whole,
      holes: this.#holes.map((h) => [h.start, h.end - h.start, h.code, Math.round(h.intervalMs / 1000)]),
      fences: this.#fences.map((f) => [f.start, f.end - f.start, f.code]),
      answered: this.#answered.map((s) => [s.start, s.end - s.start]),
    };
  }
  load(saved: SavedArea): void {
    this.limit = saved.limit;
    if (saved.whole !== undefined) this.whole = this.#hole(0, 65536, saved.whole);
    for (const [start, count, code, seconds] of saved.holes.slice(0, maxHoles)) {
      const hole = this.#hole(start, start + count, code);
      hole.intervalMs = Math.min(Math.max(seconds * 1000, 1000), probeMostMs);
      // A restart does not begin the wait anew: at the latest after the first interval it is asked again.
      hole.dueAtMs = this.#clock.monotonicMs() + Math.min(hole.intervalMs, probeFirstMs);
      this.#insert(hole);
    }
    for (const [start, count, code] of saved.fences.slice(0, maxSpans)) this.#fences.push({ start, end: start + count, code });
    for (const [start, count] of saved.answered.slice(0, maxSpans)) this.#answered.push({ start, end: start + count });
    this.version++;
  }
}

/** What one device taught, for all plans of its driver and over restarts. */
export class LearntMap {
  readonly #areas = new Map<number, LearntArea>();
  readonly #identities = new Map<number, string>();
  readonly #clock: Clock;
  readonly #memory: DriverMemory | undefined;
  #isDirty = false;
  /** What {@link holes} and {@link limits} say, until something changes: they are asked each second. */
  #holes: readonly DeviceHole[] | undefined;
  #limits: readonly DeviceLimit[] | undefined;

  constructor(clock: Clock, memory: DriverMemory | undefined) {
    this.#clock = clock;
    this.#memory = memory;
    const saved = fromMemory(memory?.get());
    for (const area of saved.areas) this.of(area.unit, area.area).load(area);
    for (const [unit, identity] of saved.identities) this.#identities.set(unit, identity);
  }

  of(unit: number, area: modbus.Source): LearntArea {
    const key = unit * modbus.sources.length + modbus.sources.indexOf(area);
    let found = this.#areas.get(key);
    if (found === undefined) {
      found = new LearntArea(unit, area, this.#clock, () => this.#changed());
      this.#areas.set(key, found);
    }
    return found;
  }

  #changed(): void {
    this.#isDirty = true;
    this.#holes = undefined;
    this.#limits = undefined;
  }

  /** Everything, or what is known of one unit, is asked anew from the next read on. */
  forget(unit?: number): void {
    for (const area of this.#areas.values()) if (unit === undefined || area.unit === unit) area.forget();
    this.save();
  }

  /** Another device at the same place: what the former one taught is forgotten. */
  identified(unit: number, identity: string): void {
    const former = this.#identities.get(unit);
    if (former === identity) return;
    this.#identities.set(unit, identity);
    this.#isDirty = true;
    if (former !== undefined) this.forget(unit);
    this.save();
  }

  /** Hands what changed to the memory; called once per cycle. */
  save(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const areas = [...this.#areas.values()].filter((a) => !a.isPlain).map((a) => a.save());
    this.#memory?.put(toMemory(this.#memory.get(), areas, [...this.#identities]));
  }

  holes(): readonly DeviceHole[] {
    return (this.#holes ??= this.#holesNow());
  }
  #holesNow(): readonly DeviceHole[] {
    const out: DeviceHole[] = [];
    for (const { unit, area, whole, holes, fences } of this.#areas.values()) {
      if (whole !== undefined) out.push({ unit, area, start: 0, count: 65536, code: whole.code });
      for (const { start, end, code } of holes) out.push({ unit, area, start, count: end - start, code });
      for (const { start, end, code } of fences) if (end > start) out.push({ unit, area, start, count: end - start, code, gap: true });
    }
    return out.sort((a, b) => a.unit - b.unit || a.area.localeCompare(b.area) || a.start - b.start);
  }
  limits(): readonly DeviceLimit[] {
    return (this.#limits ??= [...this.#areas.values()].flatMap(({ unit, area, limit }) =>
      limit === undefined ? [] : [{ unit, area, count: limit }],
    ));
  }
}
