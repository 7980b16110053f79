import { Command } from 'commander';
import { restoreBackup } from '@omh/hub';
import { countsTable } from '../counts.ts';

interface Flags {
  data: string;
  config?: string;
  json?: true;
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description('Make a data directory out of a backup. Everything is checked first; a damaged backup writes nothing.')
    .argument('<file>', 'a file of omh backup')
    .requiredOption('--data <dir>', 'new or empty directory')
    .option('-c, --config <file>', 'where the hub file goes, its included files beside it; into the data directory when absent')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  omh restore demo-20261123T211508Z.backup.tar.gz --data omh-data\n  omh restore plant.backup.tar.gz --data /var/lib/omh --config /etc/omh/hub.yaml',
    )
    .action(async (file: string, flags: Flags) => {
      const { manifest, dataDir, configFile, counts } = await restoreBackup({
        file,
        dataDir: flags.data,
        ...(flags.config === undefined ? {} : { configFile: flags.config }),
      });
      if (flags.json) {
        process.stdout.write(
          `${JSON.stringify({ dataDir, configFile, at: manifest.at, hub: manifest.hub, files: manifest.files.length, counts })}\n`,
        );
        return;
      }
      process.stdout.write(
        `${countsTable(manifest.counts, counts)}\n\nHub ${manifest.hub.name} as it was at ${manifest.at}: ${manifest.files.length} files, each with the SHA-256 that was written down.\nStart it: omh up -c ${configFile} --data ${dataDir}\nValues of !env and files of !file are not in a backup: provide them before.\n`,
      );
    });
}
