import {
  carriesValue,
  columnOf,
  createBatch,
  isScaled,
  Quality,
  tagKey,
  valueAt,
  type GroupCycle,
  type Micros,
  type Reason,
  type Tag,
  type TagId,
  type TagValue,
  type ValueBatch,
} from '@omh/core';
import { DerivedTag, type DerivedInput } from './derived-tag.ts';
import { clamp, Scaling } from './engineering.ts';
import { ReportFilter, type HeldPoint } from './report-filter.ts';
import { StaticTag } from './static-tag.ts';
import type { StaticValues } from './static-values.ts';

/** What the steps ask of the rest of the hub. */
export interface CycleSurroundings {
  /** The last value of a tag of another group, by `device/group/tag`. */
  lastValue(key: string): DerivedInput | undefined;
  /** Whether it was told that the tag's last value is too old; absent where nothing expires. */
  isExpired?(id: TagId): boolean;
  readonly statics: StaticValues;
}

/** A finished cycle: all of it, for the table of last values, and what goes on to history, apps and screens. */
export interface Finished {
  readonly read: GroupCycle;
  /** undefined where nothing is to be reported. */
  readonly reported: GroupCycle | undefined;
  /** Values of earlier moments that were held back, each with its own time; reported first. */
  readonly before?: GroupCycle;
}

type Batch = ReturnType<typeof createBatch>;

/**
 * From the driver's raw values to what goes on, for one group: scaling and clamping, then static and derived tags, then report on change.
 * Compiled once; a group of plain tags costs nothing per value.
 */
export class CycleSteps {
  /** What the driver is asked for, in the order of its rows. */
  readonly readable: readonly Tag[];
  /** All tags that a cycle has: the readable ones, then static and derived ones, each derived one after those that it reads. */
  readonly tags: readonly Tag[];
  readonly #device: string;
  readonly #group: string;
  readonly #scaling: Scaling;
  readonly #statics: readonly StaticTag[];
  readonly #derived: readonly DerivedTag[];
  readonly #filter: ReportFilter | undefined;
  readonly #around: CycleSurroundings;
  readonly #rowOf: ReadonlyMap<string, number>;
  readonly #columns: { readonly i64: boolean; readonly any: boolean };
  readonly #ids: Uint32Array;

  constructor(device: string, group: string, tags: readonly Tag[], around: CycleSurroundings) {
    this.#device = device;
    this.#group = group;
    this.#around = around;
    this.readable = tags.filter((tag) => tag.source === undefined && tag.access !== 'write');
    this.#statics = tags.filter((tag) => tag.source?.kind === 'static').map((tag) => new StaticTag(tag, around.statics));
    const derived = tags.filter((tag) => tag.source?.kind === 'derived').map((tag) => new DerivedTag(tag));
    this.#derived = inOrder(derived, (name) => this.#keyOf(name));
    this.tags =
      this.#statics.length + derived.length === 0
        ? this.readable
        : [...this.readable, ...[...this.#statics, ...this.#derived].map(({ tag }) => tag)];
    this.#scaling = new Scaling(this.readable);
    this.#filter = ReportFilter.of(this.tags, (id) => around.isExpired?.(id) ?? false);
    this.#rowOf = derived.length === 0 ? new Map() : new Map(this.tags.map((tag, row) => [tagKey(tag), row]));
    const extra = this.tags.slice(this.readable.length).map((tag) => columnOf(tag.type, tag.count));
    this.#columns = { i64: extra.includes('i64'), any: extra.includes('any') };
    this.#ids = Uint32Array.from(this.tags, ({ id }) => id);
  }
  /** A bare name is a tag of the group, `group/tag` one of the device, `device/group/tag` any. */
  #keyOf(name: string): string {
    const levels = name.split('/').length;
    return levels === 1 ? `${this.#device}/${this.#group}/${name}` : levels === 2 ? `${this.#device}/${name}` : name;
  }

  /** `raw` has a row for each of `readable`. */
  scaled(raw: ValueBatch): ValueBatch {
    return this.#scaling.apply(raw);
  }

  /** `batch` is scaled; `nowMs` is monotonic. */
  finish(batch: ValueBatch, nowMs: number): Finished {
    const whole = this.tags === this.readable ? batch : this.#extended(batch);
    const read = this.#cycle(this.tags, whole);
    const selection = this.#filter?.select(whole, nowMs);
    if (selection === undefined) return { read, reported: read };
    const { rows, before } = selection;
    const reported =
      rows.length === 0
        ? undefined
        : rows.length === this.tags.length
          ? read
          : this.#cycle(
              rows.map((row) => this.tags[row]!),
              rowsOf(whole, rows),
            );
    return before === undefined ? { read, reported } : { read, reported, before: this.#earlier(before, whole.receiveTime) };
  }
  /** What is held back; undefined where nothing is. */
  flush(now: Micros): GroupCycle | undefined {
    const held = this.#filter?.flush() ?? [];
    return held.length === 0 ? undefined : this.#earlier(held, now);
  }
  #cycle(tags: readonly Tag[], batch: ValueBatch): GroupCycle {
    return { device: this.#device, group: this.#group, tags, batch };
  }
  #earlier(points: readonly HeldPoint[], now: Micros): GroupCycle {
    const batch = createBatch(points.length, now);
    const sourceTime = new Float64Array(points.length);
    for (const [i, { tag, value, time, quality }] of points.entries()) {
      batch.ids[i] = tag.id;
      batch.num[i] = value;
      batch.quality[i] = quality;
      sourceTime[i] = time;
    }
    return this.#cycle(
      points.map(({ tag }) => tag),
      { ...batch, sourceTime },
    );
  }

  #extended(batch: ValueBatch): ValueBatch {
    const read = this.readable.length;
    const n = this.tags.length;
    const columns = { i64: batch.i64 !== null || this.#columns.i64, any: batch.any !== null || this.#columns.any };
    const out = createBatch(n, batch.receiveTime, columns, this.#ids);
    out.quality.set(batch.quality);
    out.num.set(batch.num);
    if (batch.i64 !== null) out.i64!.set(batch.i64);
    if (batch.any !== null) for (let i = 0; i < read; i++) out.any![i] = batch.any[i];
    if (batch.sourceTime !== null) {
      out.sourceTime = new Float64Array(n).fill(Number.NaN);
      out.sourceTime.set(batch.sourceTime);
    }
    if (batch.reasons !== null) out.reasons = [...batch.reasons, ...new Array<undefined>(n - read).fill(undefined)];
    let row = read;
    for (const fixed of this.#statics) {
      const { quality, value, reason } = fixed.value();
      put(out, row++, fixed.tag, quality, value, reason);
    }
    for (const derived of this.#derived) {
      const { quality, value, reason } = derived.evaluate((name) => this.#input(out, name, row), batch.receiveTime);
      put(out, row, derived.tag, quality, value, reason);
      if (derived.tag.clamp !== undefined && carriesValue(out.quality[row]!)) clamp(out, row, derived.tag);
      row++;
    }
    return out;
  }
  /** Of this cycle where its group has it; rows from `upTo` on are not there yet. */
  #input(batch: ValueBatch, name: string, upTo: number): DerivedInput | undefined {
    const key = this.#keyOf(name);
    const row = this.#rowOf.get(key);
    if (row !== undefined && row < upTo) return { value: valueAt(batch, row, this.tags[row]!), quality: batch.quality[row]! };
    return this.#around.lastValue(key);
  }
}

/** Each after those that it reads; a ring, which the check of a hub file refuses, stays in the order it has. */
function inOrder(derived: readonly DerivedTag[], keyOf: (name: string) => string): readonly DerivedTag[] {
  const byKey = new Map(derived.map((d) => [tagKey(d.tag), d]));
  const out = new Set<DerivedTag>();
  const open = new Set<DerivedTag>();
  for (const first of derived) {
    const stack = [first];
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      open.add(top);
      const next = top.inputs.map((name) => byKey.get(keyOf(name))).find((d) => d !== undefined && !out.has(d) && !open.has(d));
      if (next !== undefined) stack.push(next);
      else out.add(stack.pop()!);
    }
  }
  return [...out];
}

/** `value` is of the tag's type. */
function put(batch: Batch, row: number, tag: Tag, quality: number, value: TagValue | undefined, reason: Reason | undefined): void {
  batch.quality[row] = quality;
  batch.num[row] = Number.NaN;
  if (reason !== undefined) (batch.reasons ??= new Array<Reason | undefined>(batch.ids.length).fill(undefined))[row] = reason;
  if (!carriesValue(quality)) return;
  if (value === undefined) {
    batch.quality[row] = Quality.badWaitingForInitialData;
    return;
  }
  const column = columnOf(tag.type, tag.count);
  if (column === 'any') batch.any![row] = value;
  else if (column === 'i64' && typeof value === 'bigint' && !isScaled(tag)) batch.i64![row] = value;
  else batch.num[row] = Number(value);
}

/** A cycle of one value that was written to a static tag. */
export function cycleOf(tag: Tag, value: TagValue, now: Micros): GroupCycle {
  const column = columnOf(tag.type, tag.count);
  const batch = createBatch(1, now, { i64: column === 'i64', any: column === 'any' });
  batch.ids[0] = tag.id;
  put(batch, 0, tag, Quality.good, value, undefined);
  return { device: tag.device, group: tag.group, tags: [tag], batch };
}

/** Some rows of a batch, in a batch of their own. */
function rowsOf(batch: ValueBatch, rows: readonly number[]): Batch {
  const out = createBatch(rows.length, batch.receiveTime, { i64: batch.i64 !== null, any: batch.any !== null });
  if (batch.sourceTime !== null) out.sourceTime = new Float64Array(rows.length);
  if (batch.reasons !== null) out.reasons = new Array<Reason | undefined>(rows.length);
  for (const [i, row] of rows.entries()) {
    out.ids[i] = batch.ids[row]!;
    out.quality[i] = batch.quality[row]!;
    out.num[i] = batch.num[row]!;
    if (batch.i64 !== null) out.i64![i] = batch.i64[row]!;
    if (batch.any !== null) out.any![i] = batch.any[row];
    if (batch.sourceTime !== null) out.sourceTime![i] = batch.sourceTime[row]!;
    if (batch.reasons !== null) out.reasons![i] = batch.reasons[row];
  }
  return out;
}
