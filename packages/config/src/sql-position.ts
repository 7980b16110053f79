import type { Place } from './source.ts';

/**
 * The offset in the file of a line and column inside a text value. YAML folds, quotes and indents, but keeps every visible character
 * in order, so the n-th of them in the value is the n-th of them in the source. Undefined where escapes make that untrue.
 */
export function offsetInScalar(text: string, place: Place, value: string, line: number, column: number): number | undefined {
  const scalar = place.scalar;
  const range = scalar?.range;
  if (!scalar || !range) return undefined;
  const raw = text.slice(range[0], range[1]);
  const quoted = scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE';
  if (scalar.type === 'QUOTE_DOUBLE' && raw.includes('\\')) return undefined;
  const block = scalar.type === 'BLOCK_LITERAL' || scalar.type === 'BLOCK_FOLDED';
  const skip = quoted ? 1 : block ? raw.indexOf('\n') + 1 : 0;
  let before = visible(value.slice(0, indexOf(value, line, column)));
  let at = skip;
  const end = raw.length - (quoted ? 1 : 0);
  for (; at < end; at++) {
    if (/\s/.test(raw[at]!)) continue;
    if (before === 0) break;
    before--;
    if (scalar.type === 'QUOTE_SINGLE' && raw[at] === "'" && raw[at + 1] === "'") at++;
  }
  if (at === end) while (at > skip && /\s/.test(raw[at - 1]!)) at--;
  return range[0] + at;
}

function indexOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf('\n', start);
    if (next < 0) return text.length;
    start = next + 1;
  }
  return Math.min(text.length, start + Math.max(0, column - 1));
}

const visible = (text: string): number => text.replace(/\s/g, '').length;
