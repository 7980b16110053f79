import type { JsonSchema } from '@omh/core';
import { errors } from './errors.ts';
import type { IssueSink } from './issue.ts';
import { checkAgainst } from './schema-check.ts';
import { fillDefaults } from './schema-defaults.ts';
import { secretsIn } from './schema-secrets.ts';
import { subjectOf, wordsOf } from './schema-words.ts';

/** Checks `data`, which stands at `at` in the file, and fills in the schema's defaults. Every fault becomes an issue at its place. */
export function checkSchema(schema: JsonSchema, data: unknown, at: readonly string[], issues: IssueSink): boolean {
  fillDefaults(schema, data);
  const faults = checkAgainst(schema, data);
  const told = new Set<string>();
  for (const fault of faults) {
    if (issues.full) break;
    // Names are checked with better words in checks.ts.
    if (fault.keyword === 'propertyNames') continue;
    const path = [...at, ...fault.path];
    if (path.length === 1 && path[0] === 'version' && typeof fault.value === 'number') {
      issues.add(path, errors.CONFIG_VERSION({ found: fault.value }));
      continue;
    }
    const { error, key, fix } = wordsOf(fault, { path, whole: 'the file', secret: issues.secret(path) });
    if (key !== undefined) {
      issues.add(fault.keyword === 'required' ? path : [...path, key], error, { aim: 'key', fix });
      continue;
    }
    // A wrong type breaks several keywords of one value: one sentence says it.
    const once = path.join('/');
    if (told.has(once)) continue;
    told.add(once);
    issues.add(path, error, { fix });
  }
  let plain = false;
  for (const { path: inside } of secretsIn(schema, data)) {
    const path = [...at, ...inside];
    if (issues.secret(path) !== undefined) continue;
    plain = true;
    const { CONFIG_PLAIN_SECRET } = errors;
    issues.add(path, CONFIG_PLAIN_SECRET({ subject: subjectOf(path, 'the file') }), { fix: CONFIG_PLAIN_SECRET.row.next });
  }
  return faults.length === 0 && !plain;
}
