import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCsv, formatTable } from './table.ts';

test('numbers stand to the right, text to the left', () => {
  assert.equal(
    formatTable(
      ['name', 'n'],
      [
        ['a', 1],
        ['long name', 100],
      ],
    ),
    'name         n\n---------  ---\na            1\nlong name  100',
  );
});

test('CSV quotes what needs it and nothing else', () => {
  assert.equal(
    formatCsv(
      ['a', 'b'],
      [
        ['x,y', 'say "no"'],
        [null, 1.5],
        ['two\nlines', true],
      ],
    ),
    'a,b\r\n"x,y","say ""no"""\r\n,1.5\r\n"two\nlines",true',
  );
});
