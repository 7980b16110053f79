import { join } from 'node:path';
import { errors } from '../errors.ts';
import { segmentNames } from './check-log.ts';
import { diskFiles } from './file-system.ts';
import type { LogFile } from './file-system.ts';
import { headerBytes } from './segment-format.ts';
import type { Position } from './segment-format.ts';
import { SegmentScan } from './segment-scan.ts';

/** The files of a log as they are at one moment, held open: what is appended or trimmed later does not show. */
export interface PinnedLog {
  readonly files: readonly { readonly name: string; readonly bytes: number; read(): AsyncIterable<Uint8Array> }[];
  /** Safe to call twice. */
  close(): Promise<void>;
}

const attempts = 5;
const chunkBytes = 256 * 1024;

/** Takes hold of a log that its owner goes on writing, up to and with the record `last`; to its last whole record when that is absent. */
export async function pinLog(folder: string, last?: Position): Promise<PinnedLog> {
  for (let i = 0; i < attempts; i++) {
    const pinned = await tryToPin(folder, last);
    if (pinned) return pinned;
  }
  throw errors.STORAGE_LOG_GONE({ folder });
}

/** Undefined when a segment went while the folder was read. */
async function tryToPin(folder: string, last: Position | undefined): Promise<PinnedLog | undefined> {
  const open: LogFile[] = [];
  const close = async (): Promise<void> => {
    for (const file of open.splice(0)) await file.close();
  };
  try {
    const files: PinnedLog['files'][number][] = [];
    for (const { name, first, limit } of await segmentNames(folder)) {
      if (last !== undefined && first > last) break;
      const file = await diskFiles.open(join(folder, name), 'read');
      open.push(file);
      const size = await file.size();
      const cut = limit === Infinity || (last !== undefined && last < limit);
      const bytes = cut ? await endOf(file, size, first, last ?? Infinity) : size;
      files.push({ name, bytes, read: () => contents(file, bytes) });
    }
    return { files, close };
  } catch (cause) {
    await close();
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Where the last record up to `last` ends; damage before another record is kept as it is. */
async function endOf(file: LogFile, size: number, first: Position, last: Position): Promise<number> {
  const scan = new SegmentScan(file, size, headerBytes, first);
  let end = Math.min(size, headerBytes);
  for (let step = await scan.next(); step !== undefined; step = await scan.next()) {
    if (step.kind === 'damage') continue;
    const count = last - step.first + 1;
    if (count <= 0) break;
    const next = step.starts[count];
    end = next === undefined ? step.to : step.from + next;
    if (next !== undefined) break;
  }
  return end;
}

async function* contents(file: LogFile, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; ) {
    const chunk = new Uint8Array(Math.min(chunkBytes, bytes - at));
    const got = await file.read(chunk, at);
    if (got === 0) return;
    at += got;
    yield chunk.subarray(0, got);
  }
}
