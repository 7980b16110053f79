import { constants } from 'node:fs';
import { copyFile, open, rm, statfs, chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddedHistorian, StoreContents } from '@omh/historian';
import { errors } from './errors.ts';

/** The database file as it was at one moment. */
export interface PinnedHistory {
  readonly contents: StoreContents;
  readonly bytes: number;
  /** Rejects at its end when what it gave is not of one moment. */
  read(): AsyncIterable<Uint8Array>;
  release(): Promise<void>;
}

const attempts = 3;
/** Its headers, of which a checkpoint changes one. */
const headerBytes = 12_288;
const chunkBytes = 256 * 1024;

/**
 * Copies the database beside itself, which takes a moment where the file system shares blocks and a second per some hundred megabytes
 * elsewhere, so that a slow taker of the backup holds up nothing. Without room for the copy the file itself is read, and must not be
 * reorganised meanwhile. Throws HUB_BACKUP_OVERTAKEN.
 */
export async function pinHistory(historian: EmbeddedHistorian, scratchFolder: string): Promise<PinnedHistory> {
  let megabytes = 0;
  for (let i = 0; i < attempts; i++) {
    const { file, bytes, ...contents } = await historian.snapshot();
    megabytes = Math.ceil((2 * bytes) / 1e6);
    const before = await headerOf(file);
    if (!(await hasRoom(scratchFolder, 2 * bytes))) {
      return {
        contents,
        bytes,
        async *read() {
          yield* partOf(file, bytes);
          if (!before.equals(await headerOf(file))) throw errors.HUB_BACKUP_OVERTAKEN({ megabytes });
        },
        release: async () => {},
      };
    }
    const copy = join(scratchFolder, `backup-${process.pid}.duckdb`);
    const release = (): Promise<void> => rm(copy, { force: true });
    try {
      await copyFile(file, copy, constants.COPYFILE_FICLONE);
      await chmod(copy, 0o600);
    } catch (thrown) {
      await release();
      throw thrown;
    }
    if (before.equals(await headerOf(file))) return { contents, bytes, read: () => partOf(copy, bytes), release };
    await release();
  }
  throw errors.HUB_BACKUP_OVERTAKEN({ megabytes });
}

async function headerOf(file: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of partOf(file, headerBytes)) parts.push(part);
  return Buffer.concat(parts);
}

async function* partOf(file: string, bytes: number): AsyncGenerator<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    for (let at = 0; at < bytes; ) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, bytes - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function hasRoom(folder: string, bytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize > bytes;
}
