import {
  carriesValue,
  qualityReason,
  qualityWord,
  timeAt,
  valueAt,
  Quality,
  type GroupCycle,
  type Micros,
  type QualityWord,
  type Tag,
  type TagId,
  type TagValue,
} from '@omh/core';

/** What is known of a tag now: its last usable value with that value's own time, and today's quality beside it. */
export interface LastValue {
  readonly tag: Tag;
  /** undefined until the first usable value. */
  readonly value: TagValue | undefined;
  /** When `value` was read; an old value never gets a new time. */
  readonly valueTime: Micros | undefined;
  readonly quality: QualityWord;
  readonly qualityCode: number;
  /** Since when this quality holds. */
  readonly since: Micros;
  /** Why it is not good; undefined when it is. */
  readonly reason: string | undefined;
}

type Listener = (ids: Uint32Array) => void;

type Counts = Record<QualityWord, number>;
const noCounts = (): Counts => ({ good: 0, uncertain: 0, bad: 0 });

interface Row {
  tag: Tag;
  /** Of its device, shared by the device's rows. */
  counts: Counts;
  value: TagValue | undefined;
  valueTime: Micros | undefined;
  quality: number;
  since: Micros;
  reason: string | undefined;
}

/** The newest value of every configured tag, by id. Listeners hear which ids changed, once per cycle. */
export class LastValues {
  readonly #rows = new Map<number, Row>();
  readonly #byKey = new Map<string, TagId>();
  readonly #byPath = new Map<string, TagId>();
  readonly #counts = new Map<string, Counts>();
  readonly #listeners = new Set<Listener>();
  #order: readonly Tag[] = [];

  /** Takes the tags of the present configuration; what is known of tags that stay is kept. */
  configure(tags: readonly Tag[], now: Micros): void {
    const gone = new Set(this.#rows.keys());
    this.#byKey.clear();
    this.#byPath.clear();
    this.#counts.clear();
    for (const tag of tags) {
      gone.delete(tag.id);
      let counts = this.#counts.get(tag.device);
      if (!counts) this.#counts.set(tag.device, (counts = noCounts()));
      let row = this.#rows.get(tag.id);
      if (row && row.tag.type === tag.type) {
        row.tag = tag;
        row.counts = counts;
      } else {
        row = {
          tag,
          counts,
          value: undefined,
          valueTime: undefined,
          quality: Quality.badWaitingForInitialData,
          since: now,
          reason: sentence(Quality.badWaitingForInitialData),
        };
        this.#rows.set(tag.id, row);
      }
      counts[qualityWord(row.quality)]++;
      this.#byKey.set(`${tag.device}/${tag.group}/${tag.name}`, tag.id);
      this.#byPath.set(tag.path, tag.id);
    }
    for (const id of gone) this.#rows.delete(id);
    this.#order = tags;
  }

  get size(): number {
    return this.#order.length;
  }
  tags(): readonly Tag[] {
    return this.#order;
  }
  byTag(device: string, group: string, name: string): LastValue | undefined {
    return this.get(this.#byKey.get(`${device}/${group}/${name}`));
  }
  byKey(key: string): LastValue | undefined {
    return this.get(this.#byKey.get(key));
  }
  byPath(path: string): LastValue | undefined {
    return this.get(this.#byPath.get(path));
  }

  get(id: TagId | number | undefined): LastValue | undefined {
    const row = id === undefined ? undefined : this.#rows.get(id);
    return row && view(row);
  }
  *iterate(): IterableIterator<LastValue> {
    for (const tag of this.#order) {
      const row = this.#rows.get(tag.id);
      if (row) yield view(row);
    }
  }

  /** Counts per quality word of one device, or of all; costs nothing per tag. */
  counts(device?: string): Record<QualityWord, number> {
    if (device !== undefined) return { ...(this.#counts.get(device) ?? noCounts()) };
    const out = noCounts();
    for (const { good, uncertain, bad } of this.#counts.values()) {
      out.good += good;
      out.uncertain += uncertain;
      out.bad += bad;
    }
    return out;
  }

  update(cycle: GroupCycle): void {
    const { batch, tags } = cycle;
    for (let i = 0; i < tags.length; i++) {
      const row = this.#rows.get(batch.ids[i]!);
      if (!row) continue;
      const quality = batch.quality[i]!;
      if (quality !== row.quality) {
        row.counts[qualityWord(row.quality)]--;
        row.counts[qualityWord(quality)]++;
        row.quality = quality;
        row.since = batch.receiveTime;
      }
      if (carriesValue(quality)) {
        row.value = valueAt(batch, i, tags[i]!);
        row.valueTime = timeAt(batch, i);
      }
      row.reason = quality === Quality.good ? undefined : (batch.reasons?.[i]?.text ?? sentence(quality));
    }
    for (const listener of this.#listeners) listener(batch.ids);
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

const sentence = (quality: number): string => {
  const reason = qualityReason(quality);
  return `${reason[0]!.toUpperCase()}${reason.slice(1)}.`;
};

const view = (row: Row): LastValue => ({
  tag: row.tag,
  value: row.value,
  valueTime: row.valueTime,
  quality: qualityWord(row.quality),
  qualityCode: row.quality,
  since: row.since,
  reason: row.reason,
});
