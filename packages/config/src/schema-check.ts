import type { JsonSchema } from '@omh/core';
import { errors } from './errors.ts';
import { keywords, unsupported } from './schema-keywords.ts';
import { anything, nothing, passes, Walk } from './schema-walk.ts';
import type { Check, SchemaFault } from './schema-walk.ts';

/** More faults than anybody reads: the walk ends there. */
const maxFaults = 10_000;

/**
 * Everything in `value` that breaks `schema`, in the order of the schema's keywords; at most 10,000. Only own keys count, `undefined` is
 * absent. Inside `anyOf`, `oneOf`, `not` and `if` the branches are silent: the choice itself is the fault. Throws CONFIG_SCHEMA when the
 * schema has a keyword that is not supported.
 */
export function checkAgainst(schema: JsonSchema, value: unknown): SchemaFault[] {
  const walk = new Walk(maxFaults);
  checkOf(schema)(value, walk);
  return walk.faults;
}

/** Whether `value` has no fault. */
export const fits = (schema: unknown, value: unknown): boolean => passes(checkOf(schema), value);

const known = new WeakMap<object, Check>();

/** The checks of a schema, picked out once. */
function checkOf(schema: unknown): Check {
  if (schema === false) return nothing;
  if (typeof schema !== 'object' || schema === null) return anything;
  let check = known.get(schema);
  if (check === undefined) {
    check = prepared(schema as JsonSchema);
    known.set(schema, check);
  }
  return check;
}

function prepared(schema: JsonSchema): Check {
  const checks: Check[] = [];
  for (const [keyword, asked] of Object.entries(schema)) {
    if (unsupported.has(keyword)) throw errors.CONFIG_SCHEMA({ keyword });
    const make = keywords.get(keyword);
    if (make !== undefined && asked !== undefined) checks.push(make(asked, schema, checkOf));
  }
  if (checks.length === 0) return anything;
  if (checks.length === 1) return checks[0]!;
  return (value, walk) => {
    for (let i = 0; i < checks.length; i++) checks[i]!(value, walk);
  };
}
