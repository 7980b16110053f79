import {
  carriesValue,
  columnOf,
  createBatch,
  formatDuration,
  isScaled,
  qualityReason,
  qualityWord,
  systemClock,
  tagKey,
  timeAt,
  Quality,
  type Clock,
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
  /** The value is older than the tag's `expireMs`. */
  readonly expired: boolean;
}

type Listener = (ids: Uint32Array) => void;
type Counts = Record<QualityWord, number>;
const noCounts = (): Counts => ({ good: 0, uncertain: 0, bad: 0 });

/** How a value is kept. A number is always in `num`, a 64-bit integer and everything else in `other`. */
const Kind = { none: 0, number: 1, boolean: 2, other: 3 } as const;

/**
 * The newest value of every configured tag, in columns by tag id, which is dense: a cycle of good numbers costs a few stores per value and
 * no object. Listeners hear which ids changed, once per cycle.
 */
export class LastValues {
  readonly #byKey = new Map<string, TagId>();
  readonly #byPath = new Map<string, TagId>();
  readonly #counts = new Map<string, Counts>();
  readonly #listeners = new Set<Listener>();
  #order: readonly Tag[] = [];
  #generation = 0;
  /** Columns by tag id. */
  #tags: (Tag | undefined)[] = [];
  #countsOf: (Counts | undefined)[] = [];
  #generations = new Uint32Array(0);
  #quality = new Uint16Array(0);
  #kind = new Uint8Array(0);
  #since = new Float64Array(0);
  #valueTime = new Float64Array(0);
  #num = new Float64Array(0);
  /** When the value came, and after how long it is too old, Infinity where never; monotonic ms, so that no clock that is set makes a value old. */
  #cameMs = new Float64Array(0);
  #expire = new Float64Array(0);
  #isExpired = new Uint8Array(0);
  readonly #other = new Map<number, TagValue>();
  /** Sentences of tags that are not good. */
  readonly #reasons = new Map<number, string>();
  readonly #clock: Pick<Clock, 'monotonicMs'>;

  constructor(clock: Pick<Clock, 'monotonicMs'> = systemClock) {
    this.#clock = clock;
  }

  /** Makes tags known that a coming `configure` will bring: the one long step of it, done in slices. */
  introduce(tags: readonly Tag[], now: Micros): void {
    for (const tag of tags) if (this.#tags[tag.id] === undefined) this.#add(tag, noCounts(), now);
  }

  /** Takes the tags of the present configuration; what is known of tags that stay is kept. */
  configure(tags: readonly Tag[], now: Micros): void {
    const generation = ++this.#generation;
    const introduced = this.#tags.length > 0;
    this.#counts.clear();
    for (const tag of tags) {
      let counts = this.#counts.get(tag.device);
      if (!counts) this.#counts.set(tag.device, (counts = noCounts()));
      const known = this.#tags[tag.id];
      if (known !== undefined && known.type === tag.type && known.count === tag.count) this.#rename(known, tag);
      else this.#add(tag, counts, now);
      this.#countsOf[tag.id] = counts;
      this.#generations[tag.id] = generation;
      counts[qualityWord(this.#quality[tag.id]!)]++;
    }
    this.#order = tags;
    if (introduced) this.#sweepAway(generation);
  }
  #add(tag: Tag, counts: Counts, now: Micros): void {
    const { id } = tag;
    const former = this.#tags[id];
    if (former !== undefined) this.#forget(former);
    if (id >= this.#quality.length) this.#grow(id);
    while (this.#tags.length < id) this.#tags.push(undefined);
    this.#tags[id] = tag;
    this.#countsOf[id] = counts;
    this.#quality[id] = Quality.badWaitingForInitialData;
    this.#kind[id] = Kind.none;
    this.#since[id] = now;
    this.#valueTime[id] = Number.NaN;
    this.#isExpired[id] = 0;
    this.#cameMs[id] = Number.NaN;
    this.#expire[id] = expireMsOf(tag);
    this.#other.delete(id);
    this.#reasons.set(id, waiting);
    this.#index(tag);
  }
  #rename(former: Tag, tag: Tag): void {
    this.#tags[tag.id] = tag;
    this.#expire[tag.id] = expireMsOf(tag);
    if (former.name === tag.name && former.group === tag.group && former.device === tag.device && former.path === tag.path) return;
    this.#forget(former);
    this.#index(tag);
  }
  #index(tag: Tag): void {
    this.#byKey.set(tagKey(tag), tag.id);
    this.#byPath.set(tag.path, tag.id);
  }
  #forget(tag: Tag): void {
    const key = tagKey(tag);
    if (this.#byKey.get(key) === tag.id) this.#byKey.delete(key);
    if (this.#byPath.get(tag.path) === tag.id) this.#byPath.delete(tag.path);
  }
  #sweepAway(generation: number): void {
    for (let id = 0; id < this.#tags.length; id++) {
      const tag = this.#tags[id];
      if (tag === undefined || this.#generations[id] === generation) continue;
      this.#tags[id] = this.#countsOf[id] = undefined;
      this.#other.delete(id);
      this.#reasons.delete(id);
      this.#forget(tag);
    }
  }
  #grow(id: number): void {
    const size = Math.max(1024, id + 1, this.#quality.length * 2);
    const grown = <T extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    this.#generations = grown(this.#generations, new Uint32Array(size));
    this.#quality = grown(this.#quality, new Uint16Array(size));
    this.#kind = grown(this.#kind, new Uint8Array(size));
    this.#since = grown(this.#since, new Float64Array(size));
    this.#valueTime = grown(this.#valueTime, new Float64Array(size));
    this.#num = grown(this.#num, new Float64Array(size));
    this.#cameMs = grown(this.#cameMs, new Float64Array(size));
    this.#expire = grown(this.#expire, new Float64Array(size));
    this.#isExpired = grown(this.#isExpired, new Uint8Array(size));
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
    const tag = id === undefined ? undefined : this.#tags[id];
    return tag && this.#view(tag);
  }
  *iterate(): IterableIterator<LastValue> {
    for (const tag of this.#order) if (this.#tags[tag.id] !== undefined) yield this.#view(this.#tags[tag.id]!);
  }

  /** Counts per quality word of one device, or of all; costs nothing per tag. */
  counts(device?: string): Counts {
    if (device !== undefined) return { ...(this.#counts.get(device) ?? noCounts()) };
    const out = noCounts();
    for (const { good, uncertain, bad } of this.#counts.values()) {
      out.good += good;
      out.uncertain += uncertain;
      out.bad += bad;
    }
    return out;
  }

  update({ batch, tags }: GroupCycle): void {
    const { ids, quality, num, sourceTime, receiveTime, reasons } = batch;
    const plain = batch.i64 === null && batch.any === null;
    const nowMs = this.#clock.monotonicMs();
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (this.#tags[id] === undefined) continue;
      const q = quality[i]!;
      if (q !== this.#quality[id]) this.#turn(id, q, receiveTime);
      if (q !== 0) this.#reasons.set(id, reasons?.[i]?.text ?? sentence(q));
      if (q !== 0 && !carriesValue(q)) continue;
      this.#valueTime[id] = sourceTime === null ? receiveTime : timeAt(batch, i);
      this.#cameMs[id] = nowMs;
      this.#isExpired[id] = 0;
      if (plain) {
        this.#num[id] = num[i]!;
        this.#kind[id] = kindOf(tags[i]!);
      } else this.#keep(id, tags[i]!, batch, i);
    }
    for (const listener of this.#listeners) listener(ids);
  }
  #keep(id: number, tag: Tag, batch: GroupCycle['batch'], i: number): void {
    const other = batch.any?.[i];
    if (other !== undefined) {
      this.#other.set(id, other);
      this.#kind[id] = Kind.other;
    } else if (batch.i64 !== null && columnOf(tag.type, tag.count) === 'i64' && !isScaled(tag)) {
      this.#other.set(id, tag.type === 'uint64' ? BigInt.asUintN(64, batch.i64[i]!) : batch.i64[i]!);
      this.#kind[id] = Kind.other;
    } else {
      this.#num[id] = batch.num[i]!;
      this.#kind[id] = kindOf(tag);
    }
  }
  /** The quality of a tag changes. */
  #turn(id: number, quality: number, now: number): void {
    const counts = this.#countsOf[id]!;
    counts[qualityWord(this.#quality[id]!)]--;
    counts[qualityWord(quality)]++;
    this.#quality[id] = quality;
    this.#since[id] = now;
    if (quality === 0) this.#reasons.delete(id);
  }

  /** Whether it was told that the tag's value is too old. */
  isExpired(id: TagId): boolean {
    return this.#isExpired[id] === 1;
  }

  /** Values that became too old turn bad; called once a second. What turned, as cycles for history and apps: nothing else tells them. */
  expire(now: Micros): readonly GroupCycle[] {
    const nowMs = this.#clock.monotonicMs();
    let gone: Tag[] | undefined;
    for (let id = 0; id < this.#tags.length; id++) {
      const ageMs = nowMs - this.#cameMs[id]!;
      if (!(ageMs > this.#expire[id]!) || this.#isExpired[id] === 1 || this.#tags[id] === undefined) continue;
      this.#isExpired[id] = 1;
      // A tag that is bad already has a better reason.
      if (qualityWord(this.#quality[id]!) === 'bad') continue;
      this.#turn(id, Quality.bad, now);
      this.#reasons.set(id, `The last value is ${formatDuration(Math.round(ageMs / 1000) * 1000)} old.`);
      (gone ??= []).push(this.#tags[id]!);
    }
    if (gone === undefined) return [];
    const ids = Uint32Array.from(gone, ({ id }) => id);
    for (const listener of this.#listeners) listener(ids);
    const byGroup = new Map<string, Tag[]>();
    for (const tag of gone) {
      const key = `${tag.device}/${tag.group}`;
      const own = byGroup.get(key);
      if (own === undefined) byGroup.set(key, [tag]);
      else own.push(tag);
    }
    return [...byGroup.values()].map((tags) => this.#cycleOf(tags, now));
  }
  #cycleOf(tags: readonly Tag[], now: Micros): GroupCycle {
    const batch = createBatch(tags.length, now);
    const reasons = tags.map(({ id }) => ({ code: 'VALUE_EXPIRED', params: {}, text: this.#reasons.get(id)! }));
    for (const [i, { id }] of tags.entries()) batch.ids[i] = id;
    batch.quality.fill(Quality.bad);
    batch.num.fill(Number.NaN);
    const { device, group } = tags[0]!;
    return { device, group, tags, batch: { ...batch, reasons } };
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #view(tag: Tag): LastValue {
    const { id } = tag;
    const kind = this.#kind[id]!;
    const code = this.#quality[id]!;
    const valueTime = this.#valueTime[id]!;
    return {
      tag,
      value:
        kind === Kind.none
          ? undefined
          : kind === Kind.number
            ? this.#num[id]!
            : kind === Kind.boolean
              ? this.#num[id] !== 0
              : this.#other.get(id),
      valueTime: Number.isNaN(valueTime) ? undefined : (valueTime as Micros),
      quality: qualityWord(code),
      qualityCode: code,
      since: this.#since[id]! as Micros,
      reason: code === Quality.good ? undefined : this.#reasons.get(id),
      expired: this.#isExpired[id] === 1,
    };
  }
}

/** What no device holds never gets old. */
const expireMsOf = ({ source, expireMs = Infinity }: Tag): number => (source?.kind === 'static' ? Infinity : expireMs);

/** As `valueAt` would give it. */
const kindOf = (tag: Tag): number => ((tag.type === 'bool' || tag.type === 'bit') && !isScaled(tag) ? Kind.boolean : Kind.number);

const sentence = (quality: number): string => {
  const reason = qualityReason(quality);
  return `${reason[0]!.toUpperCase()}${reason.slice(1)}.`;
};
const waiting = sentence(Quality.badWaitingForInitialData);
