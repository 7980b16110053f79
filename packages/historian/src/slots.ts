import type { Store } from './store.ts';
import type { SampleKind } from './tag-table.ts';
import { sampleKinds } from './tag-table.ts';

export const dayUs = 86_400_000_000;
const prefix: Readonly<Record<SampleKind, string>> = { num: 'hot_', i64: 'hot_i_', text: 'hot_s_' };
const valueType: Readonly<Record<SampleKind, string>> = { num: 'DOUBLE', i64: 'BIGINT', text: 'VARCHAR' };

interface Slot {
  readonly day: number;
  readonly kind: SampleKind;
  readonly table: string;
  /** µs; samples whose clock runs ahead may lie behind the day's end. */
  tMin: number;
  tMax: number;
}

/** `20261123` for the number of days since 1970. */
export const slotName = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
const dayOfName = (slot: string): number =>
  Date.UTC(Number(slot.slice(0, 4)), Number(slot.slice(4, 6)) - 1, Number(slot.slice(6, 8))) / 86_400_000;

/** One table per UTC day and kind of value, the views over them, and the days' end by retention. */
export class Slots {
  readonly #store: Store;
  readonly #slots = new Map<string, Slot>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    this.#slots.clear();
    const rows = await this.#store.rows("SELECT slot, kind, epoch_us(t_min), epoch_us(t_max) FROM omh.segments WHERE tier = 'hot'");
    for (const [slot, kind, tMin, tMax] of rows as [string, SampleKind, bigint, bigint][]) {
      const day = dayOfName(slot);
      this.#slots.set(`${kind}${day}`, { day, kind, table: `${prefix[kind]}${slot}`, tMin: Number(tMin), tMax: Number(tMax) });
    }
    await this.#writeViews();
  }

  has(day: number, kind: SampleKind): boolean {
    return this.#slots.has(`${kind}${day}`);
  }
  table(day: number, kind: SampleKind): string {
    return this.#slots.get(`${kind}${day}`)!.table;
  }

  /** Creates the table of a day in its own transaction, views included. */
  async ensure(day: number, kind: SampleKind): Promise<void> {
    if (this.has(day, kind)) return;
    const { writer } = this.#store;
    const slot = slotName(day);
    const table = `${prefix[kind]}${slot}`;
    const tMin = day * dayUs;
    const tMax = tMin + dayUs;
    await writer.run('BEGIN');
    try {
      await writer.run(
        `CREATE TABLE omh.${table}(time TIMESTAMPTZ, tag_id INTEGER, value ${valueType[kind]}, quality USMALLINT, seq BIGINT)`,
      );
      await writer.run(
        `INSERT INTO omh.segments VALUES ('${slot}', '${kind}', 'hot', make_timestamptz(${tMin}), make_timestamptz(${tMax}), 'open')`,
      );
      this.#slots.set(`${kind}${day}`, { day, kind, table, tMin, tMax });
      await this.#writeViews();
      await writer.run('COMMIT');
    } catch (thrown) {
      this.#slots.delete(`${kind}${day}`);
      await writer.run('ROLLBACK');
      throw thrown;
    }
  }

  /** Samples outside the day itself are stored too; the planner must know. Inside the caller's transaction. */
  async stretch(day: number, kind: SampleKind, tMin: number, tMax: number): Promise<void> {
    const slot = this.#slots.get(`${kind}${day}`)!;
    if (tMin >= slot.tMin && tMax <= slot.tMax) return;
    slot.tMin = Math.min(slot.tMin, tMin);
    slot.tMax = Math.max(slot.tMax, tMax);
    await this.#store.writer.run(
      `UPDATE omh.segments SET t_min = make_timestamptz(${slot.tMin}), t_max = make_timestamptz(${slot.tMax})
       WHERE slot = $1 AND kind = $2`,
      [slotName(day), kind],
    );
  }

  /** Tables of these kinds that may hold samples in [from, to]. */
  tablesFor(kind: SampleKind, from: number, to: number): readonly string[] {
    return [...this.#slots.values()].filter((s) => s.kind === kind && s.tMin <= to && s.tMax >= from).map((s) => s.table);
  }
  tablesOf(kind: SampleKind): readonly string[] {
    return this.tablesFor(kind, -Infinity, Infinity);
  }

  /** Drops whole days that ended before `floor` (µs); their space in the file is used again. */
  async dropBefore(floor: number): Promise<number> {
    const old = [...this.#slots.entries()].filter(([, s]) => (s.day + 1) * dayUs <= floor);
    if (old.length === 0) return 0;
    const { writer } = this.#store;
    for (const [key] of old) this.#slots.delete(key);
    await writer.run('BEGIN');
    try {
      await this.#writeViews();
      for (const [, s] of old) {
        await writer.run(`DROP TABLE omh.${s.table}`);
        await writer.run('DELETE FROM omh.segments WHERE slot = $1 AND kind = $2', [slotName(s.day), s.kind]);
      }
      await writer.run('COMMIT');
    } catch (thrown) {
      for (const [key, slot] of old) this.#slots.set(key, slot);
      await writer.run('ROLLBACK');
      throw thrown;
    }
    return old.length;
  }

  async #writeViews(): Promise<void> {
    const parts = [
      `SELECT NULL::TIMESTAMPTZ AS time, NULL::INTEGER AS tag_id, NULL::DOUBLE AS value, NULL::BIGINT AS big, NULL::VARCHAR AS text,
        NULL::USMALLINT AS quality WHERE false`,
    ];
    for (const kind of sampleKinds) {
      const columns = kind === 'num' ? 'value, NULL, NULL' : kind === 'i64' ? 'NULL, value, NULL' : 'NULL, NULL, value';
      for (const table of this.tablesOf(kind)) parts.push(`SELECT time, tag_id, ${columns}, quality FROM omh.${table}`);
    }
    const big = "CASE WHEN t.type = 'uint64' AND s.big < 0 THEN s.big::DOUBLE + 18446744073709551616 ELSE s.big::DOUBLE END";
    const common = `t.path, t.device, t."group", t.tag, coalesce(s.value, ${big}) AS value, s.text, q.word AS quality, q.reason`;
    const joins = 'JOIN omh.tags t ON t.tag_id = s.tag_id LEFT JOIN omh.qualities q ON q.code = s.quality';
    const { writer } = this.#store;
    await writer.run(`CREATE OR REPLACE VIEW main.samples AS SELECT s.time, ${common} FROM (${parts.join(' UNION ALL ')}) s ${joins}`);
    await writer.run(`CREATE OR REPLACE VIEW main.last_values AS SELECT coalesce(s.value_time, s.time) AS time, ${common},
      epoch(now() - coalesce(s.value_time, s.time)) AS age FROM omh.lkv s ${joins}`);
  }
}
