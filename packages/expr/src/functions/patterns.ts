import { errors } from '../errors.ts';
import { Machine, StepLimit, type Match } from '../regex/machine.ts';
import { PatternFault } from '../regex/pattern.ts';
import { checkLength } from '../value.ts';
import { Arguments, fn } from './signature.ts';

/** Patterns run in time that grows with pattern × text; these bounds keep one call to a few milliseconds. */
export const maxPatternLength = 256;
export const maxPatternInput = 4096;

const cache = new Map<string, Machine>();
const maxCached = 200;

function machine(a: Arguments, pattern: string): Machine {
  const known = cache.get(pattern);
  if (known) {
    known.begin();
    return known;
  }
  if (pattern.length > maxPatternLength) throw errors.EXPR_LIMIT({ what: 'A pattern', limit: `${maxPatternLength} characters` });
  try {
    const made = new Machine(pattern);
    if (cache.size >= maxCached) cache.clear();
    cache.set(pattern, made);
    return made;
  } catch (thrown) {
    if (thrown instanceof PatternFault) return a.fail(`takes a pattern, and in '${pattern}' ${thrown.message}`);
    throw thrown;
  }
}

function codePoints(text: string): number[] {
  if (text.length > maxPatternInput)
    throw errors.EXPR_LIMIT({ what: 'A text that a pattern runs over', limit: `${maxPatternInput} characters` });
  return Array.from(text, (c) => c.codePointAt(0)!);
}

function limited<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof StepLimit) throw errors.EXPR_LIMIT({ what: 'The work of one pattern on one text', limit: 'a few milliseconds' });
    throw thrown;
  }
}

const textBetween = (text: readonly number[], from: number, to: number): string => {
  let out = '';
  for (let i = from; i < to; i++) out += String.fromCodePoint(text[i]!);
  return out;
};
const groupText = (text: readonly number[], match: Match, group: number): string => {
  const from = match[2 * group] ?? -1;
  return from === -1 ? '' : textBetween(text, from, match[2 * group + 1]!);
};

const match = new Arguments('regex_match');
const replace = new Arguments('regex_replace');
const extract = new Arguments('regex_extract');

function replaceAll(source: string, pattern: string, by: string): string {
  const text = codePoints(source);
  const run = machine(replace, pattern);
  let out = '';
  let at = 0;
  while (at <= text.length) {
    const found = run.find(text, at);
    if (found === undefined) break;
    const [from, to] = [found[0]!, found[1]!];
    out +=
      textBetween(text, at, from) +
      by.replaceAll(/\\(\d)|\\\\/g, (all, digit?: string) => (digit === undefined ? '\\' : groupText(text, found, Number(digit))));
    checkLength(out.length);
    if (to > from) {
      at = to;
      continue;
    }
    out += textBetween(text, to, Math.min(to + 1, text.length));
    at = to + 1;
  }
  return out + textBetween(text, Math.min(at, text.length), text.length);
}

export const patternFunctions = [
  fn(
    'regex_match',
    'patterns',
    [2],
    'Whether a pattern is found anywhere in a text of up to 4,096 characters; ' +
      'patterns have up to 256, no look-around and no back-references.',
    (v, p) => {
      const t = codePoints(match.text(v));
      const m = machine(match, match.text(p));
      return limited(() => m.find(t) !== undefined);
    },
    ["regex_match('abc123', '[a-z]+\\d+')", true],
    ["regex_match('abc', '^\\d+$')", false],
    ["regex_match('PUMP 7', '(?i)pump')", true],
  ),
  fn(
    'regex_replace',
    'patterns',
    [3],
    'The text with every match replaced; \\1 to \\9 stand for groups, \\0 for the whole match.',
    (v, p, by) => {
      const t = replace.text(v);
      const pattern = replace.text(p);
      const b = replace.text(by);
      return limited(() => replaceAll(t, pattern, b));
    },
    ["regex_replace('ab1cd22', '\\d+', '#')", 'ab#cd#'],
    ["regex_replace('line-7', '(\\w+)-(\\w+)', '\\2/\\1')", '7/line'],
  ),
  fn(
    'regex_extract',
    'patterns',
    [2],
    'The texts of the groups of the first match; empty when nothing matches.',
    (v, p) => {
      const t = codePoints(extract.text(v));
      const m = machine(extract, extract.text(p));
      const found = limited(() => m.find(t));
      return found === undefined ? [] : Array.from({ length: found.length / 2 - 1 }, (_, i) => groupText(t, found, i + 1));
    },
    ["regex_extract('Number: 12345', '(\\d+)')", ['12345']],
    ["regex_extract('a', '(\\d+)')", []],
  ),
] as const;
