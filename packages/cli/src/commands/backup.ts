import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { OmhError, reasonOf } from '@omh/core';
import { backupDirectory } from '@omh/hub';
import { syncFolder, verifyBackup, type BackupManifest } from '@omh/storage';
import { countsTable, megabytes } from '../counts.ts';
import { errors } from '../errors.ts';
import { dataDirOf, findHub, refusal, type FindOptions, type HubAddress } from '../hub-client.ts';
import { createLogger } from '../log.ts';
import { version } from '../version.ts';

type Flags = FindOptions & { json?: true; config?: string; force?: true };
interface Incoming {
  readonly name: string;
  readonly stream: Readable;
  close(): Promise<void>;
}

export function backupCommand(): Command {
  return new Command('backup')
    .description('Write everything a hub is into one file, while it runs or not: history, configuration, people, tokens, audit log.')
    .argument('[file]', 'where to; named after the hub and the time when absent')
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine; opened here when no hub runs')
    .option('-c, --config <file>', 'hub file, only where no hub runs')
    .option('--force', 'write over a file that exists')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nThe file is a gzipped tar archive that only its owner may read. It holds no value of !env and no content of !file.\n\nExamples:\n  omh backup\n  omh backup /mnt/nas/plant.backup.tar.gz --data /var/lib/omh',
    )
    .action(async (file: string | undefined, flags: Flags) => {
      const began = performance.now();
      if (file !== undefined) mustBeNew(resolve(file), flags);
      const hub = findHub(flags);
      const incoming = hub ? await fromHub(hub) : await fromDirectory(flags);
      let target: string;
      let manifest: BackupManifest;
      try {
        target = resolve(file ?? incoming.name);
        mustBeNew(target, flags);
        manifest = await keep(incoming.stream, target);
      } finally {
        incoming.stream.destroy();
        await incoming.close();
      }
      const { size: bytes } = await stat(target);
      const seconds = (performance.now() - began) / 1000;
      if (flags.json) {
        process.stdout.write(
          `${JSON.stringify({ file: target, bytes, seconds, at: manifest.at, hub: manifest.hub, counts: manifest.counts })}\n`,
        );
        return;
      }
      process.stdout.write(
        `${countsTable(manifest.counts)}\n\n${target}: ${megabytes(bytes)}, ${manifest.files.length} files, checked, in ${seconds.toFixed(1)} s.\nWho has this file has the hub's password verifiers: keep it as you keep those.\n`,
      );
    });
}

function mustBeNew(file: string, flags: Flags): void {
  if (flags.force !== true && existsSync(file)) throw errors.CLI_FILE_EXISTS({ file });
}

async function fromHub(hub: HubAddress): Promise<Incoming> {
  let answer: Response;
  try {
    answer = await fetch(`${hub.url}/api/v1/backup`, { method: 'POST', headers: { authorization: `Bearer ${hub.token}` } });
  } catch (thrown) {
    throw errors.CLI_HUB_SILENT({ url: hub.url, detail: causeOf(thrown) }, { cause: thrown });
  }
  if (!answer.ok || answer.body === null) throw refusal(await answer.text(), answer.status);
  const name = /filename="([\w.-]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? 'hub.backup.tar.gz';
  return { name, stream: Readable.fromWeb(answer.body), close: async () => {} };
}

async function fromDirectory(flags: Flags): Promise<Incoming> {
  const dataDir = dataDirOf(flags);
  if (!existsSync(dataDir)) throw errors.CLI_NO_HUB({ dir: dataDir });
  const configFile = flags.config ?? [join(dataDir, 'hub.yaml'), 'hub.yaml'].find((path) => existsSync(path));
  if (configFile === undefined) throw errors.CLI_NO_HUB_FILE({ dir: dataDir });
  return backupDirectory({ dataDir, configFile, version, log: createLogger('warn', 'text') });
}

/** Writes beside the place, checks every byte of what is on the disk then, and gives it its name. */
async function keep(stream: Readable, target: string): Promise<BackupManifest> {
  const part = `${target}.part`;
  rmSync(part, { force: true });
  try {
    try {
      await pipeline(stream, createWriteStream(part, { flags: 'wx', mode: 0o600 }));
    } catch (thrown) {
      if (thrown instanceof OmhError) throw thrown;
      throw errors.CLI_BACKUP_CUT({ detail: causeOf(thrown) }, { cause: thrown });
    }
    const handle = await open(part, 'r+');
    await handle.sync().finally(() => handle.close());
    const manifest = await verifyBackup(part);
    renameSync(part, target);
    syncFolder(dirname(target));
    return manifest;
  } finally {
    rmSync(part, { force: true });
  }
}

function causeOf(thrown: unknown): string {
  const cause = (thrown as { cause?: { code?: string; message?: string } }).cause;
  const code = cause?.code ?? (thrown as { code?: string }).code;
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
      return 'the hub ended the connection';
    case 'ENOSPC':
      return 'the disk is full';
    case 'ENOENT':
      return 'the folder does not exist';
    case 'EACCES':
      return 'access is denied';
    default:
      return (cause?.message ?? reasonOf(thrown).text).replace(/\.$/, '');
  }
}
