import { join } from 'node:path';
import { writeAll } from './file-system.ts';
import type { FileSystem, LogFile } from './file-system.ts';
import { encodeHeader, headerBytes, segmentName } from './segment-format.ts';
import type { Position } from './segment-format.ts';

/** One file of a log: the records `[first, end)`. */
export interface Segment {
  readonly name: string;
  readonly first: Position;
  end: Position;
  /** Bytes up to the end of its last record. */
  bytes: number;
  /** Places to begin reading at: position and byte of a record, now and then one. */
  readonly marks: { readonly position: Position; readonly offset: number }[];
}

const markEveryBytes = 256 * 1024;
/** Of a file that is not complete yet; what carries it at opening is rubbish. */
export const temporarySuffix = '.tmp';

export const emptySegment = (first: Position, generation: number): Segment => ({
  name: segmentName(first, generation),
  first,
  end: first,
  bytes: headerBytes,
  marks: [{ position: first, offset: headerBytes }],
});

/** Counts what was written behind a segment's end. */
export function extend(segment: Segment, end: Position, bytes: number): void {
  if (segment.bytes - segment.marks.at(-1)!.offset >= markEveryBytes) segment.marks.push({ position: segment.end, offset: segment.bytes });
  segment.end = end;
  segment.bytes += bytes;
}

/** The nearest place at or before a position of this segment. */
export function markBefore(segment: Segment, position: Position): { position: Position; offset: number } {
  let low = 0;
  for (let high = segment.marks.length; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if (segment.marks[middle]!.position <= position) low = middle;
    else high = middle;
  }
  return segment.marks[low]!;
}

/**
 * Makes a segment with its first records under a temporary name, syncs it and gives it its name: after a crash at any moment it is whole
 * or not there. Resolves with the file open for writing; rejects with the system's error and leaves what it can remove removed.
 */
export async function createSegment(
  files: FileSystem,
  folder: string,
  segment: Segment,
  parts: readonly Uint8Array[],
  suffix = temporarySuffix,
): Promise<LogFile> {
  const path = join(folder, segment.name);
  const temporary = `${path}${suffix}`;
  let file: LogFile | undefined;
  try {
    file = await files.open(temporary, 'create');
    await writeAll(file, [encodeHeader(segment.first), ...parts], 0);
    await file.sync();
    if (suffix === temporarySuffix) await files.rename(temporary, path);
    await files.syncFolder(folder);
    return file;
  } catch (cause) {
    await file?.close().catch(() => {});
    await files.remove(temporary).catch(() => {});
    await files.remove(path).catch(() => {});
    throw cause;
  }
}
