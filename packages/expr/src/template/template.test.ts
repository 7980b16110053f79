import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OmhError } from '@omh/core';
import { boundValues, sqlTemplate } from './sql-template.ts';
import { parseTemplate, renderText } from './template.ts';

const rendered = (text: string, value: unknown): string => renderText(parseTemplate(text), value);

test('paths, the whole value and texts between are rendered', () => {
  const value = { a: { b: { c: 1 } }, s: 'x', list: [{ v: 7 }, 8], 'x y': true, payload: '{"t":5}' };
  assert.equal(rendered('t/${a.b.c}/${.s}', value), 't/1/x');
  assert.equal(rendered('${list[1].v} ${list[-1]}', value), '7 8');
  assert.equal(rendered('${\'x y\'}${"x y"}', value), 'truetrue');
  assert.equal(rendered('${payload.t}', value), '5');
  assert.equal(rendered('${.}', { a: 1 }), '{"a":1}');
});

test('a missing variable renders undefined, a map and an array as JSON', () => {
  assert.equal(rendered('${no.such} ${list[9]} ${list[0]}', { list: [1] }), 'undefined undefined undefined');
  assert.equal(rendered('${m} ${l} ${n}', { m: { a: 1 }, l: [1, 'b'], n: null }), '{"a":1} [1,"b"] null');
  assert.equal(rendered('${constructor}', {}), 'undefined');
});

test('what is no placeholder stays as it is written', () => {
  for (const text of ['$', '${', '${}', '${a', '${a b}', '$a', '{a}', '${a..b}', '${[1]}x', '${a.}'])
    assert.equal(rendered(text, { a: 1 }), text);
});

test('a rendered value is not rendered again', () => {
  assert.equal(rendered('${a}', { a: '${b}', b: 'secret' }), '${b}');
});

test('SQL values are bound, never pasted', () => {
  const template = sqlTemplate('INSERT INTO conditions(time, a, b) VALUES (now(), ${a}, ${v.b})');
  assert.equal(template.statement, 'INSERT INTO conditions(time, a, b) VALUES (now(), $1, $2)');
  assert.deepEqual(boundValues(template, { a: "'; drop table conditions; --", v: { b: 2 } }), ["'; drop table conditions; --", 2]);
});

test('a missing value is bound as null, maps and arrays as JSON text, bytes as bytes', () => {
  const template = sqlTemplate('${a} ${b} ${c} ${d} ${e} ${.}');
  const bytes = Uint8Array.of(255);
  assert.deepEqual(boundValues(template, { b: null, c: { x: 1 }, d: [1], e: bytes }).slice(0, 5), [null, null, '{"x":1}', '[1]', bytes]);
  assert.deepEqual(boundValues(sqlTemplate('${.}'), { x: 1 }), ['{"x":1}']);
});

test('texts, quoted names and comments of the statement stay as they are', () => {
  const text = `INSERT INTO "t $1" VALUES ('it''s $1 --', \${a}, $$ $1 $$) -- '\${a}' don't\n/* \${b} /* nested */ ' */ \${c}`;
  const template = sqlTemplate(text);
  assert.deepEqual(template.paths, [['a'], ['c']]);
  assert.equal(template.statement, text.replace(', ${a},', ', $1,').replace(/\$\{c\}$/, '$2'));
});

test('a placeholder inside quotes is refused with its place and what to do', () => {
  const refused: readonly [string, number, number, RegExp][] = [
    ["INSERT INTO t VALUES ('${x}')", 1, 24, /remove the quotes around it/],
    ["INSERT INTO t\nVALUES ('a ${x} b')", 2, 12, /remove the quotes/],
    ['INSERT INTO "${x}" VALUES (1)', 1, 14, /quoted name/],
    ["VALUES (E'\\'${x}')", 1, 13, /remove the quotes/],
    ['VALUES ($$${x}$$)', 1, 11, /remove the quotes/],
    ['VALUES ($1)', 1, 9, /write the path instead/],
    ['VALUES (${a b})', 1, 9, /begins no path/],
    ["VALUES ('abc", 1, 9, /not closed/],
  ];
  for (const [text, line, column, message] of refused) {
    assert.throws(
      () => sqlTemplate(text),
      (thrown: unknown) => {
        assert.ok(thrown instanceof OmhError && thrown.code === 'EXPR_TEMPLATE', text);
        assert.match(thrown.text, message);
        assert.deepEqual([thrown.params['line'], thrown.params['column']], [line, column], text);
        return true;
      },
    );
  }
});
