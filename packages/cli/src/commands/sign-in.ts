import { Command } from 'commander';
import { ask, needHub, type FindOptions } from '../hub-client.ts';

export function signInCommand(): Command {
  return new Command('sign-in')
    .description('Print a new one-time link that signs in to the console of the running hub.')
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  omh sign-in')
    .action(async (flags: FindOptions & { json?: true }) => {
      const hub = needHub(flags);
      const { code } = await ask<{ code: string }>(hub, 'POST', '/api/v1/sign-in-codes', {});
      const signIn = `${hub.url}/#sign-in=${code}`;
      process.stdout.write(flags.json ? `${JSON.stringify({ signIn })}\n` : `${signIn}\n`);
    });
}
