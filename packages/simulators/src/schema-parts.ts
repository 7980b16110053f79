import Type from 'typebox';
import type { TSchema } from 'typebox';

export const restart = { effect: 'restart' } as const;
export const strict = { additionalProperties: false } as const;

type Words = readonly [title: string, description: string];

export const number = ([title, description]: Words, more: object = {}) =>
  Type.Number({ title, description, unit: '1', ...restart, ...more });
export const integer = ([title, description]: Words, range: object, more: object = {}) =>
  Type.Integer({ title, description, unit: '1', ...range, ...restart, ...more });
export const text = ([title, description]: Words, more: object = {}) =>
  Type.String({ title, description, minLength: 1, maxLength: 500, ...restart, ...more });
export const flag = ([title, description]: Words, more: object = {}) => Type.Boolean({ title, description, ...restart, ...more });
export const choice = <const T extends readonly (string | number)[]>([title, description]: Words, values: T, more: object = {}) =>
  Type.Unsafe<T[number]>({ type: typeof values[0], enum: values, title, description, ...restart, ...more });
export const duration = ([title, description]: Words, more: object = {}) =>
  Type.String({
    title,
    description,
    pattern: '^\\d+(\\.\\d+)?\\s*(us|ms|s|min|m|h|d|w)$',
    expects: 'a duration like 1s or 250ms',
    unit: 'duration',
    ...restart,
    ...more,
  });
/** A number, or the name of another signal. */
export const input = ([title, description]: Words, more: object = {}) =>
  Type.Unsafe<number | string>({
    type: ['number', 'string'],
    title,
    description,
    expects: 'a number, or the name of a signal of the same unit',
    unit: '1',
    minLength: 1,
    maxLength: 200,
    ...restart,
    ...more,
  });
/** An address as in a tag, without the unit. */
export const place = ([title, description]: Words, more: object = {}) =>
  Type.Unsafe<string | number>({
    type: ['string', 'integer'],
    title,
    description,
    expects: 'an address like 40001, in quotes with a point ("40020.12") and for a coil ("00001")',
    minLength: 1,
    maxLength: 60,
    ...restart,
    ...more,
  });
export const maybe = <S extends TSchema>(schema: S) => Type.Optional(schema);

/** Blocks of which one key says which other keys there are: one schema for each of its values. */
export function variants(
  key: string,
  words: Words,
  kinds: ReadonlyMap<string, { readonly about: string; readonly schema: TSchema }>,
  options: object,
) {
  const names = [...kinds.keys()];
  return Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    required: [key],
    properties: {
      [key]: {
        type: 'string',
        enum: names,
        enumDescriptions: [...kinds.values()].map(({ about }) => about),
        title: words[0],
        description: words[1],
        ...restart,
      },
    },
    allOf: names.map((name) => ({ if: { properties: { [key]: { const: name } }, required: [key] }, then: kinds.get(name)!.schema })),
    ...options,
    ...restart,
  });
}
