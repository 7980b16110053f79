import Type from 'typebox';
import type { Static, TSchema } from 'typebox';
import { maxNameLength, namePattern } from './names.ts';
import type { SchemaHints } from './schema-hints.ts';

export const strict = { additionalProperties: false } as const;
/** `unit` is UCUM; 1 where a number counts, `duration` where a text carries its own, like 1s. */
export const count = { unit: '1' } as const;
export const live = { effect: 'live' } as const;
export const reconnect = { effect: 'reconnect' } as const;
export const restart = { effect: 'restart' } as const;

export const oneOf = <const T extends readonly string[]>(values: T, options: object) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, ...options });
export const duration = (options: object) =>
  Type.String({
    pattern: '^\\d+(\\.\\d+)?\\s*(us|ms|s|min|m|h|d|w)$',
    expects: 'a duration like 1s or 250ms',
    unit: 'duration',
    ...options,
  });
export const port = (options: object) =>
  Type.Integer({ minimum: 0, maximum: 65535, expects: 'a port number from 0 to 65535', ...count, ...restart, ...options });
export const host = (options: object) =>
  Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\s/]+$', expects: 'a host name or an IP address', ...restart, ...options });
/** IP address or block of them. */
export const addressBlock = (options: object) =>
  Type.String({
    minLength: 2,
    maxLength: 50,
    pattern: '^[0-9A-Fa-f:.]+(/\\d{1,3})?$',
    expects: 'an IP address or a block of them like 192.168.10.0/24',
    ...options,
  });

export const ui = (hints: SchemaHints) => ({ 'x-ui': hints });
/** A mapping of names to entries. */
export const named = <S extends TSchema>(entry: S, options: object) =>
  Type.Unsafe<Record<string, Static<S>>>({
    type: 'object',
    additionalProperties: entry,
    propertyNames: { pattern: namePattern, maxLength: maxNameLength },
    default: {},
    ...options,
  });
export const description = Type.Optional(
  Type.String({ title: 'Description', description: 'What it is for, in words.', maxLength: 2000, ...live, ...ui({ order: 90 }) }),
);
/** Checked by the schema that belongs to the driver, protocol or app type. */
export const settings = (of: string, options: object) =>
  Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    title: 'Settings',
    description: `Settings of the ${of}; which ones there are depends on it.`,
    default: {},
    ...options,
  });
