/** One lexical element of a SQL text; comments and white space are left out. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'param' | 'punct';
  /** Words in lower case, quoted identifiers and strings without their quotes, parameters as their number. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const wordStart = /[A-Za-z_\u0080-\uffff]/;
const wordPart = /[\w$\u0080-\uffff]/;

/**
 * Splits PostgreSQL-flavoured SQL into tokens; undefined when a quote or comment is not closed or when an identifier is written
 * with Unicode escapes, which would hide its name from every check made on tokens.
 */
export function sqlTokens(sql: string): SqlToken[] | undefined {
  const tokens: SqlToken[] = [];
  let i = 0;
  const quotedEnd = (from: number, quote: string, escapes: boolean): number => {
    for (let at = from; at < sql.length; at++) {
      if (escapes && sql[at] === '\\') {
        at++;
        continue;
      }
      if (sql[at] !== quote) continue;
      if (sql[at + 1] === quote) {
        at++;
        continue;
      }
      return at;
    }
    return -1;
  };
  while (i < sql.length) {
    const c = sql[i]!;
    if (/\s/.test(c)) {
      i++;
      continue;
    }
    if (sql.startsWith('--', i)) {
      const end = sql.indexOf('\n', i);
      i = end === -1 ? sql.length : end + 1;
      continue;
    }
    if (sql.startsWith('/*', i)) {
      const end = commentEnd(sql, i);
      if (end === -1) return undefined;
      i = end;
      continue;
    }
    const start = i;
    if (c === "'" || ((c === 'e' || c === 'E') && sql[i + 1] === "'")) {
      const from = c === "'" ? i + 1 : i + 2;
      const end = quotedEnd(from, "'", c !== "'");
      if (end === -1) return undefined;
      i = end + 1;
      const raw = sql.slice(from, end);
      if (c !== "'" && raw.includes('\\')) tokens.push({ kind: 'punct', text: raw, start, end: i });
      else tokens.push({ kind: 'string', text: raw.replaceAll("''", "'"), start, end: i });
      continue;
    }
    if (c === '"') {
      const end = quotedEnd(i + 1, '"', false);
      if (end === -1) return undefined;
      i = end + 1;
      tokens.push({ kind: 'quoted', text: sql.slice(start + 1, end).replaceAll('""', '"'), start, end: i });
      continue;
    }
    if (c === '$') {
      const param = /^\$(\d+)/.exec(sql.slice(i, i + 12));
      if (param) {
        i += param[0].length;
        tokens.push({ kind: 'param', text: param[1]!, start, end: i });
        continue;
      }
      const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(sql.slice(i, i + 66));
      if (tag) {
        const end = sql.indexOf(tag[0], i + tag[0].length);
        if (end === -1) return undefined;
        i = end + tag[0].length;
        tokens.push({ kind: 'string', text: sql.slice(start + tag[0].length, end), start, end: i });
        continue;
      }
    }
    if (/[uU]/.test(c) && sql[i + 1] === '&' && /["']/.test(sql[i + 2] ?? '')) return undefined;
    if (wordStart.test(c)) {
      while (i < sql.length && wordPart.test(sql[i]!)) i++;
      tokens.push({ kind: 'word', text: sql.slice(start, i).toLowerCase(), start, end: i });
      continue;
    }
    const number = /^(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/.exec(sql.slice(i, i + 400));
    if (number) {
      i += number[0].length;
      tokens.push({ kind: 'number', text: number[0], start, end: i });
      continue;
    }
    i++;
    tokens.push({ kind: 'punct', text: c, start, end: i });
  }
  return tokens;
}

/** Block comments nest, as in PostgreSQL. */
function commentEnd(sql: string, from: number): number {
  let depth = 0;
  for (let i = from; i < sql.length - 1; i++) {
    if (sql.startsWith('/*', i)) {
      depth++;
      i++;
    } else if (sql.startsWith('*/', i)) {
      i++;
      if (--depth === 0) return i + 1;
    }
  }
  return -1;
}

/** The statements of a text, without empty ones; the first keeps what stands before it, so that positions in it are the text's. */
export function splitStatements(sql: string, tokens: readonly SqlToken[]): { text: string; tokens: SqlToken[] }[] {
  const out: { text: string; tokens: SqlToken[] }[] = [];
  let current: SqlToken[] = [];
  const close = (): void => {
    if (current.length > 0) {
      const base = out.length === 0 ? 0 : current[0]!.start;
      const moved = current.map((t) => ({ ...t, start: t.start - base, end: t.end - base }));
      out.push({ text: sql.slice(base, current.at(-1)!.end), tokens: moved });
    }
    current = [];
  };
  for (const token of tokens) {
    if (token.kind === 'punct' && token.text === ';') close();
    else current.push(token);
  }
  close();
  return out;
}

export const isWord = (token: SqlToken | undefined, ...words: readonly string[]): boolean =>
  token?.kind === 'word' && words.includes(token.text);
export const isPunct = (token: SqlToken | undefined, text: string): boolean => token?.kind === 'punct' && token.text === text;
export const isName = (token: SqlToken | undefined): token is SqlToken => token?.kind === 'word' || token?.kind === 'quoted';
