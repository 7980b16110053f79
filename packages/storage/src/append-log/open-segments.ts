import { dirname, join } from 'node:path';
import { rfc3339 } from '@omh/core';
import type { Clock, Logger } from '@omh/core';
import { errors, whyNot } from '../errors.ts';
import type { FileSystem, LogFile } from './file-system.ts';
import { decodeHeader, formatVersion, headerBytes, parseSegmentName, recordHeaderBytes } from './segment-format.ts';
import type { Position } from './segment-format.ts';
import { formats, migrateSegment } from './segment-versions.ts';
import type { SegmentFormats } from './segment-versions.ts';
import { createSegment, emptySegment, extend, temporarySuffix } from './segments.ts';
import type { Segment } from './segments.ts';
import { SegmentScan } from './segment-scan.ts';

/** What opening found and did. All empty after an ordinary stop. */
export interface OpenReport {
  /** Bytes cut off behind the last whole record: what a crash left half-written. */
  truncatedBytes: number;
  /** Segments with damage in their middle: the file as it was found is kept as `aside`; its whole records stay in the log. */
  readonly damaged: { readonly file: string; readonly aside: string; readonly bytes: number }[];
  /** Positions that are in no segment: from, up to and without. */
  readonly missing: { readonly from: Position; readonly to: Position }[];
  /** Segments of an older version: the file as it was found is kept as `copy`. */
  readonly migrated: { readonly file: string; readonly from: number; readonly copy: string }[];
}

export interface OpenedSegments {
  readonly segments: Segment[];
  /** The last segment open for writing; absent when the next record begins a new one. */
  readonly file: LogFile | undefined;
  readonly next: Position;
  readonly generation: number;
  readonly report: OpenReport;
}
interface Seams {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly log: Logger;
  readonly formats?: SegmentFormats;
}
interface Run {
  readonly first: Position;
  readonly segment: Segment;
  readonly from: number;
  to: number;
}

const salvageMark = '.salvage-of-';
const copyBytes = 1024 * 1024;

/** Reads and checks every segment of a folder, repairs what a crash or the disk did, and says what it did. Throws STORAGE_LOG_OPEN and STORAGE_LOG_NEWER. */
export async function openSegments(folder: string, seams: Seams): Promise<OpenedSegments> {
  try {
    await seams.files.makeFolder(folder);
    await seams.files.syncFolder(dirname(folder));
    return await new Opening(folder, seams).run();
  } catch (cause) {
    if ((cause as { row?: unknown }).row !== undefined) throw cause;
    throw errors.STORAGE_LOG_OPEN({ folder, why: whyNot(cause) }, { cause });
  }
}

class Opening {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #formats: SegmentFormats;
  readonly #report: OpenReport = { truncatedBytes: 0, damaged: [], missing: [], migrated: [] };
  #generation = 0;
  /** Behind the last record, or behind the last that an unreadable segment can have held. */
  #next: Position = 0;

  constructor(folder: string, seams: Seams) {
    this.#folder = folder;
    this.#files = seams.files;
    this.#log = seams.log;
    this.#clock = seams.clock;
    this.#formats = seams.formats ?? formats;
  }

  async run(): Promise<OpenedSegments> {
    const found = await this.#names();
    this.#generation = Math.max(0, ...found.map((one) => one.generation));
    for (const { name } of found) await this.#migrateIfOlder(name);
    const segments: Segment[] = [];
    // Backwards, because a later segment takes over from an earlier one at its first position.
    for (const { name, first } of found.reverse()) {
      const limit = segments[0]?.first ?? Number.POSITIVE_INFINITY;
      if (first >= limit) {
        this.#log.debug('superseded log segment removed', { folder: this.#folder, file: name });
        await this.#files.remove(join(this.#folder, name));
      } else segments.unshift(...(await this.#check(name, first, limit)));
    }
    const last = segments.at(-1);
    this.#next = Math.max(this.#next, last?.end ?? 0);
    this.#findMissing(segments);
    // New records go behind the last segment only where their positions follow on.
    const file = last !== undefined && last.end === this.#next ? await this.#reopen(last) : undefined;
    return { segments, file, next: this.#next, generation: this.#generation, report: this.#report };
  }

  async #names(): Promise<{ name: string; first: Position; generation: number }[]> {
    let names = await this.#files.list(this.#folder);
    for (const name of names) {
      const at = name.indexOf(salvageMark);
      // An interrupted salvage is begun again while its origin stands, and finished when it was put aside.
      if (at >= 0 && !names.includes(name.slice(at + salvageMark.length))) {
        await this.#files.rename(join(this.#folder, name), join(this.#folder, name.slice(0, at)));
      } else if (at >= 0 || name.endsWith(temporarySuffix)) await this.#files.remove(join(this.#folder, name));
    }
    names = await this.#files.list(this.#folder);
    return names
      .flatMap((name) => {
        const parsed = parseSegmentName(name);
        return parsed ? [{ name, ...parsed }] : [];
      })
      .sort((a, b) => a.first - b.first || a.generation - b.generation);
  }

  async #migrateIfOlder(name: string): Promise<void> {
    const path = join(this.#folder, name);
    const version = await this.#with(path, async (file) => (await header(file))?.version ?? formatVersion);
    if (version === formatVersion) return;
    if (version > formatVersion) throw errors.STORAGE_LOG_NEWER({ file: path, found: version, known: formatVersion });
    const read = this.#formats.get(version);
    if (read === undefined) throw errors.STORAGE_LOG_OLDER({ file: path, found: version });
    const copy = await migrateSegment(this.#files, this.#folder, name, version, read);
    this.#report.migrated.push({ file: name, from: version, copy });
    this.#log.info('log segment migrated', { folder: this.#folder, file: name, from: version, copy });
  }

  /** The segments that a file is or is made into; its records from `limit` on are superseded. */
  async #check(name: string, first: Position, limit: Position): Promise<Segment[]> {
    const path = join(this.#folder, name);
    const { runs, size, reached, headed, tail } = await this.#with(path, (file) => this.#scan(file, name, first, limit));
    const isLast = limit === Number.POSITIVE_INFINITY;
    const only = runs.length === 1 && headed ? runs[0]! : undefined;
    if (only !== undefined && only.from === headerBytes && (reached || tail === 0)) return [only.segment];
    if (runs.length === 0 && headed && size === headerBytes) return [this.#segment(name, first)];
    if (isLast && headed && (only === undefined ? runs.length === 0 : only.from === headerBytes)) {
      await this.#truncate(path, size - tail, tail);
      return [only?.segment ?? this.#segment(name, first)];
    }
    if (size === 0 || (isLast && size < headerBytes)) {
      await this.#files.remove(path);
      this.#report.truncatedBytes += size;
      return [];
    }
    if (isLast && runs.length === 0) this.#next = Math.max(this.#next, first + Math.ceil(size / recordHeaderBytes));
    return await this.#quarantine(name, runs, size);
  }

  async #scan(
    file: LogFile,
    name: string,
    first: Position,
    limit: Position,
  ): Promise<{ runs: Run[]; size: number; reached: boolean; headed: boolean; tail: number }> {
    const size = await file.size();
    const head = await header(file);
    const headed = head !== undefined && head.first === first;
    const runs: Run[] = [];
    let tail = 0;
    const scan = new SegmentScan(file, size, headerBytes, first);
    while (scan.position < limit) {
      const step = await scan.next();
      if (step === undefined) break;
      if (step.kind === 'damage') {
        if (step.next === undefined) tail = step.to - step.from;
        continue;
      }
      const count = Math.min(step.starts.length, limit - step.first);
      if (count <= 0) break;
      const bytes = (count < step.starts.length ? step.starts[count]! : step.to - step.from) - step.starts[0]!;
      let run = runs.at(-1);
      if (run === undefined || run.to !== step.from || run.segment.end !== step.first) {
        const at = { position: step.first, offset: step.from };
        const segment: Segment = { name, first: step.first, end: step.first, bytes: step.from, marks: [at] };
        run = { first: step.first, segment, from: step.from, to: step.from };
        runs.push(run);
      }
      extend(run.segment, step.first + count, bytes);
      run.to += bytes;
    }
    return { runs, size, reached: scan.position >= limit, headed, tail };
  }

  #segment(name: string, first: Position): Segment {
    return { ...emptySegment(first, 0), name };
  }

  async #truncate(path: string, bytes: number, tail: number): Promise<void> {
    await this.#with(
      path,
      async (file) => {
        await file.truncate(bytes);
        await file.sync();
      },
      'change',
    );
    this.#report.truncatedBytes += tail;
    this.#log.warn('half-written end of the log cut off', { path, truncatedBytes: tail });
  }

  /** Puts the file aside and keeps its whole records in segments of their own. */
  async #quarantine(name: string, runs: readonly Run[], size: number): Promise<Segment[]> {
    const path = join(this.#folder, name);
    const kept: Segment[] = [];
    for (const run of runs) kept.push(await this.#salvage(name, run));
    const aside = `${name}.damaged-${rfc3339(this.#clock.now()).replaceAll(':', '-')}`;
    await this.#files.rename(path, join(this.#folder, aside));
    await this.#files.syncFolder(this.#folder);
    for (const segment of kept) {
      await this.#files.rename(join(this.#folder, `${segment.name}${salvageMark}${name}`), join(this.#folder, segment.name));
    }
    await this.#files.syncFolder(this.#folder);
    const bytes = size - runs.reduce((sum, run) => sum + run.to - run.from, headerBytes);
    this.#report.damaged.unshift({ file: name, aside, bytes });
    this.#log.error('damaged log segment put aside', { folder: this.#folder, file: name, aside, bytes });
    return kept;
  }

  async #salvage(name: string, run: Run): Promise<Segment> {
    const segment = emptySegment(run.first, ++this.#generation);
    const shift = headerBytes - run.from;
    const suffix = `${salvageMark}${name}`;
    await this.#with(join(this.#folder, name), async (from) => {
      const to = await createSegment(this.#files, this.#folder, segment, await piecesOf(from, run.from, run.to), suffix);
      await to.close();
    });
    segment.end = run.segment.end;
    segment.bytes = run.to + shift;
    segment.marks.splice(0, 1, ...run.segment.marks.map(({ position, offset }) => ({ position, offset: offset + shift })));
    return segment;
  }

  #findMissing(segments: readonly Segment[]): void {
    segments.forEach((segment, i) => {
      const to = segments[i + 1]?.first ?? this.#next;
      if (to > segment.end) this.#report.missing.push({ from: segment.end, to });
    });
    if (this.#report.missing.length > 0) {
      this.#log.error('positions are missing in the log', { folder: this.#folder, missing: this.#report.missing });
    }
  }

  /** What an ended process wrote may still be in the system's memory only: it is synced before anything counts on it. */
  async #reopen(last: Segment): Promise<LogFile | undefined> {
    const file = await this.#files.open(join(this.#folder, last.name), 'change');
    try {
      await file.sync();
      await this.#files.syncFolder(this.#folder);
      return file;
    } catch (cause) {
      this.#log.warn('the last log segment cannot be synced; a new one follows it', { file: last.name, why: whyNot(cause) });
      await file.close().catch(() => {});
      return undefined;
    }
  }

  async #with<T>(path: string, use: (file: LogFile) => Promise<T>, how: 'read' | 'change' = 'read'): Promise<T> {
    const file = await this.#files.open(path, how);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  }
}

async function header(file: LogFile): Promise<{ version: number; first: Position } | undefined> {
  const bytes = new Uint8Array(headerBytes);
  return (await file.read(bytes, 0)) < headerBytes ? undefined : decodeHeader(bytes);
}

async function piecesOf(file: LogFile, from: number, to: number): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (let at = from; at < to; at += copyBytes) {
    const piece = new Uint8Array(Math.min(copyBytes, to - at));
    if ((await file.read(piece, at)) < piece.length) throw Object.assign(new Error('the file is shorter than before'), { code: 'EIO' });
    pieces.push(piece);
  }
  return pieces;
}
