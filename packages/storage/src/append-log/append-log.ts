import { join } from 'node:path';
import { RetrySchedule, silentLogger, systemClock } from '@omh/core';
import type { Cancel, Clock, Logger, Micros, Reason } from '@omh/core';
import { errors, whyNot } from '../errors.ts';
import { diskFiles, writeAll } from './file-system.ts';
import type { FileSystem, LogFile } from './file-system.ts';
import { HeldRecords } from './held-records.ts';
import type { Mark } from './held-records.ts';
import { MemoryFiles } from './memory-files.ts';
import { openSegments } from './open-segments.ts';
import type { OpenedSegments, OpenReport } from './open-segments.ts';
import { readSegments } from './read-segments.ts';
import { maxRecordBytes, recordHeaderBytes } from './segment-format.ts';
import type { LogRecord, Position } from './segment-format.ts';
import { createSegment, emptySegment, extend } from './segments.ts';
import type { Segment } from './segments.ts';
import { Waiters } from './waiters.ts';

export interface AppendLogOptions {
  /**
   * memory: nothing reaches a disk, all is gone with the process · os: safe from the end of the process once written, from a power cut
   * after the next sync, at most a second later · strict: safe from both once `durable` resolves.
   */
  readonly mode: 'memory' | 'os' | 'strict';
  /** A segment that has grown past this is followed by a new one. */
  readonly segmentBytes?: number;
  /** High-water mark of what the disk has not taken: `append` throws STORAGE_LOG_FULL above it. Synced at a quarter of it at the latest. */
  readonly bufferBytes?: number;
  /** What a log in mode memory may hold; over it, it is full. */
  readonly memoryBytes?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly files?: FileSystem;
}

export interface LogHealth {
  readonly state: 'ok' | 'degraded';
  /** Why it is degraded, one sentence. */
  readonly reason?: Reason;
  readonly since: Micros;
}

/** Counters since `open`. */
export interface LogStats {
  readonly records: number;
  readonly bytes: number;
  readonly writes: number;
  /** Groups made safe together. */
  readonly syncs: number;
  /** Writes and syncs that failed. */
  readonly failures: number;
  /** Not yet safe, in memory. */
  readonly heldBytes: number;
  readonly segments: number;
  readonly diskBytes: number;
}

const syncEveryMs = 1000;
const smallestChunk = 4096;
const largestChunk = 256 * 1024;
const megabyte = 2 ** 20;

/**
 * Records in the order of their appending, in segment files of one folder. It gives records no meaning. One process opens a folder, the
 * owner of the data directory's lock: a second opener would destroy the log and is not detected here.
 *
 * A failed write or sync never loses what `durable` promised: the segment ends at its last synced record, what came later is written
 * again from memory into a new segment through a new descriptor, again and again until it works; meanwhile the log is degraded.
 */
export class AppendLog {
  readonly report: OpenReport;
  readonly #folder: string;
  readonly #mode: AppendLogOptions['mode'];
  readonly #segmentBytes: number;
  readonly #bufferBytes: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #files: FileSystem;
  readonly #held: HeldRecords;
  readonly #waiters = new Waiters();
  readonly #retry = new RetrySchedule({ firstMs: 100, maxMs: 5000 });
  readonly #segments: Segment[];
  #file: LogFile | undefined;
  #generation: number;
  /** Bytes of the last segment that are synced. */
  #syncedBytes: number;
  #written: Mark;
  #synced: Mark;
  #fault: unknown;
  #health: LogHealth;
  #turn: Promise<void> | undefined;
  #scheduled = false;
  #syncing: Promise<void> | undefined;
  #syncTimer: Cancel | undefined;
  #retryTimer: Cancel | undefined;
  #closed: Promise<void> | undefined;
  #released = false;
  #records = 0;
  #writes = 0;
  #syncs = 0;
  #failures = 0;

  /**
   * Opens a folder, making it when it is missing; every record is read and checked. Mode memory touches no folder. Throws STORAGE_LOG_OPEN,
   * STORAGE_LOG_NEWER and STORAGE_LOG_OLDER.
   */
  static async open(folder: string, options: AppendLogOptions): Promise<AppendLog> {
    const files = options.mode === 'memory' ? new MemoryFiles(options.memoryBytes ?? 256 * megabyte) : (options.files ?? diskFiles);
    const clock = options.clock ?? systemClock;
    const log = options.log ?? silentLogger;
    return new AppendLog(folder, options, files, await openSegments(folder, { files, clock, log }));
  }

  private constructor(folder: string, options: AppendLogOptions, files: FileSystem, opened: OpenedSegments) {
    this.#folder = folder;
    this.#mode = options.mode;
    this.#segmentBytes = options.segmentBytes ?? 64 * megabyte;
    this.#bufferBytes = options.bufferBytes ?? 32 * megabyte;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#files = files;
    this.#segments = opened.segments;
    this.#file = opened.file;
    this.#generation = opened.generation;
    this.report = opened.report;
    const chunkBytes = Math.min(largestChunk, Math.max(smallestChunk, this.#segmentBytes >> 3));
    this.#held = new HeldRecords(chunkBytes, opened.next);
    this.#written = this.#synced = this.#held.end;
    this.#syncedBytes = opened.segments.at(-1)?.bytes ?? 0;
    this.#health = { state: 'ok', since: this.#clock.now() };
  }

  /** Position of the oldest record that is kept, `next` when there is none. */
  get oldest(): Position {
    return this.#segments[0]?.first ?? this.#synced.position;
  }
  /**
   * Position of the next record. A position whose record was not safe when the machine lost power is given again: a reader whose cursor is
   * past `next` right after `open` sets it to `next`.
   */
  get next(): Position {
    return this.#held.end.position;
  }

  /**
   * Copies a record of 0 to 16 MiB into the buffer; it is written in this turn of the loop with all others. Throws STORAGE_LOG_FULL over
   * the high-water mark, STORAGE_LOG_RECORD and STORAGE_LOG_CLOSED; nothing is appended then.
   */
  append(record: Uint8Array): Position {
    if (this.#closed) throw errors.STORAGE_LOG_CLOSED({ folder: this.#folder });
    if (record.length > maxRecordBytes) throw errors.STORAGE_LOG_RECORD({ bytes: record.length, limit: maxRecordBytes });
    const held = this.#held.bytes;
    if (held > 0 && held + recordHeaderBytes + record.length > this.#bufferBytes) {
      throw errors.STORAGE_LOG_FULL({ folder: this.#folder, bytes: held });
    }
    this.#records++;
    const position = this.#held.push(record);
    this.#schedule();
    return position;
  }

  /**
   * Resolves when the record at this position, and all before it, are safe as the mode promises; at once in mode memory. While the disk
   * fails it waits, as long as that takes: `health()` says so. Rejects with STORAGE_LOG_CLOSED when the log is closed before it got there.
   */
  durable(position: Position): Promise<void> {
    if (this.#mode === 'memory' || position < this.#safe) return Promise.resolve();
    if (this.#closed && this.#held.bytes === 0) return Promise.reject(errors.STORAGE_LOG_CLOSED({ folder: this.#folder }));
    return this.#waiters.add(position);
  }

  /**
   * The records from a position on, 0 for the oldest, up to the last one appended before this call, whether written yet or not. Records
   * that are trimmed or damaged meanwhile are left out. Throws STORAGE_LOG_READ while iterating when the disk cannot be read.
   */
  read(from: Position = 0): AsyncIterable<LogRecord> {
    if (this.#closed) throw errors.STORAGE_LOG_CLOSED({ folder: this.#folder });
    return readSegments(
      { folder: this.#folder, files: this.#files, log: this.#log, segments: this.#segments, held: this.#held },
      Math.max(from, this.oldest),
      this.next,
    );
  }

  /** Removes the segments that hold only positions below `before`; the last segment always stays. What cannot be removed stays for the next call. */
  async trim(before: Position): Promise<void> {
    while (this.#segments.length > 1 && this.#segments[0]!.end <= before) {
      const segment = this.#segments[0]!;
      try {
        await this.#files.remove(join(this.#folder, segment.name));
      } catch (cause) {
        if ((cause as { code?: unknown }).code !== 'ENOENT') {
          this.#log.warn('log segment cannot be removed', { folder: this.#folder, file: segment.name, why: whyNot(cause) });
          break;
        }
      }
      if (this.#segments[0] === segment) this.#segments.shift();
    }
    if (this.#fault !== undefined) this.#tryAgain();
  }

  health(): LogHealth {
    return this.#health;
  }

  stats(): LogStats {
    return {
      records: this.#records,
      bytes: this.#held.end.offset,
      writes: this.#writes,
      syncs: this.#syncs,
      failures: this.#failures,
      heldBytes: this.#held.bytes,
      segments: this.#segments.length,
      diskBytes: this.#segments.reduce((sum, segment) => sum + segment.bytes, 0),
    };
  }

  /** Writes and syncs what is held, then releases everything; never rejects. What the disk does not take is lost, logged, and its `durable` rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#stopTimers();
    await this.#pump();
    if (this.#fault === undefined) await this.#syncAll();
    // A failure of that very sync is repaired once.
    if (this.#fault !== undefined) await this.#pump();
    this.#released = true;
    this.#stopTimers();
    const lost = this.#held.end.position - this.#synced.position;
    if (lost > 0) {
      this.#log.error('log closed before the disk took everything', { folder: this.#folder, records: lost, why: whyNot(this.#fault) });
    }
    this.#waiters.reject(errors.STORAGE_LOG_CLOSED({ folder: this.#folder }));
    this.#held.release(this.#held.end);
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
  }

  #stopTimers(): void {
    this.#syncTimer?.();
    this.#retryTimer?.();
    this.#syncTimer = this.#retryTimer = undefined;
  }

  /** First position that is not yet safe as the mode promises. */
  get #safe(): Position {
    return this.#mode === 'strict' ? this.#synced.position : this.#written.position;
  }

  #schedule(): void {
    if (this.#scheduled || this.#released || this.#turn !== undefined || this.#retryTimer !== undefined) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#pump();
    });
  }

  /** Writes until nothing is left or the disk fails; one at a time. */
  async #pump(): Promise<void> {
    while (this.#turn !== undefined) await this.#turn;
    this.#turn = this.#steps();
    await this.#turn;
  }
  async #steps(): Promise<void> {
    try {
      while (await this.#step());
    } finally {
      this.#turn = undefined;
    }
    // Appended, or failed, while the last step found nothing to do.
    if (this.#fault !== undefined || this.#written.offset < this.#held.end.offset) this.#schedule();
  }

  /** False when there is nothing to do now. */
  async #step(): Promise<boolean> {
    if (this.#released || this.#retryTimer !== undefined) return false;
    if (this.#fault !== undefined) {
      await this.#syncing;
      return await this.#advance(Number.POSITIVE_INFINITY);
    }
    if (this.#written.offset === this.#held.end.offset) return false;
    const last = this.#segments.at(-1);
    if (last !== undefined && this.#file !== undefined && last.bytes < this.#segmentBytes) return await this.#write(this.#file, last);
    await this.#syncAll();
    return this.#fault !== undefined || (await this.#advance(this.#segmentBytes));
  }

  async #write(file: LogFile, segment: Segment): Promise<boolean> {
    const { parts, end } = this.#held.slice(this.#written.offset, this.#segmentBytes - segment.bytes);
    try {
      this.#writes++;
      await writeAll(file, parts, segment.bytes);
    } catch (cause) {
      this.#fail(cause);
    }
    // A sync may have failed meanwhile: then this file is given up, with what was just written to it.
    if (this.#fault !== undefined) return true;
    extend(segment, end.position, end.offset - this.#written.offset);
    this.#written = end;
    if (this.#mode === 'memory') this.#settle(end, segment.bytes);
    else {
      if (this.#mode === 'os') this.#waiters.resolve(end.position);
      this.#syncWhenDue();
    }
    return true;
  }

  #syncWhenDue(): void {
    const unsynced = this.#written.offset - this.#synced.offset;
    if (unsynced === 0 || this.#fault !== undefined) return;
    if (this.#mode === 'strict' || unsynced >= this.#bufferBytes / 4) this.#sync();
    else
      this.#syncTimer ??= this.#clock.after(syncEveryMs, () => {
        this.#syncTimer = undefined;
        this.#sync();
      });
  }

  /** Begins a sync when none is in flight; what is written during it goes with the next one. */
  #sync(): void {
    const file = this.#file;
    const segment = this.#segments.at(-1);
    if (this.#syncing !== undefined || this.#fault !== undefined || file === undefined || segment === undefined) return;
    if (this.#synced.offset === this.#written.offset) return;
    this.#syncTimer?.();
    this.#syncTimer = undefined;
    const mark = this.#written;
    const { bytes } = segment;
    this.#syncing = file.sync().then(
      () => {
        this.#syncing = undefined;
        this.#syncs++;
        this.#settle(mark, bytes);
        this.#syncWhenDue();
      },
      (cause: unknown) => {
        this.#syncing = undefined;
        this.#fail(cause);
        this.#schedule();
      },
    );
  }
  #settle(mark: Mark, bytes: number): void {
    this.#synced = mark;
    this.#syncedBytes = bytes;
    this.#held.release(mark);
    this.#waiters.resolve(this.#safe);
  }

  async #syncAll(): Promise<void> {
    while (this.#fault === undefined && this.#synced.offset < this.#written.offset) {
      this.#sync();
      await this.#syncing;
    }
  }

  /** Goes on in a new segment, which begins with what is held; `limit` bytes of it when the old segment is sound. False when it failed. */
  async #advance(limit: number): Promise<boolean> {
    const old = this.#segments.at(-1);
    const oldFile = this.#file;
    const repairing = this.#fault !== undefined;
    const { parts, end } = this.#held.slice(this.#synced.offset, limit);
    const segment = emptySegment(this.#synced.position, ++this.#generation);
    let file: LogFile;
    try {
      this.#writes++;
      file = await createSegment(this.#files, this.#folder, segment, parts);
    } catch (cause) {
      this.#fail(cause);
      this.#wait();
      return false;
    }
    this.#syncs++;
    extend(segment, end.position, end.offset - this.#synced.offset);
    this.#file = file;
    if (old !== undefined) {
      old.end = Math.min(old.end, segment.first);
      old.bytes = this.#syncedBytes;
      if (old.first === old.end) this.#segments.pop();
    }
    this.#segments.push(segment);
    this.#written = end;
    this.#settle(end, segment.bytes);
    this.#recovered();
    await oldFile?.close().catch(() => {});
    if (old !== undefined && repairing) await this.#cutSealed(old);
    return true;
  }

  /** What stands behind the sealed end of a segment is in the next one now; it costs space only, so failing is no matter. */
  async #cutSealed(segment: Segment): Promise<void> {
    const path = join(this.#folder, segment.name);
    try {
      if (segment.first === segment.end) {
        await this.#files.remove(path);
        return;
      }
      const file = await this.#files.open(path, 'change');
      try {
        await file.truncate(segment.bytes);
      } finally {
        await file.close();
      }
    } catch (cause) {
      this.#log.debug('sealed log segment keeps its unused end', { path, why: whyNot(cause) });
    }
  }

  #fail(cause: unknown): void {
    this.#failures++;
    this.#fault = cause ?? new Error('unknown');
    this.#syncTimer?.();
    this.#syncTimer = undefined;
    const { state, since, reason } = this.#health;
    const now = errors.STORAGE_LOG_WRITE({ folder: this.#folder, why: whyNot(cause) }, { cause }).reason();
    if (reason?.text !== now.text) this.#log.error('log cannot be written', { ...now });
    this.#health = { state: 'degraded', reason: now, since: state === 'degraded' ? since : this.#clock.now() };
  }
  #recovered(): void {
    if (this.#fault === undefined) return;
    this.#fault = undefined;
    this.#retry.reset();
    this.#health = { state: 'ok', since: this.#clock.now() };
    this.#log.info('log is written again', { folder: this.#folder });
  }
  #wait(): void {
    if (this.#closed) return;
    this.#retryTimer = this.#clock.after(this.#retry.next(), () => this.#tryAgain());
  }
  #tryAgain(): void {
    this.#retryTimer?.();
    this.#retryTimer = undefined;
    this.#schedule();
  }
}
