import { errors } from './errors.ts';

export interface MacroRange {
  /** Milliseconds since 1970, UTC; `to` is not before `from`. */
  readonly from: number;
  readonly to: number;
  /** Width of one point on the screen, 1 ms or more. */
  readonly intervalMs: number;
}

/** The years 1970 to 9999: what both RFC 3339 and the stores can write. */
const maxMs = 253_402_300_799_999;
const column = /^\s*\(\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)\s*\)/;
/** A quoted name, a comment, a string, or a macro, whichever begins first. */
const token = /"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|\$__\w+/g;

/**
 * Fills in `$__timeFilter(col)`, `$__from`, `$__to` and `$__interval`. Instants become `TIMESTAMPTZ '…'` literals made from checked
 * numbers; inside a string (`time_bucket('$__interval', time)`) the bare text. Throws DASHBOARD_RANGE and DASHBOARD_MACRO.
 */
export function expandMacros(sql: string, range: MacroRange): string {
  const { from, to, intervalMs } = range;
  const valid = isInstant(from) && isInstant(to) && from <= to && Number.isFinite(intervalMs) && intervalMs >= 1 && intervalMs <= maxMs;
  if (!valid) throw errors.DASHBOARD_RANGE({ from, to, intervalMs });
  const words: Readonly<Record<string, string>> = {
    $__from: new Date(from).toISOString(),
    $__to: new Date(to).toISOString(),
    $__interval: `${Math.round(intervalMs)} milliseconds`,
  };
  let out = '';
  let done = 0;
  token.lastIndex = 0;
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    const text = match[0];
    out += sql.slice(done, match.index);
    done = match.index + text.length;
    if (text.startsWith("'")) {
      out += text.replace(/\$__\w+/g, (macro) => (Object.hasOwn(words, macro) ? words[macro]! : macro));
    } else if (text === '$__timeFilter') {
      const argument = column.exec(sql.slice(done));
      if (argument === null) throw errors.DASHBOARD_MACRO({ macro: text });
      done += argument[0].length;
      out += `(${argument[1]} >= TIMESTAMPTZ '${words.$__from}' AND ${argument[1]} <= TIMESTAMPTZ '${words.$__to}')`;
    } else if (text.startsWith('$__')) {
      if (!Object.hasOwn(words, text)) throw errors.DASHBOARD_MACRO({ macro: text });
      out += `${text === '$__interval' ? 'INTERVAL' : 'TIMESTAMPTZ'} '${words[text]}'`;
    } else {
      out += text;
    }
    token.lastIndex = done;
  }
  return out + sql.slice(done);
}

const isInstant = (ms: number): boolean => Number.isFinite(ms) && ms >= 0 && ms <= maxMs;
