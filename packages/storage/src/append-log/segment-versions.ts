import { join } from 'node:path';
import type { FileSystem, LogFile } from './file-system.ts';
import { writeAll } from './file-system.ts';
import { encodeHeader, encodeRecord, formatVersion, headerBytes, parseSegmentName, recordHeaderBytes } from './segment-format.ts';
import type { LogRecord } from './segment-format.ts';
import { SegmentScan } from './segment-scan.ts';
import { temporarySuffix } from './segments.ts';

/** Reads the whole records of a segment file of one version. */
export type SegmentReader = (file: LogFile, size: number) => AsyncIterable<LogRecord>;
export type SegmentFormats = ReadonlyMap<number, SegmentReader>;

/** Every version that this program reads. A new one adds a row here and a fixture beside the test. */
export const formats: SegmentFormats = new Map([[1, readVersion1]]);

async function* readVersion1(file: LogFile, size: number): AsyncGenerator<LogRecord> {
  const bytes = new Uint8Array(headerBytes);
  await file.read(bytes, 0);
  const scan = new SegmentScan(file, size, headerBytes, Number(new DataView(bytes.buffer).getBigUint64(16, true)));
  for (let step = await scan.next(); step !== undefined; step = await scan.next()) {
    if (step.kind === 'damage') continue;
    for (const [i, start] of step.starts.entries()) {
      const end = step.starts[i + 1] ?? step.to - step.from;
      yield { position: step.first + i, record: step.bytes.subarray(start + recordHeaderBytes, end) };
    }
  }
}

/** Writes a segment again in the present version. Its bytes as they were are first kept under the returned name. */
export async function migrateSegment(
  files: FileSystem,
  folder: string,
  name: string,
  version: number,
  read: SegmentReader,
): Promise<string> {
  const path = join(folder, name);
  const copy = `${name}.version-${version}`;
  const file = await files.open(path, 'read');
  try {
    const size = await file.size();
    const bytes = new Uint8Array(size);
    await file.read(bytes, 0);
    await replace(files, folder, copy, [bytes]);
    const parts = [encodeHeader(parseSegmentName(name)!.first, formatVersion)];
    for await (const { position, record } of read(file, size)) {
      const part = new Uint8Array(recordHeaderBytes + record.length);
      encodeRecord(part, 0, position, record);
      parts.push(part);
    }
    await replace(files, folder, name, parts);
    return copy;
  } finally {
    await file.close();
  }
}

async function replace(files: FileSystem, folder: string, name: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = join(folder, `${name}${temporarySuffix}`);
  const file = await files.open(temporary, 'create');
  try {
    await writeAll(file, parts, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(temporary, join(folder, name));
  await files.syncFolder(folder);
}
