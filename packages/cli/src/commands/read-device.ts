import { Command, Option } from 'commander';
import { dataTypes, isBad, qualityWord, systemClock, type DataType } from '@omh/core';
import { visitDevice, type Reading } from '@omh/drivers';
import { errors } from '../errors.ts';
import { ask, needHub, type FindOptions } from '../hub-client.ts';
import { allPages } from './access.ts';
import { deviceOf, millis, onDevice, tagValueText, visiting, whole, type DeviceFlags } from './probe-device.ts';

interface Flags extends DeviceFlags, FindOptions {
  readonly address?: string;
  readonly type: DataType;
  readonly count?: number;
  readonly watch?: true;
  readonly every: number;
}
interface Values {
  readonly cursor?: string;
  readonly values: readonly {
    device: string;
    group: string;
    tag: string;
    value: unknown;
    quality: string;
    reason?: { text: string } | string;
  }[];
}

export const typeOption = (): Option => new Option('--type <type>', 'data type').choices(dataTypes).default('uint16');

export function readCommand(): Command {
  return onDevice(new Command('read').description('Read one value: from a device with --address, or of a running hub as device/group/tag.'))
    .argument('[target]', 'host or host:port of a device, or device/group/tag of the hub')
    .option('--address <address>', 'where in the device, e.g. 1!40001')
    .addOption(typeOption())
    .option('--count <n>', 'values of an array', whole(1, 2000))
    .option('--watch', 'again and again until Ctrl-C')
    .option('--every <time>', 'with --watch', millis, 1000)
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine')
    .addHelpText(
      'after',
      "\nExamples:\n  omh read 10.0.0.5 --address '1!40001#BL' --type float\n  omh read 10.0.0.5 --address 1!40001 --count 10 --watch\n  omh read demo/demo_group/temperature",
    )
    .action(async (target: string | undefined, flags: Flags) => {
      if (flags.address === undefined) {
        if (target === undefined || !target.includes('/')) throw errors.CLI_USAGE({ detail: 'Reading a device needs --address' });
        await visiting(flags, (options) => repeat(flags, () => fromHub(target, flags), options.signal!));
        return;
      }
      const { module, settings } = deviceOf(target, flags);
      const wanted = { address: flags.address, type: flags.type, ...(flags.count === undefined ? {} : { count: flags.count }) };
      await visiting(flags, (options) =>
        visitDevice(module, settings, options, (visit) =>
          repeat(flags, async () => print((await visit.read([wanted]))[0]!, flags), options.signal!),
        ),
      );
    });
}

async function repeat(flags: Flags, once: () => Promise<void>, signal: AbortSignal): Promise<void> {
  await once();
  while (flags.watch) {
    await systemClock.sleep(flags.every, signal);
    await once();
  }
}

function print({ value, quality, reason }: Reading, { json, watch }: Flags): void {
  const word = qualityWord(quality);
  if (json)
    process.stdout.write(
      `${tagValueText({ value: value ?? null, quality: word, ...(reason === undefined ? {} : { reason: reason.text }) })}\n`,
    );
  else if (!isBad(quality)) process.stdout.write(`${typeof value === 'string' ? value : tagValueText(value)}\n`);
  else process.stderr.write(`${reason?.text ?? 'The value is bad.'}\n`);
  if (isBad(quality) && !watch) process.exitCode = 1;
}

async function fromHub(target: string, flags: Flags): Promise<void> {
  const [device, group, ...rest] = target.split('/');
  const tag = rest.join('/');
  const query = `device=${encodeURIComponent(device!)}&group=${encodeURIComponent(group ?? '')}`;
  const hub = needHub(flags);
  const values = await allPages(
    (next) => ask<Values>(hub, 'GET', `/api/v1/values?limit=1000&${query}${next}`),
    (page) => page.values,
  );
  const found = values.find((v) => v.device === device && v.group === group && v.tag === tag);
  if (found === undefined) throw errors.CLI_UNKNOWN({ kind: 'tag', name: target, list: 'omh tags export' });
  if (flags.json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else
    process.stdout.write(
      `${typeof found.value === 'string' ? found.value : JSON.stringify(found.value)}${found.quality === 'good' ? '' : ` (${found.quality})`}\n`,
    );
  if (found.quality === 'bad' && !flags.watch) process.exitCode = 1;
}
