import { carriesValue, timeAt, valueAt, type Micros, type Tag, type TagId, type TagValue, type ValueBatch } from '@omh/core';

/** A value that was held back and goes on after all, with its own time. */
export interface HeldPoint {
  readonly tag: Tag;
  readonly value: number;
  readonly time: Micros;
  readonly quality: number;
}
/** What of a cycle goes on. */
export interface Selection {
  readonly rows: readonly number[];
  /** Goes on before them; undefined where nothing does. */
  readonly before: readonly HeldPoint[] | undefined;
}

/**
 * Report on change: a value goes on when it leaves its deadband, when its quality changes, and after its heartbeat at the latest. Tags that
 * report every cycle always go on.
 */
export class ReportFilter {
  readonly #tags: readonly Tag[];
  readonly #states: readonly (TagReport | undefined)[];
  readonly #isExpired: (id: TagId) => boolean;

  private constructor(tags: readonly Tag[], isExpired: (id: TagId) => boolean) {
    this.#tags = tags;
    this.#isExpired = isExpired;
    this.#states = tags.map((tag) => (tag.report === undefined ? undefined : new TagReport(tag)));
  }
  /** undefined where every tag reports every cycle. `isExpired`: the tag was told as too old meanwhile. */
  static of(tags: readonly Tag[], isExpired: (id: TagId) => boolean = () => false): ReportFilter | undefined {
    return tags.some((tag) => tag.report !== undefined) ? new ReportFilter(tags, isExpired) : undefined;
  }

  /** `nowMs` is monotonic. undefined when the whole cycle goes on and nothing before it. */
  select(batch: ValueBatch, nowMs: number): Selection | undefined {
    const rows: number[] = [];
    let before: HeldPoint[] | undefined;
    for (let i = 0; i < this.#tags.length; i++) {
      const state = this.#states[i];
      if (state === undefined) rows.push(i);
      else {
        const verdict = state.verdict(batch, i, nowMs, this.#isExpired(this.#tags[i]!.id));
        if (verdict.before !== undefined) (before ??= []).push(verdict.before);
        if (verdict.report) rows.push(i);
      }
    }
    return rows.length === this.#tags.length && before === undefined ? undefined : { rows, before };
  }

  /** Everything that is still held back; what comes later begins anew. */
  flush(): readonly HeldPoint[] {
    return this.#states.flatMap((state) => state?.release() ?? []);
  }
}

interface Verdict {
  readonly report: boolean;
  readonly before: HeldPoint | undefined;
}
const hold: Verdict = { report: false, before: undefined };
const report: Verdict = { report: true, before: undefined };

/** What was reported last of one tag. */
class TagReport {
  readonly #tag: Tag;
  readonly #kind: 'equal' | 'absolute' | 'percent' | 'door';
  readonly #width: number;
  readonly #heartbeatMs: number;
  #quality = -1;
  #value: TagValue | undefined;
  /** Of the value; of the report, monotonic. */
  #time = 0;
  #reportedMs = 0;
  /** Swinging door: the newest point that was held back, and the slopes between which all points since the reported one lie. */
  #isHeld = false;
  #heldValue = 0;
  #heldTime = 0;
  #upper = Infinity;
  #lower = -Infinity;

  constructor(tag: Tag) {
    this.#tag = tag;
    const { deadband, heartbeatMs } = tag.report!;
    this.#kind = deadband === undefined || deadband.width === 0 ? 'equal' : deadband.kind;
    this.#width = deadband?.width ?? 0;
    this.#heartbeatMs = heartbeatMs ?? Infinity;
  }

  verdict(batch: ValueBatch, i: number, nowMs: number, isExpired: boolean): Verdict {
    const quality = batch.quality[i]!;
    const time = timeAt(batch, i);
    const value = carriesValue(quality) ? valueAt(batch, i, this.#tag) : undefined;
    if (quality !== this.#quality || isExpired || nowMs - this.#reportedMs >= this.#heartbeatMs)
      return this.#reported(quality, value, time, nowMs);
    if (value === undefined) return hold;
    if (this.#kind === 'door' && typeof value === 'number') return this.#door(quality, value, time, nowMs);
    return this.#moved(value) ? this.#reported(quality, value, time, nowMs) : hold;
  }

  #moved(value: TagValue): boolean {
    const last = this.#value;
    if ((typeof value !== 'number' && typeof value !== 'bigint') || (typeof last !== 'number' && typeof last !== 'bigint'))
      return !same(value, last);
    if (this.#kind === 'equal') return value !== last;
    const distance = Math.abs(Number(value) - Number(last));
    return distance > (this.#kind === 'percent' ? (Math.abs(Number(last)) * this.#width) / 100 : this.#width);
  }

  /**
   * Swinging door (Bristol 1990): as long as one straight line from the last reported point passes every point since within the width,
   * nothing goes on. When none does any more, the last point that still fitted goes on with its own time, and the next line starts there.
   */
  #door(quality: number, value: number, time: Micros, nowMs: number): Verdict {
    const latest = this.#isHeld ? this.#heldTime : this.#time;
    if (time <= latest) {
      // The device says the same again, or its clock went back: a line has no place for a second point at one time.
      const isSame = time === latest && value === (this.#isHeld ? this.#heldValue : this.#value);
      return isSame ? hold : this.#reported(quality, value, time, nowMs);
    }
    this.#narrow(value, time);
    if (this.#upper >= this.#lower) {
      this.#hold(value, time);
      return hold;
    }
    if (!this.#isHeld) return this.#reported(quality, value, time, nowMs);
    const before = this.#held();
    this.#value = before.value;
    this.#time = before.time;
    this.#reportedMs = nowMs;
    this.#upper = Infinity;
    this.#lower = -Infinity;
    this.#narrow(value, time);
    this.#hold(value, time);
    return { report: false, before };
  }
  #narrow(value: number, time: number): void {
    const last = this.#value as number;
    const seconds = (time - this.#time) / 1e6;
    this.#upper = Math.min(this.#upper, (value + this.#width - last) / seconds);
    this.#lower = Math.max(this.#lower, (value - this.#width - last) / seconds);
  }
  #hold(value: number, time: number): void {
    this.#isHeld = true;
    this.#heldValue = value;
    this.#heldTime = time;
  }
  #held(): HeldPoint {
    return { tag: this.#tag, value: this.#heldValue, time: this.#heldTime as Micros, quality: this.#quality };
  }

  /** What is held back, once; the next value is reported. */
  release(): HeldPoint | undefined {
    const held = this.#isHeld ? this.#held() : undefined;
    this.#isHeld = false;
    this.#quality = -1;
    return held;
  }

  /** It goes on, and before it what was held back. */
  #reported(quality: number, value: TagValue | undefined, time: number, nowMs: number): Verdict {
    const isSamePoint = this.#isHeld && time === this.#heldTime && value === this.#heldValue;
    const before = this.#isHeld && !isSamePoint ? this.#held() : undefined;
    this.#quality = quality;
    this.#value = value;
    this.#time = time;
    this.#reportedMs = nowMs;
    this.#isHeld = false;
    this.#upper = Infinity;
    this.#lower = -Infinity;
    return before === undefined ? report : { report: true, before };
  }
}

function same(a: TagValue | undefined, b: TagValue | undefined): boolean {
  if (a === b) return true;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.length === b.length && a.every((byte, i) => byte === b[i]);
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v: TagValue, i) => same(v, b[i] as TagValue));
}
