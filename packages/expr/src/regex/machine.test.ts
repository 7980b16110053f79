import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine, StepLimit } from './machine.ts';
import { PatternFault } from './pattern.ts';

const codes = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0)!);

test("finds what the language's own engine finds, groups included", () => {
  const patterns = [
    'a',
    'abc',
    'a|ab',
    'ab|a',
    '(a|ab)(c|bcd)(d*)',
    'a*',
    'a+?',
    '(a+)(a*)',
    '(a*?)(a*)b',
    '^a.c$',
    '[a-c]+',
    '[^a-c]+',
    '\\d{2,3}',
    '\\d{2}',
    'x{0,2}y',
    '(\\w+)\\s(\\w+)',
    '\\bcd\\b',
    'a(?:b|c)*d',
    '(a|b)*?c',
    '[\\d.-]+',
    '[]a]',
    '(a)|(b)',
    '(?:)',
    '$',
    '\\.',
    '[\\]x]',
    '\\x41',
    '(x?)*y',
    '(?<n>\\d+)-(\\d+)',
    '\\Bb',
  ];
  const texts = [
    '',
    'a',
    'abc',
    'abcd',
    'aaab',
    'abbbcd',
    'x 12 345 6.7-8',
    'foo bar',
    'ab cd ef',
    'xxxy',
    ']a[',
    'A',
    '12-34',
    'bbb',
    'a\nc',
  ];
  for (const pattern of patterns) {
    const own = pattern === '[]a]' ? '[\\]a]' : pattern;
    for (const text of texts) {
      const wanted = new RegExp(own, 'd').exec(text);
      const found = new Machine(pattern).find(codes(text));
      const wantedSlots = wanted && Array.from(wanted.indices!, (pair) => pair ?? [-1, -1]).flat();
      // A group inside a repetition keeps its last round here and is cleared each round there; only the whole match is compared then.
      const slots = /\)[*+?{]/.test(pattern) ? 2 : Infinity;
      assert.deepEqual(found?.slice(0, slots) ?? null, wantedSlots?.slice(0, slots) ?? null, `${pattern} on ${JSON.stringify(text)}`);
    }
  }
});

test('patterns that never end elsewhere end here', () => {
  const text = codes('a'.repeat(4000));
  for (const pattern of ['(a+)+b', '(a|a)*b', '(a*)*b', '^(a?){30}a{30}b', '(.*)*x']) {
    const machine = new Machine(pattern);
    try {
      assert.equal(machine.find(text), undefined, pattern);
    } catch (thrown) {
      assert.ok(thrown instanceof StepLimit, pattern);
    }
  }
});

test('ignores case with (?i) and lets . cross lines with (?s)', () => {
  assert.deepEqual(new Machine('(?i)PuMp').find(codes('a pump')), [2, 6]);
  assert.equal(new Machine('a.b').find(codes('a\nb')), undefined);
  assert.deepEqual(new Machine('(?s)a.b').find(codes('a\nb')), [0, 3]);
});

test('refuses what a linear-time machine cannot run, and what is no pattern', () => {
  for (const pattern of [
    '(?=a)',
    '(?<!a)',
    '(a)\\1',
    '(',
    ')',
    '*a',
    'a**',
    '[',
    '[b-a]',
    'a{3,1}',
    '\\',
    '\\q',
    '(a{1000}){1000}',
    '('.repeat(200),
  ]) {
    assert.throws(() => new Machine(pattern), PatternFault, pattern);
  }
});
