import { Command } from 'commander';
import type { NewTokenAnswer, TokenRow, TokensAnswer } from '@omh/api';
import { parseDurationMs, parseRfc3339, rfc3339, systemClock } from '@omh/core';
import { errors } from '../errors.ts';
import { ask, needHub, type HubAddress } from '../hub-client.ts';
import { formatTable } from '../table.ts';
import { minutes, onHub, permissionOption, printJson, roleOption, tellSecret, type AccessFlags } from './access.ts';

interface Flags extends AccessFlags {
  readonly role?: string;
  readonly permission?: string[];
  readonly expires?: string;
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('API tokens for programs: list, create, revoke.')
    .addHelpText(
      'after',
      '\nExamples:\n  omh token list\n  omh token create grafana --role viewer --expires 365d\n  omh token revoke grafana',
    )
    .addCommand(list())
    .addCommand(create())
    .addCommand(revoke());
}

const tokensOf = async (hub: HubAddress): Promise<TokenRow[]> => (await ask<TokensAnswer>(hub, 'GET', '/api/v1/tokens')).tokens;

function list(): Command {
  return onHub(new Command('list').description("One's own tokens; an administrator sees everybody's."))
    .addHelpText('after', '\nExample:\n  omh token list --json')
    .action(async (flags: Flags) => {
      const tokens = await tokensOf(needHub(flags));
      if (flags.json) printJson({ tokens });
      else
        process.stdout.write(
          `${formatTable(
            ['name', 'owner', 'id', 'expires', 'last used', 'permissions'],
            tokens.map((t) => [t.name, t.owner, t.id, expiryText(t), t.lastUsed ?? 'never', t.permissions.join(', ').slice(0, 80)]),
          )}\n`,
        );
    });
}
const expiryText = ({ expires, expired }: TokenRow): string =>
  expires === undefined ? 'never' : expired ? `expired ${minutes(expires)}` : minutes(expires);

function create(): Command {
  return onHub(new Command('create').description('Make a token. It is printed once.'))
    .argument('<name>', 'what it is for: a to z, digits and . _ @ -')
    .addOption(roleOption('what it may do'))
    .addOption(permissionOption())
    .option('--expires <when>', 'a duration such as 30d, or an RFC 3339 time; without it until it is revoked')
    .addHelpText(
      'after',
      "\nExamples:\n  omh token create grafana --role viewer --expires 365d\n  export OMH_TOKEN=$(omh token create deploy --role engineer)\n  omh token create line1 --permission 'mqtt.publish acme/line1/#' --permission 'mqtt.subscribe acme/line1/#'",
    )
    .action(async (name: string, flags: Flags) => {
      if (flags.role === undefined && flags.permission === undefined) throw errors.CLI_USAGE({ detail: 'Give --role or --permission' });
      const answer = await ask<NewTokenAnswer>(needHub(flags), 'POST', '/api/v1/tokens', {
        name,
        ...(flags.role === undefined ? {} : { role: flags.role }),
        ...(flags.permission === undefined ? {} : { permissions: flags.permission }),
        ...(flags.expires === undefined ? {} : { expires: timeOf(flags.expires) }),
      });
      if (flags.json) printJson(answer);
      else tellSecret(answer.secret, `Token ${answer.token.owner}/${name}, expires: ${expiryText(answer.token)}. It is not shown again.`);
    });
}

function timeOf(text: string): string {
  if (parseRfc3339(text) !== undefined) return text;
  const ms = parseDurationMs(text);
  if (ms === undefined || ms <= 0)
    throw errors.CLI_USAGE({ detail: `--expires takes a duration such as 30d or a time such as 2030-01-31T00:00:00Z, not ${text}` });
  return rfc3339(systemClock.now() + ms * 1000);
}

function revoke(): Command {
  return onHub(new Command('revoke').description('End a token at once; its MQTT connections close too.'))
    .argument('<token>', 'its name, owner/name or id')
    .addHelpText('after', '\nExamples:\n  omh token revoke grafana\n  omh token revoke alice/deploy')
    .action(async (named: string, flags: Flags) => {
      const hub = needHub(flags);
      const found = (await tokensOf(hub)).filter((t) => t.id === named || t.name === named || `${t.owner}/${t.name}` === named);
      const [token] = found;
      if (token === undefined) throw errors.CLI_UNKNOWN({ kind: 'token', name: named, list: 'omh token list' });
      if (found.length > 1) throw errors.CLI_AMBIGUOUS({ count: found.length, name: named });
      await ask(hub, 'DELETE', `/api/v1/tokens/${encodeURIComponent(token.id)}`);
      if (flags.json) printJson({ revoked: { id: token.id, name: token.name, owner: token.owner } });
      else process.stdout.write(`Token ${token.owner}/${token.name} is revoked.\n`);
    });
}
