import { join } from 'node:path';
import type { Logger } from '@omh/core';
import { errors, whyNot } from '../errors.ts';
import type { FileSystem, LogFile } from './file-system.ts';
import type { HeldRecords } from './held-records.ts';
import { recordHeaderBytes } from './segment-format.ts';
import type { LogRecord, Position } from './segment-format.ts';
import { SegmentScan } from './segment-scan.ts';
import type { ScannedDamage, ScannedRecords } from './segment-scan.ts';
import { markBefore } from './segments.ts';
import type { Segment } from './segments.ts';

/** What a reader looks at; the log changes `segments` and `held` while it reads. */
export interface Readable {
  readonly folder: string;
  readonly files: FileSystem;
  readonly log: Logger;
  /** In order. */
  readonly segments: readonly Segment[];
  readonly held: HeldRecords;
}

const batchBytes = 256 * 1024;

/** The records `[from, to)`: what is safe from the disk, what is not yet safe from memory. */
export async function* readSegments(log: Readable, from: Position, to: Position): AsyncGenerator<LogRecord> {
  const disk = new DiskReader(log);
  try {
    for (let at = from; at < to; ) {
      if (at >= log.held.start.position) {
        const records = log.held.copy(at, to, batchBytes);
        if (records.length === 0) return;
        at = records.at(-1)!.position + 1;
        yield* records;
        continue;
      }
      const step = await disk.next(at);
      if (step?.kind === 'records') {
        for (let i = Math.max(0, at - step.first); i < step.starts.length && step.first + i < to; i++) {
          const end = step.starts[i + 1] ?? step.to - step.from;
          yield { position: step.first + i, record: step.bytes.subarray(step.starts[i]! + recordHeaderBytes, end) };
        }
      }
      at = Math.max(at, disk.position);
    }
  } finally {
    await disk.close();
  }
}

/** Holds one segment open at a time, so a segment that is trimmed meanwhile is read to its end. */
class DiskReader {
  readonly #log: Readable;
  #segment: Segment | undefined;
  #file: LogFile | undefined;
  #scan: SegmentScan | undefined;
  #scannedBytes = 0;
  /** Where to go on. */
  position: Position = 0;

  constructor(log: Readable) {
    this.#log = log;
  }

  /** The next records from `at` on; undefined or damage where there are none, and `position` then says where to go on. */
  async next(at: Position): Promise<ScannedRecords | ScannedDamage | undefined> {
    if (
      this.#segment === undefined ||
      at < this.#segment.first ||
      at >= this.#end(this.#segment) ||
      !this.#scan ||
      this.#scan.position > at
    ) {
      const found = this.#find(at);
      if (found === undefined) {
        this.position = this.#log.held.start.position;
        return undefined;
      }
      if (at < found.first) {
        this.position = found.first;
        return undefined;
      }
      if (!(await this.#open(found, at))) {
        // Trimmed between the look and the opening.
        this.position = found.end;
        return undefined;
      }
    }
    const segment = this.#segment!;
    let step: ScannedRecords | ScannedDamage | undefined;
    try {
      step = await this.#scan!.next();
    } catch (cause) {
      throw errors.STORAGE_LOG_READ({ file: join(this.#log.folder, segment.name), why: whyNot(cause) }, { cause });
    }
    if (step?.kind === 'damage') {
      this.#log.log.error('damaged records in the log are left out', {
        folder: this.#log.folder,
        file: segment.name,
        from: at,
        next: step.next,
      });
    }
    if (step === undefined && this.#scannedBytes < segment.bytes) {
      // The segment has grown since: look again from here.
      this.#scan = undefined;
      this.position = at;
      return undefined;
    }
    const lost = step === undefined || (step.kind === 'damage' && step.next === undefined);
    this.position = lost ? Math.max(at, this.#end(segment)) : this.#scan!.position;
    return step;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#segment = this.#file = this.#scan = undefined;
    await file?.close().catch(() => {});
  }

  /** The last segment grows behind what is safe; that part is read from memory. */
  #end(segment: Segment): Position {
    return Math.min(segment.end, this.#log.held.start.position);
  }
  #find(at: Position): Segment | undefined {
    const { segments } = this.#log;
    let low = 0;
    for (let high = segments.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#end(segments[middle]!) > at) high = middle;
      else low = middle + 1;
    }
    return segments[low];
  }

  async #open(segment: Segment, at: Position): Promise<boolean> {
    const mark = markBefore(segment, at);
    this.#scannedBytes = segment.bytes;
    if (this.#segment !== segment) {
      await this.close();
      const path = join(this.#log.folder, segment.name);
      try {
        this.#file = await this.#log.files.open(path, 'read');
      } catch (cause) {
        if ((cause as { code?: unknown }).code === 'ENOENT') return false;
        throw errors.STORAGE_LOG_READ({ file: path, why: whyNot(cause) }, { cause });
      }
      this.#segment = segment;
    }
    this.#scan = new SegmentScan(this.#file!, this.#scannedBytes, mark.offset, mark.position);
    return true;
  }
}
