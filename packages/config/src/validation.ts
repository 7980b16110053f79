import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { nearest, type JsonSchema } from '@omh/core';
import { errors } from './errors.ts';
import type { IssueSink } from './issue.ts';
import { didYouMean } from './did-you-mean.ts';

const compiled = new WeakMap<JsonSchema, ValidateFunction>();

function validatorOf(schema: JsonSchema): ValidateFunction {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    const ajv = new Ajv2020({
      allErrors: true,
      useDefaults: true,
      strict: false,
      strictNumbers: true,
      verbose: true,
      validateSchema: false,
      addUsedSchema: false,
      validateFormats: false,
      logger: false,
    });
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  return validate;
}

/** Checks `data`, which stands at `at` in the file, and fills in the schema's defaults. Every fault becomes an issue at its place. */
export function checkSchema(schema: JsonSchema, data: unknown, at: readonly string[], issues: IssueSink): boolean {
  const validate = validatorOf(schema);
  if (validate(data)) return true;
  const found = validate.errors ?? [];
  // Inside a choice each branch complains; only the choice itself is told.
  const choices = found.filter((e) => e.keyword === 'oneOf' || e.keyword === 'anyOf' || e.keyword === 'not' || e.keyword === 'if');
  const told = new Set<string>();
  for (const e of found) {
    if (issues.full) break;
    if (choices.some((c) => c !== e && c.instancePath.length <= e.instancePath.length && e.schemaPath.startsWith(`${c.schemaPath}/`)))
      continue;
    tell(e, at, issues, told);
  }
  return false;
}

function tell(e: ErrorObject, at: readonly string[], issues: IssueSink, told: Set<string>): void {
  // Names are checked with better words in checks.ts.
  if (e.keyword === 'propertyNames' || e.propertyName !== undefined) return;
  const path = [...at, ...segmentsOf(e.instancePath)];
  const subject = subjectOf(path);
  const params = e.params as Record<string, unknown>;
  if (e.keyword === 'additionalProperties' || e.keyword === 'unevaluatedProperties') {
    const key = String(params.additionalProperty ?? params.unevaluatedProperty);
    const known = Object.keys((e.parentSchema?.properties as object | undefined) ?? {});
    issues.add([...path, key], errors.CONFIG_UNKNOWN_KEY({ key, where: subject }), { aim: 'key', fix: didYouMean(key, known) });
    return;
  }
  if (e.keyword === 'required') {
    issues.add(path, errors.CONFIG_MISSING_KEY({ key: String(params.missingProperty), where: subject }), { aim: 'key' });
    return;
  }
  const keys = requiredKeys(e);
  if (keys !== undefined) {
    issues.add(path, errors.CONFIG_CHOICE({ subject, keys: keys.join(', ') }));
    return;
  }
  // A wrong type breaks several keywords of one value: one sentence says it.
  const once = path.join('/');
  if (told.has(once)) return;
  told.add(once);
  if (path.length === 1 && path[0] === 'version' && typeof e.data === 'number') {
    issues.add(path, errors.CONFIG_VERSION({ found: e.data }));
    return;
  }
  const secret = issues.secret(path);
  const found = secret === undefined ? show(e.data) : `the value of ${secret}`;
  const schema = e.parentSchema ?? {};
  const options = enumOf(schema)?.filter((option) => typeof option === 'string');
  const near = options && typeof e.data === 'string' && secret === undefined ? nearest(e.data, options) : undefined;
  const quote =
    schema.type === 'string' && schema.expects === undefined && ['number', 'boolean'].includes(typeof e.data) && secret === undefined;
  const fix = near !== undefined ? `Did you mean "${near}"?` : quote ? `Write it in quotes: "${String(e.data)}".` : undefined;
  issues.add(path, errors.CONFIG_VALUE({ subject, expected: expectedBy(schema, e), found }), { fix });
}

/** `oneOf: [{ required: ['a'] }, { required: ['b'] }]`: the keys of which one must be there. */
function requiredKeys(e: ErrorObject): string[] | undefined {
  if (e.keyword !== 'oneOf' && e.keyword !== 'anyOf') return undefined;
  const branches = e.schema as { required?: unknown }[];
  const keys = branches.map((branch) =>
    Array.isArray(branch.required) && branch.required.length === 1 ? String(branch.required[0]) : undefined,
  );
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function expectedBy(schema: Readonly<Record<string, unknown>>, e: ErrorObject): string {
  if (typeof schema.expects === 'string') return schema.expects;
  const options = enumOf(schema);
  if (options !== undefined) return options.length === 1 ? show(options[0]) : `one of ${options.map(String).join(', ')}`;
  const { minLength = 0, maxLength } = schema as { minLength?: number; maxLength?: number };
  switch (schema.type) {
    case 'string':
      return maxLength !== undefined && String(e.data).length > maxLength
        ? `text of at most ${maxLength} characters`
        : e.keyword === 'pattern'
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
      return `a list${sizeOf(schema.minItems, schema.maxItems, 'entries', e)}`;
    case 'object':
      return `a block of keys${sizeOf(schema.minProperties, schema.maxProperties, 'keys', e)}`;
    default:
      return Array.isArray(schema.type) ? schema.type.join(' or ') : 'what its description says';
  }
}

function enumOf(schema: Readonly<Record<string, unknown>>): unknown[] | undefined {
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

function sizeOf(min: unknown, max: unknown, noun: string, e: ErrorObject): string {
  if (e.keyword === 'type') return '';
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

function subjectOf(path: readonly (string | number)[]): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  return /^\d+$/.test(String(last)) && path.length > 1 ? `${path.at(-2)}[${last}]` : String(last);
}

const segmentsOf = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
