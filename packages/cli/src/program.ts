import { Command, CommanderError } from 'commander';
import { complain } from './complain.ts';
import { version } from './version.ts';
import { benchCommand } from './commands/bench.ts';
import { brokerCommand } from './commands/broker.ts';
import { initCommand } from './commands/init.ts';
import { pubCommand } from './commands/pub.ts';
import { schemaCommand } from './commands/schema.ts';
import { signInCommand } from './commands/sign-in.ts';
import { simulateCommand } from './commands/simulate.ts';
import { sqlCommand } from './commands/sql.ts';
import { statusCommand } from './commands/status.ts';
import { subCommand } from './commands/sub.ts';
import { demoCommand, upCommand } from './commands/up.ts';
import { validateCommand } from './commands/validate.ts';

/** The `omh` command. Exit codes: 0 done, 1 failed, 2 used wrongly. */
export function program(): Command {
  const omh = new Command('omh')
    .description('Open Manufacturing Hub: devices, MQTT broker, SQL rules, historian and dashboards in one program.')
    .version(version, '--version')
    // Options after a command are that command's, as -V of sub.
    .enablePositionalOptions()
    .showHelpAfterError('(omh --help shows all commands)');
  for (const command of [
    demoCommand(),
    upCommand(),
    initCommand(),
    validateCommand(),
    schemaCommand(),
    statusCommand(),
    signInCommand(),
    sqlCommand(),
    pubCommand(),
    subCommand(),
    brokerCommand(),
    simulateCommand(),
    benchCommand(),
  ])
    omh.addCommand(command);
  return omh;
}

export async function run(argv: readonly string[]): Promise<void> {
  const omh = program();
  for (const command of [omh, ...omh.commands]) command.exitOverride();
  try {
    await omh.parseAsync([...argv]);
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = thrown.exitCode === 0 ? 0 : 2;
      return;
    }
    process.exitCode = complain(thrown);
  }
}
