import { OmhError, type Result } from '@omh/core';
import type { AliasPath, Column, Expr, RuleStatement } from './ast.ts';
import { ExpressionCompiler, type Closure, type Environment, type Scope } from './compiler.ts';
import { explanation, type Explanation } from './explanation.ts';
import { errors } from '../errors.ts';
import type { FunctionLibrary } from '../functions/library.ts';
import type { EvaluationContext } from '../functions/signature.ts';
import { withPath } from '../value.ts';
import { guarded, positionAt, type SqlFault } from './position.ts';

/** A rule ready to run. It keeps nothing between two evaluations. */
export interface CompiledRule {
  readonly statement: RuleStatement;
  /** Topic filters and events of FROM. */
  readonly from: readonly string[];
  /** The outputs of one message, none when a condition is false. Throws an OmhError whose params hold line and column. */
  evaluate(context: EvaluationContext): unknown[];
  /** After `evaluate` gave nothing: which condition was false, with the values seen. */
  explain(context: EvaluationContext): string;
}

/** Resolves names and functions once. WHERE runs before the columns it does not use, so it protects them from values they cannot take. */
export const compileRule = (statement: RuleStatement, library: FunctionLibrary): Result<CompiledRule, SqlFault> =>
  guarded(statement.sql, () => new RuleCompiler(statement, library).compiled());

/** More elements in one message are refused: their rows could never wait all together. */
export const maxElements = 5_000;

type Row = Record<string, unknown>;
type Step = (env: Environment, row: Row) => void;

class RuleCompiler {
  readonly #statement: RuleStatement;
  readonly #expressions: ExpressionCompiler;
  readonly #scope = new Map<string, number>();

  constructor(statement: RuleStatement, library: FunctionLibrary) {
    this.#statement = statement;
    this.#expressions = new ExpressionCompiler(library);
  }

  compiled(): CompiledRule {
    return this.#statement.kind === 'select' ? this.#select() : this.#foreach();
  }

  #select(): CompiledRule {
    const s = this.#statement;
    const needed = s.where === undefined ? 0 : neededColumns(s.columns, s.where);
    const before = this.#steps(s.columns.slice(0, needed));
    const whereScope = new Map(this.#scope);
    const after = this.#steps(s.columns.slice(needed), needed);
    const where = s.where && this.#condition(s.where, whereScope);
    return this.#rule(
      (env) => {
        const row: Row = {};
        for (const step of before) step(env, row);
        if (where && where.test(env) !== true) return [];
        for (const step of after) step(env, row);
        return [row];
      },
      (env) => {
        for (const step of before) step(env, {});
        return where?.explain(env) ?? 'every condition was true';
      },
    );
  }

  #foreach(): CompiledRule {
    const s = this.#statement;
    if (s.kind !== 'foreach') throw new Error('unreachable');
    const array = this.#expressions.compile(s.array, this.#scope);
    const arrayText = s.sql.slice(s.array.start, s.array.end);
    const where = s.where && this.#condition(s.where, new Map());
    this.#scope.set(s.element, 0);
    const needed = s.incase === undefined ? 0 : neededColumns(s.columns, s.incase);
    const before = this.#steps(s.columns.slice(0, needed));
    const incaseScope = new Map(this.#scope);
    const after = this.#steps(s.columns.slice(needed), needed);
    const incase = s.incase && this.#condition(s.incase, incaseScope);
    const whole = s.columns.length === 0;
    return this.#rule(
      (env) => {
        if (where && where.test(env) !== true) return [];
        const list = array(env);
        if (!Array.isArray(list)) return [];
        const outputs: unknown[] = [];
        env.at = s.array.start;
        if (list.length > maxElements)
          throw errors.EXPR_LIMIT({ what: 'FOREACH', limit: `${maxElements.toLocaleString('en')} elements per message` });
        for (const element of list as unknown[]) {
          const row: Row = {};
          env.slots.fill(undefined);
          env.slots[0] = element;
          for (const step of before) step(env, row);
          if (incase && incase.test(env) !== true) continue;
          for (const step of after) step(env, row);
          outputs.push(whole ? element : row);
        }
        return outputs;
      },
      (env) => {
        if (where && where.test(env) !== true) return where.explain(env) ?? '';
        const list = array(env);
        if (!Array.isArray(list)) return `${arrayText} was no array: ${list === undefined ? 'it is undefined' : 'it has another type'}`;
        if (list.length === 0) return `${arrayText} was empty`;
        env.slots[0] = list[0];
        for (const step of before) step(env, {});
        return `INCASE was false for all ${list.length} elements; for the first, ${incase?.explain(env) ?? 'nothing was false'}`;
      },
    );
  }

  #rule(evaluate: (env: Environment) => unknown[], explain: (env: Environment) => string): CompiledRule {
    const { sql, from } = this.#statement;
    const slots = Math.max(1, this.#scope.size);
    const run = <T>(context: EvaluationContext, work: (env: Environment) => T): T => {
      const env: Environment = { context, slots: new Array<unknown>(slots).fill(undefined), at: 0 };
      try {
        return work(env);
      } catch (thrown) {
        if (!(thrown instanceof OmhError)) throw thrown;
        throw new OmhError(thrown.code, thrown.row, { ...thrown.params, ...positionAt(sql, env.at) });
      }
    };
    return {
      statement: this.#statement,
      from: [...new Set(from.map((f) => f.topic))],
      evaluate: (context) => run(context, evaluate),
      explain: (context) => run(context, explain),
    };
  }

  #condition(expr: Expr, scope: Scope): { test: Closure; explain: Explanation } {
    return {
      test: this.#expressions.compile(expr, scope),
      explain: explanation(expr, this.#statement.sql, (e) => this.#expressions.compile(e, scope)),
    };
  }

  #steps(columns: readonly Column[], offset = 0): Step[] {
    return columns.map((column, i) => this.#step(column, offset + i));
  }

  #step(column: Column, position: number): Step {
    if (column.kind === 'all')
      return (env, row) => {
        Object.assign(row, env.context.source.all());
      };
    const value = this.#expressions.compile(column.expr, this.#scope);
    const path = pathOf(column, position);
    const root = path[0] as string;
    if (isOwnPath(column)) {
      const keys = path.slice(1);
      return (env, row) => {
        row[root] = withPath(row[root], keys, value(env));
      };
    }
    const before = this.#scope.get(root);
    const slot = before ?? this.#scope.size;
    this.#scope.set(root, slot);
    if (path.length === 1) {
      return (env, row) => {
        row[root] = env.slots[slot] = value(env);
      };
    }
    const rest = path.slice(1);
    return (env, row) => {
      const v = value(env);
      env.at = column.start;
      env.slots[slot] = withPath(before === undefined ? env.context.source.nested(root) : env.slots[slot], rest, v);
      row[root] = withPath(row[root], rest, v);
    };
  }
}

/** Where a column's value goes. Without AS a path keeps its keys (indexes left out), a call its function's name, the rest `column_2`. */
function pathOf(column: Extract<Column, { kind: 'value' }>, position: number): AliasPath {
  if (column.alias) return column.alias;
  const keys: string[] = [];
  let expr = column.expr;
  while (expr.kind === 'member' || expr.kind === 'index' || expr.kind === 'slice') {
    if (expr.kind === 'member') keys.unshift(expr.key);
    expr = expr.object;
  }
  if (expr.kind === 'name') return [expr.name, ...keys];
  if (column.expr.kind === 'call') return [column.expr.name];
  return [`column_${position + 1}`];
}

/** How many leading columns must run before a condition that uses their names. */
function neededColumns(columns: readonly Column[], condition: Expr): number {
  const used = new Set<string>();
  collectNames(condition, used);
  let needed = 0;
  columns.forEach((column, i) => {
    if (column.kind === 'value' && used.has(pathOf(column, i)[0] as string) && !isOwnPath(column)) needed = i + 1;
  });
  return needed;
}

/** `payload.x` without AS gives its own name the value it already has. */
const isOwnPath = (column: Extract<Column, { kind: 'value' }>): boolean => {
  if (column.alias) return false;
  let expr = column.expr;
  while (expr.kind === 'member') expr = expr.object;
  return expr.kind === 'name';
};

function collectNames(expr: Expr, into: Set<string>): void {
  if (expr.kind === 'name') into.add(expr.name);
  for (const value of Object.values(expr)) {
    for (const part of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof part !== 'object' || part === null) continue;
      if ('kind' in part) collectNames(part as Expr, into);
      else if ('when' in part) {
        const b = part as { when: Expr; then: Expr };
        collectNames(b.when, into);
        collectNames(b.then, into);
      }
    }
  }
}
