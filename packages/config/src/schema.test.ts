import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '@omh/core';
import { checkAgainst, faultsInWords, fillDefaults } from './schema.ts';

const settings: JsonSchema = {
  type: 'object',
  title: 'Modbus TCP',
  required: ['host'],
  additionalProperties: false,
  properties: {
    host: { type: 'string', minLength: 1 },
    port: { type: 'integer', minimum: 1, maximum: 65_535, default: 502 },
    order: { type: 'string', enum: ['ABCD', 'CDAB'], default: 'ABCD' },
    timeout: { type: 'string', pattern: '^\\d+(ms|s)$', expects: 'a duration like 500ms' },
    ranges: { type: 'array', items: { type: 'object', required: ['from'], properties: { from: { type: 'integer' } } } },
  },
};

test('all faults of a value are told, each with its place, keyword and schema', () => {
  const value = { port: 70_000, order: 'abcd', prot: 1, ranges: [{ from: 1 }, { from: 'x' }, {}] };
  assert.deepEqual(
    checkAgainst(settings, value).map(({ path, keyword, params }) => [path.join('/'), keyword, params]),
    [
      ['', 'required', { missingProperty: 'host' }],
      ['', 'additionalProperties', { additionalProperty: 'prot' }],
      ['port', 'maximum', { limit: 65_535 }],
      ['order', 'enum', {}],
      ['ranges/1/from', 'type', { type: 'integer' }],
      ['ranges/2', 'required', { missingProperty: 'from' }],
    ],
  );
  const [port] = checkAgainst(settings, { host: 'h', port: 'x' });
  assert.equal(port!.schema, (settings.properties as Record<string, unknown>).port);
  assert.equal(port!.value, 'x');
});

test('a form reads the sentences of the file, at the field where each is corrected', () => {
  const value = { port: 70_000, order: 'ABCE', prot: 1, timeout: 5, 'a/b': 1, ranges: [{}] };
  assert.deepEqual(faultsInWords(settings, value, 'settings'), [
    { pointer: '/host', message: 'settings needs the key host.' },
    { pointer: '/prot', message: 'prot is not a known key of settings.', fix: 'Did you mean "port"?' },
    { pointer: '/a~1b', message: 'a/b is not a known key of settings.', fix: 'Known here: host, port, order, timeout, ranges.' },
    { pointer: '/port', message: 'port must be a whole number from 1 to 65535, not 70000.' },
    { pointer: '/order', message: 'order must be one of ABCD, CDAB, not "ABCE".', fix: 'Did you mean "ABCD"?' },
    { pointer: '/timeout', message: 'timeout must be a duration like 500ms, not 5.' },
    { pointer: '/ranges/0/from', message: 'ranges[0] needs the key from.' },
  ]);
  assert.deepEqual(faultsInWords(settings, { host: 'h' }), []);
  assert.deepEqual(faultsInWords(settings, 'h', 'settings'), [{ pointer: '', message: 'settings must be a block of keys, not "h".' }]);
});

test('one wrong value has one sentence, a forbidden key and a wrong name have theirs', () => {
  assert.deepEqual(faultsInWords({ properties: { a: { type: 'integer', enum: [0, 1], minimum: 0 } } }, { a: 'x' }), [
    { pointer: '/a', message: 'a must be one of 0, 1, not "x".' },
  ]);
  assert.deepEqual(faultsInWords({ properties: { a: false } }, { a: 1 }, 'the panel'), [
    { pointer: '/a', message: 'a is not a known key of the panel.' },
  ]);
  assert.deepEqual(faultsInWords({ propertyNames: { pattern: '^[a-z]+$' } }, { 'a/b': 1 }), [
    { pointer: '/a~1b', message: '"a/b" cannot be a name: it is made with characters that are not allowed.' },
  ]);
  assert.deepEqual(faultsInWords({ oneOf: [{ required: ['tag'] }, { required: ['rawSql'] }] }, {}, 'targets[0]'), [
    { pointer: '', message: 'targets[0] must hold exactly one of tag, rawSql.' },
  ]);
});

test('defaults are filled in place, each place with its own copy', () => {
  const schema: JsonSchema = {
    properties: { a: { default: { list: [] }, properties: { b: { default: 1 } } } },
    additionalProperties: { properties: { on: { default: true } } },
  };
  const value: Record<string, any> = { x: {}, y: { on: false } };
  assert.equal(fillDefaults(schema, value), value);
  assert.deepEqual(value, { x: { on: true }, y: { on: false }, a: { list: [], b: 1 } });
  (value.a.list as number[]).push(1);
  assert.deepEqual(fillDefaults(schema, {}), { a: { list: [], b: 1 } });
  assert.deepEqual(fillDefaults({ default: { port: 1 } }, undefined), { port: 1 });
});

test('the branch of a condition that holds brings its defaults', () => {
  const schema: JsonSchema = {
    properties: { driver: { default: 'modbus' } },
    allOf: ['modbus', 's7'].map((driver) => ({
      if: { properties: { driver: { const: driver } }, required: ['driver'] },
      then: { properties: { port: { default: driver === 's7' ? 102 : 502 } } },
    })),
  };
  assert.deepEqual(fillDefaults(schema, { driver: 's7' }), { driver: 's7', port: 102 });
  // A form that begins empty: the chooser's own default decides.
  assert.deepEqual(fillDefaults(schema, {}), { driver: 'modbus', port: 502 });
});

test('keys of the prototype are neither there nor known', () => {
  const strict: JsonSchema = { type: 'object', required: ['toString'], properties: { a: {} }, additionalProperties: false };
  assert.deepEqual(
    checkAgainst(strict, {}).map((f) => f.keyword),
    ['required'],
  );
  const hostile = JSON.parse('{"__proto__": {"a": 1}, "constructor": 1, "toString": 1}') as unknown;
  assert.deepEqual(
    checkAgainst(strict, hostile).map((f) => f.params.additionalProperty),
    ['__proto__', 'constructor', 'toString'],
  );
  fillDefaults({ properties: { a: { default: 1 } }, additionalProperties: { properties: { polluted: { default: true } } } }, hostile);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(checkAgainst({ enum: [{ a: 1 }] }, { toString: 1 }).length, 1);
  assert.deepEqual(checkAgainst({ ...strict, required: [] }, { a: undefined, z: undefined }), []);
});

test('huge, deep and odd values are answered, not endured', () => {
  const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, i]));
  assert.equal(checkAgainst({ additionalProperties: false }, many).length, 10_000);
  assert.equal(checkAgainst({ items: { type: 'string' } }, new Array(200_000).fill(1)).length, 10_000);
  const long = 'a'.repeat(20_000_000);
  assert.deepEqual(
    checkAgainst({ type: 'string', maxLength: 100, pattern: '^b' }, long).map((f) => f.keyword),
    ['maxLength'],
  );
  assert.ok(faultsInWords({ type: 'string', maxLength: 100 }, long)[0]!.message.length < 200);
  const deep = JSON.parse(`${'[[1],'.repeat(50_000)}0${']'.repeat(50_000)}`) as unknown;
  assert.equal(checkAgainst({ items: { items: { items: {} } } }, deep).length, 0);
  assert.equal(checkAgainst({ uniqueItems: true }, [deep, structuredClone(JSON.parse('[1]'))]).length, 0);
  assert.equal(checkAgainst({ uniqueItems: true }, [deep, JSON.parse(`${'[[1],'.repeat(50_000)}0${']'.repeat(50_000)}`)]).length, 0);
  assert.equal(checkAgainst({ multipleOf: 0.5 }, 1e21).length, 0);
});

test('a schema that asks for more than the validator knows is refused, not half obeyed', () => {
  for (const keyword of ['$ref', 'patternProperties', 'dependentRequired', 'contains', 'unevaluatedProperties'])
    assert.throws(() => checkAgainst({ properties: { a: { [keyword]: {} } } }, { a: 1 }), { code: 'CONFIG_SCHEMA' });
});
