import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourHouse } from './our-house.ts';
import { check } from './run.ts';
import { v311 } from './v311-statements.ts';
import { v5 } from './v5-statements.ts';

const house = ourHouse();
for (const [version, title, statements] of [
  [4, '3.1.1', v311],
  [5, '5.0', v5],
] as const) {
  for (const statement of statements) {
    if (statement.run === undefined) continue;
    test(`${title} [${statement.id}] ${statement.says}`, async () => {
      assert.equal(await check(house, statement, version), undefined);
    });
  }
  test(`${title}: every statement stands in the table once, with a test or a reason`, () => {
    const ids = statements.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id, run, client, untestable } of statements) assert.ok(run ?? client ?? untestable, id);
    assert.equal(statements.length, version === 4 ? 140 : 251);
  });
}
