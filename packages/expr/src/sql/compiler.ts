import type { Expr } from './ast.ts';
import { errors } from '../errors.ts';
import { arityText, type FunctionLibrary } from '../functions/library.ts';
import type { EvaluationContext } from '../functions/signature.ts';
import { elementOf, isMap, isNumber, keyOf, literalText, maxArrayLength, sliceOf } from '../value.ts';
import { arithmetic, compare, negated } from './operators.ts';
import { FaultAt } from './position.ts';
import { didYouMean } from './suggestion.ts';

/** One evaluation: the context, the values that have a name so far, and where a failure would be. */
export interface Environment {
  context: EvaluationContext;
  readonly slots: unknown[];
  /** Offset of the operator or call that ran last. */
  at: number;
}
export type Closure = (env: Environment) => unknown;

/** Names that aliases and FOREACH elements have at a place in the statement, with their slots. */
export type Scope = ReadonlyMap<string, number>;

/** Turns trees into closures once; nothing is looked up by name per message. Throws `FaultAt` for unknown functions and wrong arity. */
export class ExpressionCompiler {
  readonly #library: FunctionLibrary;

  constructor(library: FunctionLibrary) {
    this.#library = library;
  }

  compile(expr: Expr, scope: Scope): Closure {
    const { start } = expr;
    switch (expr.kind) {
      case 'literal': {
        const { value } = expr;
        return () => value;
      }
      case 'name':
        return nameClosure(expr.name, scope);
      case 'member':
        return this.#member(expr.object, expr.key, scope);
      case 'index': {
        const object = this.#container(expr.object, scope);
        const index = this.compile(expr.index, scope);
        return (env) => {
          const list = object(env);
          const i = index(env);
          env.at = start;
          return elementOf(list, i);
        };
      }
      case 'slice': {
        const object = this.#container(expr.object, scope);
        const from = this.compile(expr.from, scope);
        const to = this.compile(expr.to, scope);
        return (env) => {
          const list = object(env);
          const first = from(env);
          const last = to(env);
          env.at = start;
          return sliceOf(list, first, last);
        };
      }
      case 'array': {
        const items = expr.items.map((item) => this.compile(item, scope));
        return (env) => items.map((item) => item(env));
      }
      case 'range': {
        const from = this.compile(expr.from, scope);
        const to = this.compile(expr.to, scope);
        return (env) => {
          const first = from(env);
          const last = to(env);
          env.at = start;
          return range(first, last);
        };
      }
      case 'negate': {
        const operand = this.compile(expr.operand, scope);
        return (env) => {
          const v = operand(env);
          env.at = start;
          return negated(v);
        };
      }
      case 'not': {
        const operand = this.compile(expr.operand, scope);
        return (env) => operand(env) === false;
      }
      case 'logic': {
        const left = this.compile(expr.left, scope);
        const right = this.compile(expr.right, scope);
        return expr.operator === 'and'
          ? (env) => left(env) === true && right(env) === true
          : (env) => left(env) === true || right(env) === true;
      }
      case 'arithmetic': {
        const { operator } = expr;
        const left = this.compile(expr.left, scope);
        const right = this.compile(expr.right, scope);
        return (env) => {
          const l = left(env);
          const r = right(env);
          env.at = start;
          return arithmetic(operator, l, r);
        };
      }
      case 'comparison': {
        const { operator } = expr;
        const left = this.compile(expr.left, scope);
        const right = this.compile(expr.right, scope);
        return (env) => {
          const l = left(env);
          const r = right(env);
          env.at = start;
          return compare(operator, l, r);
        };
      }
      case 'in': {
        const value = this.compile(expr.value, scope);
        const items = expr.items.map((item) => this.compile(item, scope));
        const { negated: not } = expr;
        return (env) => {
          const v = value(env);
          if (v === undefined) return false;
          env.at = start;
          return items.some((item) => compare('=', v, item(env))) !== not;
        };
      }
      case 'case':
        return this.#case(expr, scope);
      case 'call':
        return this.#call(expr.name, expr.args, start, scope);
    }
  }

  #member(object: Expr, key: string, scope: Scope): Closure {
    const of = this.#container(object, scope);
    // Keys of Object.prototype need the own-property check; all others may be read straight from a plain map.
    if (key in Object.prototype) return (env) => keyOf(of(env), key);
    return (env) => {
      const map = of(env);
      return isMap(map) ? map[key] : keyOf(map, key);
    };
  }

  /** What stands before a point or bracket: for a message field its nested face. */
  #container(object: Expr, scope: Scope): Closure {
    if (object.kind !== 'name' || scope.has(object.name)) return this.compile(object, scope);
    const { name } = object;
    return (env) => env.context.source.nested(name);
  }

  #case(expr: Extract<Expr, { kind: 'case' }>, scope: Scope): Closure {
    const { start } = expr;
    const subject = expr.subject && this.compile(expr.subject, scope);
    const branches = expr.branches.map((b) => ({ when: this.compile(b.when, scope), then: this.compile(b.then, scope) }));
    const otherwise = expr.otherwise && this.compile(expr.otherwise, scope);
    return (env) => {
      const value = subject?.(env);
      for (const branch of branches) {
        const when = branch.when(env);
        env.at = start;
        if (subject ? compare('=', value, when) : when === true) return branch.then(env);
      }
      return otherwise?.(env);
    };
  }

  #call(name: string, args: readonly Expr[], at: number, scope: Scope): Closure {
    const f = this.#library.get(name);
    if (f === undefined) throw new FaultAt(at, `There is no function ${name}().${didYouMean(name, this.#library.keys())}`);
    if (args.length < f.min || args.length > f.max) {
      throw new FaultAt(
        at,
        `${name}() takes ${arityText(f)} ${f.min === 1 && f.max === 1 ? 'argument' : 'arguments'}, not ${args.length}.`,
      );
    }
    const closures = args.map((arg) => this.compile(arg, scope));
    if ('contextBody' in f) {
      const { contextBody } = f;
      return (env) => {
        const values = closures.map((c) => c(env));
        env.at = at;
        return contextBody(env.context, ...values);
      };
    }
    const { body } = f;
    const [first, second] = closures;
    if (closures.length === 1)
      return (env) => {
        const a = first!(env);
        env.at = at;
        return body(a);
      };
    if (closures.length === 2)
      return (env) => {
        const a = first!(env);
        const b = second!(env);
        env.at = at;
        return body(a, b);
      };
    return (env) => {
      const values = closures.map((c) => c(env));
      env.at = at;
      return body(...values);
    };
  }
}

function nameClosure(name: string, scope: Scope): Closure {
  const slot = scope.get(name);
  if (slot !== undefined) return (env) => env.slots[slot];
  return (env) => env.context.source.field(name);
}

function range(from: unknown, to: unknown): number[] {
  const first = Number(from);
  const last = Number(to);
  if (!isNumber(from) || !isNumber(to) || !Number.isSafeInteger(first) || !Number.isSafeInteger(last)) {
    throw errors.EXPR_ARITHMETIC({ operator: '[..]', wanted: 'two whole numbers', left: literalText(from), right: literalText(to) });
  }
  const length = Math.max(0, last - first + 1);
  if (length > maxArrayLength) throw errors.EXPR_LIMIT({ what: 'A range', limit: `${maxArrayLength.toLocaleString('en')} elements` });
  return Array.from({ length }, (_, i) => first + i);
}
