import type { Micros } from '@omh/core';
import { errors } from '../errors.ts';
import { describe, isMap, isNumber, textOf, type ValueMap } from '../value.ts';

export const functionGroups = [
  'math',
  'types',
  'conversion',
  'strings',
  'patterns',
  'maps',
  'arrays',
  'topics',
  'message',
  'hashes',
  'compression',
  'bits',
  'encoding',
  'time',
  'identifiers',
  'system',
  'state',
] as const;
export type FunctionGroup = (typeof functionGroups)[number];

/** What a person reads about a function; docs, completion and checks come from it. */
export interface FunctionSignature {
  readonly name: string;
  readonly group: FunctionGroup;
  readonly min: number;
  /** `Infinity` takes any number of arguments. */
  readonly max: number;
  /** One sentence. */
  readonly doc: string;
  /** Expressions and what they give, as JSON; all run as tests. */
  readonly examples: readonly { readonly sql: string; readonly result: unknown }[];
}

/** What a message offers to an expression. `payload` is the usual field with a nested face: its JSON. */
export interface RuleSource {
  /** A message field by name, undefined where there is none. */
  field(name: string): unknown;
  /** The face of a field that nested access reads; parsed at most once. */
  nested(name: string): unknown;
  /** All fields, for `*`. */
  all(): Record<string, unknown>;
}

/** Values that kv_store_put keeps; one per process, in memory, gone after a restart. */
export interface ValueStore {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
  delete(key: string): void;
}

/** What surrounds one evaluation. */
export interface EvaluationContext {
  readonly source: RuleSource;
  now(): Micros;
  readonly store: ValueStore;
}

export type PlainBody = (...args: readonly unknown[]) => unknown;
export type ContextBody = (context: EvaluationContext, ...args: readonly unknown[]) => unknown;

export interface RuleFunction extends FunctionSignature {
  readonly body: PlainBody;
}
export interface ContextFunction extends FunctionSignature {
  readonly contextBody: ContextBody;
}
export type AnyFunction = RuleFunction | ContextFunction;

type Example = readonly [sql: string, result: unknown];

/** One row of a function table: `fn('abs', 'math', [1], 'The distance from zero.', (x) => …, ['abs(-2)', 2])`. */
export function fn(
  name: string,
  group: FunctionGroup,
  arity: readonly [min: number, max?: number],
  doc: string,
  body: PlainBody,
  ...examples: readonly Example[]
): RuleFunction {
  return { ...signature(name, group, arity, doc, examples), body };
}
export function contextFn(
  name: string,
  group: FunctionGroup,
  arity: readonly [min: number, max?: number],
  doc: string,
  contextBody: ContextBody,
  ...examples: readonly Example[]
): ContextFunction {
  return { ...signature(name, group, arity, doc, examples), contextBody };
}
export function signature(
  name: string,
  group: FunctionGroup,
  [min, max = min]: readonly [min: number, max?: number],
  doc: string,
  examples: readonly Example[],
): FunctionSignature {
  return { name, group, min, max, doc, examples: examples.map(([sql, result]) => ({ sql, result })) };
}

/** Reads arguments of one function and refuses wrong ones in its name. */
export class Arguments {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }

  fail(problem: string): never {
    throw errors.EXPR_ARGUMENT({ function: this.#name, problem });
  }

  number(v: unknown): number {
    if (isNumber(v)) return Number(v);
    return this.fail(`takes a number, not ${describe(v)}`);
  }
  integer(v: unknown): number {
    const n = this.number(v);
    if (!Number.isSafeInteger(n)) this.fail(`takes a whole number, not ${n}`);
    return n;
  }
  /** Text, or bytes that are taken as UTF-8. */
  text(v: unknown): string {
    if (typeof v === 'string') return v;
    if (v instanceof Uint8Array) return textOf(v);
    return this.fail(`takes a text, not ${describe(v)}`);
  }
  /** Bytes, or a text that is taken as UTF-8. */
  bytes(v: unknown): Uint8Array {
    if (v instanceof Uint8Array) return v;
    if (typeof v === 'string') return encoder.encode(v);
    return this.fail(`takes text or bytes, not ${describe(v)}`);
  }
  array(v: unknown): readonly unknown[] {
    if (Array.isArray(v)) return v as unknown[];
    return this.fail(`takes an array, not ${describe(v)}`);
  }
  map(v: unknown): ValueMap {
    if (isMap(v)) return v;
    return this.fail(`takes a map, not ${describe(v)}`);
  }
  oneOf<T extends string>(v: unknown, choices: readonly T[]): T {
    const text = this.text(v).toLowerCase() as T;
    if (!choices.includes(text)) this.fail(`knows ${choices.join(', ')}, not '${text.slice(0, 40)}'`);
    return text;
  }
}

const encoder = new TextEncoder();
