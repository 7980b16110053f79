import { closeSync, fchmodSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errors, whyNot } from './errors.ts';

/** Marks half-written files; what carries it after a crash is rubbish. */
export const temporaryMark = '.tmp-';
let counter = 0;

/**
 * Replaces a file so that a crash at any moment leaves the old bytes or the new ones: temporary file, fsync, rename, fsync of the folder.
 * A symbolic link stays and its target is replaced. `mode` absent keeps the old file's mode, 0600 for a new one. Throws STORAGE_WRITE.
 */
export function writeFileDurably(path: string, data: string | Uint8Array, mode?: number): void {
  let temporary: string | undefined;
  try {
    const target = realTarget(path);
    const folder = dirname(target);
    temporary = join(folder, `${basename(target)}${temporaryMark}${process.pid}-${counter++}`);
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    const rights = mode ?? modeOf(target) ?? 0o600;
    const fd = openSync(temporary, 'wx', rights);
    try {
      // The umask has narrowed the rights given to open.
      fchmodSync(fd, rights);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
    temporary = undefined;
    syncFolder(folder);
  } catch (cause) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw errors.STORAGE_WRITE({ file: path, why: whyNot(cause) }, { cause });
  }
}

/** Makes renames and new names in a folder survive a power cut; systems that cannot sync a folder do it by themselves. */
export function syncFolder(folder: string): void {
  let fd: number;
  try {
    fd = openSync(folder, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(fd);
  } catch (error) {
    if (!['EPERM', 'EINVAL', 'ENOTSUP', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(fd);
  }
}

function realTarget(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return undefined;
  }
}
