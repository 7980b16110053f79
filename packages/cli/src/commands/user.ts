import { Command } from 'commander';
import type { UserAnswer, UserRow, UsersAnswer } from '@omh/api';
import { errors } from '../errors.ts';
import { ask, isThere, needHub } from '../hub-client.ts';
import { secretFromStdin } from '../stdin-secret.ts';
import { formatTable } from '../table.ts';
import { allPages, minutes, onHub, permissionOption, printJson, roleOption, tellSecret, type AccessFlags } from './access.ts';

interface Flags extends AccessFlags {
  readonly role?: string;
  readonly permission?: string[];
  readonly displayName?: string;
  readonly passwordStdin?: true;
  readonly enable?: true;
  readonly disable?: true;
}

export function userCommand(): Command {
  return new Command('user')
    .description('People who may sign in: list, add, set, password, remove.')
    .addHelpText(
      'after',
      '\nExamples:\n  omh user list\n  omh user add alice --role engineer\n  omh user password alice\n  omh user set alice --disable',
    )
    .addCommand(list())
    .addCommand(add())
    .addCommand(set())
    .addCommand(password())
    .addCommand(remove());
}

const at = (name: string): string => `/api/v1/users/${encodeURIComponent(name)}`;
const stdinOption = 'take the password from the first line of stdin instead of making one';

function list(): Command {
  return onHub(new Command('list').description('Who may sign in, with role and state.'))
    .addHelpText('after', '\nExample:\n  omh user list --json')
    .action(async (flags: Flags) => {
      const hub = needHub(flags);
      const users = await allPages(
        (query) => ask<UsersAnswer>(hub, 'GET', `/api/v1/users?limit=1000${query}`),
        (page) => page.users,
      );
      if (flags.json) printJson({ users });
      else
        process.stdout.write(
          `${formatTable(
            ['name', 'display name', 'role', 'state', 'created'],
            users.map((user) => [user.name, user.displayName, roleText(user), stateText(user), minutes(user.created)]),
          )}\n`,
        );
    });
}
const roleText = ({ role, permissions }: UserRow): string => role ?? permissions.join(', ');
const stateText = ({ disabled, mustChange }: UserRow): string => (disabled ? 'disabled' : mustChange ? 'password to be changed' : 'active');

function add(): Command {
  return onHub(new Command('add').description('Add a person. The password is printed once and is changed at the first sign-in.'))
    .argument('<name>', 'a to z, digits and . _ @ -')
    .addOption(roleOption('what the person may do'))
    .addOption(permissionOption())
    .option('--display-name <text>', 'how screens call the person')
    .option('--password-stdin', stdinOption)
    .addHelpText(
      'after',
      "\nExamples:\n  omh user add alice --role engineer\n  omh user add bob --permission values.read --permission 'tag.write acme/line1/#'\n  omh user add carol --role viewer --password-stdin < password.txt",
    )
    .action(async (name: string, flags: Flags) => {
      if (flags.role === undefined && flags.permission === undefined) throw errors.CLI_USAGE({ detail: 'Give --role or --permission' });
      const given = flags.passwordStdin ? await secretFromStdin() : undefined;
      const hub = needHub(flags);
      if (await isThere(hub, at(name))) throw errors.CLI_THERE_ALREADY({ kind: 'user', name, change: `omh user set ${name}` });
      const answer = await ask<UserAnswer>(hub, 'PUT', at(name), { ...bodyOf(flags), ...(given === undefined ? {} : { password: given }) });
      if (flags.json) printJson(answer);
      else tellSecret(answer.password, `${name} may sign in as ${roleText(answer.user)}; the password is changed at the first sign-in.`);
    });
}

function set(): Command {
  return onHub(new Command('set').description('Change what a person may do, is called, or whether the person may sign in at all.'))
    .argument('<name>', 'as in omh user list')
    .addOption(roleOption('the new role'))
    .addOption(permissionOption())
    .option('--display-name <text>', 'how screens call the person')
    .option('--enable', 'may sign in again')
    .option('--disable', 'may not sign in; open sessions end')
    .addHelpText('after', '\nExamples:\n  omh user set alice --role operator\n  omh user set alice --disable')
    .action(async (name: string, flags: Flags) => {
      if (flags.enable && flags.disable) throw errors.CLI_USAGE({ detail: 'Give --enable or --disable, not both' });
      const body = { ...bodyOf(flags), ...(flags.enable || flags.disable ? { disabled: flags.disable === true } : {}) };
      if (Object.keys(body).length === 0)
        throw errors.CLI_USAGE({ detail: 'Give what is to change: --role, --permission, --display-name, --enable or --disable' });
      const hub = needHub(flags);
      await ask(hub, 'GET', at(name));
      const answer = await ask<UserAnswer>(hub, 'PUT', at(name), body);
      if (flags.json) printJson(answer);
      else process.stdout.write(`${name}: ${roleText(answer.user)}, ${stateText(answer.user)}.\n`);
    });
}

function password(): Command {
  return onHub(new Command('password').description('Hand out a new password. It is printed once; open sessions of the person end.'))
    .argument('<name>', 'as in omh user list')
    .option('--password-stdin', stdinOption)
    .addHelpText('after', '\nExamples:\n  omh user password alice\n  omh user password alice --password-stdin < password.txt')
    .action(async (name: string, flags: Flags) => {
      const given = flags.passwordStdin ? await secretFromStdin() : undefined;
      const hub = needHub(flags);
      await ask(hub, 'GET', at(name));
      const answer = await ask<UserAnswer>(hub, 'PUT', at(name), given === undefined ? { newPassword: true } : { password: given });
      if (flags.json) printJson(answer);
      else tellSecret(answer.password, `${name} has a new password, which is changed at the next sign-in; open sessions ended.`);
    });
}

function remove(): Command {
  return onHub(new Command('remove').description("Remove a person; the person's sessions and tokens end."))
    .argument('<name>', 'as in omh user list')
    .addHelpText('after', '\nExample:\n  omh user remove alice')
    .action(async (name: string, flags: Flags) => {
      await ask(needHub(flags), 'DELETE', at(name));
      if (flags.json) printJson({ removed: name });
      else process.stdout.write(`${name} is removed; sessions and tokens ended.\n`);
    });
}

const bodyOf = (flags: Flags): object => ({
  ...(flags.role === undefined ? {} : { role: flags.role }),
  ...(flags.permission === undefined ? {} : { permissions: flags.permission }),
  ...(flags.displayName === undefined ? {} : { displayName: flags.displayName }),
});
