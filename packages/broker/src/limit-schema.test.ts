import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerLimitsSchema } from './limit-schema.ts';

test('every limit says what it bounds, and its default is within its own bounds', () => {
  for (const [name, row] of Object.entries(brokerLimitsSchema.properties)) {
    assert.ok(row.title && row.description, `${name} has no text in limit-schema.ts`);
    assert.ok(row.default >= row.minimum && row.default <= (row.maximum ?? Infinity), name);
    if (row.enum) assert.ok(row.enum.includes(row.default), name);
  }
});
