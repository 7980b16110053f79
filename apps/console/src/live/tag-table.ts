import type { QualityWord, TagFrame, TagKey } from '../api/types.ts';

export const sparkSlots = 120;
export const sparkSlotMs = 5_000;
const words: readonly QualityWord[] = ['good', 'uncertain', 'bad'];
const codeOf: Record<QualityWord, number> = { good: 0, uncertain: 1, bad: 2 };
/** Marks a slot in which the value was bad: the trend breaks there. NaN means that nothing changed. */
const broken = Infinity;

export interface TagNow {
  readonly key: TagKey;
  /** Last usable value. */
  readonly value: unknown;
  /** Its own time, ms; NaN when there is none. */
  readonly time: number;
  readonly quality: QualityWord;
  /** Since when this quality holds, ms. */
  readonly since: number;
  readonly reason: string | null;
}

/**
 * Last values of all tags of the hub in columns. Frames write into the columns at once; readers are told at the next animation
 * frame, each only about its own tag.
 */
export class TagTable {
  keys: readonly TagKey[] = [];
  /** Grows when the set of tags changed. */
  generation = 0;
  /** good, uncertain, bad. */
  readonly counts: [number, number, number] = [0, 0, 0];
  /** Hub clock minus browser clock, ms. */
  clockOffset = 0;
  /** Age of the newest good value when its frame arrived, ms; NaN before the first. */
  lagMs = NaN;
  #newest = NaN;
  #row = new Map<number, number>();
  #byName = new Map<string, number>();
  #value: unknown[] = [];
  #time = new Float64Array(0);
  #quality = new Uint8Array(0);
  #since = new Float64Array(0);
  #reason: (string | null)[] = [];
  #version = new Uint32Array(0);
  #spark = new Float32Array(0);
  #sparkAt = new Float64Array(0);
  readonly #listeners = new Map<number, Set<() => void>>();
  readonly #anyListeners = new Set<() => void>();
  readonly #dirty = new Set<number>();
  #scheduled = false;
  #flushes = 0;

  row(name: string): number | undefined {
    return this.#byName.get(name);
  }
  version(row: number): number {
    return this.#version[row] ?? 0;
  }
  /** Grows with every flush; for readers of all tags. */
  readonly flushes = (): number => this.#flushes;

  now(row: number): TagNow | undefined {
    const key = this.keys[row];
    if (key === undefined) return undefined;
    return {
      key,
      value: this.#value[row],
      time: this.#time[row] ?? NaN,
      quality: words[this.#quality[row] ?? 2] ?? 'bad',
      since: this.#since[row] ?? NaN,
      reason: this.#reason[row] ?? null,
    };
  }
  /** Age of the newest good value, ms, at the hub's time `now`; NaN before the first. */
  newestAge(now: number): number {
    return now - this.#newest;
  }
  quality(row: number): QualityWord {
    return words[this.#quality[row] ?? 2] ?? 'bad';
  }

  onRow(row: number, listener: () => void): () => void {
    let set = this.#listeners.get(row);
    if (set === undefined) this.#listeners.set(row, (set = new Set()));
    set.add(listener);
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#listeners.get(row) === set) this.#listeners.delete(row);
    };
  }
  readonly onAny = (listener: () => void): (() => void) => {
    this.#anyListeners.add(listener);
    return () => this.#anyListeners.delete(listener);
  };

  setKeys(keys: readonly TagKey[]): void {
    const names = keys.map((key) => `${key.device}/${key.group}/${key.tag}`);
    const same = keys.length === this.keys.length && names.every((name, i) => this.#byName.get(name) === i);
    this.keys = keys;
    this.#row = new Map(keys.map((key, i) => [key.k, i]));
    if (!same) {
      const n = keys.length;
      this.#byName = new Map(names.map((name, i) => [name, i]));
      this.#value = Array.from({ length: n }, () => null);
      this.#time = new Float64Array(n).fill(NaN);
      this.#quality = new Uint8Array(n).fill(2);
      this.#since = new Float64Array(n).fill(NaN);
      this.#reason = Array.from({ length: n }, () => null);
      this.#version = new Uint32Array(n);
      this.#spark = new Float32Array(n * sparkSlots).fill(NaN);
      this.#sparkAt = new Float64Array(n).fill(-1);
      this.counts[0] = this.counts[1] = 0;
      this.counts[2] = n;
    }
    this.generation++;
    this.#schedule();
  }

  apply(frame: TagFrame): void {
    const arrived = Date.now();
    this.clockOffset = frame.now - arrived;
    let newest = -Infinity;
    for (let i = 0; i < frame.k.length; i++) {
      const row = this.#row.get(frame.k[i]!);
      if (row === undefined) continue;
      const q = codeOf[frame.q[i]!] ?? 2;
      const t = frame.t[i] ?? NaN;
      this.counts[this.#quality[row] as 0 | 1 | 2]--;
      this.counts[q as 0 | 1 | 2]++;
      this.#value[row] = frame.v[i];
      this.#time[row] = t;
      this.#quality[row] = q;
      this.#since[row] = frame.s[i] ?? NaN;
      this.#reason[row] = frame.r[i] ?? null;
      this.#version[row] = (this.#version[row]! + 1) >>> 0;
      if (q === 0 && t > newest) newest = t;
      this.#trend(row, q === 2 ? frame.now : t, q === 2 ? broken : toNumber(frame.v[i]));
      this.#dirty.add(row);
    }
    if (newest > -Infinity) {
      this.lagMs = Math.max(0, frame.now - newest);
      this.#newest = newest;
    }
    this.#schedule();
  }

  /** Older history for the trend of one tag; slots that live values already filled are kept. */
  seedTrend(row: number, time: readonly number[], value: readonly unknown[], gaps: readonly { from: number; to: number }[]): void {
    const last = this.#sparkAt[row];
    if (last === undefined || last < 0) return;
    const put = (at: number, v: number): void => {
      const slot = Math.floor(at / sparkSlotMs);
      if (slot > last || slot <= last - sparkSlots) return;
      const index = row * sparkSlots + (slot % sparkSlots);
      if (Number.isNaN(this.#spark[index])) this.#spark[index] = v;
    };
    for (const gap of gaps)
      for (let at = Math.max(gap.from, (last - sparkSlots) * sparkSlotMs); at < gap.to; at += sparkSlotMs) put(at, broken);
    for (let i = 0; i < time.length; i++) put(time[i]!, toNumber(value[i]));
    this.#version[row] = (this.#version[row]! + 1) >>> 0;
    this.#dirty.add(row);
    this.#schedule();
  }

  /** Writes the trend up to `now` (hub ms) into `out`, oldest first: a number, NaN for unknown, Infinity where it was bad. */
  trend(row: number, now: number, out: Float64Array): void {
    const end = Math.floor(now / sparkSlotMs);
    const last = this.#sparkAt[row] ?? -1;
    let held = NaN;
    for (let i = 0; i < sparkSlots; i++) {
      const slot = end - sparkSlots + 1 + i;
      const v = slot <= last && slot > last - sparkSlots ? this.#spark[row * sparkSlots + (slot % sparkSlots)]! : NaN;
      if (!Number.isNaN(v)) held = v;
      out[i] = held;
    }
  }

  #trend(row: number, at: number, v: number): void {
    if (!Number.isFinite(at) || Number.isNaN(v)) return;
    const slot = Math.floor(at / sparkSlotMs);
    const last = this.#sparkAt[row]!;
    if (slot < last) return;
    if (last >= 0)
      for (let s = Math.max(last + 1, slot - sparkSlots + 1); s < slot; s++) this.#spark[row * sparkSlots + (s % sparkSlots)] = NaN;
    this.#spark[row * sparkSlots + (slot % sparkSlots)] = v;
    this.#sparkAt[row] = slot;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A hidden tab draws no frames; the columns still hold the newest values when it comes back.
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#flushes++;
      for (const row of this.#dirty) {
        const set = this.#listeners.get(row);
        if (set !== undefined) for (const listener of set) listener();
      }
      this.#dirty.clear();
      for (const listener of this.#anyListeners) listener();
    });
  }
}

export const toNumber = (v: unknown): number =>
  typeof v === 'number' ? v : typeof v === 'boolean' ? (v ? 1 : 0) : typeof v === 'string' && v !== '' ? Number(v) : NaN;
