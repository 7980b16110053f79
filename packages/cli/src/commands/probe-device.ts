import { InvalidArgumentError, Option, type Command } from 'commander';
import { faultsInWords } from '@omh/config/schema';
import { systemClock, type DriverModule } from '@omh/core';
import { driverModules, type Survey, type VisitOptions } from '@omh/drivers';
import { errors } from '../errors.ts';
import { untilSignal } from '../until-signal.ts';

/** What the commands share that speak with a device themselves. */
export interface DeviceFlags {
  readonly driver: string;
  readonly portPath?: string;
  readonly baudRate?: number;
  readonly unit?: number;
  readonly set?: readonly string[];
  readonly timeout: number;
  readonly json?: true;
}

export const whole =
  (from: number, to: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < from || value > to) throw new InvalidArgumentError(`A whole number from ${from} to ${to}.`);
    return value;
  };
export const decimal = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('A number.');
  return value;
};
/** `500ms`, `2s` or milliseconds. */
export const millis = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('A time like 500ms or 2s.');
  return Number(match[1]) * (match[2] === 's' ? 1000 : 1);
};

export const onDevice = (command: Command): Command =>
  command
    .addOption(new Option('--driver <driver>', 'protocol').choices(driverModules.map((m) => m.id)).default('modbus-tcp'))
    .option('--unit <n>', 'unit of addresses that name none', whole(0, 255))
    .option('--port-path <port>', 'serial port, e.g. /dev/ttyUSB0, in place of the host')
    .option('--baud-rate <n>', 'of the serial port', whole(50, 4_000_000))
    .option('--set <key=value>', 'a setting of the driver; may be given several times', (text: string, all: string[] | undefined) => [
      ...(all ?? []),
      text,
    ])
    .option('--timeout <time>', 'for one request', millis, 1500)
    .option('--json', 'print JSON');

export interface DeviceAccess {
  readonly module: DriverModule;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Driver and checked settings out of the options; throws CLI_USAGE. */
export function deviceOf(host: string | undefined, flags: DeviceFlags): DeviceAccess {
  const serial = flags.portPath !== undefined;
  const module = driverModules.find((m) => m.id === (serial ? 'modbus-serial' : flags.driver))!;
  if (module.id === 'modbus-serial' && !serial) throw errors.CLI_USAGE({ detail: 'A serial device needs --port-path' });
  if (!serial && host === undefined) throw errors.CLI_USAGE({ detail: 'Name the host, as 10.0.0.5 or plc.local:502' });
  if (serial && host !== undefined) throw errors.CLI_USAGE({ detail: 'Give a host or --port-path, not both' });
  const settings: Record<string, unknown> = serial
    ? { port: flags.portPath, ...(flags.baudRate === undefined ? {} : { baudRate: flags.baudRate }) }
    : hostAndPort(host!);
  settings['unit'] = flags.unit ?? 1;
  for (const text of flags.set ?? []) {
    const at = text.indexOf('=');
    if (at < 1) throw errors.CLI_USAGE({ detail: `--set takes key=value, not ${text.slice(0, 80)}` });
    settings[text.slice(0, at)] = valueOf(text.slice(at + 1));
  }
  const [fault] = faultsInWords(module.settings, settings, 'the settings');
  if (fault !== undefined) throw errors.CLI_USAGE({ detail: fault.message.replace(/\.$/, '') });
  return { module, settings };
}

function hostAndPort(text: string): Record<string, unknown> {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return { host: text };
  return { host: match[1] ?? match[2], ...(match[3] === undefined ? {} : { port: Number(match[3]) }) };
}

/** Numbers, true, false, lists and objects as JSON; everything else is text. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A visit that Ctrl-C ends. */
export async function visiting<T>(flags: DeviceFlags, work: (options: VisitOptions) => Promise<T>): Promise<T | undefined> {
  const control = new AbortController();
  const signal = untilSignal(async () => control.abort(new Error('stopped')));
  try {
    return await work({ clock: systemClock, timeoutMs: flags.timeout, signal: control.signal });
  } catch (thrown) {
    if (control.signal.aborted) {
      process.exitCode = 130;
      return undefined;
    }
    throw thrown;
  } finally {
    signal.forget();
  }
}

export const tagValueText = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) =>
    typeof v === 'bigint'
      ? Number.isSafeInteger(Number(v))
        ? Number(v)
        : v.toString()
      : v instanceof Uint8Array
        ? Buffer.from(v).toString('hex')
        : v,
  ) ?? '';

export const printSurvey = (survey: Survey): string => tagValueText(survey);
