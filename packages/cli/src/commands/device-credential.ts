import { Command } from 'commander';
import type { DeviceCredentialAnswer, DeviceCredentialsAnswer } from '@omh/api';
import { errors } from '../errors.ts';
import { ask, needHub } from '../hub-client.ts';
import { formatTable } from '../table.ts';
import { allPages, onHub, printJson, tellSecret, type AccessFlags } from './access.ts';

interface Flags extends AccessFlags {
  readonly publish?: string[];
  readonly subscribe?: string[];
  readonly description?: string;
  readonly newSecret?: true;
  readonly enable?: true;
  readonly disable?: true;
}

export function deviceCredentialCommand(): Command {
  return new Command('device-credential')
    .description('MQTT user names and passwords of devices: list, put, remove.')
    .addHelpText(
      'after',
      "\nExamples:\n  omh device-credential list\n  omh device-credential put press-1 --publish 'acme/press1/#'\n  omh device-credential remove press-1",
    )
    .addCommand(list())
    .addCommand(put())
    .addCommand(remove());
}

const at = (name: string): string => `/api/v1/device-credentials/${encodeURIComponent(name)}`;

function list(): Command {
  return onHub(new Command('list').description('MQTT user names and the topics of each.'))
    .addHelpText('after', '\nExample:\n  omh device-credential list --json')
    .action(async (flags: Flags) => {
      const hub = needHub(flags);
      const credentials = await allPages(
        (query) => ask<DeviceCredentialsAnswer>(hub, 'GET', `/api/v1/device-credentials?limit=1000${query}`),
        (page) => page.credentials,
      );
      if (flags.json) printJson({ credentials });
      else
        process.stdout.write(
          `${formatTable(
            ['name', 'publish', 'subscribe', 'state', 'description'],
            credentials.map((c) => [
              c.name,
              c.publish.join(', '),
              c.subscribe.join(', '),
              c.enabled ? 'enabled' : 'disabled',
              c.description,
            ]),
          )}\n`,
        );
    });
}

function put(): Command {
  return onHub(new Command('put').description('Add an MQTT user name, whose password is printed once, or change one.'))
    .argument('<name>', 'the MQTT user name: a to z, digits and . _ @ -')
    .option('--publish <filter...>', 'topics it may publish to; replaces those it has')
    .option('--subscribe <filter...>', 'topics it may subscribe to; replaces those it has')
    .option('--description <text>', 'what it is for')
    .option('--new-secret', 'make a new password; the old one ends and its connections close')
    .option('--enable', 'may connect again')
    .option('--disable', 'may not connect; its connections close')
    .addHelpText(
      'after',
      "\nExamples:\n  omh device-credential put press-1 --publish 'acme/press1/#' --subscribe 'acme/press1/set/#'\n  omh device-credential put press-1 --new-secret\n  omh device-credential put press-1 --disable",
    )
    .action(async (name: string, flags: Flags) => {
      if (flags.enable && flags.disable) throw errors.CLI_USAGE({ detail: 'Give --enable or --disable, not both' });
      const answer = await ask<DeviceCredentialAnswer>(needHub(flags), 'PUT', at(name), {
        ...(flags.publish === undefined ? {} : { publish: flags.publish }),
        ...(flags.subscribe === undefined ? {} : { subscribe: flags.subscribe }),
        ...(flags.description === undefined ? {} : { description: flags.description }),
        ...(flags.newSecret ? { newSecret: true } : {}),
        ...(flags.enable || flags.disable ? { enabled: flags.enable === true } : {}),
      });
      if (flags.json) printJson(answer);
      else tellSecret(answer.secret, sentenceOf(answer));
    });
}
function sentenceOf({ credential: { name, publish, subscribe, enabled }, secret }: DeviceCredentialAnswer): string {
  const topics = (filters: readonly string[]): string => (filters.length === 0 ? 'nothing' : filters.join(', '));
  const once = secret === undefined ? '' : ' The password is not shown again.';
  return `${name} (${enabled ? 'enabled' : 'disabled'}) publishes ${topics(publish)} and subscribes to ${topics(subscribe)}.${once}`;
}

function remove(): Command {
  return onHub(new Command('remove').description('Remove an MQTT user name; its connections close.'))
    .argument('<name>', 'as in omh device-credential list')
    .addHelpText('after', '\nExample:\n  omh device-credential remove press-1')
    .action(async (name: string, flags: Flags) => {
      await ask(needHub(flags), 'DELETE', at(name));
      if (flags.json) printJson({ removed: name });
      else process.stdout.write(`${name} is removed; its connections are closed.\n`);
    });
}
