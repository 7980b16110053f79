import {
  carriesValue,
  qualityReason,
  qualityWord,
  tagKey,
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
  /** Of the newest configuration that has it. */
  generation: number;
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
  #generation = 0;

  /** Makes tags known that a coming `configure` will bring: the one long step of it, done in slices. */
  introduce(tags: readonly Tag[], now: Micros): void {
    for (const tag of tags) if (!this.#rows.has(tag.id)) this.#add(tag, noCounts(), now);
  }

  /** Takes the tags of the present configuration; what is known of tags that stay is kept. */
  configure(tags: readonly Tag[], now: Micros): void {
    const generation = ++this.#generation;
    this.#counts.clear();
    for (const tag of tags) {
      let counts = this.#counts.get(tag.device);
      if (!counts) this.#counts.set(tag.device, (counts = noCounts()));
      let row = this.#rows.get(tag.id);
      if (row && row.tag.type === tag.type) this.#rename(row, tag);
      else row = this.#add(tag, counts, now);
      row.counts = counts;
      row.generation = generation;
      counts[qualityWord(row.quality)]++;
    }
    this.#order = tags;
    if (this.#rows.size > tags.length) this.#sweep(generation);
  }

  #add(tag: Tag, counts: Counts, now: Micros): Row {
    const former = this.#rows.get(tag.id);
    if (former) this.#forget(former.tag);
    const row: Row = {
      tag,
      generation: 0,
      counts,
      value: undefined,
      valueTime: undefined,
      quality: Quality.badWaitingForInitialData,
      since: now,
      reason: waiting,
    };
    this.#rows.set(tag.id, row);
    this.#byKey.set(tagKey(tag), tag.id);
    this.#byPath.set(tag.path, tag.id);
    return row;
  }
  #rename(row: Row, tag: Tag): void {
    const former = row.tag;
    row.tag = tag;
    if (former.name === tag.name && former.group === tag.group && former.device === tag.device && former.path === tag.path) return;
    this.#forget(former);
    this.#byKey.set(tagKey(tag), tag.id);
    this.#byPath.set(tag.path, tag.id);
  }
  #forget(tag: Tag): void {
    const key = tagKey(tag);
    if (this.#byKey.get(key) === tag.id) this.#byKey.delete(key);
    if (this.#byPath.get(tag.path) === tag.id) this.#byPath.delete(tag.path);
  }
  #sweep(generation: number): void {
    for (const [id, row] of this.#rows) {
      if (row.generation === generation) continue;
      this.#rows.delete(id);
      this.#forget(row.tag);
    }
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

const waiting = sentence(Quality.badWaitingForInitialData);

const view = (row: Row): LastValue => ({
  tag: row.tag,
  value: row.value,
  valueTime: row.valueTime,
  quality: qualityWord(row.quality),
  qualityCode: row.quality,
  since: row.since,
  reason: row.reason,
});
