import { Command } from 'commander';
import { hubJsonSchema } from '@omh/config';
import { registry } from '@omh/hub';

export function schemaCommand(): Command {
  return new Command('schema')
    .description("Print the hub file's JSON Schema, for editors and other tools.")
    .option('--included', 'the schema of a file that include: names, instead of the hub file itself')
    .addHelpText('after', '\nExamples:\n  omh schema > hub.schema.json\n  omh schema --included > hub-included.schema.json')
    .action(({ included }: { included?: true }) => {
      process.stdout.write(`${JSON.stringify(hubJsonSchema(registry, included ? 'included' : 'hub', 'editor'), undefined, 2)}\n`);
    });
}
