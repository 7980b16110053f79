import { Command } from 'commander';
import type { DataType, TagValue } from '@omh/core';
import { visitDevice } from '@omh/drivers';
import { errors } from '../errors.ts';
import { ask, needHub, type FindOptions } from '../hub-client.ts';
import { deviceOf, onDevice, valueOf, visiting, type DeviceFlags } from './probe-device.ts';
import { typeOption } from './read-device.ts';

interface Flags extends DeviceFlags, FindOptions {
  readonly address?: string;
  readonly type: DataType;
  readonly yes?: true;
  readonly reason?: string;
}

export function writeCommand(): Command {
  return onDevice(
    new Command('write').description('Write one value: into a device with --address, or to a tag of a running hub as device/group/tag.'),
  )
    .argument('<target>', 'host or host:port of a device, device/group/tag of the hub; - with --port-path')
    .argument('<value>', 'number, true, false, text, or a JSON list')
    .option('--address <address>', 'where in the device, e.g. 1!40001')
    .addOption(typeOption())
    .option('--yes', 'write into the device without a hub and its limits')
    .option('--reason <text>', 'why, for tags that ask for it')
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine')
    .addHelpText(
      'after',
      '\nA write into a device passes by the limits, rights and audit log of the hub, so it needs --yes.\n\nExamples:\n  omh write demo/demo_group/temperature 300\n  omh write 10.0.0.5 42.5 --address 1!40011 --type float --yes',
    )
    .action(async (target: string, text: string, flags: Flags) => {
      if (flags.address === undefined) {
        const [device, group, ...rest] = target.split('/');
        if (rest.length === 0) throw errors.CLI_USAGE({ detail: 'Writing into a device needs --address' });
        await ask(needHub(flags), 'POST', '/api/v1/write', {
          device,
          group,
          tag: rest.join('/'),
          value: valueOf(text),
          ...(flags.reason === undefined ? {} : { reason: flags.reason }),
        });
        process.stdout.write(flags.json ? '{"result":"ok"}\n' : `${target} is ${text}; the device confirmed.\n`);
        return;
      }
      const { module, settings } = deviceOf(target === '-' ? undefined : target, flags);
      if (!flags.yes) throw errors.CLI_USAGE({ detail: 'A write into a device passes by all limits of the hub; say --yes' });
      const value = deviceValue(text, flags.type);
      await visiting(flags, async (options) => {
        await visitDevice(module, settings, options, (visit) =>
          visit.write({ address: flags.address!, type: flags.type, ...counted(value) }, value),
        );
        process.stdout.write(flags.json ? '{"result":"ok"}\n' : `${flags.address} is ${text}; the device confirmed.\n`);
      });
    });
}

const counted = (value: TagValue): { count?: number } => (Array.isArray(value) ? { count: value.length } : {});

/** 64-bit integers stay exact. */
function deviceValue(text: string, type: DataType): TagValue {
  if (type === 'string') return text;
  if ((type === 'int64' || type === 'uint64') && /^-?\d+$/.test(text)) return BigInt(text);
  if (type === 'bytes') return Uint8Array.from(Buffer.from(text, 'hex'));
  const value = valueOf(text);
  if (typeof value === 'number' || typeof value === 'boolean' || Array.isArray(value)) return value as TagValue;
  throw errors.CLI_USAGE({ detail: `${text.slice(0, 80)} is no value of the type ${type}` });
}
