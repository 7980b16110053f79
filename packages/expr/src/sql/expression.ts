import type { Micros, Result } from '@omh/core';
import { errors } from '../errors.ts';
import type { FunctionLibrary } from '../functions/library.ts';
import type { EvaluationContext, RuleSource } from '../functions/signature.ts';
import type { Expr } from './ast.ts';
import { ExpressionCompiler } from './compiler.ts';
import { parseExpression } from './parser.ts';
import { guarded, type SqlFault } from './position.ts';

/** An expression alone, ready to run. It keeps nothing between two evaluations. */
export interface CompiledExpression {
  /** The names it reads, each once, with the column of its first place, from 1. */
  readonly names: readonly { readonly name: string; readonly column: number }[];
  /** `valueOf` gives a name's value, undefined where there is none. Throws an OmhError. */
  evaluate(valueOf: (name: string) => unknown, now: Micros): unknown;
}

/** The expression language of rules over names, without message, topic and state between two evaluations. */
export function compileExpression(text: string, library: FunctionLibrary): Result<CompiledExpression, SqlFault> {
  const parsed = parseExpression(text);
  if (!parsed.ok) return parsed;
  return guarded(text, () => {
    const closure = new ExpressionCompiler(library).compile(parsed.value, new Map());
    const names = new Map<string, number>();
    collect(parsed.value, names);
    return {
      names: [...names].map(([name, start]) => ({ name, column: start + 1 })),
      evaluate(valueOf, now) {
        const source: RuleSource = { field: valueOf, nested: valueOf, all: () => ({}) };
        const context: EvaluationContext = { source, now: () => now, store: noStore };
        return closure({ context, slots: [], at: 0 });
      },
    };
  });
}

const refuse = (): never => {
  throw errors.EXPR_ARGUMENT({ function: 'kv_store', problem: 'keeps values for rules only' });
};
const noStore = { get: refuse, put: refuse, delete: refuse };

function collect(expr: Expr, names: Map<string, number>): void {
  if (expr.kind === 'name') {
    if (!names.has(expr.name)) names.set(expr.name, expr.start);
    return;
  }
  const walk = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) walk(item);
    else if (typeof part === 'object' && part !== null) {
      if ('kind' in part) collect(part as Expr, names);
      else for (const inner of Object.values(part)) walk(inner);
    }
  };
  for (const part of Object.values(expr)) walk(part);
}
