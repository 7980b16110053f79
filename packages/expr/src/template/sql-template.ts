import type { SqlValue } from '@omh/core';
import { errors } from '../errors.ts';
import { positionAt } from '../sql/position.ts';
import { jsonText } from '../value.ts';
import { placeholderAt, valueAtPath, type TemplatePath } from './template.ts';

/** A statement with `$1…$n` and the paths whose values are bound to them, in order. */
export interface SqlTemplate {
  readonly statement: string;
  readonly paths: readonly TemplatePath[];
}

const maxLength = 65_536;

/**
 * Replaces every `${…}` by a bound parameter, so a value can never become SQL. Texts, comments and quoted names stay as they are;
 * a `${…}` inside quotes is refused with EXPR_TEMPLATE, because it would be stored as it is written.
 */
export function sqlTemplate(text: string): SqlTemplate {
  if (text.length > maxLength) throw errors.EXPR_LIMIT({ what: 'A statement', limit: `${maxLength.toLocaleString('en')} characters` });
  const paths: TemplatePath[] = [];
  let statement = '';
  for (let at = 0; at < text.length; ) {
    const end = literalEnd(text, at);
    if (end !== undefined) {
      if (!text.startsWith('--', at) && !text.startsWith('/*', at)) refuseQuoted(text, at, end);
      statement += text.slice(at, end);
      at = end;
      continue;
    }
    if (text.startsWith('${', at)) {
      const placeholder = placeholderAt(text, at);
      if (placeholder === undefined) throw fault(text, at, '${ begins no path; write ${temperature} or ${values.temperature}');
      paths.push(placeholder.path);
      statement += `$${paths.length}`;
      at = placeholder.end;
      continue;
    }
    if (text[at] === '$' && /\d/.test(text[at + 1] ?? ''))
      throw fault(text, at, 'numbered parameters are made from ${…}; write the path instead');
    statement += text[at];
    at++;
  }
  return { statement, paths };
}

/** The parameters of one output: missing is null, maps and arrays are JSON text. */
export const boundValues = (template: SqlTemplate, output: unknown): SqlValue[] =>
  template.paths.map((path) => boundValue(path.length === 0 ? output : valueAtPath(output, path)));

export function boundValue(v: unknown): SqlValue {
  if (v === undefined || v === null) return null;
  if (typeof v === 'object') return v instanceof Uint8Array ? v : jsonText(v);
  return v as SqlValue;
}

/** Where the text, quoted name or comment that begins here ends; undefined when none begins. An open one reaches to the end. */
function literalEnd(text: string, at: number): number | undefined {
  const c = text[at]!;
  if (c === "'" || c === '"') {
    const escapes = c === "'" && /(?:^|[^\w])[eE]$/.test(text.slice(Math.max(0, at - 2), at));
    for (let i = at + 1; i < text.length; i++) {
      if (escapes && text[i] === '\\') {
        i++;
        continue;
      }
      if (text[i] !== c) continue;
      if (text[i + 1] !== c) return i + 1;
      i++;
    }
    throw fault(text, at, `the quote ${c} is not closed`);
  }
  if (c === '-' && text[at + 1] === '-') return upTo(text, '\n', at);
  if (c === '/' && text[at + 1] === '*') return blockEnd(text, at);
  if (c === '$') {
    const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(text.slice(at, at + 64))?.[0];
    if (tag !== undefined) return upTo(text, tag, at + tag.length);
  }
  return undefined;
}

function upTo(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? text.length : found + mark.length;
}

/** Block comments nest in PostgreSQL. */
function blockEnd(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text.startsWith('/*', i)) {
      depth++;
      i++;
    } else if (text.startsWith('*/', i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

function refuseQuoted(text: string, start: number, end: number): void {
  for (let open = text.indexOf('${', start); open !== -1 && open < end; open = text.indexOf('${', open + 2)) {
    const placeholder = placeholderAt(text, open);
    if (placeholder === undefined || placeholder.end > end) continue;
    const written = text.slice(open, placeholder.end);
    throw fault(
      text,
      open,
      text[start] === '"'
        ? `${written} stands inside a quoted name, and only values can be bound`
        : `${written} stands inside quotes; remove the quotes around it, because values are bound and never pasted into the statement`,
    );
  }
}

function fault(text: string, at: number, problem: string): Error {
  return errors.EXPR_TEMPLATE({ ...positionAt(text, at), problem });
}
