import { join } from 'node:path';
import { systemClock } from '@omh/core';
import type { Cancel, Clock } from '@omh/core';
import { AppendLog } from '../append-log/append-log.ts';
import type { AppendLogOptions, LogHealth } from '../append-log/append-log.ts';
import type { LogRecord, Position } from '../append-log/segment-format.ts';
import { errors } from '../errors.ts';
import { ByteMarks } from './byte-marks.ts';
import { entryVersion } from './entry-format.ts';
import { PositionSet } from './position-set.ts';

export interface KeptLogOptions extends Omit<AppendLogOptions, 'segmentBytes' | 'memoryBytes'> {
  /** What is meant to be kept; sizes of files and blocks follow from it. */
  readonly maxBytes: number;
  /** Time of a record in µs, undefined for bytes that are none of ours. */
  readonly timeOf: (record: Uint8Array) => number | undefined;
}

const megabyte = 2 ** 20;
const cursorSegmentBytes = 256 * 1024;
/** A cursor with more ranges than this is not written at each change but after a while. */
const smallCursor = 32;
const cursorDelayMs = 100;
const nothing = (): void => {};

/**
 * Records that are settled one by one, in any order: an append log, and a small one beside it, the cursor, that says which are. What is
 * settled from the oldest on is trimmed. A cursor that is lost or old means only that settled records come back.
 */
export class KeptLog {
  readonly #entries: AppendLog;
  readonly #cursor: AppendLog;
  readonly #clock: Clock;
  readonly #settled: PositionSet;
  readonly #marks: ByteMarks;
  readonly #segmentBytes: number;
  /** Records that stood there when it was opened and cannot be read. */
  readonly lost: number;
  /** What is settled is on the disk. */
  onSaved: () => void = nothing;
  /** More settled records than this are not left unwritten. */
  unsavedLimit: number = Number.POSITIVE_INFINITY;
  #saved = 0;
  #dirty = false;
  #cursorTimer: Cancel | undefined;
  #cursorBytes = 0;
  #trimmedOffset = 0;
  #closed = false;

  /** Throws STORAGE_LOG_OPEN, STORAGE_LOG_NEWER, STORAGE_LOG_READ and STORAGE_QUEUE_NEWER. */
  static async open(folder: string, options: KeptLogOptions): Promise<KeptLog> {
    const segmentBytes = segmentBytesFor(options.maxBytes);
    const bufferBytes = options.bufferBytes ?? 8 * megabyte;
    const memoryBytes = options.maxBytes + 4 * segmentBytes;
    const entries = await AppendLog.open(folder, { ...options, segmentBytes, bufferBytes, memoryBytes });
    const openCursor = (): Promise<AppendLog> =>
      AppendLog.open(join(folder, 'cursor'), { ...options, segmentBytes: cursorSegmentBytes, bufferBytes: megabyte });
    let cursor: AppendLog | undefined;
    try {
      cursor = await openCursor();
      let settled = new PositionSet();
      for await (const { record } of cursor.read()) settled = PositionSet.decode(record) ?? settled;
      if (settled.end > entries.next) {
        // Positions from here on are given again: that must be on the disk before anything is kept there.
        settled.cut(entries.next);
        cursor.append(settled.encode());
        await cursor.close();
        cursor = await openCursor();
      }
      return new KeptLog(entries, cursor, await readEntries(folder, options, entries, settled), segmentBytes, options.clock ?? systemClock);
    } catch (cause) {
      await cursor?.close();
      await entries.close();
      throw cause;
    }
  }

  private constructor(entries: AppendLog, cursor: AppendLog, found: FoundEntries, segmentBytes: number, clock: Clock) {
    this.#entries = entries;
    this.#cursor = cursor;
    this.#clock = clock;
    this.#settled = found.settled;
    this.#marks = found.marks;
    this.lost = found.lost;
    this.#saved = found.settled.count;
    this.#segmentBytes = segmentBytes;
  }

  /** The first position that is not settled; `next` when all are. */
  get floor(): Position {
    return this.#settled.floor;
  }
  get next(): Position {
    return this.#entries.next;
  }
  /** Records that are not settled. */
  get waiting(): number {
    return this.#entries.next - this.#settled.count;
  }
  /** Bytes on the disk from the oldest of them on, to the nearest block. */
  get bytes(): number {
    return this.bytesFrom(0);
  }
  /** The same, but at most from `position` on. */
  bytesFrom(position: Position): number {
    const from = Math.max(this.floor, position);
    return this.waiting === 0 || from >= this.next ? 0 : this.#marks.from(from);
  }
  /** Time of the oldest of them, or of one shortly before it. */
  get oldestTime(): number | undefined {
    return this.waiting === 0 ? undefined : this.#marks.timeAt(this.floor);
  }
  /** Where the block of a position ends. */
  endOfBlock(position: Position): Position {
    return this.#marks.endOfBlock(position) ?? this.next;
  }
  get health(): LogHealth {
    const entries = this.#entries.health();
    return entries.state === 'ok' ? this.#cursor.health() : entries;
  }
  /** So much is settled and not yet written that a kill would bring too many records back; never while the disk fails. */
  get isBehind(): boolean {
    return this.#settled.count - this.#saved > 2 * this.unsavedLimit && this.health.state === 'ok';
  }
  /** Stretches of settled records. */
  get gaps(): number {
    return this.#settled.ranges;
  }
  isSettled(position: Position): boolean {
    return this.#settled.has(position);
  }

  /** Throws what `AppendLog.append` throws. */
  append(record: Uint8Array, time: number): Position {
    const position = this.#entries.append(record);
    this.#marks.push(position, record.length, time);
    return position;
  }
  durable(position: Position): Promise<void> {
    return this.#entries.durable(position);
  }
  /** The records from a position on, the settled ones too. */
  read(from: Position): AsyncIterable<LogRecord> {
    return this.#entries.read(from);
  }

  /** `[from, to)` is done with, but for what `except` says; answers how many were not before. Kept by the next `commit`. */
  settle(from: Position, to: Position = from + 1, except?: ReadonlySet<Position>): number {
    let count = 0;
    if (except === undefined || except.size === 0) count = this.#settled.add(from, to);
    else {
      let at = from;
      const kept = [...except].filter((position) => position >= from && position < to).sort((a, b) => a - b);
      for (const position of kept) {
        count += this.#settled.add(at, position);
        at = position + 1;
      }
      count += this.#settled.add(at, to);
    }
    if (count > 0) this.#dirty = true;
    return count;
  }

  /** Writes what is settled, soon where that is long, and trims. */
  commit(): void {
    if (!this.#dirty || this.#closed) return;
    if (this.#settled.ranges <= smallCursor || this.#settled.count - this.#saved > this.unsavedLimit) this.#writeCursor();
    else this.#later();
    this.#trim();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cursorTimer?.();
    this.#cursorTimer = undefined;
    if (this.#dirty) this.#writeCursor();
    await Promise.all([this.#entries.close(), this.#cursor.close()]);
  }

  #later(): void {
    this.#cursorTimer ??= this.#clock.after(cursorDelayMs, () => {
      this.#cursorTimer = undefined;
      if (this.#dirty) this.#writeCursor();
    });
  }
  #writeCursor(): void {
    const bytes = this.#settled.encode();
    let at: Position;
    try {
      at = this.#cursor.append(bytes);
    } catch {
      // The disk takes nothing: until it does, a kill brings settled records back.
      if (!this.#closed) this.#later();
      return;
    }
    this.#dirty = false;
    this.#cursorBytes += bytes.length;
    const trims = this.#cursorBytes >= cursorSegmentBytes;
    if (trims) this.#cursorBytes = 0;
    const { count } = this.#settled;
    this.#cursor.durable(at).then(() => {
      this.#saved = Math.max(this.#saved, count);
      this.onSaved();
      return trims ? this.#cursor.trim(at) : undefined;
    }, nothing);
  }
  #trim(): void {
    this.#marks.forget(this.floor);
    const offset = this.#marks.offsetAt(this.floor);
    if (offset - this.#trimmedOffset < this.#segmentBytes / 4) return;
    this.#trimmedOffset = offset;
    void this.#entries.trim(this.floor);
  }
}

interface FoundEntries {
  readonly settled: PositionSet;
  readonly marks: ByteMarks;
  readonly lost: number;
}

const segmentBytesFor = (maxBytes: number): number => Math.min(64 * megabyte, Math.max(4096, Math.floor(maxBytes / 16)));

async function readEntries(folder: string, options: KeptLogOptions, entries: AppendLog, settled: PositionSet): Promise<FoundEntries> {
  const marks = new ByteMarks(Math.min(64 * 1024, Math.max(1, Math.floor(options.maxBytes / 64))));
  settled.add(0, entries.oldest);
  let lost = 0;
  let at = settled.floor;
  for await (const { position, record } of entries.read(at)) {
    if (position > at) lost += settled.add(at, position);
    at = position + 1;
    const time = options.timeOf(record);
    if (time !== undefined) marks.push(position, record.length, time);
    else if (record.length > 0 && record[0]! > entryVersion) {
      throw errors.STORAGE_QUEUE_NEWER({ folder, found: record[0]!, known: entryVersion });
    } else lost += settled.add(position);
  }
  lost += settled.add(at, entries.next);
  return { settled, marks, lost };
}
