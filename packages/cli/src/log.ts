import { Option } from 'commander';
import pino from 'pino';
import { OmhError, type Logger } from '@omh/core';

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

export const logLevelOption = (): Option => new Option('--log-level <level>', 'how much is logged').choices(logLevels).default('warn');

/** To stderr: stdout belongs to what the command prints. */
export function createLogger(level: LogLevel, format: LogFormat): Logger {
  return format === 'json'
    ? jsonLogger(pino({ level, serializers: { err: describe } }, pino.destination({ dest: 2, sync: true })))
    : textLogger(level, {});
}

type Fields = Readonly<Record<string, unknown>>;

function jsonLogger(log: pino.Logger): Logger {
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
    child: (fields) => jsonLogger(log.child(fields)),
  };
}

function textLogger(level: LogLevel, bound: Fields): Logger {
  const from = logLevels.indexOf(level);
  const write =
    (at: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      if (logLevels.indexOf(at) < from) return;
      const rest = Object.entries({ ...bound, ...fields })
        .map(([key, value]) => `${key}=${text(key === 'err' ? describe(value) : value)}`)
        .join(' ');
      process.stderr.write(`${new Date().toISOString().slice(11, 23)} ${at.padEnd(5)} ${message}${rest ? `  ${rest}` : ''}\n`);
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => textLogger(level, { ...bound, ...fields }),
  };
}

const text = (value: unknown): string =>
  typeof value === 'string' ? (/[\s"]/.test(value) ? JSON.stringify(value) : value) : (JSON.stringify(value) ?? String(value));

const describe = (thrown: unknown): unknown =>
  thrown instanceof OmhError ? `${thrown.code}: ${thrown.text}` : thrown instanceof Error ? (thrown.stack ?? thrown.message) : thrown;
