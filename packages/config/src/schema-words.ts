import { nearest } from '@omh/core';
import type { JsonSchema, OmhError } from '@omh/core';
import { didYouMean } from './did-you-mean.ts';
import { errors } from './errors.ts';
import { checkAgainst } from './schema-check.ts';
import { secretReference, secretsIn } from './schema-secrets.ts';
import type { SchemaFault } from './schema-walk.ts';

/** One fault of a form or a body, as a person reads it. */
export interface FaultInWords {
  /** RFC 6901 pointer of the field it belongs to, also where that is missing; empty for the whole. */
  readonly pointer: string;
  readonly message: string;
  /** The next step, e.g. `Did you mean "port"?` */
  readonly fix?: string;
}

/** Everything that is wrong with `value`, in the sentences of the hub file's reader; `whole` is how the value itself is called in them. */
export function faultsInWords(schema: JsonSchema, value: unknown, whole = 'the block'): FaultInWords[] {
  const out: FaultInWords[] = [];
  const told = new Set<string>();
  for (const fault of checkAgainst(schema, value)) {
    const words = fault.keyword === 'propertyNames' ? nameWords(fault) : wordsOf(fault, { path: fault.path, whole });
    const field = words.key === undefined ? fault.path : [...fault.path, words.key];
    const pointer = pointerOf(field);
    // A wrong type breaks several keywords of one value: one sentence says it.
    if (told.has(pointer)) continue;
    told.add(pointer);
    const line = { pointer, message: words.error.message };
    out.push(words.fix === undefined ? line : { ...line, fix: words.fix });
  }
  for (const { path, value: text } of secretsIn(schema, value)) {
    const pointer = pointerOf(path);
    if (secretReference.test(text) || told.has(pointer)) continue;
    const { CONFIG_PLAIN_SECRET } = errors;
    out.push({ pointer, message: CONFIG_PLAIN_SECRET({ subject: subjectOf(path, whole) }).message, fix: CONFIG_PLAIN_SECRET.row.next });
  }
  return out;
}

const pointerOf = (path: readonly string[]): string =>
  path.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** A fault in words; `key` is the missing or unknown key that it is about. */
export interface Words {
  readonly error: OmhError;
  readonly key?: string;
  readonly fix?: string | undefined;
}

export interface WordsContext {
  /** Where the value stands in the file or form. */
  readonly path: readonly string[];
  /** How the whole is called. */
  readonly whole: string;
  /** `!env NAME` where the value came from outside: it is never shown. */
  readonly secret?: string | undefined;
}

export function wordsOf(fault: SchemaFault, { path, whole, secret }: WordsContext): Words {
  const { keyword, params, schema, value } = fault;
  const subject = subjectOf(path, whole);
  if (keyword === 'additionalProperties') {
    const key = String(params.additionalProperty);
    const known = Object.keys((schema.properties as object | undefined) ?? {});
    return { error: errors.CONFIG_UNKNOWN_KEY({ key, where: subject }), key, fix: didYouMean(key, known) };
  }
  if (keyword === 'false schema') {
    return { error: errors.CONFIG_UNKNOWN_KEY({ key: subject, where: subjectOf(path.slice(0, -1), whole) }) };
  }
  if (keyword === 'required') {
    const key = String(params.missingProperty);
    return { error: errors.CONFIG_MISSING_KEY({ key, where: subject }), key };
  }
  const keys = requiredKeys(fault);
  if (keys !== undefined) return { error: errors.CONFIG_CHOICE({ subject, keys: keys.join(', ') }) };
  const found = secret === undefined ? show(value) : `the value of ${secret}`;
  const options = enumOf(schema)?.filter((option) => typeof option === 'string');
  const near = options && typeof value === 'string' && secret === undefined ? nearest(value, options) : undefined;
  const quote =
    schema.type === 'string' && schema.expects === undefined && ['number', 'boolean'].includes(typeof value) && secret === undefined;
  const fix = near !== undefined ? `Did you mean "${near}"?` : quote ? `Write it in quotes: "${String(value)}".` : undefined;
  return { error: errors.CONFIG_VALUE({ subject, expected: expectedBy(fault), found }), fix };
}

function nameWords({ params, schema }: SchemaFault): Words {
  const key = String(params.propertyName);
  const asked = schema.propertyNames as JsonSchema | undefined;
  const why = typeof asked?.expects === 'string' ? `it must be ${asked.expects}` : 'it is made with characters that are not allowed';
  return { error: errors.CONFIG_NAME({ name: show(key), why }), key };
}

/** `oneOf: [{ required: ['a'] }, { required: ['b'] }]`: the keys of which one must be there. */
function requiredKeys({ keyword, schema }: SchemaFault): string[] | undefined {
  if (keyword !== 'oneOf' && keyword !== 'anyOf') return undefined;
  const keys = (schema[keyword] as { required?: unknown }[]).map((branch) =>
    Array.isArray(branch.required) && branch.required.length === 1 ? String(branch.required[0]) : undefined,
  );
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function expectedBy({ keyword, schema, value }: SchemaFault): string {
  if (typeof schema.expects === 'string') return schema.expects;
  const options = enumOf(schema);
  if (options !== undefined) return options.length === 1 ? show(options[0]) : `one of ${options.map(String).join(', ')}`;
  const { minLength = 0, maxLength } = schema as { minLength?: number; maxLength?: number };
  switch (schema.type) {
    case 'string':
      return maxLength !== undefined && String(value).length > maxLength
        ? `text of at most ${maxLength} characters`
        : keyword === 'pattern'
          ? `text that matches ${String(schema.pattern)}`
          : minLength > 0
            ? 'a text that is not empty'
            : 'text';
    case 'integer':
      return `a whole number${rangeOf(schema)}`;
    case 'number':
      return `a number${rangeOf(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list${sizeOf(schema.minItems, schema.maxItems, 'entries', keyword)}`;
    case 'object':
      return `a block of keys${sizeOf(schema.minProperties, schema.maxProperties, 'keys', keyword)}`;
    default:
      return Array.isArray(schema.type) ? schema.type.join(' or ') : 'what its description says';
  }
}

function enumOf(schema: JsonSchema): unknown[] | undefined {
  if (Array.isArray(schema.enum)) return schema.enum as unknown[];
  if ('const' in schema) return [schema.const];
  const branches = (schema.anyOf ?? schema.oneOf) as { const?: unknown }[] | undefined;
  return branches?.every((branch) => 'const' in branch) ? branches.map((branch) => branch.const) : undefined;
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: { minimum?: number; maximum?: number; exclusiveMinimum?: number }): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of ${minimum} or more`;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  return maximum === undefined ? '' : ` of ${maximum} or less`;
}

function sizeOf(min: unknown, max: unknown, noun: string, keyword: string): string {
  if (keyword === 'type') return '';
  return min !== undefined && max !== undefined
    ? ` of ${String(min)} to ${String(max)} ${noun}`
    : min !== undefined
      ? ` of ${String(min)} ${noun} or more`
      : max !== undefined
        ? ` of at most ${String(max)} ${noun}`
        : '';
}

/** How a value is called in a sentence. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (typeof value === 'string') return value === '' ? 'an empty text' : `"${value.length > 60 ? `${value.slice(0, 60)}…` : value}"`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'a block of keys' : String(value);
}

export function subjectOf(path: readonly string[], whole: string): string {
  const last = path.at(-1);
  if (last === undefined) return whole;
  return /^\d+$/.test(last) && path.length > 1 ? `${path.at(-2)}[${last}]` : last;
}
