import { Command } from 'commander';
import { ask, needHub, type FindOptions } from '../hub-client.ts';
import { formatTable } from '../table.ts';

interface Status {
  state: string;
  sentence: string;
  hub: { name: string; version: string; revision: number; drift: boolean };
  parts: { id: string; state: string; address?: string; reason: { code: string; text: string }; since: string }[];
}

export function statusCommand(): Command {
  return new Command('status')
    .description('Every part of the running hub with port, state and reason. Exit 0 only when all are healthy.')
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  omh status\n  OMH_TOKEN=… omh status --url http://10.0.0.7:7070 --json')
    .action(async (flags: FindOptions & { json?: true }) => {
      const status = await ask<Status>(needHub(flags), 'GET', '/api/v1/status');
      if (flags.json) process.stdout.write(`${JSON.stringify(status)}\n`);
      else {
        process.stdout.write(
          `${formatTable(
            ['part', 'state', 'address', ''],
            status.parts.map((p) => [p.id, stateOf(p), p.address ?? '', p.reason.text]),
          )}\n\n${status.sentence}\n${status.hub.drift ? 'The files were changed by hand and differ from what runs: see omh plan.\n' : ''}`,
        );
      }
      if (status.parts.some((p) => p.state !== 'running')) process.exitCode = 1;
    });
}

/** As people call it: what reads nothing because somebody wants it so is paused. */
const stateOf = ({ state, reason }: Status['parts'][number]): string => (reason.code === 'DEVICE_PAUSED_BY' ? 'paused' : state);
