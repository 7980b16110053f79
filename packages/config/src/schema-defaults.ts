import type { JsonSchema } from '@omh/core';
import { fits } from './schema-check.ts';

type Block = Record<string, unknown>;
type Fill = (value: unknown) => void;

/**
 * Puts the schema's defaults where a key is absent or undefined, in place, and returns the value; `undefined` as a whole becomes the
 * schema's own default. Follows `properties`, `additionalProperties`, `items`, `allOf` and the branch of `if` that holds; never looks into
 * `anyOf`, `oneOf` and `not`.
 */
export function fillDefaults(schema: JsonSchema, value: unknown): unknown {
  const whole = value === undefined ? copyOf(schema.default) : value;
  fillOf(schema)?.(whole);
  return whole;
}

const known = new WeakMap<object, Fill | false>();

/** Undefined where nothing below can have a default: most values of a large file are not even looked at. */
function fillOf(schema: unknown): Fill | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  let fill = known.get(schema);
  if (fill === undefined) {
    fill = prepared(schema as JsonSchema) ?? false;
    known.set(schema, fill);
  }
  return fill === false ? undefined : fill;
}

function prepared(schema: JsonSchema): Fill | undefined {
  const fills = [ofBlock(schema), ofList(schema), ofCondition(schema), ...listOf(schema.allOf).map(fillOf)].filter((f) => f !== undefined);
  if (fills.length <= 1) return fills[0];
  return (value) => {
    for (const fill of fills) fill(value);
  };
}

function ofBlock(schema: JsonSchema): Fill | undefined {
  const properties = Object.entries((schema.properties as Block | undefined) ?? {});
  const entries = properties
    .map(([key, entry]) => ({ key, default: (entry as Block | undefined)?.default, fill: fillOf(entry) }))
    .filter((entry) => entry.default !== undefined || entry.fill !== undefined);
  const others = fillOf(schema.additionalProperties);
  if (entries.length === 0 && others === undefined) return undefined;
  const named = new Set(properties.map(([key]) => key));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const block = value as Block;
    for (const entry of entries) {
      const there = Object.hasOwn(block, entry.key) && block[entry.key] !== undefined;
      if (!there) {
        if (entry.default === undefined) continue;
        block[entry.key] = copyOf(entry.default);
      }
      entry.fill?.(block[entry.key]);
    }
    if (others !== undefined) for (const key of Object.keys(block)) if (!named.has(key)) others(block[key]);
  };
}

function ofList(schema: JsonSchema): Fill | undefined {
  const each = fillOf(schema.items);
  return each && ((value) => (Array.isArray(value) ? value.forEach((item) => each(item)) : undefined));
}

function ofCondition(schema: JsonSchema): Fill | undefined {
  const [then, otherwise] = [fillOf(schema.then), fillOf(schema.else)];
  if (schema.if === undefined || (then === undefined && otherwise === undefined)) return undefined;
  return (value) => (fits(schema.if, value) ? then : otherwise)?.(value);
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** Each place gets its own copy: a default is never shared. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]));
}
