/** Offsets into the statement: `start` up to, not including, `end`. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | 'div' | 'mod';
export type ComparisonOperator = '=' | '<>' | '>' | '<' | '>=' | '<=' | '=~';

export type Expr = Span &
  (
    | { readonly kind: 'literal'; readonly value: number | string | boolean | null }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'member'; readonly object: Expr; readonly key: string }
    | { readonly kind: 'index'; readonly object: Expr; readonly index: Expr }
    | { readonly kind: 'slice'; readonly object: Expr; readonly from: Expr; readonly to: Expr }
    | { readonly kind: 'array'; readonly items: readonly Expr[] }
    | { readonly kind: 'range'; readonly from: Expr; readonly to: Expr }
    | { readonly kind: 'negate'; readonly operand: Expr }
    | { readonly kind: 'not'; readonly operand: Expr }
    | { readonly kind: 'arithmetic'; readonly operator: ArithmeticOperator; readonly left: Expr; readonly right: Expr }
    | { readonly kind: 'comparison'; readonly operator: ComparisonOperator; readonly left: Expr; readonly right: Expr }
    | { readonly kind: 'logic'; readonly operator: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
    | { readonly kind: 'in'; readonly value: Expr; readonly items: readonly Expr[]; readonly negated: boolean }
    /** `subject` only in the simple form CASE x WHEN 1 THEN …. */
    | {
        readonly kind: 'case';
        readonly subject: Expr | undefined;
        readonly branches: readonly CaseBranch[];
        readonly otherwise: Expr | undefined;
      }
    | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expr[] }
  );

export interface CaseBranch {
  readonly when: Expr;
  readonly then: Expr;
}

/** `a.b[2]` of an AS: string keys and 1-based indexes; the first is always a key. */
export type AliasPath = readonly (string | number)[];

export type Column = Span &
  ({ readonly kind: 'all' } | { readonly kind: 'value'; readonly expr: Expr; readonly alias: AliasPath | undefined });

export interface Source extends Span {
  /** Topic filter, or an event such as `$events/client_connected`. */
  readonly topic: string;
}

interface Statement extends Span {
  readonly sql: string;
  readonly columns: readonly Column[];
  readonly from: readonly Source[];
  readonly where: Expr | undefined;
}
export interface SelectStatement extends Statement {
  readonly kind: 'select';
}
/** `columns` are those of DO; empty means each element is an output by itself. */
export interface ForeachStatement extends Statement {
  readonly kind: 'foreach';
  readonly array: Expr;
  readonly element: string;
  readonly incase: Expr | undefined;
}
export type RuleStatement = SelectStatement | ForeachStatement;
