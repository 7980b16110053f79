import { arityText } from './library.ts';
import { nodeSignatures } from './node-signatures.ts';
import { pureFunctions } from './pure.ts';
import { functionGroups, type FunctionGroup, type FunctionSignature } from './signature.ts';

export interface FunctionRow {
  readonly group: FunctionGroup;
  readonly name: string;
  /** `2`, `1 to 3`, `1 or more`. */
  readonly arguments: string;
  readonly doc: string;
  readonly examples: readonly { readonly sql: string; readonly result: unknown }[];
}

/** Functions in order of group and name, for docs and completion; all that a rule has when called without arguments. */
export function functionTable(
  functions: Iterable<FunctionSignature> = [...pureFunctions, ...Object.values(nodeSignatures)],
): readonly FunctionRow[] {
  return [...functions]
    .map((f) => ({ group: f.group, name: f.name, arguments: arityText(f), doc: f.doc, examples: f.examples }))
    .sort((a, b) => functionGroups.indexOf(a.group) - functionGroups.indexOf(b.group) || (a.name < b.name ? -1 : 1));
}
