import { Command } from 'commander';
import { ask, needHub, type FindOptions } from '../hub-client.ts';
import { formatTable } from '../table.ts';

interface Trace {
  device: string;
  group: string;
  tag: string;
  path: string;
  address: string;
  time: string;
  raw: unknown;
  value: unknown;
  quality: string;
  reason?: string;
  endToEndMs: number;
  hops: { step: string; detail?: string; atMs: number; ms: number }[];
  frames: { direction: 'tx' | 'rx'; atMs: number; bytes: number; hex: string }[];
  notCommitted?: string;
}

export function traceCommand(): Command {
  return new Command('trace')
    .description('One value from the register to the store: milliseconds per hop, with the raw frames.')
    .argument('<tag>', 'device/group/tag, or a namespace path')
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  omh trace demo/demo_group/temperature\n  omh trace acme/dallas/press/line1/temperature --json')
    .action(async (tag: string, flags: FindOptions & { json?: true }) => {
      const trace = await ask<Trace>(needHub(flags), 'GET', `/api/v1/trace?tag=${encodeURIComponent(tag)}`);
      process.stdout.write(flags.json ? `${JSON.stringify(trace)}\n` : text(trace));
    });
}

function text({
  device,
  group,
  tag,
  path,
  address,
  time,
  raw,
  value,
  quality,
  reason,
  endToEndMs,
  hops,
  frames,
  notCommitted,
}: Trace): string {
  const from = address === '' ? '' : ` at ${address}`;
  const read = `${JSON.stringify(raw)} → ${JSON.stringify(value)}, ${quality}${reason === undefined ? '' : `: ${reason}`}`;
  const parts = [
    `${path} (${device}/${group}/${tag}${from}), due ${time}\n${read}`,
    formatTable(
      ['hop', 'ms', 'at ms', ''],
      [...hops.map((hop) => [hop.step, hop.ms, hop.atMs, hop.detail ?? '']), ['end to end', endToEndMs, endToEndMs, '']],
    ),
  ];
  if (frames.length > 0)
    parts.push(
      formatTable(
        ['frame', 'at ms', 'bytes', 'hex'],
        frames.map((frame) => [frame.direction, frame.atMs, frame.bytes, frame.hex]),
      ),
    );
  if (notCommitted !== undefined) parts.push(`Not stored: ${notCommitted}`);
  return `${parts.join('\n\n')}\n`;
}
