import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registry } from './registry.ts';

test('every setting of a driver, app and simulator says what it is and what a change of it does', () => {
  const missing: string[] = [];
  const schemas = [
    ...[...registry.drivers].map(([id, { settings }]) => [`driver ${id}`, settings] as const),
    ...[...registry.apps].map(([id, schema]) => [`app ${id}`, schema] as const),
    ...[...registry.simulators].map(([id, schema]) => [`simulator ${id}`, schema] as const),
  ];
  for (const [name, schema] of schemas) {
    const properties = schema['properties'] as Record<string, Record<string, unknown>>;
    assert.ok(Object.keys(properties).length > 0, name);
    for (const [key, property] of Object.entries(properties))
      for (const annotation of ['title', 'description', 'effect'])
        if (typeof property[annotation] !== 'string') missing.push(`${name}/${key}: ${annotation}`);
  }
  assert.deepEqual(missing, []);
});
