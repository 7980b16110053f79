import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePage } from './page.ts';

test('docs/conformance.md says what the tables say', () => {
  const page = readFileSync(new URL('../../../../docs/conformance.md', import.meta.url), 'utf8');
  assert.equal(page, conformancePage(), 'write it again: node packages/broker/conformance/page.mjs');
});
