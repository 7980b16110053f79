import { checkLength, isNumber, jsonText, literalText, textOf } from '../value.ts';
import { Arguments, fn, type RuleFunction } from './signature.ts';

const text1 = (
  name: string,
  doc: string,
  f: (s: string) => unknown,
  ...examples: readonly (readonly [string, unknown])[]
): RuleFunction => {
  const a = new Arguments(name);
  return fn(name, 'strings', [1], doc, (v) => f(a.text(v)), ...examples);
};
const named = <T>(name: string, build: (a: Arguments) => T): T => build(new Arguments(name));

const present = (v: unknown): boolean => v !== undefined && v !== null;
const candidates = (args: readonly unknown[]): readonly unknown[] =>
  args.length === 1 && Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
const joined = (parts: readonly unknown[], separator: string): string => {
  const out = parts.map(textOf).join(separator);
  checkLength(out.length);
  return out;
};

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  "'": "'",
  '"': '"',
  '?': '?',
  a: '\x07',
  '\\': '\\',
};

function padded(a: Arguments, v: unknown, n: unknown, side: unknown, by: unknown): string {
  const s = a.text(v);
  const length = a.integer(n);
  checkLength(length);
  const where = side === undefined ? 'trailing' : a.oneOf(side, ['trailing', 'leading', 'both']);
  const fill = by === undefined ? ' ' : a.text(by);
  const missing = Math.max(0, length - Array.from(s).length);
  if (Array.from(fill).length !== 1) a.fail('takes one character to pad with');
  const before = where === 'leading' ? missing : where === 'both' ? Math.floor(missing / 2) : 0;
  return fill.repeat(before) + s + fill.repeat(missing - before);
}

function replaced(a: Arguments, v: unknown, what: unknown, by: unknown, where: unknown): string {
  const s = a.text(v);
  const pattern = a.text(what);
  const insert = a.text(by);
  const place = where === undefined ? 'all' : a.oneOf(where, ['all', 'leading', 'trailing']);
  if (pattern === '') return s;
  if (place === 'all') {
    const parts = s.split(pattern);
    checkLength(s.length + (parts.length - 1) * (insert.length - pattern.length));
    return parts.join(insert);
  }
  const at = place === 'leading' ? s.indexOf(pattern) : s.lastIndexOf(pattern);
  return at === -1 ? s : s.slice(0, at) + insert + s.slice(at + pattern.length);
}

function splitText(a: Arguments, v: unknown, separator: unknown, option: unknown): string[] {
  const s = a.text(v);
  const by = a.text(separator);
  if (by === '') a.fail('takes a separator of at least one character');
  const how = option === undefined ? 'trim' : a.oneOf(option, ['notrim', 'leading', 'leading_notrim', 'trailing', 'trailing_notrim']);
  let parts: string[];
  if (how === 'trim' || how === 'notrim') parts = s.split(by);
  else {
    const at = how.startsWith('leading') ? s.indexOf(by) : s.lastIndexOf(by);
    parts = at === -1 ? [s] : [s.slice(0, at), s.slice(at + by.length)];
  }
  return how.endsWith('notrim') ? parts : parts.filter((p) => p !== '');
}

function formatted(a: Arguments, format: unknown, values: readonly unknown[]): string {
  let used = 0;
  const out = a.text(format).replaceAll(/~(?:\.(\d{1,2}))?([a-zA-Z~])/g, (_all, digits: string | undefined, kind: string) => {
    if (kind === '~') return '~';
    if (kind === 'n') return '\n';
    if (used >= values.length) a.fail('has more places in its format than values');
    const v = values[used++];
    switch (kind) {
      case 's':
        return textOf(v);
      case 'p':
      case 'w':
        return typeof v === 'string' ? jsonText(v) : literalText(v);
      case 'b':
        return String(a.integer(v));
      case 'f':
        return a.number(v).toFixed(Math.min(20, Number(digits ?? 6)));
      case 'e':
        return a.number(v).toExponential(Math.min(20, Number(digits ?? 5)));
      default:
        return a.fail(`knows ~s ~p ~w ~b ~f ~e ~n and ~~, not ~${kind}`);
    }
  });
  if (used < values.length) a.fail('has fewer places in its format than values');
  checkLength(out.length);
  return out;
}

function stripEnd(s: string, characters: string): string {
  const set = new Set(Array.from(characters));
  const all = Array.from(s);
  while (all.length > 0 && set.has(all.at(-1)!)) all.pop();
  return all.join('');
}

const sqlValue = (v: unknown): string => {
  if (v === undefined || v === null) return 'NULL';
  return isNumber(v) || typeof v === 'boolean' ? String(v) : `'${textOf(v).replaceAll("'", "''")}'`;
};

export const stringFunctions = [
  text1(
    'ascii',
    'The code of the first character.',
    (s) => s.codePointAt(0) ?? new Arguments('ascii').fail('takes at least one character'),
    ["ascii('a')", 97],
  ),
  fn(
    'coalesce',
    'strings',
    [1, 2],
    'The first value that is neither missing nor null, of an array or of two values.',
    (...args) => candidates(args).find(present),
    ["coalesce(payload.missing, 'x')", 'x'],
    ["coalesce([null, 'a', 'b'])", 'a'],
  ),
  fn(
    'coalesce_ne',
    'strings',
    [1, 2],
    'The first value that is neither missing, null nor an empty text.',
    (...args) => candidates(args).find((v) => present(v) && v !== ''),
    ["coalesce_ne('', 'x')", 'x'],
  ),
  fn(
    'concat',
    'strings',
    [1, 2],
    'All texts of an array, or two texts, in one.',
    (...args) => joined(candidates(args), ''),
    ["concat('a', 1)", 'a1'],
    ["concat(['a','b','c'])", 'abc'],
  ),
  fn(
    'find',
    'strings',
    [2, 3],
    "The text from the first place where the second is found ('trailing': the last place); empty when it is not.",
    named('find', (a) => (v, what, where) => {
      const s = a.text(v);
      const place = where === undefined ? 'leading' : a.oneOf(where, ['leading', 'trailing']);
      const at = place === 'leading' ? s.indexOf(a.text(what)) : s.lastIndexOf(a.text(what));
      return at === -1 ? '' : s.slice(at);
    }),
    ["find('a/b/c', '/')", '/b/c'],
    ["find('a/b/c', '/', 'trailing')", '/c'],
    ["find('abc', 'x')", ''],
  ),
  fn(
    'join_to_string',
    'strings',
    [1, 2],
    'The elements of an array in one text, separated by the first argument or by a comma and a space.',
    named('join_to_string', (a) => (x, y) => (y === undefined ? joined(a.array(x), ', ') : joined(a.array(y), a.text(x)))),
    ["join_to_string('-', [1,2,3])", '1-2-3'],
    ["join_to_string(['a','b'])", 'a, b'],
  ),
  fn(
    'join_to_sql_values_string',
    'strings',
    [1],
    'The elements of an array as SQL literals, quoted where needed, separated by commas.',
    named('join_to_sql_values_string', (a) => (v) => joined(a.array(v).map(sqlValue), ', ')),
    ["join_to_sql_values_string(['a', 1, null])", "'a', 1, NULL"],
  ),
  text1('lower', 'The text in lower case.', (s) => s.toLowerCase(), ["lower('AbC')", 'abc']),
  text1('upper', 'The text in upper case.', (s) => s.toUpperCase(), ["upper('AbC')", 'ABC']),
  text1('trim', 'The text without blanks at both ends.', (s) => s.trim(), ["trim('  a ')", 'a']),
  text1('ltrim', 'The text without blanks at its beginning.', (s) => s.trimStart(), ["ltrim('  a ')", 'a ']),
  fn(
    'rtrim',
    'strings',
    [1, 2],
    'The text without blanks, or without the given characters, at its end.',
    named('rtrim', (a) => (v, chars) => {
      const s = a.text(v);
      return chars === undefined ? s.trimEnd() : stripEnd(s, a.text(chars));
    }),
    ["rtrim(' a  ')", ' a'],
    ["rtrim('a00', '0')", 'a'],
  ),
  text1('reverse', 'The characters from last to first.', (s) => Array.from(s).reverse().join(''), ["reverse('abc')", 'cba']),
  text1('strlen', 'How many characters the text has.', (s) => Array.from(s).length, ["strlen('Grüße')", 5]),
  fn(
    'pad',
    'strings',
    [2, 4],
    "The text filled up to a length, at its end or 'leading' or 'both', with blanks or the given character.",
    named('pad', (a) => (v, n, side, by) => padded(a, v, n, side, by)),
    ["pad('7', 3, 'leading', '0')", '007'],
    ["pad('a', 3)", 'a  '],
  ),
  fn(
    'replace',
    'strings',
    [3, 4],
    "The text with the second text replaced by the third: all, or only the 'leading' or 'trailing' one.",
    named('replace', (a) => (v, what, by, where) => replaced(a, v, what, by, where)),
    ["replace('a/b/c', '/', '.')", 'a.b.c'],
    ["replace('a/b/c', '/', '.', 'trailing')", 'a/b.c'],
  ),
  fn(
    'rm_prefix',
    'strings',
    [2],
    'The text without the given beginning.',
    named('rm_prefix', (a) => (v, p) => {
      const s = a.text(v);
      const prefix = a.text(p);
      return s.startsWith(prefix) ? s.slice(prefix.length) : s;
    }),
    ["rm_prefix('plant/line1', 'plant/')", 'line1'],
  ),
  fn(
    'split',
    'strings',
    [2, 3],
    "The parts between separators without empty ones ('notrim' keeps them; 'leading' and 'trailing' split once).",
    named('split', (a) => (v, by, option) => splitText(a, v, by, option)),
    ["split('a/b//c', '/')", ['a', 'b', 'c']],
    ["split('a//b', '/', 'notrim')", ['a', '', 'b']],
    ["split('a/b/c', '/', 'leading')", ['a', 'b/c']],
  ),
  fn(
    'sprintf',
    'strings',
    [1, Infinity],
    'The values in a format: ~s text, ~p as in JSON, ~b whole number, ~.2f decimals, ~e exponent, ~n line feed.',
    named(
      'sprintf',
      (a) =>
        (format, ...values) =>
          formatted(a, format, values),
    ),
    ["sprintf('~s is ~.1f', 'temp', 28)", 'temp is 28.0'],
    ["sprintf('~b~~', 5)", '5~'],
  ),
  fn(
    'substr',
    'strings',
    [2, 3],
    'The text from a place on, counted from 0, up to so many characters.',
    named('substr', (a) => (v, start, n) => {
      const all = Array.from(a.text(v));
      const from = a.integer(start);
      const first = from < 0 ? Math.max(0, all.length + from) : from;
      const count = n === undefined ? all.length : a.integer(n);
      if (count < 0) a.fail('takes a length that is not negative');
      return all.slice(first, first + count).join('');
    }),
    ["substr('abcdef', 2)", 'cdef'],
    ["substr('abcdef', 2, 3)", 'cde'],
  ),
  fn(
    'tokens',
    'strings',
    [2, 3],
    "The parts between any of the given characters, without empty ones; 'nocrlf' also splits at line ends.",
    named('tokens', (a) => (v, by, option) => {
      if (option !== undefined) a.oneOf(option, ['nocrlf']);
      const separators = new Set(Array.from(a.text(by) + (option === undefined ? '' : '\r\n')));
      const out: string[] = [];
      let part = '';
      for (const c of a.text(v)) {
        if (!separators.has(c)) {
          part += c;
          continue;
        }
        if (part !== '') out.push(part);
        part = '';
      }
      return part === '' ? out : [...out, part];
    }),
    ["tokens('a,b;c', ',;')", ['a', 'b', 'c']],
  ),
  text1(
    'unescape',
    'The text with \\n, \\t, \\\\, \\x41 and the like made into their characters.',
    (s) =>
      s.replaceAll(/\\(?:x([\da-fA-F]{2})|(.))/gs, (_all, hex: string | undefined, c: string) =>
        hex === undefined ? (escapes[c] ?? new Arguments('unescape').fail(`knows no \\${c}`)) : String.fromCharCode(parseInt(hex, 16)),
      ),
    ["unescape('a\\tb')", 'a\tb'],
    ["unescape('\\x41')", 'A'],
  ),
] as const;
