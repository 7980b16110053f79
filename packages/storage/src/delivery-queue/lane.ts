import type { Micros } from '@omh/core';
import type { LogRecord, Position } from '../append-log/segment-format.ts';
import { bufferOf, QueuedEntry } from './entry-format.ts';
import type { KeptLog } from './kept-log.ts';
import type { FullOptions } from './queue-options.ts';

export interface TakeRequest {
  readonly options: FullOptions;
  readonly nowMs: number;
  /** Entries older than this are expired. */
  readonly cutoff: Micros | number;
  /** How many entries below `fence` may go now. */
  readonly allowance: number;
  readonly fence: Position;
  readonly expire: (entry: QueuedEntry) => void;
}
export interface Taken {
  /** Empty when nothing can go now. */
  readonly batch: QueuedEntry[];
  /** How many of them stand below the fence. */
  readonly late: number;
  /** When to ask again, monotonic; Infinity when only something new changes the answer. */
  readonly wakeMs: number;
  /** Entries could go, were the allowance larger. */
  readonly starved: boolean;
}

const smallestLookahead = 1000;
const lookaheadBytes = 8 * 2 ** 20;

/** The entries of a stretch of the log that wait to be sent, a bounded number of them in memory. */
export class Lane {
  readonly start: Position;
  /** Entries from here on belong to another lane. */
  end: Position = Number.POSITIVE_INFINITY;
  readonly #queue: string;
  readonly #kept: KeptLog;
  /** What is on its way already is not fetched again. */
  readonly #flying: ReadonlySet<Position>;
  readonly #onLost: (count: number) => void;
  #fetched: Position;
  #ready: QueuedEntry[] = [];
  #bytes = 0;
  #iterator: AsyncIterator<LogRecord> | undefined;
  #iteratorEnd = 0;
  #fetching: Promise<void> | undefined;
  #closed = false;
  /** Keys of this lane that are on their way, with how many. */
  readonly #busy = new Map<string, number>();

  constructor(queue: string, kept: KeptLog, flying: ReadonlySet<Position>, start: Position, onLost: (count: number) => void) {
    this.#queue = queue;
    this.#kept = kept;
    this.#flying = flying;
    this.#onLost = onLost;
    this.start = this.#fetched = start;
  }

  /** Up to here the entries are in memory, on their way or gone. */
  get fetched(): Position {
    return this.#fetched;
  }
  get fetching(): boolean {
    return this.#fetching !== undefined;
  }
  /** All that belongs to it has been fetched. */
  get caughtUp(): boolean {
    return this.#fetched >= Math.min(this.end, this.#kept.next);
  }
  get first(): QueuedEntry | undefined {
    return this.#ready.find((entry) => !this.#kept.isSettled(entry.position));
  }

  /** Takes an entry that was appended this moment, when it is the next to fetch and there is room; else it is fetched later. */
  push(position: Position, encoded: Uint8Array, nowMs: number, lookahead: number): void {
    if (this.#fetching !== undefined || this.#fetched !== position || this.#isFull(lookahead)) return;
    const entry = new QueuedEntry(this.#queue, position, bufferOf(encoded), nowMs);
    this.#fetched = position + 1;
    this.#ready.push(entry);
    this.#bytes += entry.bytes;
  }

  /** Reads on as far as there is room; undefined when there is nothing to do. Rejects with STORAGE_LOG_READ. */
  fetch(lookahead: number): Promise<void> | undefined {
    if (this.#closed || this.caughtUp || this.#isFull(lookahead)) return undefined;
    this.#fetching ??= this.#fetch(lookahead).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** A batch of what may go now; it is this lane's no more until `putBack` or `release`. */
  take(request: TakeRequest): Taken {
    const { options, nowMs, cutoff, fence } = request;
    const batch: QueuedEntry[] = [];
    const kept: QueuedEntry[] = [];
    const blocked = options.order === 'key' ? new Set<string>() : undefined;
    let bytes = 0;
    let late = 0;
    let wakeMs = Number.POSITIVE_INFINITY;
    let starved = false;
    let full = false;
    let at = 0;
    for (; at < this.#ready.length && !full; at++) {
      const entry = this.#ready[at]!;
      if (this.#kept.isSettled(entry.position)) continue;
      if (entry.time < cutoff) {
        request.expire(entry);
        continue;
      }
      const held = blocked !== undefined && entry.key !== '' && (blocked.has(entry.key) || this.#busy.has(entry.key));
      if (held || entry.notBeforeMs > nowMs) {
        if (!held) wakeMs = Math.min(wakeMs, entry.notBeforeMs);
        if (options.order === 'total') break;
        if (entry.key !== '') blocked?.add(entry.key);
        kept.push(entry);
        continue;
      }
      if (entry.position < fence && late >= request.allowance) {
        starved = true;
        break;
      }
      if (batch.length > 0 && bytes + entry.bytes > options.batchBytes) {
        full = true;
        break;
      }
      batch.push(entry);
      bytes += entry.bytes;
      if (entry.position < fence) late++;
      full = batch.length === options.batchCount || bytes >= options.batchBytes;
    }
    const first = batch[0];
    const lingerUntil = first === undefined || first.arrivedMs === undefined || first.attempts > 0 ? 0 : first.arrivedMs + options.lingerMs;
    if (first !== undefined && !full && !starved && this.caughtUp && lingerUntil > nowMs) {
      return { batch: [], late: 0, wakeMs: Math.min(wakeMs, lingerUntil), starved };
    }
    this.#ready = kept.length === 0 ? this.#ready.slice(at) : kept.concat(this.#ready.slice(at));
    this.#bytes = this.#ready.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const { key } of batch) if (key !== '') this.#busy.set(key, (this.#busy.get(key) ?? 0) + 1);
    return { batch, late, wakeMs, starved };
  }

  /** These wait again, at their places. */
  putBack(entries: readonly QueuedEntry[]): void {
    const mine = entries.filter((entry) => entry.position < this.#fetched && entry.position >= this.start);
    if (mine.length === 0) return;
    this.#ready = mine.concat(this.#ready).sort((a, b) => a.position - b.position);
    for (const entry of mine) this.#bytes += entry.bytes;
  }
  /** These are not on their way any more. */
  release(entries: readonly QueuedEntry[]): void {
    for (const { key } of entries) {
      const count = key === '' ? undefined : this.#busy.get(key);
      if (count === undefined) continue;
      if (count > 1) this.#busy.set(key, count - 1);
      else this.#busy.delete(key);
    }
  }
  /** Nothing waits for its time. */
  hurry(): void {
    for (const entry of this.#ready) entry.notBeforeMs = 0;
  }

  close(): void {
    this.#closed = true;
    this.#ready = [];
    if (this.#fetching === undefined) this.#drop();
    else void this.#fetching.catch(() => {}).then(() => this.#drop());
  }

  #isFull(lookahead: number): boolean {
    return this.#ready.length >= Math.max(smallestLookahead, lookahead) || this.#bytes >= lookaheadBytes;
  }
  #drop(): void {
    void this.#iterator?.return?.().catch(() => {});
    this.#iterator = undefined;
  }

  async #fetch(lookahead: number): Promise<void> {
    while (!this.#closed && !this.#isFull(lookahead)) {
      if (this.#iterator === undefined) {
        if (this.caughtUp) return;
        this.#iteratorEnd = this.#kept.next;
        this.#iterator = this.#kept.read(this.#fetched)[Symbol.asyncIterator]();
      }
      let step: IteratorResult<LogRecord>;
      try {
        step = await this.#iterator.next();
      } catch (cause) {
        this.#iterator = undefined;
        throw cause;
      }
      const position = step.done === true ? this.#iteratorEnd : step.value.position;
      const end = Math.min(position, this.end);
      if (end > this.#fetched) this.#skip(end);
      if (step.done === true || position >= this.end) {
        this.#drop();
        continue;
      }
      if (position < this.#fetched) continue;
      this.#fetched = position + 1;
      if (this.#kept.isSettled(position) || this.#flying.has(position)) continue;
      const entry = new QueuedEntry(this.#queue, position, bufferOf(step.value.record));
      this.#ready.push(entry);
      this.#bytes += entry.bytes;
    }
  }
  /** What the log leaves out was damaged, or trimmed because it is settled. */
  #skip(to: Position): void {
    const lost = this.#kept.settle(this.#fetched, to, this.#flying);
    this.#fetched = to;
    if (lost > 0) this.#onLost(lost);
  }
}
