import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonSchema } from '@omh/core';
import { parse } from 'yaml';
import { checkAgainst, fillDefaults } from './schema.ts';
import { corpus, probes } from './testing/schema-corpus.ts';
import { Invention } from './testing/invention.ts';

/**
 * ajv is the oracle. The two differ on purpose in this, and in nothing else:
 * - inside anyOf, oneOf, not and propertyNames only the choice itself is told, never what each branch misses;
 * - a broken `then` or `else` is told by what it asks, not once more as `if`;
 * - a text longer than its maxLength is not tried against its pattern;
 * - only own keys count (ajv with `ownProperties`); a key named toString, on which ajv's comparison throws, is a key as any other;
 * - a key whose value is undefined is absent everywhere, also for additionalProperties;
 * - an absent key's default is filled in before a condition looks at it, not after;
 * - `multipleOf` holds for whole quotients of any size; ajv refuses those from 1e21 on.
 */
const options = {
  allErrors: true,
  strict: false,
  strictNumbers: true,
  verbose: true,
  validateFormats: false,
  ownProperties: true,
  logger: false,
} as const;
const oracle = new Ajv2020(options);
const filler = new Ajv2020({ ...options, useDefaults: true });
const compiled = new Map<Ajv2020, Map<unknown, ValidateFunction>>();

function compile(ajv: Ajv2020, schema: JsonSchema): ValidateFunction {
  const known = compiled.get(ajv) ?? new Map<unknown, ValidateFunction>();
  compiled.set(ajv, known);
  const { $id: _id, ...anonymous } = schema;
  const validate = known.get(schema) ?? ajv.compile(anonymous);
  known.set(schema, validate);
  return validate;
}

function oracleFaults(schema: JsonSchema, value: unknown): string[] {
  const validate = compile(oracle, schema);
  if (validate(value)) return [];
  const found = validate.errors ?? [];
  const choices = found.filter((e) => ['oneOf', 'anyOf', 'not', 'propertyNames'].includes(e.keyword));
  const kept = found.filter(
    (e) =>
      e.keyword !== 'if' &&
      e.propertyName === undefined &&
      !choices.some((c) => e !== c && within(c, e)) &&
      !(
        e.keyword === 'pattern' &&
        found.some(
          (other) => other.keyword === 'maxLength' && other.parentSchema === e.parentSchema && other.instancePath === e.instancePath,
        )
      ),
  );
  return [...new Set(kept.map((e) => `${e.instancePath} ${e.keyword}`))].sort();
}
const within = (choice: ErrorObject, e: ErrorObject): boolean =>
  e.schemaPath.startsWith(`${choice.schemaPath}/`) && e.instancePath.startsWith(choice.instancePath);

const ownFaults = (schema: JsonSchema, value: unknown): string[] =>
  [
    ...new Set(
      checkAgainst(schema, value).map(
        ({ path, keyword }) => `${path.map((s) => `/${s.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')} ${keyword}`,
      ),
    ),
  ].sort();

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 2000) ?? String(value);

test('the validator says what ajv says, over a corpus made by hand', (t) => {
  let pairs = 0;
  let refusals = 0;
  for (const [schema, ...values] of corpus) {
    for (const value of [...values, ...probes]) {
      const told = ownFaults(schema, value);
      assert.deepEqual(told, oracleFaults(schema, value), `${shown(schema)} on ${shown(value)}`);
      pairs++;
      if (told.length > 0) refusals++;
    }
  }
  assert.ok(pairs >= 300 && refusals > pairs / 10 && refusals < pairs);
  t.diagnostic(`${corpus.length} schemas, ${pairs} pairs, ${refusals} refused`);
});

test('defaults are filled in as ajv fills them', () => {
  let filled = 0;
  for (const [schema, ...values] of corpus) {
    for (const value of [...values, ...probes]) {
      const [own, other] = [structuredClone(value), structuredClone(value)];
      fillDefaults(schema, own);
      compile(filler, schema)(other);
      assert.deepEqual(own, other, `${shown(schema)} on ${shown(value)}`);
      if (shown(own) !== shown(value)) filled++;
    }
  }
  assert.ok(filled > 10, String(filled));
});

test('the validator says what ajv says about hub files, right and wrong', (t) => {
  const seed = 20_261_123;
  const at = (name: string): string => readFileSync(new URL(`../../../examples/demo/${name}`, import.meta.url), 'utf8');
  const schema = JSON.parse(at('hub.schema.json')) as JsonSchema;
  const demo = parse(at('hub.yaml'), { customTags: [] }) as unknown;
  assert.deepEqual(ownFaults(schema, demo), []);
  const invention = new Invention(seed);
  let refusals = 0;
  const rounds = 6000;
  for (let round = 0; round < rounds; round++) {
    const value = round % 2 === 0 ? structuredClone(demo) : invention.of(schema);
    const changes = round % 5 === 0 ? 0 : 1 + (round % 4);
    for (let i = 0; i < changes; i++) invention.spoil(value);
    const told = ownFaults(schema, value);
    assert.deepEqual(told, oracleFaults(schema, value), `seed ${seed}, round ${round}: ${shown(value)}`);
    if (told.length > 0) refusals++;
  }
  assert.ok(refusals > rounds / 4 && refusals < (rounds * 9) / 10, String(refusals));
  t.diagnostic(`seed ${seed}: ${rounds} hub files, ${refusals} refused`);
});
