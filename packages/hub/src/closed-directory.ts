import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EmbeddedHistorian } from '@omh/historian';
import { Documents, lockDataDirectory } from '@omh/storage';
import { silentLogger, systemClock, type Logger } from '@omh/core';
import { Backups, type Backup } from './backup.ts';
import { ConfigFile } from './config-file.ts';
import { errors } from './errors.ts';
import { hubIdOf } from './hub-id.ts';
import { auditChain, inspectDirectory, type Inspection } from './inspect-directory.ts';
import { Revisions } from './revisions.ts';

/** A backup of a data directory on which no hub runs; call `close` when its stream has ended. Throws STORAGE_LOCKED while one does. */
export async function backupDirectory(options: {
  readonly dataDir: string;
  readonly configFile: string;
  readonly version: string;
  readonly log: Logger;
}): Promise<Backup & { close(): Promise<void> }> {
  const { version, log } = options;
  const directory = lockDataDirectory(options.dataDir);
  let historian: EmbeddedHistorian | undefined;
  const close = async (): Promise<void> => {
    await historian?.stop();
    directory.release();
  };
  try {
    const texts = configTexts(options.configFile, directory.sub('revisions'));
    historian = new EmbeddedHistorian({ dir: directory.sub('historian'), retentionMs: Number.MAX_SAFE_INTEGER, clock: systemClock, log });
    await historian.start();
    const hub = { id: hubIdOf(new Documents(directory.sub('state'))), name: nameOf(options.configFile) };
    const backups = new Backups({
      dataDir: directory.path,
      version,
      clock: systemClock,
      historian,
      hub: () => hub,
      config: () => ({ folder: dirname(resolve(options.configFile)), main: basename(options.configFile), texts }),
      auditHead: async () => (await auditChain(directory.path)).head,
      between: async (work) => work(),
    });
    return { ...(await backups.create()), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Checks a data directory on which no hub runs. Throws STORAGE_LOCKED while one does, HUB_NO_DATA when there is none. */
export async function verifyDirectory(dataDir: string): Promise<Inspection> {
  if (!existsSync(join(dataDir, 'state')) && !existsSync(join(dataDir, 'audit'))) throw errors.HUB_NO_DATA({ dir: dataDir });
  const directory = lockDataDirectory(dataDir);
  try {
    return await inspectDirectory(directory.path);
  } finally {
    directory.release();
  }
}

/**
 * The files of the configuration on disk. What a valid hub file includes is known from it; where it cannot be read whole, for want of an
 * environment variable for one, the files of the current revision are taken.
 */
function configTexts(path: string, revisionsFolder: string): Map<string, string> {
  const file = new ConfigFile(path);
  let names: Iterable<string>;
  if (file.load().ok) names = file.onDisk(file.parsed.files).keys();
  else {
    const revisions = new Revisions(revisionsFolder, file.folder, silentLogger);
    names = new Set([file.main, ...(revisions.current === undefined ? [] : Object.keys(revisions.stored(revisions.current).files))]);
  }
  const texts = new Map<string, string>();
  for (const name of names) {
    const text = file.read(name);
    if (text !== undefined) texts.set(name, text);
  }
  return texts;
}

/** Only a name for the file; the hub file's own is in the backup. */
const nameOf = (path: string): string => {
  const hub = /^hub:.*?\bname:\s*["']?([\w-]+)/ms.exec(readFileSync(path, 'utf8'));
  return hub?.[1] ?? 'hub';
};
