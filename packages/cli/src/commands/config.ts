import { Command, InvalidArgumentError } from 'commander';
import { ask, needHub, type FindOptions, type HubAddress } from '../hub-client.ts';
import { formatTable } from '../table.ts';

interface Plan {
  planId: string;
  base: number;
  changes: { sentence: string; effect: string }[];
  warnings: { text: string }[];
}
interface Revisions {
  revisions: { revision: number; at: string; by: string; comment: string; changes: { sentence: string }[] }[];
}
type Flags = FindOptions & { json?: true; comment?: string; limit?: number };

const whole = (text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A whole number from 1.');
  return Number(text);
};
const common = (command: Command): Command =>
  command
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine')
    .option('--json', 'print JSON');

/** What stands in the files now, against what runs. */
async function planFromDisk(hub: HubAddress): Promise<Plan> {
  const { revision } = await ask<{ revision: number }>(hub, 'GET', '/api/v1/config');
  return ask<Plan>(hub, 'POST', '/api/v1/config/plan', { base: revision, disk: true });
}

function told({ changes, warnings }: Plan): string {
  if (changes.length === 0) return 'The files say what runs; there is nothing to apply.\n';
  const lines = changes.map(
    ({ sentence, effect }) => `  ${effect === 'live' ? ' ' : '!'} ${sentence}${effect === 'live' ? '' : ` (${effect})`}`,
  );
  return `${[...lines, ...warnings.map(({ text }) => `  Warning: ${text}`)].join('\n')}\n`;
}

export function planCommand(): Command {
  return common(new Command('plan').description('What the hub files on disk would change in the running hub; nothing happens yet.'))
    .addHelpText('after', '\nExamples:\n  omh plan\n  omh plan --json')
    .action(async (flags: Flags) => {
      const plan = await planFromDisk(needHub(flags));
      process.stdout.write(flags.json ? `${JSON.stringify(plan)}\n` : told(plan));
    });
}

export function applyCommand(): Command {
  return common(new Command('apply').description('Make the running hub what its files on disk say, whole or not at all.'))
    .option('-m, --comment <text>', 'why; kept with the revision')
    .addHelpText('after', "\nExample:\n  omh apply -m 'press 2 reads twice as often'")
    .action(async (flags: Flags) => {
      const hub = needHub(flags);
      const plan = await planFromDisk(hub);
      if (!flags.json) process.stdout.write(told(plan));
      if (plan.changes.length === 0) {
        if (flags.json) process.stdout.write(`${JSON.stringify({ revision: plan.base, changes: [] })}\n`);
        return;
      }
      const { revision } = await ask<{ revision: number }>(hub, 'POST', '/api/v1/config/apply', {
        planId: plan.planId,
        comment: flags.comment ?? '',
      });
      process.stdout.write(flags.json ? `${JSON.stringify({ revision, changes: plan.changes })}\n` : `Applied as revision ${revision}.\n`);
    });
}

export function rollbackCommand(): Command {
  return common(new Command('rollback').description('Make the configuration of an earlier revision a new one.'))
    .argument('<revision>', 'its number, as in omh revisions', whole)
    .option('-m, --comment <text>', 'why; kept with the revision')
    .addHelpText('after', '\nExample:\n  omh rollback 3')
    .action(async (revision: number, flags: Flags) => {
      const answer = await ask<{ revision: number }>(needHub(flags), 'POST', '/api/v1/config/rollback', {
        revision,
        comment: flags.comment ?? '',
      });
      process.stdout.write(
        flags.json ? `${JSON.stringify(answer)}\n` : `Revision ${revision} runs again, as revision ${answer.revision}.\n`,
      );
    });
}

export function revisionsCommand(): Command {
  return common(new Command('revisions').description('What was applied, when, by whom and why; newest first.'))
    .option('--limit <n>', 'most revisions to print', whole, 20)
    .addHelpText('after', '\nExample:\n  omh revisions --limit 5')
    .action(async (flags: Flags) => {
      const answer = await ask<Revisions>(needHub(flags), 'GET', `/api/v1/revisions?limit=${Math.min(200, flags.limit!)}`);
      if (flags.json) process.stdout.write(`${JSON.stringify(answer)}\n`);
      else {
        const rows = answer.revisions.map((r) => [
          r.revision,
          r.at,
          r.by,
          r.comment,
          r.changes
            .map((c) => c.sentence)
            .join('; ')
            .slice(0, 120),
        ]);
        process.stdout.write(`${formatTable(['revision', 'at', 'by', 'comment', 'changes'], rows)}\n`);
      }
    });
}
