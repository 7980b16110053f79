import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { hubJsonSchema } from '@omh/config';
import { registry } from '@omh/hub';
import { errors } from '../errors.ts';
import { starterFile } from '../starter-file.ts';

export function initCommand(): Command {
  return new Command('init')
    .description('Write a commented hub.yaml to start from, and its JSON Schema beside it for editors.')
    .argument('[file]', 'hub file', 'hub.yaml')
    .option('--force', 'write over an existing file')
    .addHelpText('after', '\nExamples:\n  omh init\n  omh init plant/hub.yaml')
    .action((name: string, flags: { force?: true }) => {
      const file = resolve(name);
      if (existsSync(file) && !flags.force) throw errors.CLI_FILE_EXISTS({ file });
      writeFileSync(file, starterFile);
      writeFileSync(join(dirname(file), 'hub.schema.json'), `${JSON.stringify(hubJsonSchema(registry, 'hub', 'editor'), undefined, 2)}\n`);
      process.stdout.write(
        `Wrote ${file} and hub.schema.json beside it. Edit it, check it with \`omh validate ${name}\`, run it with \`omh up -c ${name}\`.\n`,
      );
    });
}
