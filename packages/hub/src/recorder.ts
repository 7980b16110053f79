import { carriesValue, type GroupCycle, type Historian, type Logger, type ValueBatch } from '@omh/core';

/**
 * Every cycle goes to history. A tag without a value is stored when its quality changes, not again each cycle: a device that is
 * down for a week costs one row per tag.
 */
export class Recorder {
  readonly #historian: Historian;
  readonly #log: Logger;
  readonly #quality = new Map<number, number>();
  #dropped = 0;
  #complained = false;

  constructor(historian: Historian, log: Logger) {
    this.#historian = historian;
    this.#log = log;
  }
  get dropped(): number {
    return this.#dropped;
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
