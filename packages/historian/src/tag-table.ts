import { DuckDBTimestampTZValue } from '@duckdb/node-api';
import { columnOf, systemClock } from '@omh/core';
import type { HistoryTag } from '@omh/core';
import type { Store } from './store.ts';

/** The three typed series a tag can have: doubles and booleans, 64-bit integers, text. */
export const sampleKinds = ['num', 'i64', 'text'] as const;
export type SampleKind = (typeof sampleKinds)[number];
export const kindBit = (kind: SampleKind): number => 1 << sampleKinds.indexOf(kind);

export interface StoredTag {
  readonly id: number;
  readonly path: string;
  readonly device: string;
  readonly group: string;
  readonly name: string;
  readonly type: string;
  readonly scaled: boolean;
  readonly unit: string | null;
  /** Where its new samples go. */
  readonly kind: SampleKind;
  /** All series it has or had, as bits. */
  kinds: number;
}

const kindFor = (tag: { readonly type: HistoryTag['type']; readonly scaled: boolean }): SampleKind => {
  if (tag.scaled) return 'num';
  const column = columnOf(tag.type);
  return column === 'any' ? 'text' : column;
};

/** All tags this store ever had, in memory and in `omh.tags`. */
export class TagTable {
  /** Ids are dense. */
  #byId: (StoredTag | undefined)[] = [];
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(id: number): StoredTag | undefined {
    return this.#byId[id];
  }

  #set(tag: StoredTag): void {
    while (this.#byId.length < tag.id) this.#byId.push(undefined);
    this.#byId[tag.id] = tag;
  }

  async load(): Promise<void> {
    this.#byId = [];
    const rows = await this.#store.rows('SELECT tag_id, path, device, "group", tag, type, scaled, unit, kinds FROM omh.tags');
    for (const r of rows) {
      const type = r[5] as HistoryTag['type'];
      const scaled = r[6] as boolean;
      const id = r[0] as number;
      this.#set({
        id,
        path: r[1] as string,
        device: r[2] as string,
        group: r[3] as string,
        name: r[4] as string,
        type,
        scaled,
        unit: r[7] as string | null,
        kind: kindFor({ type, scaled }),
        kinds: r[8] as number,
      });
    }
  }

  /** Writes what differs, inside the caller's transaction; returns what to do in memory once it is committed. */
  async ensure(tags: readonly HistoryTag[]): Promise<() => void> {
    const changed = new Map<number, StoredTag>();
    for (const tag of tags) {
      const old = changed.get(tag.id) ?? this.#byId[tag.id];
      const kind = kindFor(tag);
      const next: StoredTag = {
        id: tag.id,
        path: tag.path,
        device: tag.device,
        group: tag.group,
        name: tag.name,
        type: tag.type,
        scaled: tag.scaled,
        unit: tag.unit ?? null,
        kind,
        kinds: (old?.kinds ?? 0) | kindBit(kind),
      };
      if (!old || !same(old, next)) changed.set(tag.id, next);
    }
    if (changed.size > 0) await this.#write([...changed.values()]);
    return () => {
      for (const tag of changed.values()) this.#set(tag);
    };
  }

  /** A tag brought a value of another kind than its type says. */
  async addKind(tag: StoredTag, kind: SampleKind): Promise<void> {
    const kinds = tag.kinds | kindBit(kind);
    await this.#store.writer.run('UPDATE omh.tags SET kinds = $1 WHERE tag_id = $2', [kinds, tag.id]);
    tag.kinds = kinds;
  }

  async #write(tags: readonly StoredTag[]): Promise<void> {
    const { writer } = this.#store;
    const ids = tags.filter((t) => this.#byId[t.id] !== undefined).map((t) => t.id);
    for (let i = 0; i < ids.length; i += 1000)
      await writer.run(`DELETE FROM omh.tags WHERE tag_id IN (${ids.slice(i, i + 1000).join(',')})`);
    const appender = await writer.createAppender('tags', 'omh');
    for (const t of tags) {
      appender.appendInteger(t.id);
      for (const text of [t.path, t.device, t.group, t.name, t.type]) appender.appendVarchar(text);
      appender.appendBoolean(t.scaled);
      if (t.unit === null) appender.appendNull();
      else appender.appendVarchar(t.unit);
      appender.appendUTinyInt(t.kinds);
      appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(systemClock.now())));
      appender.endRow();
    }
    appender.closeSync();
  }
}

const same = (a: StoredTag, b: StoredTag): boolean =>
  a.path === b.path &&
  a.device === b.device &&
  a.group === b.group &&
  a.name === b.name &&
  a.type === b.type &&
  a.scaled === b.scaled &&
  a.unit === b.unit &&
  a.kinds === b.kinds;
