import { FaultAt } from './position.ts';

export const maxSqlLength = 65_536;
export const maxTokens = 10_000;

/** word: a bare name or keyword · quoted: "…" · text: '…' · end: behind the last character. */
export type TokenKind = 'word' | 'quoted' | 'text' | 'number' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Without quotes and with doubled quotes undone; words as they were typed. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const space = /[\s\uFEFF]/;
const wordStart = /[\p{L}_$]/u;
const word = /[\p{L}\p{N}_$]*/uy;
const number = /(?:\d+(?:\.(?!\.)\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const symbols = ['<>', '!=', '>=', '<=', '=~', '..', '+', '-', '*', '/', '(', ')', '[', ']', ',', '.', '=', '>', '<', ';'];

/** Splits a statement into tokens; the last is always `end`. `--` comments run to the end of the line. Throws `FaultAt`. */
export function tokenize(sql: string): Token[] {
  if (sql.length > maxSqlLength)
    throw new FaultAt(
      0,
      `A rule has at most ${maxSqlLength.toLocaleString('en')} characters; this one has ${sql.length.toLocaleString('en')}.`,
    );
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: TokenKind, text: string, start: number): void => {
    if (tokens.length === maxTokens) throw new FaultAt(start, `A rule has at most ${maxTokens.toLocaleString('en')} words and signs.`);
    tokens.push({ kind, text, start, end: at });
  };
  while (at < sql.length) {
    const start = at;
    const c = sql[at]!;
    if (space.test(c)) {
      at++;
      continue;
    }
    if (c === '-' && sql[at + 1] === '-') {
      const newline = sql.indexOf('\n', at);
      at = newline === -1 ? sql.length : newline + 1;
      continue;
    }
    if (c === "'" || c === '"') {
      at = quotedEnd(sql, start);
      push(c === "'" ? 'text' : 'quoted', sql.slice(start + 1, at - 1).replaceAll(c + c, c), start);
      continue;
    }
    if (isDigit(c) || (c === '.' && isDigit(sql[at + 1] ?? '') && !endsOperand(tokens.at(-1)))) {
      number.lastIndex = at;
      at += number.exec(sql)![0].length;
      if (wordStart.test(sql[at] ?? '')) {
        const wrong = sql.slice(start, at + 1);
        throw new FaultAt(
          start,
          `"${wrong}" is no number. Names begin with a letter; put other keys in quotes, for example payload."${wrong}".`,
        );
      }
      push('number', sql.slice(start, at), start);
      continue;
    }
    if (wordStart.test(String.fromCodePoint(sql.codePointAt(at)!))) {
      word.lastIndex = at;
      at += word.exec(sql)![0].length;
      push('word', sql.slice(start, at), start);
      continue;
    }
    const symbol = symbols.find((s) => sql.startsWith(s, start));
    if (symbol === undefined) throw new FaultAt(start, strange(c));
    at += symbol.length;
    push('symbol', symbol, start);
  }
  tokens.push({ kind: 'end', text: '', start: sql.length, end: sql.length });
  return tokens;
}

const isDigit = (c: string): boolean => c >= '0' && c <= '9' && c !== '';
/** After `payload` or `]` a point is an access, not the beginning of `.5`. */
const endsOperand = (t: Token | undefined): boolean =>
  t !== undefined && (t.kind === 'word' || t.kind === 'quoted' || (t.kind === 'symbol' && (t.text === ']' || t.text === ')')));

function quotedEnd(sql: string, start: number): number {
  const quote = sql[start]!;
  for (let at = start + 1; at < sql.length; at++) {
    if (sql[at] !== quote) continue;
    if (sql[at + 1] === quote) {
      at++;
      continue;
    }
    return at + 1;
  }
  throw new FaultAt(start, quote === "'" ? "This text has no closing ' quote." : 'This name has no closing " quote.');
}

function strange(c: string): string {
  if (c === '`' || c === '\u2018' || c === '\u2019') return `"${c}" is no quote here. Did you mean '?`;
  if (c === '\u201c' || c === '\u201d') return `"${c}" is no quote here. Did you mean "?`;
  if (c === '&' || c === '|') return `"${c}" is no operator. Did you mean ${c === '&' ? 'AND' : 'OR'}?`;
  if (c === '%') return '"%" is no operator. Did you mean mod?';
  if (c === '{' || c === '}') return 'A rule has no {…}; build a map with path aliases, for example 1 AS a.b.';
  return `"${c}" has no meaning here.`;
}
