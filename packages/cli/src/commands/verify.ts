import { Command } from 'commander';
import { verifyDirectory, type Inspection } from '@omh/hub';
import { verifyBackup } from '@omh/storage';
import { countsTable } from '../counts.ts';
import { dataDirOf, findHub, ask, type FindOptions } from '../hub-client.ts';

type Flags = FindOptions & { json?: true };

export function verifyCommand(): Command {
  return new Command('verify')
    .description('Check that everything is as it was written: audit chain, logs, documents, history; or a backup file. Exit 1 when not.')
    .argument('[file]', 'a backup file; the data directory when absent')
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine; read whole when no hub runs')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  omh verify\n  omh verify --data /var/lib/omh --json\n  omh verify plant.backup.tar.gz')
    .action(async (file: string | undefined, flags: Flags) => {
      if (file !== undefined) await backup(file, flags);
      else await directory(flags);
    });
}

async function backup(file: string, flags: Flags): Promise<void> {
  const { at, hub, counts, files } = await verifyBackup(file);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ ok: true, at, hub, counts, files: files.length })}\n`
      : `${countsTable(counts)}\n\nThe backup is whole: hub ${hub.name} as it was at ${at}, ${files.length} files.\n`,
  );
}

async function directory(flags: Flags): Promise<void> {
  const hub = findHub(flags);
  const found = hub ? await ask<Inspection>(hub, 'GET', '/api/v1/verify', undefined, 600_000) : await verifyDirectory(dataDirOf(flags));
  if (!found.ok) process.exitCode = 1;
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(found)}\n`);
    return;
  }
  for (const line of found.checked) process.stdout.write(`${line}\n`);
  for (const { text } of found.findings) process.stderr.write(`${text}\n`);
  const count = found.findings.length;
  process.stdout.write(
    count === 0 ? 'Everything is as it was written.\n' : `${count} ${count === 1 ? 'place is' : 'places are'} damaged.\n`,
  );
}
