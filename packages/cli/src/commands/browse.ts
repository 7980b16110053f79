import { Command } from 'commander';
import { survey, type Survey } from '@omh/drivers';
import { formatTable } from '../table.ts';
import { deviceOf, millis, onDevice, printSurvey, visiting, whole, type DeviceFlags } from './probe-device.ts';

interface Flags extends DeviceFlags {
  readonly requests: number;
  readonly pause: number;
}

export function browseCommand(): Command {
  return onDevice(new Command('browse').description('Who a device says it is, what it lets be read, and its limits. Never writes.'))
    .argument('[host]', 'host or host:port of the device')
    .option('--requests <n>', 'most requests', whole(100, 2000), 200)
    .option('--pause <time>', 'between two requests', millis, 20)
    .addHelpText(
      'after',
      '\nExamples:\n  omh browse 10.0.0.5 --unit 1\n  omh browse --port-path /dev/ttyUSB0 --unit 3 --pause 100ms --json',
    )
    .action(async (host: string | undefined, flags: Flags) => {
      const { module, settings } = deviceOf(host, flags);
      const request = { unit: flags.unit ?? 1, requests: flags.requests, pauseMs: flags.pause };
      const found = await visiting(flags, (options) => survey(module, settings, request, options));
      if (found !== undefined) process.stdout.write(flags.json ? `${printSurvey(found)}\n` : `${spansText(found)}\n`);
    });
}

const areaWords = { coil: 'coils', discrete: 'discrete inputs', input: 'input registers', holding: 'holding registers' } as const;
const digits = { coil: '0', discrete: '1', input: '3', holding: '4' } as const;

export function spansText({ unit, identity, spans, maxRegisters, maxBits, window, requests, remarks }: Survey): string {
  const who = Object.entries(identity ?? {}).map(([key, value]) => `  ${key}: ${value}`);
  const limits = [
    maxRegisters === undefined ? '' : `Largest request: ${maxRegisters} registers.`,
    maxBits === undefined ? '' : `Largest request for bits: ${maxBits}.`,
    window === undefined ? '' : `Requests at once: ${window}.`,
    `${requests} requests were made.`,
    ...remarks,
  ].filter((line) => line !== '');
  return [
    who.length === 0 ? `Unit ${unit} does not say who it is.` : [`Unit ${unit}:`, ...who].join('\n'),
    ...(spans.length === 0
      ? []
      : [
          formatTable(
            ['area', 'first', 'last', 'count', 'on the wire', ''],
            spans.map((s) => [
              areaWords[s.area],
              numbered(s.area, s.from),
              numbered(s.area, s.to),
              s.to - s.from + 1,
              `${s.from} to ${s.to}`,
              s.whole ? '' : 'parts of it asked for',
            ]),
          ),
        ]),
    limits.join('\n'),
  ].join('\n\n');
}
const numbered = (area: keyof typeof digits, at: number): string => `${digits[area]}${String(at + 1).padStart(at > 9998 ? 5 : 4, '0')}`;
