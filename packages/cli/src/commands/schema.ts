import { Command } from 'commander';
import { hubJsonSchema } from '@omh/config';
import { registry } from '@omh/hub';

export function schemaCommand(): Command {
  return new Command('schema')
    .description("Print the hub file's JSON Schema, for editors and other tools.")
    .addHelpText('after', '\nExample:\n  omh schema > hub.schema.json')
    .action(() => {
      process.stdout.write(`${JSON.stringify(hubJsonSchema(registry), undefined, 2)}\n`);
    });
}
