import { BoundedQueue, carriesValue, OmhError } from '@omh/core';
import type { Cancel, Clock, HistoryTag, InsertOutcome, Micros, SqlValue, TagValue, ValueBatch } from '@omh/core';
import { errorFrom, errors } from './errors.ts';
import type { SampleColumns, StepOutcome, WriteFrame, WriteStep } from './protocol.ts';

const mostSamples = 524_288;
const mostRows = 50_000;
const mostBytes = 64 * 1024 * 1024;
const mostEntries = 100_000;
/** Group commit: what came within this time, or so many, is one transaction. Somebody waits for a row, nobody for a sample. */
const gatherSamplesMs = 500;
const gatherSamples = 65_536;
const gatherRowsMs = 5;
const gatherRows = 10_000;
const framesInFlight = 2;
/** A frame that ends the store's process this often is given up: one bad row must not stop the others for ever. */
const mostAttempts = 5;

type Entry = { readonly samples: number; readonly rows: number; readonly bytes: number; settle(outcome: StepOutcome | OmhError): void } & (
  | { readonly batch: ValueBatch }
  | { readonly batch?: never; readonly step: WriteStep }
);
/** An entry's place in its frame: which step, and for rows which is the first of its own. */
interface Placed {
  readonly entry: Entry;
  readonly step: number;
  readonly firstRow: number;
}
interface Flying {
  readonly frame: WriteFrame;
  readonly placed: readonly Placed[];
  attempts: number;
}
interface GrowingInsert {
  readonly kind: 'insert';
  readonly statement: string;
  readonly rows: (readonly SqlValue[])[];
  readonly at: Micros[];
}

/** What waits for its commit: bounded, in order, sent in numbered frames and sent again after the store's process ended. */
export class WriteQueue {
  /** Counters since creation. */
  samples = 0;
  rows = 0;
  refused = 0;
  lost = 0;
  /** Monotonic time at which the queue last was full. */
  refusedAtMs = -Infinity;
  readonly #clock: Clock;
  readonly #send: (frame: WriteFrame) => void;
  readonly #isWide: (tag: number) => boolean;
  readonly #pending = new BoundedQueue<Entry>(mostEntries);
  #flying: Flying[] = [];
  #queuedSamples = 0;
  #queuedRows = 0;
  #queuedBytes = 0;
  #pendingRows = 0;
  #pendingSamples = 0;
  #nextFrame = 1;
  #online = false;
  #timer: Cancel | undefined;
  #timerAtMs = 0;
  #due = false;
  #handed = 0;
  #settled = 0;
  #flushers: { readonly until: number; readonly resolve: () => void }[] = [];

  /** `isWide` tells which tags keep their values in `i64`. */
  constructor(clock: Clock, send: (frame: WriteFrame) => void, isWide: (tag: number) => boolean) {
    this.#clock = clock;
    this.#send = send;
    this.#isWide = isWide;
  }
  get queued(): number {
    return this.#queuedSamples + this.#queuedRows;
  }

  append(batch: ValueBatch): Promise<void> {
    const samples = batch.ids.length;
    let bytes = 0;
    if (batch.any) for (const value of batch.any) bytes += typeof value === 'string' ? value.length * 2 : value === undefined ? 0 : 64;
    return this.#hand<void>(
      samples,
      0,
      bytes,
      (entry) => ({ ...entry, batch }),
      () => undefined,
    );
  }
  insert(statement: string, rows: readonly (readonly SqlValue[])[]): Promise<InsertOutcome> {
    const now = this.#clock.now();
    const step: WriteStep = { kind: 'insert', statement, rows, at: rows.map(() => now) };
    return this.#hand(
      0,
      rows.length,
      bytesOf(rows),
      (entry) => ({ ...entry, step }),
      (outcome) => (outcome.kind === 'inserted' ? outcome.outcome : { inserted: 0, refused: [] }),
    );
  }
  tags(tags: readonly HistoryTag[]): Promise<void> {
    return this.#step({ kind: 'tags', tags });
  }
  ddl(statement: string): Promise<void> {
    return this.#step({ kind: 'ddl', statement });
  }

  flush(): Promise<void> {
    if (this.#settled === this.#handed) return Promise.resolve();
    this.#due = true;
    this.#pump();
    return new Promise((resolve) => {
      this.#flushers.push({ until: this.#handed, resolve });
    });
  }

  /** The store is there: what was sent before and not answered goes first, with its old numbers. */
  online(): void {
    this.#online = true;
    for (const flying of this.#flying) this.#send(flying.frame);
    this.#pump();
  }
  /** The store is away; what is handed in waits. `crashed`: it ended without saying why. */
  offline(crashed: boolean): void {
    this.#online = false;
    const first = this.#flying[0];
    if (crashed && first && ++first.attempts >= mostAttempts) {
      this.#flying.shift();
      for (const { entry } of first.placed) this.#settle(entry, errors.HISTORIAN_RESTARTING());
    }
  }
  /** Nothing more will be stored: everything waiting is told so. */
  abandon(error: OmhError): void {
    this.#online = false;
    const waiting = this.#flying.flatMap((f) => f.placed.map((p) => p.entry));
    this.#flying = [];
    for (let entry = this.#pending.shift(); entry; entry = this.#pending.shift()) waiting.push(entry);
    this.#pendingRows = 0;
    this.#pendingSamples = 0;
    this.#disarm();
    for (const entry of waiting) this.#settle(entry, error);
  }

  written(id: number, outcomes: readonly StepOutcome[]): void {
    const at = this.#flying.findIndex((f) => f.frame.id === id);
    if (at === -1) return;
    const { placed } = this.#flying.splice(at, 1)[0]!;
    // refusals are in order of their rows, and so are the callers of one step
    const seen = new Map<number, number>();
    for (const { entry, step, firstRow } of placed) {
      const outcome = outcomes[step];
      if (outcome === undefined) this.#settle(entry, errors.HISTORIAN_RESTARTING());
      else if (outcome.kind === 'failed') this.#settle(entry, errorFrom(outcome.reason));
      else if (outcome.kind !== 'inserted') this.#settle(entry, outcome);
      else {
        const all = outcome.outcome.refused;
        const from = seen.get(step) ?? 0;
        let to = from;
        while (to < all.length && all[to]!.row < firstRow + entry.rows) to++;
        seen.set(step, to);
        const refused = all.slice(from, to).map((r) => ({ row: r.row - firstRow, reason: r.reason }));
        this.#settle(entry, { kind: 'inserted', outcome: { inserted: entry.rows - refused.length, refused } });
      }
    }
    const ofSamples = outcomes.at(-1);
    if (ofSamples?.kind === 'stored') {
      this.samples -= ofSamples.expired;
      this.refused += ofSamples.expired;
    }
    this.#pump();
  }

  #step(step: WriteStep): Promise<void> {
    return this.#hand<void>(
      0,
      0,
      0,
      (entry) => ({ ...entry, step }),
      () => undefined,
      true,
    );
  }

  #hand<T>(
    samples: number,
    rows: number,
    bytes: number,
    make: (entry: Pick<Entry, 'samples' | 'rows' | 'bytes' | 'settle'>) => Entry,
    value: (outcome: StepOutcome) => T,
    urgent = false,
  ): Promise<T> {
    const full =
      this.#queuedSamples + samples > mostSamples ||
      this.#queuedRows + rows > mostRows ||
      this.#queuedBytes + bytes > mostBytes ||
      this.#pending.size >= mostEntries;
    if (full) {
      this.lost += samples + rows;
      this.refusedAtMs = this.#clock.monotonicMs();
      return Promise.reject(errors.HISTORIAN_OVERLOADED({ queued: this.queued }));
    }
    return new Promise<T>((resolve, reject) => {
      const settle = (outcome: StepOutcome | OmhError): void => {
        if (outcome instanceof OmhError) reject(outcome);
        else resolve(value(outcome));
      };
      this.#pending.push(make({ samples, rows, bytes, settle }));
      this.#handed++;
      this.#queuedSamples += samples;
      this.#queuedRows += rows;
      this.#queuedBytes += bytes;
      this.#pendingRows += rows;
      this.#pendingSamples += samples;
      if (urgent) this.#due = true;
      else if (rows > 0) this.#arm(gatherRowsMs);
      this.#pump();
    });
  }

  #pump(): void {
    while (
      this.#online &&
      this.#pending.size > 0 &&
      this.#flying.length < framesInFlight &&
      (this.#due || this.#pendingRows >= gatherRows || this.#pendingSamples >= gatherSamples)
    ) {
      this.#fly();
    }
    if (this.#pending.size === 0) this.#disarm();
    else if (!this.#due && !this.#timer) this.#arm(gatherSamplesMs);
  }
  /** Everything that waits goes at the latest in `ms`; an earlier time stands. */
  #arm(ms: number): void {
    const atMs = this.#clock.monotonicMs() + ms;
    if (this.#timer && this.#timerAtMs <= atMs) return;
    this.#timer?.();
    this.#timerAtMs = atMs;
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      this.#due = true;
      this.#pump();
    });
  }
  #disarm(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#due = false;
  }

  #fly(): void {
    const placed: Placed[] = [];
    const batches: ValueBatch[] = [];
    const steps: WriteStep[] = [];
    const inserts = new Map<string, { readonly step: number; readonly insert: GrowingInsert }>();
    const taken: Entry[] = [];
    let rows = 0;
    let samples = 0;
    for (let entry = this.#pending.peek(); entry && rows < gatherRows && samples < gatherSamples; entry = this.#pending.peek()) {
      // a tag's new type must not reach samples that were handed in before it
      if (!entry.batch && entry.step.kind === 'tags' && batches.length > 0) break;
      this.#pending.shift();
      rows += entry.rows;
      samples += entry.samples;
      if (entry.batch) {
        batches.push(entry.batch);
        taken.push(entry);
      } else if (entry.step.kind === 'insert') {
        let open = inserts.get(entry.step.statement);
        if (!open) {
          open = { step: steps.length, insert: { kind: 'insert', statement: entry.step.statement, rows: [], at: [] } };
          inserts.set(entry.step.statement, open);
          steps.push(open.insert);
        }
        placed.push({ entry, step: open.step, firstRow: open.insert.rows.length });
        for (const [i, row] of entry.step.rows.entries()) {
          open.insert.rows.push(row);
          open.insert.at.push(entry.step.at[i]!);
        }
      } else {
        placed.push({ entry, step: steps.length, firstRow: 0 });
        steps.push(entry.step);
        // rows that came after a change of tables stay after it
        inserts.clear();
      }
    }
    this.#pendingRows -= rows;
    this.#pendingSamples -= samples;
    for (const entry of taken) placed.push({ entry, step: steps.length, firstRow: 0 });
    if (batches.length > 0) steps.push({ kind: 'samples', columns: merge(batches, this.#isWide) });
    const frame: WriteFrame = { id: this.#nextFrame++, now: this.#clock.now(), steps };
    this.#flying.push({ frame, placed, attempts: 0 });
    this.#send(frame);
  }

  #settle(entry: Entry, outcome: StepOutcome | OmhError): void {
    this.#queuedSamples -= entry.samples;
    this.#queuedRows -= entry.rows;
    this.#queuedBytes -= entry.bytes;
    if (outcome instanceof OmhError) this.lost += entry.samples + entry.rows;
    else if (outcome.kind === 'stored') this.samples += entry.samples;
    else if (outcome.kind === 'inserted') {
      this.rows += outcome.outcome.inserted;
      this.refused += outcome.outcome.refused.length;
    }
    entry.settle(outcome);
    this.#settled++;
    while (this.#flushers.length > 0 && this.#flushers[0]!.until <= this.#settled) this.#flushers.shift()!.resolve();
  }
}

const sane = (time: number): boolean => time > 0 && time < Number.MAX_SAFE_INTEGER;

/** Many batches as one set of columns; a source time that cannot be one gives way to the receive time. */
function merge(batches: readonly ValueBatch[], isWide: (tag: number) => boolean): SampleColumns {
  const n = batches.reduce((sum, b) => sum + b.ids.length, 0);
  const ids = new Uint32Array(n);
  const quality = new Uint16Array(n);
  const num = new Float64Array(n);
  const time = new Float64Array(n);
  const i64 = batches.some((b) => b.i64 !== null) ? new BigInt64Array(n) : null;
  let any: Map<number, string> | null = null;
  let at = 0;
  for (const batch of batches) {
    ids.set(batch.ids, at);
    quality.set(batch.quality, at);
    num.set(batch.num, at);
    time.fill(batch.receiveTime, at, at + batch.ids.length);
    if (batch.sourceTime) {
      for (let i = 0; i < batch.ids.length; i++) if (sane(batch.sourceTime[i]!)) time[at + i] = batch.sourceTime[i]!;
    }
    if (i64 !== null) {
      if (batch.i64) i64.set(batch.i64, at);
      else for (let i = 0; i < batch.ids.length; i++) if (isWide(batch.ids[i]!)) i64[at + i] = BigInt(Math.trunc(batch.num[i]!) || 0);
    }
    if (batch.any) {
      for (let i = 0; i < batch.ids.length; i++) {
        const value = batch.any[i];
        if (value === undefined || !carriesValue(batch.quality[i]!)) continue;
        if (typeof value === 'number' || typeof value === 'boolean') num[at + i] = Number(value);
        else (any ??= new Map()).set(at + i, textOf(value));
      }
    }
    at += batch.ids.length;
  }
  return { ids, quality, num, time, i64, any };
}

function textOf(value: TagValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `\\x${Array.from(value, (b) => b.toString(16).padStart(2, '0')).join('')}`;
  return Array.isArray(value)
    ? JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? String(v) : v instanceof Uint8Array ? textOf(v) : v))
    : String(value);
}

function bytesOf(rows: readonly (readonly SqlValue[])[]): number {
  let bytes = 0;
  for (const row of rows) {
    for (const value of row) bytes += typeof value === 'string' ? value.length * 2 : value instanceof Uint8Array ? value.length : 8;
  }
  return bytes;
}
