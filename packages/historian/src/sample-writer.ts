import { BIGINT, DOUBLE, DuckDBDataChunk, INTEGER, TIMESTAMPTZ, USMALLINT, VARCHAR } from '@duckdb/node-api';
import type { DuckDBVector } from '@duckdb/node-api';
import { carriesValue } from '@omh/core';
import type { LastValues } from './last-values.ts';
import type { SampleColumns } from './protocol.ts';
import { dayUs } from './slots.ts';
import type { Slots } from './slots.ts';
import type { Store } from './store.ts';
import { kindBit } from './tag-table.ts';
import type { SampleKind, StoredTag, TagTable } from './tag-table.ts';

const chunkRows = 2048;
const valueTypes = { num: DOUBLE, i64: BIGINT, text: VARCHAR } as const;

/** The typed array behind a vector, to be filled without an object per value. */
const itemsOf = <T>(vector: DuckDBVector): T => (vector as unknown as { items: T }).items;

/** Rows of one table within a batch of samples. */
interface Part {
  readonly day: number;
  readonly kind: SampleKind;
  readonly rows: Uint32Array;
  count: number;
  tMin: number;
  tMax: number;
}
export interface SamplePlan {
  readonly columns: SampleColumns;
  readonly parts: readonly Part[];
  readonly samples: number;
  readonly expired: number;
}

/** Puts samples into the tables of their day and kind by whole columns. */
export class SampleWriter {
  readonly #store: Store;
  readonly #slots: Slots;
  readonly #tags: TagTable;
  readonly #last: LastValues;

  constructor(store: Store, slots: Slots, tags: TagTable, last: LastValues) {
    this.#store = store;
    this.#slots = slots;
    this.#tags = tags;
    this.#last = last;
  }

  /**
   * Sorts rows to tables, outside any transaction, and creates tables that are missing. A time more than a day ahead goes to
   * today's table with its own time, so that no wrong clock makes tables; a time before `floor` is left out and counted.
   */
  async plan(columns: SampleColumns, now: number, floor: number): Promise<SamplePlan> {
    const parts = new Map<number, Part>();
    const today = Math.floor(now / dayUs);
    const n = columns.ids.length;
    let expired = 0;
    let last: Part | undefined;
    let lastKey = -1;
    for (let i = 0; i < n; i++) {
      const time = columns.time[i]!;
      if (time < floor) {
        expired++;
        continue;
      }
      let day = Math.floor(time / dayUs);
      if (day > today + 1) day = today;
      const tag = this.#tags.get(columns.ids[i]!);
      const kind = this.#kindAt(columns, i, tag);
      const key = day * 4 + (kind === 'num' ? 0 : kind === 'i64' ? 1 : 2);
      if (key !== lastKey) {
        last = parts.get(key);
        if (!last) parts.set(key, (last = { day, kind, rows: new Uint32Array(n), count: 0, tMin: Infinity, tMax: -Infinity }));
        lastKey = key;
      }
      last!.rows[last!.count++] = i;
      if (time < last!.tMin) last!.tMin = time;
      if (time > last!.tMax) last!.tMax = time;
      if (tag !== undefined && (tag.kinds & kindBit(kind)) === 0) await this.#tags.addKind(tag, kind);
      const quality = columns.quality[i]!;
      if (!this.#store.isKnownQuality(quality)) await this.#store.knowQuality(quality);
    }
    for (const part of parts.values()) await this.#slots.ensure(part.day, part.kind);
    return { columns, parts: [...parts.values()], samples: n - expired, expired };
  }

  #kindAt(columns: SampleColumns, i: number, tag: StoredTag | undefined): SampleKind {
    if (columns.any !== null && columns.any.has(i)) return 'text';
    if (tag === undefined) return 'num';
    if (tag.kind === 'num' || !carriesValue(columns.quality[i]!)) return tag.kind;
    return tag.kind === 'i64' && columns.i64 !== null ? 'i64' : 'num';
  }

  /** Inside the caller's transaction. */
  async write(plan: SamplePlan, seq: bigint): Promise<void> {
    for (const part of plan.parts) {
      const appender = await this.#store.writer.createAppender(this.#slots.table(part.day, part.kind), 'omh');
      for (let from = 0; from < part.count; from += chunkRows) {
        appender.appendDataChunk(makeChunk(plan.columns, part, from, Math.min(chunkRows, part.count - from), seq));
      }
      appender.closeSync();
      await this.#slots.stretch(part.day, part.kind, part.tMin, part.tMax);
    }
  }

  /** After commit. */
  noteLast(plan: SamplePlan, now: number): void {
    const { ids, time, quality, num, i64, any } = plan.columns;
    const last = this.#last;
    for (const part of plan.parts) {
      for (let r = 0; r < part.count; r++) {
        const i = part.rows[r]!;
        const q = quality[i]!;
        if (q !== 0 && !carriesValue(q)) last.note(ids[i]!, time[i]!, null, q, now);
        else if (part.kind === 'num') last.noteNumber(ids[i]!, time[i]!, num[i]!, q, now);
        else last.note(ids[i]!, time[i]!, part.kind === 'i64' ? i64![i]! : any!.get(i)!, q, now);
      }
    }
  }
}

function makeChunk(columns: SampleColumns, part: Part, from: number, n: number, seq: bigint): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create([TIMESTAMPTZ, INTEGER, valueTypes[part.kind], USMALLINT, BIGINT], n);
  const vectors = [0, 1, 2, 3, 4].map((i) => chunk.getColumnVector(i));
  const time = itemsOf<BigInt64Array>(vectors[0]!);
  // int64 from a double without a bigint per row: low and high word, little-endian as every platform DuckDB ships for
  const words = new Uint32Array(time.buffer, time.byteOffset, 2 * n);
  const ids = itemsOf<Int32Array>(vectors[1]!);
  const values = vectors[2]!;
  const quality = itemsOf<Uint16Array>(vectors[3]!);
  const num = part.kind === 'num' ? itemsOf<Float64Array>(values) : undefined;
  for (let k = 0; k < n; k++) {
    const i = part.rows[from + k]!;
    const t = columns.time[i]!;
    words[2 * k] = t % 4294967296;
    words[2 * k + 1] = Math.floor(t / 4294967296);
    ids[k] = columns.ids[i]!;
    const q = columns.quality[i]!;
    quality[k] = q;
    if (q !== 0 && !carriesValue(q)) values.setItem(k, null);
    else if (num !== undefined) num[k] = columns.num[i]!;
    else if (part.kind === 'i64') values.setItem(k, columns.i64![i]!);
    else values.setItem(k, columns.any!.get(i)!);
  }
  itemsOf<BigInt64Array>(vectors[4]!).fill(seq);
  for (const vector of vectors) vector.flush();
  return chunk;
}
