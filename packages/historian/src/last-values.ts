import { BIGINT, DOUBLE, DuckDBDataChunk, DuckDBTimestampTZValue, INTEGER, TIMESTAMPTZ, USMALLINT, VARCHAR } from '@duckdb/node-api';
import type { DuckDBValue } from '@duckdb/node-api';
import type { Slots } from './slots.ts';
import { sampleKinds } from './tag-table.ts';
import type { Store } from './store.ts';

const aheadUs = 86_400_000_000;
/** Which column has the last usable value. */
const Kind = { none: 0, num: 1, i64: 2, text: 3 } as const;

/**
 * The newest sample of every tag with its last usable value, in memory; `omh.lkv` follows on demand and now and then. Columns by tag id,
 * which is dense: a sample costs a few stores and no object.
 */
export class LastValues {
  readonly #store: Store;
  /** NaN where the tag has no sample yet. */
  #time = new Float64Array(0);
  #valueTime = new Float64Array(0);
  #num = new Float64Array(0);
  #quality = new Uint16Array(0);
  #kind = new Uint8Array(0);
  #isDirty = new Uint8Array(0);
  readonly #other = new Map<number, bigint | string>();
  #dirty = 0;

  constructor(store: Store) {
    this.#store = store;
  }
  get dirty(): number {
    return this.#dirty;
  }

  /** A sample that is older than the known one changes nothing; one from a clock far ahead is replaced by the next. */
  note(tag: number, time: number, value: number | bigint | string | null, quality: number, now: number): void {
    if (typeof value === 'number') {
      this.noteNumber(tag, time, value, quality, now);
      return;
    }
    if (!this.#take(tag, time, quality, now) || value === null) return;
    this.#valueTime[tag] = time;
    this.#other.set(tag, value);
    this.#kind[tag] = typeof value === 'bigint' ? Kind.i64 : Kind.text;
  }
  /** {@link note} for a double. */
  noteNumber(tag: number, time: number, value: number, quality: number, now: number): void {
    if (!this.#take(tag, time, quality, now)) return;
    this.#valueTime[tag] = time;
    this.#num[tag] = value;
    this.#kind[tag] = Kind.num;
  }
  #take(tag: number, time: number, quality: number, now: number): boolean {
    if (tag >= this.#time.length) this.#grow(tag);
    const last = this.#time[tag]!;
    if (time < last && last <= now + aheadUs) return false;
    this.#time[tag] = time;
    this.#quality[tag] = quality;
    if (this.#isDirty[tag] === 0) {
      this.#isDirty[tag] = 1;
      this.#dirty++;
    }
    return true;
  }
  #grow(tag: number): void {
    const size = Math.max(1024, tag + 1, this.#time.length * 2);
    const grown = <T extends Float64Array | Uint16Array | Uint8Array>(old: T, made: T, fill: number): T => {
      made.fill(fill, old.length);
      made.set(old);
      return made;
    };
    this.#time = grown(this.#time, new Float64Array(size), NaN);
    this.#valueTime = grown(this.#valueTime, new Float64Array(size), NaN);
    this.#num = grown(this.#num, new Float64Array(size), NaN);
    this.#quality = grown(this.#quality, new Uint16Array(size), 0);
    this.#kind = grown(this.#kind, new Uint8Array(size), Kind.none);
    this.#isDirty = grown(this.#isDirty, new Uint8Array(size), 0);
  }

  /** The stored state plus every sample committed after it was stored. */
  async load(slots: Slots): Promise<void> {
    this.#time.fill(NaN);
    this.#valueTime.fill(NaN);
    this.#kind.fill(Kind.none);
    this.#other.clear();
    const stored = await this.#store.rows('SELECT tag_id, epoch_us(time), epoch_us(value_time), value, big, text, quality FROM omh.lkv');
    for (const [id, time, valueTime, value, big, text, quality] of stored as [
      number,
      bigint,
      bigint | null,
      number | null,
      bigint | null,
      string | null,
      number,
    ][]) {
      if (valueTime !== null && valueTime !== time) this.note(id, Number(valueTime), text ?? big ?? value, quality, Infinity);
      this.note(id, Number(time), valueTime === time ? (text ?? big ?? value) : null, quality, Infinity);
    }
    this.settled();
    const since = (await this.#store.rows('SELECT lkv_seq FROM omh.progress'))[0]![0] as bigint;
    for (const kind of sampleKinds) {
      for (const table of slots.tablesOf(kind)) await this.#replay(table, since);
    }
  }

  async #replay(table: string, since: bigint): Promise<void> {
    const rows = await this.#store.rows(
      `SELECT tag_id, epoch_us(max(time)), arg_max(quality, time),
      epoch_us(max(time) FILTER (value IS NOT NULL)), arg_max(value, time) FILTER (value IS NOT NULL)
      FROM omh.${table} WHERE seq > $1 GROUP BY tag_id`,
      [since],
    );
    for (const [id, time, quality, valueTime, value] of rows as [
      number,
      bigint,
      number,
      bigint | null,
      number | bigint | string | null,
    ][]) {
      if (valueTime !== null && valueTime !== time) this.note(id, Number(valueTime), value, quality, Infinity);
      this.note(id, Number(time), valueTime === time ? value : null, quality, Infinity);
    }
  }

  /** Brings `omh.lkv` up to date inside the caller's transaction; call `settled` once it is committed. */
  async write(seq: bigint): Promise<void> {
    const { writer } = this.#store;
    const changed: number[] = [];
    for (let tag = 0; tag < this.#isDirty.length; tag++) if (this.#isDirty[tag] === 1) changed.push(tag);
    for (let i = 0; i < changed.length; i += 1000)
      await writer.run(`DELETE FROM omh.lkv WHERE tag_id IN (${changed.slice(i, i + 1000).join(',')})`);
    const appender = await writer.createAppender('lkv', 'omh');
    for (let i = 0; i < changed.length; i += 2048) {
      const part = changed.slice(i, i + 2048);
      const chunk = DuckDBDataChunk.create([INTEGER, TIMESTAMPTZ, TIMESTAMPTZ, DOUBLE, BIGINT, VARCHAR, USMALLINT], part.length);
      const column = (at: number, of: (tag: number) => DuckDBValue): void => chunk.setColumnValues(at, part.map(of));
      const other = (kind: number, tag: number): DuckDBValue => (this.#kind[tag] === kind ? this.#other.get(tag)! : null);
      column(0, (tag) => tag);
      column(1, (tag) => new DuckDBTimestampTZValue(BigInt(this.#time[tag]!)));
      column(2, (tag) => (Number.isNaN(this.#valueTime[tag]!) ? null : new DuckDBTimestampTZValue(BigInt(this.#valueTime[tag]!))));
      column(3, (tag) => (this.#kind[tag] === Kind.num ? this.#num[tag]! : null));
      column(4, (tag) => other(Kind.i64, tag));
      column(5, (tag) => other(Kind.text, tag));
      column(6, (tag) => this.#quality[tag]!);
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    await writer.run(`UPDATE omh.progress SET lkv_seq = ${seq}`);
  }
  settled(): void {
    this.#isDirty.fill(0);
    this.#dirty = 0;
  }
}
