import { BIGINT, DOUBLE, DuckDBDataChunk, DuckDBTimestampTZValue, INTEGER, TIMESTAMPTZ, USMALLINT, VARCHAR } from '@duckdb/node-api';
import type { DuckDBValue } from '@duckdb/node-api';
import type { Slots } from './slots.ts';
import { sampleKinds } from './tag-table.ts';
import type { Store } from './store.ts';

interface Last {
  time: number;
  valueTime: number;
  value: number | bigint | string | null;
  quality: number;
  dirty: boolean;
}
const aheadUs = 86_400_000_000;

/** The newest sample of every tag with its last usable value, in memory; `omh.lkv` follows on demand and now and then. */
export class LastValues {
  readonly #byTag = new Map<number, Last>();
  readonly #store: Store;
  #dirty = 0;

  constructor(store: Store) {
    this.#store = store;
  }
  get dirty(): number {
    return this.#dirty;
  }

  /** A sample that is older than the known one changes nothing; one from a clock far ahead is replaced by the next. */
  note(tag: number, time: number, value: number | bigint | string | null, quality: number, now: number): void {
    const last = this.#byTag.get(tag);
    if (!last) {
      this.#byTag.set(tag, { time, valueTime: value === null ? NaN : time, value, quality, dirty: true });
      this.#dirty++;
      return;
    }
    if (time < last.time && last.time <= now + aheadUs) return;
    last.time = time;
    last.quality = quality;
    if (value !== null) {
      last.value = value;
      last.valueTime = time;
    }
    if (!last.dirty) {
      last.dirty = true;
      this.#dirty++;
    }
  }

  /** The stored state plus every sample committed after it was stored. */
  async load(slots: Slots): Promise<void> {
    this.#byTag.clear();
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
      this.#byTag.set(id, {
        time: Number(time),
        valueTime: valueTime === null ? NaN : Number(valueTime),
        value: text ?? big ?? value,
        quality,
        dirty: false,
      });
    }
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
    const changed = [...this.#byTag].filter(([, last]) => last.dirty);
    for (let i = 0; i < changed.length; i += 1000) {
      await writer.run(
        `DELETE FROM omh.lkv WHERE tag_id IN (${changed
          .slice(i, i + 1000)
          .map(([id]) => id)
          .join(',')})`,
      );
    }
    const appender = await writer.createAppender('lkv', 'omh');
    for (let i = 0; i < changed.length; i += 2048) {
      const part = changed.slice(i, i + 2048);
      const chunk = DuckDBDataChunk.create([INTEGER, TIMESTAMPTZ, TIMESTAMPTZ, DOUBLE, BIGINT, VARCHAR, USMALLINT], part.length);
      const column = (at: number, of: (id: number, last: Last) => DuckDBValue): void =>
        chunk.setColumnValues(
          at,
          part.map(([id, last]) => of(id, last)),
        );
      column(0, (id) => id);
      column(1, (_, l) => new DuckDBTimestampTZValue(BigInt(l.time)));
      column(2, (_, l) => (Number.isNaN(l.valueTime) ? null : new DuckDBTimestampTZValue(BigInt(l.valueTime))));
      column(3, (_, l) => (typeof l.value === 'number' ? l.value : null));
      column(4, (_, l) => (typeof l.value === 'bigint' ? l.value : null));
      column(5, (_, l) => (typeof l.value === 'string' ? l.value : null));
      column(6, (_, l) => l.quality);
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    await writer.run(`UPDATE omh.progress SET lkv_seq = ${seq}`);
  }
  settled(): void {
    for (const last of this.#byTag.values()) last.dirty = false;
    this.#dirty = 0;
  }
}
