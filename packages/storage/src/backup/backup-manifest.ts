import { errors } from '../errors.ts';

/** Format of the file: raised when an older omh could not restore it. */
export const backupVersion = 1;
export const manifestName = 'manifest.json';
export const maxManifestBytes = 64 * 2 ** 20;

/** What a backup is of. */
export interface BackupHead {
  /** Version of the program that wrote it. */
  readonly omh: string;
  readonly hub: { readonly id: string; readonly name: string };
  /** RFC 3339, UTC: the moment it shows. */
  readonly at: string;
  /** Name of the hub file below `config/`. */
  readonly config: string;
  /** Whatever its writer counted, to be counted again after a restore. */
  readonly counts: BackupCounts;
}
/** Numbers and short texts by name, e.g. `rows main.conditions`: 1200. */
export type BackupCounts = Readonly<Record<string, number | string>>;

export interface BackupFile {
  /** `data/…` or `config/…`. */
  readonly path: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}
/** The last entry of a backup: a file without it is not whole. */
export interface BackupManifest extends BackupHead {
  readonly format: 'omh-backup';
  readonly version: number;
  /** In the order of the archive. */
  readonly files: readonly BackupFile[];
}

/** Throws STORAGE_BACKUP_DAMAGED, and STORAGE_BACKUP_NEWER for a format this program does not know. */
export function parseManifest(text: string, file: string): BackupManifest {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its manifest is no JSON' });
  }
  const manifest = found as Partial<BackupManifest> | null;
  if (manifest?.format !== 'omh-backup' || !Number.isInteger(manifest.version))
    throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its manifest is none of omh' });
  if (manifest.version! > backupVersion) throw errors.STORAGE_BACKUP_NEWER({ file, found: manifest.version!, known: backupVersion });
  const { files, counts, config, hub, at, omh } = manifest;
  const complete =
    Array.isArray(files) &&
    files.every((one: Partial<BackupFile> | null) => {
      return typeof one?.path === 'string' && Number.isSafeInteger(one.bytes) && /^[0-9a-f]{64}$/.test(one.sha256 ?? '');
    }) &&
    typeof counts === 'object' &&
    counts !== null &&
    [config, at, omh, hub?.id, hub?.name].every((part) => typeof part === 'string');
  if (!complete) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'its manifest is not complete' });
  return manifest as BackupManifest;
}

/** Whether a path may be written below a folder: relative, plain, of our two trees, and not what belongs to a running hub. */
export function isSafePath(path: string): boolean {
  if (Buffer.byteLength(path) > 1000 || /[\p{Cc}\\]/u.test(path)) return false;
  const [tree, ...rest] = path.split('/');
  if ((tree !== 'data' && tree !== 'config') || rest.length === 0) return false;
  if (tree === 'data' && (rest[0] === 'lock' || rest[0] === 'run')) return false;
  return rest.every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= 255);
}
