import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextPattern } from './text-pattern.ts';

const compiled = (source: string): TextPattern => {
  const pattern = TextPattern.compile(source);
  assert.ok(pattern instanceof TextPattern, String(pattern));
  return pattern;
};

test('a match gives the whole and each group, empty where it took no part', () => {
  assert.deepEqual(compiled('^y/(.+)/z/(.+)$').match('y/a/z/b'), ['y/a/z/b', 'a', 'b']);
  assert.deepEqual(compiled('^(a)|(ü)$').match('ü'), ['ü', '', 'ü']);
  assert.equal(compiled('^x$').match('y'), undefined);
});

test('what no linear-time machine runs is named, and a pattern that is poison for others is not for this', () => {
  assert.equal(typeof TextPattern.compile('(a)\\1'), 'string');
  assert.equal(typeof TextPattern.compile('('), 'string');
  assert.equal(compiled('^(a+)+$').match(`${'a'.repeat(2000)}!`), undefined);
});
