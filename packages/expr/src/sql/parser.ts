import { nearest, topicFilterFault, type Result } from '@omh/core';
import type { Column, Expr, RuleStatement, Source } from './ast.ts';
import { ExpressionParser, guess, reservedWords } from './expression-parser.ts';
import { tokenize } from './lexer.ts';
import { guarded, type SqlFault } from './position.ts';
import { TokenStream } from './token-stream.ts';

/** `SELECT … FROM … [WHERE …]` or `FOREACH … [AS …] [DO …] [INCASE …] FROM … [WHERE …]` to its tree. Never throws. */
export const parseRule = (sql: string): Result<RuleStatement, SqlFault> => guarded(sql, () => new StatementParser(sql).statement());

/** One expression alone, as alarm conditions and derived values use it. */
export const parseExpression = (sql: string): Result<Expr, SqlFault> =>
  guarded(sql, () => {
    const stream = new TokenStream(tokenize(sql));
    const expr = new ExpressionParser(stream).parse();
    if (stream.current.kind !== 'end') stream.fail(`The expression ends here, ${stream.found()}.`);
    return expr;
  });

const foreignClauses: Readonly<Record<string, string>> = {
  join: 'A rule has no JOIN: it sees one message at a time.',
  group: 'A rule has no GROUP BY: it sees one message at a time. Aggregate in the historian.',
  order: 'A rule has no ORDER BY: it sees one message at a time.',
  having: 'A rule has no HAVING: it sees one message at a time.',
  limit: 'A rule has no LIMIT: it sees one message at a time.',
  union: 'A rule is one statement: make a second rule instead of UNION.',
};

class StatementParser {
  readonly #sql: string;
  readonly #s: TokenStream;
  readonly #expressions: ExpressionParser;

  constructor(sql: string) {
    this.#sql = sql;
    this.#s = new TokenStream(tokenize(sql));
    this.#expressions = new ExpressionParser(this.#s);
  }

  statement(): RuleStatement {
    const s = this.#s;
    const { start } = s.current;
    if (s.takeWord('foreach')) return this.#foreach(start);
    if (!s.takeWord('select'))
      s.fail(
        s.current.kind === 'end'
          ? 'A rule begins with SELECT or FOREACH, but this one is empty.'
          : `A rule begins with SELECT or FOREACH, ${s.found()}.${guess(s, ['SELECT', 'FOREACH'])}`,
      );
    const columns = this.#columns('SELECT');
    return { kind: 'select', columns, ...this.#tail(start) };
  }

  #foreach(start: number): RuleStatement {
    const s = this.#s;
    const array = this.#expressions.parse();
    const element = s.takeWord('as') ? this.#expressions.key('AS is followed by a name') : 'item';
    const columns = s.takeWord('do') ? this.#columns('DO') : [];
    const incase = s.takeWord('incase') ? this.#expressions.parse() : undefined;
    return { kind: 'foreach', array, element, columns, incase, ...this.#tail(start) };
  }

  #columns(after: string): Column[] {
    const columns: Column[] = [];
    do {
      const { start } = this.#s.current;
      if (this.#s.isWord('from'))
        this.#s.fail(columns.length === 0 ? `${after} names at least one value or *.` : 'The comma before FROM has nothing after it.');
      if (this.#s.isSymbol('*')) {
        this.#s.next();
        columns.push({ kind: 'all', start, end: this.#s.end });
        continue;
      }
      const expr = this.#expressions.parse();
      const alias = this.#s.takeWord('as') ? this.#expressions.aliasPath() : undefined;
      columns.push({ kind: 'value', expr, alias, start, end: this.#s.end });
    } while (this.#s.takeSymbol(','));
    return columns;
  }

  #tail(start: number): { sql: string; from: Source[]; where: Expr | undefined; start: number; end: number } {
    const s = this.#s;
    if (!s.takeWord('from')) s.fail(this.#expectedFrom());
    const from = [this.#source()];
    while (s.takeSymbol(',')) from.push(this.#source());
    const where = s.takeWord('where') ? this.#expressions.parse() : undefined;
    s.takeSymbol(';');
    if (s.current.kind !== 'end') s.fail(this.#expectedEnd(where !== undefined));
    return { sql: this.#sql, from, where, start, end: s.end };
  }

  #expectedFrom(): string {
    const s = this.#s;
    const { kind, text } = s.current;
    if (kind === 'word') {
      const clause = nearest(text, ['FROM', 'AS', 'DO', 'INCASE', 'AND', 'OR']);
      if (clause !== undefined) return `FROM is expected, ${s.found()}. Did you mean ${clause}?`;
      if (!reservedWords.has(text.toLowerCase())) {
        return `FROM is expected, ${s.found()}. Put AS before a new name and a comma between two values.`;
      }
    }
    return `FROM with a topic in double quotes is expected, ${s.found()}.`;
  }

  #expectedEnd(hasWhere: boolean): string {
    const s = this.#s;
    if (s.current.kind === 'word') {
      const foreign = foreignClauses[s.current.text.toLowerCase()];
      if (foreign !== undefined) return foreign;
    }
    return `The statement should end here, ${s.found()}.${guess(s, hasWhere ? ['AND', 'OR'] : ['WHERE'])}`;
  }

  #source(): Source {
    const s = this.#s;
    const { kind, text, start, end } = s.current;
    if (kind === 'word' && foreignClauses[text.toLowerCase()]) s.fail(foreignClauses[text.toLowerCase()]!);
    if (kind === 'word') s.fail(`A topic stands in double quotes: write "${text}".`);
    if (kind !== 'quoted' && kind !== 'text') s.fail(`A topic in double quotes is expected, ${s.found()}.`);
    if (text.startsWith('$share/')) s.fail('A rule reads a topic by itself, not through a shared subscription: leave out $share/{name}/.');
    const fault = topicFilterFault(text);
    if (fault !== undefined) s.fail(`"${text}" is no topic filter: ${fault}.`);
    s.next();
    return { topic: text, start, end };
  }
}
