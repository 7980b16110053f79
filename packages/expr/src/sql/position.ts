import { fail } from '@omh/core';

/** What is wrong with a statement and where; line and column begin at 1, columns count UTF-16 units as editors do. */
export interface SqlFault {
  readonly line: number;
  readonly column: number;
  /** Finished sentences, with a "Did you mean" where there is a guess. */
  readonly message: string;
}

/** Line and column of an offset; an offset behind the end is the end. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) {
    line++;
    lineStart = i + 1;
  }
  return { line, column: Math.min(offset, text.length) - lineStart + 1 };
}

/** Thrown inside lexer, parser and compiler only; `guarded` turns it into a fault at the package's border. */
export class FaultAt extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

export function guarded<T>(
  text: string,
  work: () => T,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: SqlFault } {
  try {
    return { ok: true, value: work() };
  } catch (thrown) {
    if (!(thrown instanceof FaultAt)) throw thrown;
    return fail({ ...positionAt(text, thrown.offset), message: thrown.message });
  }
}
