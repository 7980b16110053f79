import { checkAgainst } from '@omh/config/schema';
import type { EditOp } from '../plan/plan.ts';
import { pathOf } from '../plan/plan.ts';

/** A JSON Schema of the subset that forms are made from. */
export interface Schema {
  type?: string | readonly string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  enumDescriptions?: readonly string[];
  const?: unknown;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  if?: Schema;
  then?: Schema;
  else?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  unit?: string;
  effect?: 'live' | 'reconnect' | 'restart';
  'x-ui'?: Hints;
  [keyword: string]: unknown;
}
/** How a property is shown; what it means stands in the other keywords. */
export interface Hints {
  widget?: string;
  group?: string;
  order?: number;
  /** Stands behind "More settings". */
  advanced?: boolean;
  /** Shown only while these other properties have these values. */
  showIf?: Readonly<Record<string, unknown>>;
}
export type Block = Readonly<Record<string, unknown>>;

export const isBlock = (v: unknown): v is Block => typeof v === 'object' && v !== null && !Array.isArray(v);
export const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
const fits = (schema: Schema, value: unknown): boolean => checkAgainst(schema, value).length === 0;

/** The schema with the branches of `allOf` and `if` that hold for this value folded into its properties. */
export function resolve(schema: Schema, value: Block): Schema {
  const branches: Schema[] = [];
  const take = (s: Schema): void => {
    for (const part of s.allOf ?? []) take(part);
    const chosen = s.if === undefined ? undefined : fits(s.if, value) ? s.then : s.else;
    if (chosen !== undefined) take(chosen);
    if (s !== schema && s.properties !== undefined) branches.push(s);
  };
  take(schema);
  if (branches.length === 0) return schema;
  const properties = { ...schema.properties };
  for (const branch of branches) for (const [key, p] of Object.entries(branch.properties!)) properties[key] = { ...properties[key], ...p };
  return { ...schema, properties, required: [...new Set([schema, ...branches].flatMap((s) => s.required ?? []))] };
}

export interface Choice {
  value: unknown;
  label: string;
}
/** What may be chosen, when the schema is a choice. */
export function choicesOf(schema: Schema): Choice[] | undefined {
  if (schema.enum !== undefined) return schema.enum.map((value, i) => ({ value, label: schema.enumDescriptions?.[i] ?? String(value) }));
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches !== undefined && branches.length > 0 && branches.every((b) => 'const' in b))
    return branches.map((b) => ({ value: b.const, label: b.title ?? String(b.const) }));
  return 'const' in schema ? [{ value: schema.const, label: schema.title ?? String(schema.const) }] : undefined;
}

export type Kind = 'choice' | 'flag' | 'number' | 'text' | 'long' | 'secret' | 'sql' | 'block' | 'table' | 'lines' | 'none';
export function kindOf(schema: Schema): Kind {
  const widget = schema['x-ui']?.widget;
  if (schema.format === 'secret' || widget === 'password') return 'secret';
  if (widget === 'code-sql') return 'sql';
  const choices = choicesOf(schema);
  // A single choice is none.
  if (choices !== undefined) return choices.length > 1 ? 'choice' : 'none';
  if (schema.type === 'boolean') return 'flag';
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  if (schema.type === 'array') return schema.items?.type === 'object' ? 'table' : 'lines';
  if (schema.type === 'object') return schema.properties === undefined ? 'none' : 'block';
  return schema.type === 'string' && (schema.maxLength ?? 0) >= 10_000 ? 'long' : 'text';
}

/** Numbers and choices are short; two of them stand side by side. */
export const isShort = (schema: Schema): boolean => ['choice', 'number', 'flag'].includes(kindOf(schema)) || schema.unit !== undefined;

/** What stands behind a number's field; a count has no unit, a duration carries its own. */
export const unitOf = (schema: Schema): string =>
  schema.unit === undefined || schema.unit === '1' || /duration/.test(String(schema.expects ?? '')) ? '' : schema.unit;

/** Only what differs from the defaults: what a person would write. */
export function withoutDefaults(schema: Schema, value: Block): Block {
  const { properties = {} } = resolve(schema, value);
  const out: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    const own = properties[key];
    if (entry === undefined || (own?.default !== undefined && same(entry, own.default))) continue;
    if (own !== undefined && isBlock(entry) && own.properties !== undefined) {
      const inner = withoutDefaults(own, entry);
      if (Object.keys(inner).length > 0 || (properties[key] !== undefined && schema.required?.includes(key) === true)) out[key] = inner;
    } else out[key] = entry;
  }
  return out;
}

/** The smallest changes that lead from one value without defaults to the other; `at` is where the value stands in the configuration. */
export function changesOf(at: readonly string[], from: Block, to: Block): EditOp[] {
  const out: EditOp[] = [];
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const a = from[key];
    const b = to[key];
    if (same(a, b)) continue;
    const path = pathOf(...at, key);
    if (b === undefined) out.push({ op: 'remove', path });
    else if (isBlock(a) && isBlock(b)) out.push(...changesOf([...at, key], a, b));
    else out.push({ op: 'add', path, value: b });
  }
  return out;
}
