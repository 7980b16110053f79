import { join } from 'node:path';
import { whyNot } from '../errors.ts';
import { diskFiles } from './file-system.ts';
import type { LogFile } from './file-system.ts';
import { decodeHeader, formatVersion, headerBytes, parseSegmentName, recordHeaderBytes } from './segment-format.ts';
import type { LogRecord, Position } from './segment-format.ts';
import { SegmentScan } from './segment-scan.ts';
import type { ScannedDamage, ScannedRecords } from './segment-scan.ts';
import { formats } from './segment-versions.ts';

/** Bytes of a log that are no records. */
export interface LogDamage {
  /** Name of the segment file. */
  readonly file: string;
  /** Where the damage begins in the file, and how long it is. */
  readonly byte: number;
  readonly bytes: number;
  /** The first record that it hit. */
  readonly position: Position;
  readonly why: string;
}
export interface LogCheck {
  readonly segments: number;
  readonly records: number;
  readonly damage: readonly LogDamage[];
}

interface SegmentName {
  readonly name: string;
  readonly first: Position;
  /** Where a later segment takes over. */
  readonly limit: Position;
}
type Step =
  | { readonly kind: 'step'; readonly step: ScannedRecords | ScannedDamage; readonly at: Position }
  | { readonly kind: 'fault'; readonly why: string };

/**
 * Reads every byte of a log folder and says what is no sound record; nothing is repaired or changed. What a killed writer left
 * half-written at the end is damage too: opening the log removes it. A folder that is not there is an empty log.
 */
export async function checkLog(folder: string): Promise<LogCheck> {
  const damage: LogDamage[] = [];
  let records = 0;
  let next: Position | undefined;
  const names = await segmentNames(folder);
  for (const { name, first, limit } of names) {
    const gone = next !== undefined && first > next ? first - next : 0;
    if (gone > 0) damage.push({ file: name, byte: 0, bytes: 0, position: next!, why: `${gone} records before it are missing` });
    next = first;
    for await (const part of scan(folder, name, first)) {
      if (part.kind === 'fault') {
        damage.push({ file: name, byte: 0, bytes: headerBytes, position: first, why: part.why });
        next = undefined;
      } else if (part.step.kind === 'damage') {
        const { from, to } = part.step;
        const why = part.step.next === undefined ? 'its end is no whole record' : 'a record is changed';
        damage.push({ file: name, byte: from, bytes: to - from, position: part.at, why });
        next = part.step.next ?? (limit === Infinity ? undefined : limit);
      } else {
        const end = Math.min(limit, part.step.first + part.step.starts.length);
        records += Math.max(0, end - part.step.first);
        next = end;
      }
    }
  }
  return { segments: names.length, records, damage };
}

/** The sound records of a log folder, without opening it for writing; damage is left out. */
export async function* readLog(folder: string, from: Position = 0): AsyncGenerator<LogRecord> {
  for (const { name, first, limit } of await segmentNames(folder)) {
    if (limit <= from) continue;
    for await (const part of scan(folder, name, first)) {
      if (part.kind === 'fault' || part.step.kind === 'damage') continue;
      const { step } = part;
      for (const [i, start] of step.starts.entries()) {
        const position = step.first + i;
        if (position < from || position >= limit) continue;
        yield { position, record: step.bytes.subarray(start + recordHeaderBytes, step.starts[i + 1] ?? step.to - step.from) };
      }
    }
  }
}

export async function segmentNames(folder: string): Promise<SegmentName[]> {
  let names: string[];
  try {
    names = await diskFiles.list(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
  const found = names.flatMap((name) => {
    const parsed = parseSegmentName(name);
    return parsed ? [{ name, ...parsed }] : [];
  });
  found.sort((a, b) => a.first - b.first || a.generation - b.generation);
  // Of two that begin at the same position the later one counts.
  return found
    .filter(({ first }, i) => found[i + 1]?.first !== first)
    .map(({ name, first }, i, all) => ({ name, first, limit: all[i + 1]?.first ?? Infinity }));
}

async function* scan(folder: string, name: string, first: Position): AsyncGenerator<Step> {
  let file: LogFile | undefined;
  try {
    file = await diskFiles.open(join(folder, name), 'read');
    const bytes = new Uint8Array(headerBytes);
    const got = await file.read(bytes, 0);
    const header = got < headerBytes ? undefined : decodeHeader(bytes);
    if (header === undefined || header.first !== first) yield { kind: 'fault', why: 'its header is changed' };
    else if (header.version > formatVersion) yield { kind: 'fault', why: `it has version ${header.version}, of a newer omh` };
    else if (!formats.has(header.version)) yield { kind: 'fault', why: `it has version ${header.version}, which nothing here reads` };
    else {
      const walk = new SegmentScan(file, await file.size(), headerBytes, first);
      for (let at = first; ; at = walk.position) {
        const step = await walk.next();
        if (step === undefined) return;
        yield { kind: 'step', step, at };
      }
    }
  } catch (cause) {
    yield { kind: 'fault', why: `it cannot be read: ${whyNot(cause)}` };
  } finally {
    await file?.close();
  }
}
