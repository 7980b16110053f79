import { isMap, isNumber, jsonText, parseJson, textOf, type ValueMap } from '../value.ts';
import { describe } from '../value.ts';
import { numberFromText } from '../sql/operators.ts';
import { Arguments, fn, type RuleFunction } from './signature.ts';

const test = (name: string, doc: string, f: (v: unknown) => boolean, ...examples: readonly (readonly [string, unknown])[]): RuleFunction =>
  fn(name, 'types', [1], doc, (v) => f(v), ...examples);

const isEmpty = (v: unknown): boolean =>
  v === undefined ||
  v === null ||
  v === '' ||
  (Array.isArray(v) && v.length === 0) ||
  (v instanceof Uint8Array && v.length === 0) ||
  (isMap(v) && Object.keys(v).length === 0);

const bool = new Arguments('bool');
const float = new Arguments('float');
const float2str = new Arguments('float2str');
const int = new Arguments('int');
const map = new Arguments('map');
const utf16 = new Arguments('str_utf16_le');

function toNumber(a: Arguments, v: unknown): number {
  if (typeof v === 'boolean') return v ? 1 : 0;
  const n = isNumber(v) ? Number(v) : typeof v === 'string' || v instanceof Uint8Array ? numberFromText(textOf(v)) : undefined;
  if (n === undefined) return a.fail(`takes a number or a text that spells one, not ${describe(v)}`);
  return n;
}

function toBool(v: unknown): boolean {
  if (typeof v === 'boolean') return v;
  if (v === 1 || v === 'true') return true;
  if (v === 0 || v === 'false') return false;
  return bool.fail(`takes true, false, 1 or 0, not ${describe(v)}`);
}

function decimals(a: Arguments, v: unknown): number {
  const n = a.integer(v);
  if (n < 0 || n > 20) a.fail(`takes 0 to 20 decimals, not ${n}`);
  return n;
}

export const typeFunctions = [
  test('is_array', 'Whether it is an array.', Array.isArray, ['is_array([1])', true], ["is_array('a')", false]),
  test('is_bool', 'Whether it is true or false.', (v) => typeof v === 'boolean', ['is_bool(false)', true], ['is_bool(0)', false]),
  test(
    'is_float',
    'Whether it is a number with a fraction.',
    (v) => typeof v === 'number' && !Number.isInteger(v),
    ['is_float(1.5)', true],
    ['is_float(1)', false],
  ),
  test(
    'is_int',
    'Whether it is a whole number.',
    (v) => typeof v === 'bigint' || Number.isInteger(v),
    ['is_int(1)', true],
    ['is_int(1.5)', false],
  ),
  test('is_map', 'Whether it is a map.', isMap, ['is_map(map_new())', true], ['is_map([1])', false]),
  test('is_null', 'Whether the field is missing.', (v) => v === undefined, ['is_null(payload.missing)', true], ['is_null(1)', false]),
  test(
    'is_not_null',
    'Whether the field is there.',
    (v) => v !== undefined,
    ['is_not_null(1)', true],
    ['is_not_null(payload.missing)', false],
  ),
  test(
    'is_null_var',
    'Whether the field is missing or JSON null.',
    (v) => v === undefined || v === null,
    ['is_null_var(null())', true],
    ['is_null_var(1)', false],
  ),
  test(
    'is_not_null_var',
    'Whether the field is there and not JSON null.',
    (v) => v !== undefined && v !== null,
    ['is_not_null_var(0)', true],
    ['is_not_null_var(null())', false],
  ),
  test('is_num', 'Whether it is a number.', isNumber, ['is_num(1.5)', true], ["is_num('1.5')", false]),
  test('is_str', 'Whether it is a text.', (v) => typeof v === 'string', ["is_str('a')", true], ['is_str(1)', false]),
  test(
    'is_empty',
    'Whether it is missing, null, or an empty text, array or map.',
    isEmpty,
    ["is_empty('')", true],
    ['is_empty([0])', false],
  ),

  fn(
    'bool',
    'conversion',
    [1],
    "true for true, 1 and 'true', false for false, 0 and 'false'; anything else fails.",
    toBool,
    ['bool(1)', true],
    ["bool('false')", false],
  ),
  fn(
    'float',
    'conversion',
    [1, 2],
    'The number a value spells, rounded to so many decimals when given.',
    (v, n) => {
      const x = toNumber(float, v);
      return n === undefined ? x : Number(x.toFixed(decimals(float, n)));
    },
    ["float('1.5')", 1.5],
    ['float(3.14159, 2)', 3.14],
  ),
  fn(
    'float2str',
    'conversion',
    [2],
    'The number as text with at most so many decimals, without trailing zeros.',
    (v, n) => String(Number(float2str.number(v).toFixed(decimals(float2str, n)))),
    ['float2str(20.2, 10)', '20.2'],
    ['float2str(3.14159, 2)', '3.14'],
  ),
  fn(
    'int',
    'conversion',
    [1],
    'The whole number below a number, or the one a text spells; true is 1.',
    (v) => Math.floor(toNumber(int, v)),
    ["int('28')", 28],
    ['int(3.7)', 3],
    ['int(true)', 1],
  ),
  fn('str', 'conversion', [1], 'The value as text; maps and arrays as JSON.', textOf, ['str(1.5)', '1.5'], ['str([1,true])', '[1,true]']),
  fn('str_utf8', 'conversion', [1], 'The value as UTF-8 text, as str().', textOf, ["str_utf8('Grüße')", 'Grüße']),
  fn(
    'str_utf16_le',
    'conversion',
    [1],
    'The text as UTF-16 little-endian bytes.',
    (v) => {
      const text = utf16.text(v);
      const bytes = new Uint8Array(text.length * 2);
      for (let i = 0; i < text.length; i++) {
        const c = text.charCodeAt(i);
        bytes[2 * i] = c & 255;
        bytes[2 * i + 1] = c >> 8;
      }
      return bytes;
    },
    ["bin2hexstr(str_utf16_le('hi'))", '68006900'],
  ),
  fn(
    'map',
    'conversion',
    [1],
    'The map a JSON text holds; a map stays as it is.',
    (v): ValueMap => {
      if (isMap(v)) return v;
      const parsed = typeof v === 'string' || v instanceof Uint8Array ? parseJson(textOf(v)) : undefined;
      return isMap(parsed) ? parsed : map.fail(`takes a map or the JSON of one, not ${describe(v)}`);
    },
    ['map(\'{"a":1}\')', { a: 1 }],
  ),
  fn('null', 'conversion', [0], 'JSON null.', () => null, ['null()', null]),
  fn('json_encode', 'encoding', [1], 'The value as JSON text.', (v) => jsonText(v), ["json_encode([1,'a'])", '[1,"a"]']),
  fn(
    'json_decode',
    'encoding',
    [1],
    'The value a JSON text holds.',
    (v) => {
      const a = new Arguments('json_decode');
      const text = a.text(v);
      const parsed = parseJson(text);
      return parsed === undefined ? a.fail(`takes JSON, not ${describe(text)}`) : parsed;
    },
    ["json_decode('[1,2]')", [1, 2]],
  ),
] as const;
