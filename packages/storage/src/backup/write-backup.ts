import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { errors } from '../errors.ts';
import { backupVersion, manifestName } from './backup-manifest.ts';
import type { BackupFile, BackupHead, BackupManifest } from './backup-manifest.ts';
import { Sealing } from './backup-seal.ts';
import { blockBytes, encodeFile, padding } from './tar-format.ts';

/** A file to be: its bytes are read when its turn comes. */
export interface BackupSource {
  /** `data/…` or `config/…`. */
  readonly path: string;
  readonly bytes: number;
  /** Exactly `bytes` bytes. */
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface BackupContents {
  /** Files in their order; one that is gone meanwhile is left out by not being given. */
  readonly sources: AsyncIterable<BackupSource> | Iterable<BackupSource>;
  /** Called after the last source. */
  readonly head: () => BackupHead;
}

/** Read often, compressed much: the first level takes a third of the time of the usual one for a tenth more bytes. */
const gzipLevel = 1;

/**
 * A backup as a stream of bytes: tar, gzip, manifest last, sealed. Nothing is read before the stream is; it ends with an error when a
 * source fails, and what came until then is no backup. Destroying it ends the sources.
 */
export function writeBackup(contents: BackupContents): Readable {
  const sealed = new Sealing();
  const tar = Readable.from(tarOf(contents), { objectMode: false, highWaterMark: 256 * 1024 });
  pipeline(tar, createGzip({ level: gzipLevel, chunkSize: 128 * 1024 }), sealed, () => {});
  return sealed;
}

async function* tarOf({ sources, head }: BackupContents): AsyncGenerator<Uint8Array> {
  const files: BackupFile[] = [];
  const unixSeconds = Date.now() / 1000;
  for await (const { path, bytes, read } of sources) {
    yield encodeFile(path, bytes, unixSeconds);
    const hash = createHash('sha256');
    let count = 0;
    for await (const chunk of read()) {
      count += chunk.length;
      if (count > bytes) break;
      hash.update(chunk);
      yield chunk;
    }
    if (count !== bytes) throw errors.STORAGE_BACKUP_MOVED({ path });
    if (padding(bytes) > 0) yield new Uint8Array(padding(bytes));
    files.push({ path, bytes, sha256: hash.digest('hex') });
  }
  const manifest: BackupManifest = { format: 'omh-backup', version: backupVersion, ...head(), files };
  const text = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`, 'utf8');
  yield encodeFile(manifestName, text.length, unixSeconds);
  yield text;
  yield new Uint8Array(padding(text.length) + 2 * blockBytes);
}
