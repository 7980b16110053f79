import type { Expr } from './ast.ts';
import type { Closure, Environment } from './compiler.ts';
import { literalText } from '../value.ts';

/** Says why a condition was not true, with the values seen: `t > 30 was false: t = 28`. Undefined when it was true. */
export type Explanation = (env: Environment) => string | undefined;

export function explanation(expr: Expr, sql: string, compile: (e: Expr) => Closure): Explanation {
  if (expr.kind === 'logic') {
    const left = explanation(expr.left, sql, compile);
    const right = explanation(expr.right, sql, compile);
    if (expr.operator === 'and') return (env) => left(env) ?? right(env);
    return (env) => {
      const l = left(env);
      const r = l === undefined ? undefined : right(env);
      return r === undefined ? undefined : `${l} and ${r}`;
    };
  }
  const test = compile(expr);
  const text = sourceText(expr, sql);
  const seen = operandsOf(expr).map((e) => ({ text: sourceText(e, sql), value: compile(e) }));
  return (env) => {
    const result = test(env);
    if (result === true) return undefined;
    const values = [...new Set(seen.map((s) => shown(s.text, s.value(env))))];
    const outcome = result === false ? 'was false' : `was ${literalText(result)}, not true`;
    return values.length === 0 ? `${text} ${outcome}` : `${text} ${outcome}: ${values.join(', ')}`;
  };
}

const shown = (text: string, value: unknown): string => (value === undefined ? `${text} is undefined` : `${text} = ${literalText(value)}`);

const sourceText = (expr: Expr, sql: string): string => sql.slice(expr.start, expr.end).replaceAll(/\s+/g, ' ');

/** The parts of a condition whose values tell why it was false: its operands, or what a computed operand was made from. */
function operandsOf(expr: Expr): Expr[] {
  switch (expr.kind) {
    case 'comparison':
      return [expr.left, expr.right].filter((e) => e.kind !== 'literal');
    case 'in':
      return [expr.value];
    case 'not':
      return expr.operand.kind === 'comparison' || expr.operand.kind === 'in' ? operandsOf(expr.operand) : [expr.operand];
    case 'call':
      return expr.args.filter((e) => e.kind !== 'literal');
    case 'case':
      return expr.subject ? [expr.subject] : [];
    default:
      return [];
  }
}
