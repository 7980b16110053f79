import { Command, CommanderError } from 'commander';
import { version } from './version.ts';

/** Each command is loaded when it is named, so that a short one does not wait for the whole hub to load. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./commands/up.ts')).demoCommand(),
  up: async () => (await import('./commands/up.ts')).upCommand(),
  init: async () => (await import('./commands/init.ts')).initCommand(),
  validate: async () => (await import('./commands/validate.ts')).validateCommand(),
  schema: async () => (await import('./commands/schema.ts')).schemaCommand(),
  plan: async () => (await import('./commands/config.ts')).planCommand(),
  apply: async () => (await import('./commands/config.ts')).applyCommand(),
  rollback: async () => (await import('./commands/config.ts')).rollbackCommand(),
  revisions: async () => (await import('./commands/config.ts')).revisionsCommand(),
  user: async () => (await import('./commands/user.ts')).userCommand(),
  token: async () => (await import('./commands/token.ts')).tokenCommand(),
  'device-credential': async () => (await import('./commands/device-credential.ts')).deviceCredentialCommand(),
  tags: async () => (await import('./commands/tags.ts')).tagsCommand(),
  device: async () => (await import('./commands/device.ts')).deviceCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  'sign-in': async () => (await import('./commands/sign-in.ts')).signInCommand(),
  sql: async () => (await import('./commands/sql.ts')).sqlCommand(),
  pub: async () => (await import('./commands/pub.ts')).pubCommand(),
  sub: async () => (await import('./commands/sub.ts')).subCommand(),
  trace: async () => (await import('./commands/trace.ts')).traceCommand(),
  broker: async () => (await import('./commands/broker.ts')).brokerCommand(),
  probe: async () => (await import('./commands/probe.ts')).probeCommand(),
  read: async () => (await import('./commands/read-device.ts')).readCommand(),
  write: async () => (await import('./commands/write-device.ts')).writeCommand(),
  browse: async () => (await import('./commands/browse.ts')).browseCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  backup: async () => (await import('./commands/backup.ts')).backupCommand(),
  restore: async () => (await import('./commands/restore.ts')).restoreCommand(),
  verify: async () => (await import('./commands/verify.ts')).verifyCommand(),
  bench: async () => (await import('./commands/bench.ts')).benchCommand(),
};

/** The `omh` command. Exit codes: 0 done, 1 failed, 2 used wrongly. */
async function program(named: string | undefined): Promise<Command> {
  const omh = new Command('omh')
    .description('Open Manufacturing Hub: devices, MQTT broker, SQL rules, historian and dashboards in one program.')
    .version(version, '--version')
    // Options after a command are that command's, as -V of sub.
    .enablePositionalOptions()
    .showHelpAfterError('(omh --help shows all commands)');
  const wanted = named !== undefined && Object.hasOwn(commands, named) ? [named] : Object.keys(commands);
  for (const name of wanted) omh.addCommand(await commands[name]!());
  return omh;
}

/** A command and everything below it. */
const withAll = (command: Command): Command[] => [command, ...command.commands.flatMap((each) => withAll(each))];

export async function run(argv: readonly string[]): Promise<void> {
  try {
    const omh = await program(argv[2]);
    for (const command of withAll(omh)) command.exitOverride();
    await omh.parseAsync([...argv]);
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = thrown.exitCode === 0 ? 0 : 2;
      return;
    }
    const { complain } = await import('./complain.ts');
    process.exitCode = complain(thrown);
  }
}
