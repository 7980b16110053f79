import {
  carriesValue,
  isScaled,
  RetrySchedule,
  type Clock,
  type GroupCycle,
  type Historian,
  type HistoryTag,
  type Logger,
  type Tag,
  type ValueBatch,
} from '@omh/core';

/**
 * Every cycle goes to history. A tag without a value is stored when its quality changes, not again each cycle: a device that is
 * down for a week costs one row per tag.
 */
export class Recorder {
  readonly #historian: Historian;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** By tag id, which is dense: quality + 1 of what was stored last, 0 where nothing was. */
  #quality = new Uint32Array(1024);
  /** Told of each cycle that goes to history, and when it is there, while somebody looks. */
  watch: ((cycle: GroupCycle, stored: Promise<void>) => void) | undefined;
  #teaching = new AbortController();
  #dropped = 0;
  #complained = false;

  constructor(historian: Historian, clock: Clock, log: Logger) {
    this.#historian = historian;
    this.#clock = clock;
    this.#log = log;
  }
  get dropped(): number {
    return this.#dropped;
  }

  /** Makes the tags known to the historian before their first sample, again and again until it took them. */
  async takeTags(tags: readonly Tag[]): Promise<void> {
    const { signal } = this.#teaching;
    const retry = new RetrySchedule({ firstMs: 500, maxMs: 30_000 });
    const known = tags.map(historyTag);
    while (!signal.aborted) {
      try {
        await this.#historian.ensureTags(known);
        return;
      } catch (thrown) {
        if (signal.aborted) return;
        this.#log.error('the historian did not take the tags and is asked again', { err: thrown });
      }
      await this.#clock.sleep(retry.next(), signal).catch(() => {});
    }
  }
  stop(): void {
    this.#teaching.abort();
  }

  record(cycle: GroupCycle): void {
    const batch = this.#changed(cycle.batch);
    if (batch.ids.length === 0) return;
    const stored = this.#historian.append(batch);
    if (this.watch !== undefined) this.watch(cycle, stored);
    stored.then(
      () => {
        this.#complained = false;
      },
      (thrown: unknown) => {
        this.#dropped += batch.ids.length;
        // A change of quality that was not stored is still to be told.
        for (const id of batch.ids) this.#quality[id] = 0;
        if (!this.#complained) this.#log.error('history takes no samples', { err: thrown });
        this.#complained = true;
      },
    );
  }

  #changed(batch: ValueBatch): ValueBatch {
    const { ids, quality } = batch;
    /** Rows that are stored; undefined as long as all are. */
    let keep: number[] | undefined;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id >= this.#quality.length) this.#grow(id);
      const q = quality[i]!;
      if (carriesValue(q) || this.#quality[id] !== q + 1) keep?.push(i);
      else keep ??= Array.from({ length: i }, (_, row) => row);
      this.#quality[id] = q + 1;
    }
    if (keep === undefined) return batch;
    return {
      ids: Uint32Array.from(keep, (i) => batch.ids[i]!),
      quality: Uint16Array.from(keep, (i) => batch.quality[i]!),
      num: Float64Array.from(keep, (i) => batch.num[i]!),
      i64: batch.i64 && BigInt64Array.from(keep, (i) => batch.i64![i]!),
      any: batch.any && keep.map((i) => batch.any![i]),
      sourceTime: batch.sourceTime && Float64Array.from(keep, (i) => batch.sourceTime![i]!),
      receiveTime: batch.receiveTime,
      reasons: batch.reasons && keep.map((i) => batch.reasons![i]),
    };
  }

  #grow(id: number): void {
    const grown = new Uint32Array(Math.max(id + 1, this.#quality.length * 2));
    grown.set(this.#quality);
    this.#quality = grown;
  }
}

const historyTag = (tag: Tag): HistoryTag => ({
  id: tag.id,
  path: tag.path,
  device: tag.device,
  group: tag.group,
  name: tag.name,
  type: tag.type,
  scaled: isScaled(tag),
  ...(tag.unit === undefined ? {} : { unit: tag.unit }),
});
