import { elementOf, isMap, keyOf, parseJson, setOwn, textOf, withPath } from '../value.ts';
import { parseTemplate, valueAtPath, type TemplatePath } from '../template/template.ts';
import { same } from '../sql/operators.ts';
import { Arguments, fn } from './signature.ts';

const named = <T>(name: string, build: (a: Arguments) => T): T => build(new Arguments(name));
const key = (a: Arguments, v: unknown): string => (typeof v === 'number' || typeof v === 'boolean' ? String(v) : a.text(v));

/** `a.b[1]` as a path; a key that is none is taken as it is. */
const pathFrom = (text: string): TemplatePath => parseTemplate(`\${${text}}`).paths[0] ?? [text];

const opened = (a: Arguments, v: unknown): Readonly<Record<string, unknown>> => {
  const value = typeof v === 'string' || v instanceof Uint8Array ? parseJson(textOf(v)) : v;
  return isMap(value) ? value : a.map(v);
};

export const mapFunctions = [
  fn('map_new', 'maps', [0], 'An empty map.', () => ({}), ['map_new()', {}]),
  fn(
    'map_get',
    'maps',
    [2, 3],
    'The value at a path such as a.b or a[1] of a map, or the third argument when there is none.',
    named('map_get', (a) => (k, m, otherwise) => {
      const found = m === undefined ? undefined : valueAtPath(opened(a, m), pathFrom(key(a, k)));
      return found === undefined ? otherwise : found;
    }),
    ['map_get(\'a.b\', json_decode(\'{"a":{"b":1}}\'))', 1],
    ["map_get('x', map_new(), 0)", 0],
  ),
  fn(
    'map_put',
    'maps',
    [3],
    'The map with a value set at a path such as a.b.',
    named('map_put', (a) => (k, v, m) => withPath(opened(a, m), pathFrom(key(a, k)), v)),
    ["map_put('a.b', 1, map_new())", { a: { b: 1 } }],
  ),
  fn(
    'mget',
    'maps',
    [2, 3],
    'The value of exactly this key, or the third argument when there is none.',
    named('mget', (a) => (k, m, otherwise) => {
      const found = m === undefined ? undefined : keyOf(opened(a, m), key(a, k));
      return found === undefined ? otherwise : found;
    }),
    ["mget('a.b', json_decode('{\"a.b\":1}'))", 1],
  ),
  fn(
    'mput',
    'maps',
    [3],
    'The map with the value of exactly this key set.',
    named('mput', (a) => (k, v, m) => {
      const copy: Record<string, unknown> = { ...opened(a, m) };
      setOwn(copy, key(a, k), v);
      return copy;
    }),
    ["mput('a.b', 1, map_new())", { 'a.b': 1 }],
  ),
  fn(
    'map_keys',
    'maps',
    [1],
    'The keys of a map.',
    named('map_keys', (a) => (m) => Object.keys(opened(a, m))),
    ['map_keys(json_decode(\'{"a":1,"b":2}\'))', ['a', 'b']],
  ),
  fn(
    'map_values',
    'maps',
    [1],
    'The values of a map.',
    named('map_values', (a) => (m) => Object.values(opened(a, m))),
    ['map_values(json_decode(\'{"a":1,"b":2}\'))', [1, 2]],
  ),
  fn(
    'map_size',
    'maps',
    [1],
    'How many keys a map has.',
    named('map_size', (a) => (m) => Object.keys(opened(a, m)).length),
    ['map_size(json_decode(\'{"a":1}\'))', 1],
  ),
  fn(
    'map_to_entries',
    'maps',
    [1],
    'An array of maps with key and value, for FOREACH.',
    named('map_to_entries', (a) => (m) => Object.entries(opened(a, m)).map(([k, value]) => ({ key: k, value }))),
    ['map_to_entries(json_decode(\'{"a":1}\'))', [{ key: 'a', value: 1 }]],
  ),
] as const;

const nthOf = named('nth', (a) => (n: unknown, list: unknown) => elementOf(a.array(list), n));

export const arrayFunctions = [
  fn(
    'contains',
    'arrays',
    [2],
    'Whether an array holds a value.',
    named('contains', (a) => (v, list) => a.array(list).some((x) => same(x, v))),
    ['contains(2, [1,2])', true],
    ["contains('2', [1,2])", false],
  ),
  fn(
    'first',
    'arrays',
    [1],
    'The first element.',
    named('first', (a) => (list) => a.array(list)[0]),
    ['first([7,8])', 7],
  ),
  fn(
    'last',
    'arrays',
    [1],
    'The last element.',
    named('last', (a) => (list) => a.array(list).at(-1)),
    ['last([7,8])', 8],
  ),
  fn(
    'length',
    'arrays',
    [1],
    'How many elements an array has.',
    named('length', (a) => (list) => a.array(list).length),
    ['length([7,8])', 2],
  ),
  fn('nth', 'arrays', [2], 'The element with this number, counted from 1.', nthOf, ['nth(2, [7,8])', 8]),
  fn(
    'sublist',
    'arrays',
    [2, 3],
    'The first so many elements, or so many from a place counted from 1.',
    named('sublist', (a) => (x, y, z) => {
      const list = a.array(z === undefined ? y : z);
      const start = z === undefined ? 1 : a.integer(x);
      const count = a.integer(z === undefined ? x : y);
      if (start < 1 || count < 0) a.fail('takes a place from 1 on and a length that is not negative');
      return list.slice(start - 1, start - 1 + count);
    }),
    ['sublist(2, [7,8,9])', [7, 8]],
    ['sublist(2, 2, [7,8,9])', [8, 9]],
  ),
] as const;
