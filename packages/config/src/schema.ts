/**
 * The one validator of schemas, for the hub file, the API and the console's forms: a subset of JSON Schema draft 2020-12, walked and never
 * turned into code. Small enough for the browser: nothing here reads YAML.
 */
export { checkAgainst } from './schema-check.ts';
export type { SchemaFault } from './schema-walk.ts';
export { fillDefaults } from './schema-defaults.ts';
export type { SchemaHints } from './schema-hints.ts';
export { faultsInWords } from './schema-words.ts';
export type { FaultInWords } from './schema-words.ts';
export { secretReference } from './schema-secrets.ts';
