import type { JsonSchema } from '@omh/core';
import { same } from './same.ts';
import { passes } from './schema-walk.ts';
import type { Check } from './schema-walk.ts';

type Block = Readonly<Record<string, unknown>>;
/** Makes the check of one keyword; `of` makes those of the schemas inside it. */
type Make<T> = (asked: T, schema: JsonSchema, of: (schema: unknown) => Check) => Check;

const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a value is of a type; numbers that JSON cannot write are of none. */
const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: isBlock,
};

const type: Make<string | readonly string[]> = (asked, schema) => {
  const wanted = (Array.isArray(asked) ? (asked as string[]) : [asked as string]).map((name) => types[name] ?? (() => false));
  const one = wanted.length === 1 ? wanted[0]! : (value: unknown): boolean => wanted.some((is) => is(value));
  return (value, walk) => {
    if (!one(value)) walk.tell('type', { type: asked }, schema, value);
  };
};

const number =
  (keyword: string, holds: (value: number, limit: number) => boolean): Make<number> =>
  (limit, schema) =>
  (value, walk) => {
    if (typeof value === 'number' && Number.isFinite(value) && !holds(value, limit)) walk.tell(keyword, { limit }, schema, value);
  };

/** Characters as people count them: a surrogate pair is one. Counting ends beyond `most`. */
function characters(text: string, most: number): number {
  let n = 0;
  for (let i = 0; i < text.length && n <= most; i++, n++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++;
  }
  return n;
}
const longer = (text: string, limit: number): boolean => text.length > limit && characters(text, limit) > limit;

const maxLength: Make<number> = (limit, schema) => (value, walk) => {
  if (typeof value === 'string' && longer(value, limit)) walk.tell('maxLength', { limit }, schema, value);
};
const minLength: Make<number> = (limit, schema) => (value, walk) => {
  if (typeof value === 'string' && characters(value, limit) < limit) walk.tell('minLength', { limit }, schema, value);
};
const pattern: Make<string> = (asked, schema) => {
  const expression = new RegExp(asked, 'u');
  const most = typeof schema.maxLength === 'number' ? schema.maxLength : Infinity;
  // A text that is too long anyway is not worth the time.
  return (value, walk) => {
    if (typeof value === 'string' && !longer(value, most) && !expression.test(value))
      walk.tell('pattern', { pattern: asked }, schema, value);
  };
};

const oneOfValues =
  (keyword: string, valuesOf: (asked: unknown) => readonly unknown[]): Make<unknown> =>
  (asked, schema) => {
    const values = valuesOf(asked);
    const plain = new Set(values);
    const deep = values.filter((value) => typeof value === 'object' && value !== null);
    return (value, walk) => {
      if (!plain.has(value) && !deep.some((option) => same(option, value))) walk.tell(keyword, {}, schema, value);
    };
  };

const count =
  (keyword: string, sizeOf: (value: unknown) => number | undefined, holds: (size: number, limit: number) => boolean): Make<number> =>
  (limit, schema) =>
  (value, walk) => {
    const size = sizeOf(value);
    if (size !== undefined && !holds(size, limit)) walk.tell(keyword, { limit }, schema, value);
  };
const itemsOf = (value: unknown): number | undefined => (Array.isArray(value) ? value.length : undefined);
const keysOf = (value: unknown): number | undefined => (isBlock(value) ? Object.keys(value).length : undefined);
const atLeast = (size: number, limit: number): boolean => size >= limit;
const atMost = (size: number, limit: number): boolean => size <= limit;

const items: Make<unknown> = (asked, _schema, of) => {
  const check = of(asked);
  return (value, walk) => {
    if (!Array.isArray(value)) return;
    for (let i = 0; i < value.length && !walk.full; i++) walk.into(String(i), check, value[i]);
  };
};

const uniqueItems: Make<boolean> = (asked, schema) => (value, walk) => {
  if (asked && Array.isArray(value) && hasTwins(value)) walk.tell('uniqueItems', {}, schema, value);
};

/** More blocks in one list than this are not compared with each other. */
const maxCompared = 1000;

function hasTwins(list: readonly unknown[]): boolean {
  const plain = new Set<unknown>();
  const blocks: unknown[] = [];
  for (const value of list) {
    if (typeof value !== 'object' || value === null) {
      if (plain.size === plain.add(value).size) return true;
    } else if (blocks.length < maxCompared) {
      if (blocks.some((other) => same(other, value))) return true;
      blocks.push(value);
    }
  }
  return false;
}

const propertiesOf = (schema: JsonSchema): ReadonlySet<string> => new Set(Object.keys((schema.properties as Block | undefined) ?? {}));

const properties: Make<Block> = (asked, _schema, of) => {
  const names = Object.keys(asked);
  const checks = names.map((name) => of(asked[name]));
  return (value, walk) => {
    if (!isBlock(value)) return;
    for (let i = 0; i < names.length && !walk.full; i++) {
      const name = names[i]!;
      if (Object.hasOwn(value, name) && value[name] !== undefined) walk.into(name, checks[i]!, value[name]);
    }
  };
};

const additionalProperties: Make<unknown> = (asked, schema, of) => {
  const others = propertiesOf(schema);
  const check = of(asked);
  return (value, walk) => {
    if (!isBlock(value)) return;
    for (const key of Object.keys(value)) {
      if (walk.full) return;
      if (others.has(key) || value[key] === undefined) continue;
      if (asked === false) walk.tell('additionalProperties', { additionalProperty: key }, schema, value);
      else walk.into(key, check, value[key]);
    }
  };
};

const required: Make<readonly string[]> = (asked, schema) => (value, walk) => {
  if (!isBlock(value)) return;
  for (const key of asked) {
    if (!Object.hasOwn(value, key) || value[key] === undefined) walk.tell('required', { missingProperty: key }, schema, value);
  }
};

const propertyNames: Make<unknown> = (asked, schema, of) => {
  const check = of(asked);
  return (value, walk) => {
    if (!isBlock(value)) return;
    for (const key of Object.keys(value)) {
      if (walk.full) return;
      if (!passes(check, key)) walk.tell('propertyNames', { propertyName: key }, schema, value);
    }
  };
};

const allOf: Make<readonly unknown[]> = (asked, _schema, of) => {
  const checks = asked.map(of);
  return (value, walk) => {
    for (const check of checks) check(value, walk);
  };
};
const anyOf: Make<readonly unknown[]> = (asked, schema, of) => {
  const checks = asked.map(of);
  return (value, walk) => {
    if (!checks.some((check) => passes(check, value))) walk.tell('anyOf', {}, schema, value);
  };
};
const oneOf: Make<readonly unknown[]> = (asked, schema, of) => {
  const checks = asked.map(of);
  return (value, walk) => {
    const passing = checks.flatMap((check, i) => (passes(check, value) ? [i] : []));
    if (passing.length !== 1) walk.tell('oneOf', { passing }, schema, value);
  };
};
const not: Make<unknown> = (asked, schema, of) => {
  const check = of(asked);
  return (value, walk) => {
    if (passes(check, value)) walk.tell('not', {}, schema, value);
  };
};
const condition: Make<unknown> = (asked, schema, of) => {
  const [when, then, otherwise] = [of(asked), of(schema.then), of(schema.else)];
  return (value, walk) => (passes(when, value) ? then : otherwise)(value, walk);
};

/** What each keyword asks of a value. Everything else in a schema is annotation. */
export const keywords: ReadonlyMap<string, Make<unknown>> = new Map(
  Object.entries({
    type,
    enum: oneOfValues('enum', (asked) => asked as unknown[]),
    const: oneOfValues('const', (asked) => [asked]),
    minimum: number('minimum', (value, limit) => value >= limit),
    maximum: number('maximum', (value, limit) => value <= limit),
    exclusiveMinimum: number('exclusiveMinimum', (value, limit) => value > limit),
    exclusiveMaximum: number('exclusiveMaximum', (value, limit) => value < limit),
    multipleOf: number('multipleOf', (value, step) => Number.isInteger(value / step)),
    minLength,
    maxLength,
    pattern,
    minItems: count('minItems', itemsOf, atLeast),
    maxItems: count('maxItems', itemsOf, atMost),
    uniqueItems,
    items,
    minProperties: count('minProperties', keysOf, atLeast),
    maxProperties: count('maxProperties', keysOf, atMost),
    properties,
    additionalProperties,
    required,
    propertyNames,
    allOf,
    anyOf,
    oneOf,
    not,
    if: condition,
  }) as [string, Make<unknown>][],
);

/** Keywords that would constrain a value and are not supported: a schema with one of them would accept too much. */
export const unsupported: ReadonlySet<string> = new Set(
  (
    '$ref $dynamicRef patternProperties dependentRequired dependentSchemas dependencies contains prefixItems additionalItems ' +
    'unevaluatedProperties unevaluatedItems nullable'
  ).split(' '),
);
