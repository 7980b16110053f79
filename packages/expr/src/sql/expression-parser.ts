import type { AliasPath, CaseBranch, ComparisonOperator, Expr } from './ast.ts';
import { didYouMean } from './suggestion.ts';
import type { TokenStream } from './token-stream.ts';

export const maxDepth = 200;

export const reservedWords = new Set([
  'select',
  'foreach',
  'do',
  'incase',
  'from',
  'where',
  'as',
  'and',
  'or',
  'not',
  'case',
  'when',
  'then',
  'else',
  'end',
  'div',
  'mod',
  'in',
  'true',
  'false',
  'null',
]);

/** What people bring along from databases, and what a rule has instead. */
const foreignOperators: Readonly<Record<string, string>> = {
  is: 'A rule has no IS NULL: write is_null(x), is_not_null(x), or is_null_var(x) to include JSON null.',
  like: "A rule has no LIKE: write regex_match(x, '…') for text or x =~ 'a/+/b' for topics.",
  ilike: "A rule has no ILIKE: write regex_match(lower(x), '…').",
  between: 'A rule has no BETWEEN: write x >= 1 AND x <= 5.',
};

const binding: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  not: 4,
  in: 4,
  '=': 4,
  '<>': 4,
  '!=': 4,
  '>': 4,
  '<': 4,
  '>=': 4,
  '<=': 4,
  '=~': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  div: 6,
  mod: 6,
  '.': 9,
  '[': 9,
};
const notBinding = 3;
const negateBinding = 8;

/** Pratt parser for everything that has a value. `topLevel` of a call ends at the first token that cannot continue an expression. */
export class ExpressionParser {
  readonly #s: TokenStream;
  readonly #depths = new WeakMap<Expr, number>();
  #nesting = 0;

  constructor(stream: TokenStream) {
    this.#s = stream;
  }

  parse(minimum = 0): Expr {
    if (++this.#nesting > maxDepth) this.#s.fail(`An expression nests at most ${maxDepth} levels deep.`);
    let left = this.#prefix();
    for (;;) {
      const power = this.#power();
      if (power === undefined || power <= minimum) break;
      left = this.#infix(left, power);
    }
    this.#nesting--;
    return left;
  }

  /** `a.b.'x y'[2]` after AS. */
  aliasPath(): AliasPath {
    const path: (string | number)[] = [this.key('AS is followed by a name')];
    for (;;) {
      if (this.#s.takeSymbol('.')) {
        path.push(this.key('a point is followed by a key'));
        continue;
      }
      if (!this.#s.takeSymbol('[')) return path;
      const start = this.#s.current.start;
      const sign = this.#s.takeSymbol('-') ? -1 : 1;
      const token = this.#s.next();
      const index = sign * Number(token.text);
      if (token.kind !== 'number' || !Number.isSafeInteger(index) || index === 0) {
        this.#s.fail('An alias index is a whole number that begins at 1, or a negative one that counts from the end.', start);
      }
      path.push(index);
      this.#s.needSymbol(']', 'an index ends with ]');
    }
  }

  key(sentence: string): string {
    const { kind, text, start } = this.#s.current;
    if (kind !== 'word' && kind !== 'quoted' && kind !== 'text') this.#s.fail(`${capital(sentence)}, ${this.#s.found()}.`);
    if (text === '__proto__') this.#s.fail('__proto__ is no name a rule may use.', start);
    this.#s.next();
    return text;
  }

  #node(node: Expr, ...children: (Expr | undefined)[]): Expr {
    let depth = 0;
    for (const c of children) if (c) depth = Math.max(depth, this.#depths.get(c) ?? 0);
    if (depth >= maxDepth) this.#s.fail(`An expression nests at most ${maxDepth} levels deep.`, node.start);
    this.#depths.set(node, depth + 1);
    return node;
  }

  #power(): number | undefined {
    const { kind, text } = this.#s.current;
    if (kind === 'symbol') return binding[text];
    if (kind !== 'word') return undefined;
    const word = text.toLowerCase();
    if (word === 'not') return this.#s.following.kind === 'word' && this.#s.following.text.toLowerCase() === 'in' ? binding.not : undefined;
    const foreign = foreignOperators[word];
    if (foreign !== undefined) this.#s.fail(foreign);
    return Object.hasOwn(binding, word) ? binding[word] : undefined;
  }

  #prefix(): Expr {
    const s = this.#s;
    const token = s.current;
    const { start } = token;
    if (token.kind === 'number') {
      s.next();
      return this.#node({ kind: 'literal', value: Number(token.text), start, end: token.end });
    }
    if (token.kind === 'text') {
      s.next();
      return this.#node({ kind: 'literal', value: token.text, start, end: token.end });
    }
    if (token.kind === 'quoted') return this.#node({ kind: 'name', name: this.key('a name is expected'), start, end: token.end });
    if (token.kind === 'symbol') return this.#prefixSymbol(token.text, start);
    if (token.kind === 'end') s.fail('A value is expected, but the statement ends here.');
    const word = token.text.toLowerCase();
    if (word === 'case') return this.#case();
    if (word === 'not') {
      s.next();
      const operand = this.parse(notBinding);
      return this.#node({ kind: 'not', operand, start, end: s.end }, operand);
    }
    if (word === 'true' || word === 'false') {
      s.next();
      return this.#node({ kind: 'literal', value: word === 'true', start, end: s.end });
    }
    if (s.following.kind === 'symbol' && s.following.text === '(' && !(reservedWords.has(word) && !['div', 'mod', 'null'].includes(word)))
      return this.#call();
    if (word === 'null') {
      s.next();
      return this.#node({ kind: 'literal', value: null, start, end: s.end });
    }
    if (reservedWords.has(word)) {
      s.fail(`A value is expected, but found the keyword ${token.text.toUpperCase()}. Put a field of this name in double quotes.`);
    }
    return this.#node({ kind: 'name', name: this.key('a name is expected'), start, end: token.end });
  }

  #prefixSymbol(symbol: string, start: number): Expr {
    const s = this.#s;
    if (symbol === '(') {
      s.next();
      const inner = this.parse();
      s.needSymbol(')', 'The bracket ( is not closed');
      return inner;
    }
    if (symbol === '[') return this.#array();
    if (symbol === '-' || symbol === '+') {
      s.next();
      const operand = this.parse(negateBinding);
      if (symbol === '+') return operand;
      if (operand.kind === 'literal' && typeof operand.value === 'number')
        return this.#node({ kind: 'literal', value: -operand.value, start, end: s.end });
      return this.#node({ kind: 'negate', operand, start, end: s.end }, operand);
    }
    return s.fail(
      symbol === '*'
        ? 'A * stands alone between commas; inside an expression it multiplies two values.'
        : `A value is expected, but found ${symbol}.`,
    );
  }

  #infix(left: Expr, power: number): Expr {
    const s = this.#s;
    const { start } = left;
    const operator = s.next().text.toLowerCase();
    switch (operator) {
      case '.': {
        const key = this.key('a point is followed by a key');
        return this.#node({ kind: 'member', object: left, key, start, end: s.end }, left);
      }
      case '[':
        return this.#index(left);
      case 'and':
      case 'or': {
        const right = this.parse(power);
        return this.#node({ kind: 'logic', operator, left, right, start, end: s.end }, left, right);
      }
      case 'not':
        s.next();
        return this.#in(left, true);
      case 'in':
        return this.#in(left, false);
      case '+':
      case '-':
      case '*':
      case '/':
      case 'div':
      case 'mod': {
        const right = this.parse(power);
        return this.#node({ kind: 'arithmetic', operator, left, right, start, end: s.end }, left, right);
      }
      default: {
        const right = this.parse(power);
        const comparison = (operator === '!=' ? '<>' : operator) as ComparisonOperator;
        if (this.#power() === binding['=']) s.fail('Comparisons do not chain: join two with AND.');
        return this.#node({ kind: 'comparison', operator: comparison, left, right, start, end: s.end }, left, right);
      }
    }
  }

  #index(object: Expr): Expr {
    const s = this.#s;
    const { start } = object;
    const index = this.parse();
    if (s.takeSymbol('..')) {
      const to = this.parse();
      s.needSymbol(']', 'An index ends with ]');
      return this.#node({ kind: 'slice', object, from: index, to, start, end: s.end }, object, index, to);
    }
    s.needSymbol(']', 'An index ends with ]');
    if (index.kind === 'literal' && index.value === 0) s.fail('Array indexes begin at 1: write [1] for the first element.', index.start);
    return this.#node({ kind: 'index', object, index, start, end: s.end }, object, index);
  }

  #in(value: Expr, negated: boolean): Expr {
    const s = this.#s;
    s.needSymbol('(', 'IN is followed by a list in brackets');
    const items = this.#list(')');
    return this.#node({ kind: 'in', value, items, negated, start: value.start, end: s.end }, value, ...items);
  }

  #array(): Expr {
    const s = this.#s;
    const { start } = s.next();
    if (s.takeSymbol(']')) return this.#node({ kind: 'array', items: [], start, end: s.end });
    const first = this.parse();
    if (s.takeSymbol('..')) {
      const to = this.parse();
      s.needSymbol(']', 'A range ends with ]');
      return this.#node({ kind: 'range', from: first, to, start, end: s.end }, first, to);
    }
    const items = [first];
    while (s.takeSymbol(',')) items.push(this.parse());
    s.needSymbol(']', 'The array [ is not closed');
    return this.#node({ kind: 'array', items, start, end: s.end }, ...items);
  }

  #list(close: string): Expr[] {
    const items: Expr[] = [];
    if (this.#s.takeSymbol(close)) return items;
    do items.push(this.parse());
    while (this.#s.takeSymbol(','));
    this.#s.needSymbol(close, `The list is not closed with ${close}`);
    return items;
  }

  #call(): Expr {
    const s = this.#s;
    const { text, start } = s.next();
    s.next();
    const args = this.#list(')');
    return this.#node({ kind: 'call', name: text.toLowerCase(), args, start, end: s.end }, ...args);
  }

  #case(): Expr {
    const s = this.#s;
    const { start } = s.next();
    const subject = s.isWord('when') ? undefined : this.parse();
    const branches: CaseBranch[] = [];
    while (s.takeWord('when')) {
      const when = this.parse();
      if (!s.takeWord('then')) s.fail(`WHEN is followed by a condition and THEN, ${s.found()}.`);
      branches.push({ when, then: this.parse() });
    }
    if (branches.length === 0) s.fail(`CASE has at least one WHEN … THEN …, ${s.found()}.${guess(s, ['WHEN'])}`);
    const otherwise = s.takeWord('else') ? this.parse() : undefined;
    if (!s.takeWord('end')) s.fail(`CASE ends with END, ${s.found()}.${guess(s, ['WHEN', 'ELSE', 'END'])}`);
    const node: Expr = { kind: 'case', subject, branches, otherwise, start, end: s.end };
    return this.#node(node, subject, otherwise, ...branches.flatMap((b) => [b.when, b.then]));
  }
}

export const guess = (s: TokenStream, keywords: readonly string[]): string =>
  s.current.kind === 'word' ? didYouMean(s.current.text, keywords) : '';

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
