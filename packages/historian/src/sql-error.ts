import { catalogRows, OmhError } from '@omh/core';
import { errors } from './errors.ts';

/** DuckDB's message as one plain sentence without its class and its drawing of the line. */
export function plainMessage(text: string): string {
  const cut = text.search(/\n\s*\n?LINE \d+:/);
  const body = (cut === -1 ? text : text.slice(0, cut))
    .replace(/^Failed to extract statements: /, '')
    .replace(/^(?:[A-Z][A-Za-z]+ ){1,3}Error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('!', '.')
    .trim()
    .slice(0, 600);
  return /[.?]$/.test(body) ? body : `${body}.`;
}

/** Line and column (both from 1) that DuckDB points at, when it does and shows the line whole. */
export function errorPosition(text: string): { line: number; column: number } | undefined {
  const match = /\nLINE (\d+): ([^\n]*)\n( *)\^/.exec(text);
  if (!match || match[2]!.startsWith('...')) return undefined;
  const column = match[3]!.length - `LINE ${match[1]}: `.length + 1;
  return column > 0 ? { line: Number(match[1]), column } : undefined;
}

/** After these the database takes no more work: only a new process goes on with what is on disk. */
export const isFatal = (thrown: unknown): boolean =>
  thrown instanceof Error && /^(?:FATAL|INTERNAL) Error|database has been invalidated/.test(thrown.message);

/** Whatever DuckDB threw while it ran a user's statement, as a coded error. */
export function sqlError(thrown: unknown): OmhError {
  if (thrown instanceof OmhError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (text.startsWith('Out of Memory Error')) return errors.HISTORIAN_SQL_OUT_OF_MEMORY({}, { cause: thrown });
  if (text.startsWith('Permission Error')) return errors.HISTORIAN_SQL_NOT_ALLOWED({ what: 'Reading or writing files' }, { cause: thrown });
  const position = errorPosition(text);
  const message = position ? `${plainMessage(text)} (line ${position.line}, column ${position.column})` : plainMessage(text);
  const row = errors[catalogRows].HISTORIAN_SQL_ERROR;
  return new OmhError('HISTORIAN_SQL_ERROR', row, { message, ...position }, { cause: thrown });
}
