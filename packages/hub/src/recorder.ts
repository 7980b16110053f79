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
  readonly #quality = new Map<number, number>();
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
    this.#historian.append(batch).then(
      () => {
        this.#complained = false;
      },
      (thrown: unknown) => {
        this.#dropped += batch.ids.length;
        // A change of quality that was not stored is still to be told.
        for (const id of batch.ids) this.#quality.delete(id);
        if (!this.#complained) this.#log.error('history takes no samples', { err: thrown });
        this.#complained = true;
      },
    );
  }

  #changed(batch: ValueBatch): ValueBatch {
    const n = batch.ids.length;
    const keep: number[] = [];
    for (let i = 0; i < n; i++) {
      const id = batch.ids[i]!;
      const q = batch.quality[i]!;
      if (carriesValue(q) || this.#quality.get(id) !== q) keep.push(i);
      this.#quality.set(id, q);
    }
    if (keep.length === n) return batch;
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
