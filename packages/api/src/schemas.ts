import { Type, type TSchema, type Static, type TProperties, type TObject } from '@fastify/type-provider-typebox';
import { rfc3339, type Health } from '@omh/core';
import type { JsonValue } from './json-value.ts';

/** Schema pieces that several nouns share. */
export const Time = Type.String({ format: 'date-time', description: 'RFC 3339 UTC.' });
export const PartStateWord = Type.Unsafe<Health['state']>({
  type: 'string',
  enum: ['starting', 'running', 'degraded', 'lost', 'failed', 'stopped'],
});
export const QualityWordSchema = Type.Unsafe<'good' | 'uncertain' | 'bad'>({ type: 'string', enum: ['good', 'uncertain', 'bad'] });
/** Any JSON value; written as it is. */
export const AnyJson = Type.Unsafe<JsonValue>({ description: 'A JSON value.' });
export const AnyObject = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true });

export const ReasonSchema = Type.Object({
  code: Type.String(),
  params: Type.Unsafe<Record<string, string | number>>({ type: 'object', additionalProperties: true }),
  text: Type.String({ description: 'The finished English sentence.' }),
});

/** State of a part with its sentence, since when, and when it tries again. */
export const healthFields = {
  state: PartStateWord,
  reason: ReasonSchema,
  since: Time,
  nextTry: Type.Optional(Time),
};
export type HealthFields = Static<TObject<typeof healthFields>>;

export function healthToJson(health: Health): HealthFields {
  const { state, reason, since, nextTry } = health;
  const out: HealthFields = {
    state,
    reason: { code: reason.code, params: { ...reason.params }, text: reason.text },
    since: rfc3339(since),
  };
  if (nextTry !== undefined) out.nextTry = rfc3339(nextTry);
  return out;
}

export const Ok = Type.Object({ result: Type.Unsafe<'ok'>({ type: 'string', enum: ['ok'] }) });
export const NameParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 200 }) });

/** An object that takes no unknown keys: a misspelt field is an error, not silence. */
export const StrictObject = <T extends TProperties>(properties: T): TObject<T> => Type.Object(properties, { additionalProperties: false });
export const listOf = <T extends TSchema>(item: T, description: string) => Type.Array(item, { description });
