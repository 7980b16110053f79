import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OmhError } from '@omh/core';
import { syncFolder } from '../durable-file.ts';
import { errors, whyNot } from '../errors.ts';
import { isSafePath, manifestName, maxManifestBytes, parseManifest } from './backup-manifest.ts';
import type { BackupFile, BackupManifest } from './backup-manifest.ts';
import { sealBytes, sealOf } from './backup-seal.ts';
import { readTar } from './read-tar.ts';

const maxFiles = 1_000_000;

/**
 * Reads a backup to its end and checks every byte of it: seal, archive, manifest, and size and SHA-256 of each file. Nothing is written.
 * Throws STORAGE_BACKUP_DAMAGED, STORAGE_BACKUP_NEWER and STORAGE_BACKUP_UNREADABLE.
 */
export async function verifyBackup(file: string): Promise<BackupManifest> {
  const found: BackupFile[] = [];
  const manifest = await walk(file, async (path, bytes, content) => {
    if (found.length >= maxFiles) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'it holds too many files' });
    const hash = createHash('sha256');
    for await (const chunk of content) hash.update(chunk);
    found.push({ path, bytes, sha256: hash.digest('hex') });
  });
  compare(file, manifest, found);
  return manifest;
}

/**
 * Writes the files of a backup that `verifyBackup` has checked, and syncs each; they are checked again on the way. `place` says where a
 * path goes, undefined leaves it out. Throws as `verifyBackup` does, and STORAGE_WRITE; what is written until then is the caller's.
 */
export async function extractBackup(file: string, manifest: BackupManifest, place: (path: string) => string | undefined): Promise<void> {
  const wanted = new Map(manifest.files.map((one) => [one.path, one]));
  const folders = new Set<string>();
  await walk(file, async (path, bytes, content) => {
    const expected = wanted.get(path);
    const target = place(path);
    wanted.delete(path);
    if (expected?.bytes !== bytes) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'it changed while it was read' });
    const hash = createHash('sha256');
    if (target === undefined) for await (const chunk of content) hash.update(chunk);
    else await writeTo(target, content, (chunk) => hash.update(chunk));
    if (hash.digest('hex') !== expected.sha256) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'it changed while it was read' });
    if (target !== undefined) folders.add(dirname(target));
  });
  for (const folder of folders) syncFolder(folder);
}

async function writeTo(target: string, content: AsyncIterable<Uint8Array>, see: (chunk: Uint8Array) => void): Promise<void> {
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const handle = await open(target, 'wx', 0o600);
    try {
      for await (const chunk of content) {
        see(chunk);
        for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof OmhError) throw cause;
    throw errors.STORAGE_WRITE({ file: target, why: whyNot(cause) }, { cause });
  }
}

type See = (path: string, bytes: number, content: AsyncIterable<Uint8Array>) => Promise<void>;

/** Hands each file to `see` and gives the manifest; the seal is checked at the end, so nothing seen counts before this resolves. */
async function walk(file: string, see: See): Promise<BackupManifest> {
  let manifest: BackupManifest | undefined;
  try {
    const size = (await stat(file)).size;
    if (size <= sealBytes) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its end is missing' });
    const seal = await tailOf(file, size);
    if (!Buffer.from(seal).equals(sealOf(seal.subarray(16, 48)))) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its end is missing' });
    const hash = createHash('sha256');
    const raw = createReadStream(file, { end: size - sealBytes - 1, highWaterMark: 256 * 1024 });
    raw.on('data', (chunk) => hash.update(chunk));
    const gunzip = createGunzip({ chunkSize: 256 * 1024 });
    pipeline(raw, gunzip, () => {});
    const seen = new Set<string>();
    for await (const { path, bytes, content } of readTar(gunzip, file)) {
      if (manifest !== undefined) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'something follows its manifest' });
      if (path === manifestName) {
        if (bytes > maxManifestBytes) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its manifest is too long' });
        const parts: Uint8Array[] = [];
        for await (const part of content) parts.push(Buffer.from(part));
        manifest = parseManifest(Buffer.concat(parts).toString('utf8'), file);
        continue;
      }
      if (!isSafePath(path)) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'it names a file outside of the folder it is restored to' });
      if (seen.has(path)) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'it names a file twice' });
      seen.add(path);
      await see(path, bytes, content);
    }
    if (raw.bytesRead !== size - sealBytes || !hash.digest().equals(seal.subarray(16, 48)))
      throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its bytes are not those that were written' });
  } catch (cause) {
    if (cause instanceof OmhError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_')) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its bytes are not those that were written' }, { cause });
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : whyNot(cause);
    throw errors.STORAGE_BACKUP_UNREADABLE({ file, why }, { cause });
  }
  if (manifest === undefined) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its manifest is missing' });
  return manifest;
}

async function tailOf(file: string, size: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const tail = Buffer.alloc(sealBytes);
    await handle.read(tail, 0, sealBytes, size - sealBytes);
    return tail;
  } finally {
    await handle.close();
  }
}

function compare(file: string, { files, config }: BackupManifest, found: readonly BackupFile[]): void {
  const damaged = (why: string): Error => errors.STORAGE_BACKUP_DAMAGED({ file, why });
  const paths = new Set(files.map(({ path }) => path));
  for (const [i, { path, bytes, sha256 }] of files.entries()) {
    const one = found[i];
    if (one?.path !== path)
      throw damaged(one !== undefined && !paths.has(one.path) ? `${one.path} is not in its manifest` : `${path} is missing`);
    if (one.bytes !== bytes || one.sha256 !== sha256) throw damaged(`${path} is not the file that its manifest names`);
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      if (paths.has(path.slice(0, at))) throw damaged(`${path.slice(0, at)} is a file and a folder`);
  }
  if (found.length > files.length) throw damaged(`${found[files.length]!.path} is not in its manifest`);
  if (!paths.has(join('config', config))) throw damaged('the hub file is missing');
}
