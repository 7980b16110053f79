import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubJsonSchema } from '@omh/config';
import { checkAgainst, fillDefaults } from '@omh/config/schema';
import type { JsonSchema } from '@omh/core';
import { registry } from './registry.ts';

type Property = Readonly<Record<string, unknown>>;
interface Found {
  readonly at: string;
  readonly key: string;
  readonly property: Property;
  readonly siblings: Property;
}

const schemas: readonly (readonly [string, JsonSchema])[] = [
  ['hub', hubJsonSchema(registry)],
  ['included', hubJsonSchema(registry, 'included')],
  ['dashboard', registry.dashboard],
  ['limits', registry.brokerLimits!],
  ...[...registry.drivers].map(([id, { settings }]) => [`driver ${id}`, settings] as const),
  ...[...registry.apps].map(([id, schema]) => [`app ${id}`, schema] as const),
  ...[...registry.simulators].map(([id, schema]) => [`simulator ${id}`, schema] as const),
];

const isBlock = (node: unknown): node is Property => typeof node === 'object' && node !== null && !Array.isArray(node);

/** Every property of a schema; what a condition asks and what a choice narrows are no properties of their own. */
function* propertiesOf(node: unknown, at: string): Iterable<Found> {
  if (Array.isArray(node)) for (const [i, entry] of node.entries()) yield* propertiesOf(entry, `${at}[${i}]`);
  if (!isBlock(node)) return;
  const siblings = (node.properties ?? {}) as Property;
  for (const [key, property] of Object.entries(siblings)) {
    // `true` and a chosen driver's settings stand where the property is described already.
    const again = !isBlock(property) || (key === 'settings' && /\.allOf\[\d+\]$/.test(at));
    if (!again) yield { at: `${at}/${key}`, key, property, siblings };
    yield* propertiesOf(property, `${at}/${key}`);
  }
  yield* propertiesOf(node.additionalProperties, `${at}/*`);
  yield* propertiesOf(node.items, `${at}/-`);
  for (const [i, part] of ((node.allOf ?? []) as Property[]).entries()) yield* propertiesOf(part.then, `${at}.allOf[${i}]`);
  if (node.properties === undefined) yield* propertiesOf(node.anyOf, `${at}.anyOf`);
}

const all = schemas.flatMap(([name, schema]) => [...propertiesOf(schema, name)]);
const branchesOf = (property: Property): Property[] => [property, ...((property.anyOf ?? []) as Property[])];

test('every property says what it is, what it counts and what a change of it does', () => {
  const missing = all.flatMap(({ at, property }) => {
    const faults = ['title', 'description', 'effect'].filter(
      (annotation) => typeof property[annotation] !== 'string' || property[annotation] === '',
    );
    if (!['live', 'reconnect', 'restart'].includes(String(property.effect))) faults.push(`effect ${String(property.effect)}`);
    const branches = branchesOf(property);
    const counts = branches.some((b) => ['number', 'integer'].includes(String(b.type)) || typeof b.const === 'number');
    const lasts = branches.some((b) => typeof b.pattern === 'string' && b.pattern.includes('|ms|'));
    if ((counts || lasts) && typeof property.unit !== 'string') faults.push('unit');
    if (lasts && property.unit !== 'duration') faults.push('unit: duration');
    return faults.map((fault) => `${at}: ${fault}`);
  });
  assert.ok(all.length > 200, String(all.length));
  assert.deepEqual([...new Set(missing)], []);
});

test('what may stand under a name or in a list says what it is', () => {
  const bare: string[] = [];
  for (const { at, property } of all)
    for (const entry of [property.additionalProperties, property.items])
      if (isBlock(entry) && typeof entry.title !== 'string') bare.push(at);
  assert.deepEqual([...new Set(bare)], []);
});

test('a default is one that the property itself accepts once its own are filled in', () => {
  for (const { at, property } of all)
    if (property.default !== undefined) assert.deepEqual(checkAgainst(property, fillDefaults(property, undefined)), [], at);
});

test('hints for forms are of the few kinds that forms know', () => {
  const known = ['widget', 'group', 'order', 'advanced', 'showIf'];
  const widgets = ['password', 'file', 'code-sql', 'topic', 'tag-picker'];
  let seen = 0;
  for (const { at, property, siblings } of all) {
    if (property.format === 'secret') assert.equal((property['x-ui'] as Property | undefined)?.widget, 'password', at);
    if (property['x-ui'] === undefined) continue;
    seen++;
    const { widget, showIf, ...rest } = property['x-ui'] as Record<string, unknown>;
    assert.deepEqual(
      Object.keys(rest).filter((key) => !known.includes(key)),
      [],
      at,
    );
    if (widget !== undefined) assert.ok(widgets.includes(String(widget)), `${at}: ${String(widget)}`);
    for (const key of Object.keys(showIf ?? {})) assert.ok(Object.hasOwn(siblings, key), `${at}: shown if ${key}`);
  }
  assert.ok(seen > 10);
});

test('the validator knows every keyword of every schema', () => {
  for (const [name, schema] of schemas) assert.doesNotThrow(() => checkAgainst(schema, {}), name);
});
