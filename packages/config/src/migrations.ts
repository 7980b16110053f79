import { isMap, isScalar } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import { editHubText, splitPath } from './edit.ts';
import { errors } from './errors.ts';
import { expandInclude, pathFault } from './include.ts';
import type { HubFolder } from './include.ts';
import { parseYaml } from './source.ts';

/** `*` in a path stands for every name there. A key that is renamed keeps its value, place and comments. */
export type MigrationOp =
  | { readonly op: 'rename'; readonly path: string; readonly to: string }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'set'; readonly path: string; readonly value: unknown };

/** What leads from one version of the hub file to the next. */
export interface Migration {
  readonly from: number;
  readonly ops: readonly MigrationOp[];
}

export const hubFileVersion = 1;
/** From each version that was ever written to the next; version 1 is the first. */
export const migrations: readonly Migration[] = [];

export interface MigratedText {
  readonly from: number;
  readonly text: string;
}

export interface MigratedFiles {
  readonly from: number;
  /** The files that change, the main file last: as long as it is old, all is done once more. */
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * The main file and everything it includes in the present version; undefined as `migrateHubText`. Repeating it on files of which some
 * are changed already does no harm. Throws CONFIG_MIGRATION.
 */
export function migrateHubFiles(
  main: string,
  folder: HubFolder,
  table: readonly Migration[] = migrations,
  present: number = hubFileVersion,
): MigratedFiles | undefined {
  const text = folder.read(main);
  const migrated = migrateHubText(text, table, present);
  if (migrated === undefined) return undefined;
  const texts = new Map<string, string>();
  const { include } = parseYaml(migrated.text).toJS() as { include?: unknown };
  for (const pattern of [include].flat()) {
    const found = typeof pattern === 'string' && pathFault(pattern, true) === undefined ? expandInclude(pattern, folder) : { files: [] };
    for (const name of 'files' in found ? found.files : []) {
      const old = readable(folder, name);
      if (old === undefined || name === main || parseYaml(old).errors.length > 0) continue;
      const next = table.filter((step) => step.from >= migrated.from).flatMap((step) => step.ops);
      const out = next.filter(isIncluded).reduce(carriedOut, old);
      if (out !== old) texts.set(name, out);
    }
  }
  texts.set(main, migrated.text);
  return { from: migrated.from, texts };
}

/** A new key of the main file is not put into the files it includes. */
const isIncluded = (op: MigrationOp): boolean => op.op !== 'set' || splitPath(op.path).includes('*');

function readable(folder: HubFolder, name: string): string | undefined {
  try {
    return folder.read(name);
  } catch {
    return undefined;
  }
}

/**
 * The text in the present version; undefined when it already is, or when its version cannot be read (the reader says why). The caller
 * copies the file before it writes. Throws CONFIG_MIGRATION.
 */
export function migrateHubText(
  text: string,
  table: readonly Migration[] = migrations,
  present: number = hubFileVersion,
): MigratedText | undefined {
  if (!/^\s*["']?version["']?\s*:/m.test(text) || new RegExp(`^version:[ \\t]*${present}[ \\t]*(#.*)?\\r?$`, 'm').test(text))
    return undefined;
  const document = parseYaml(text);
  const from = document.errors.length > 0 ? undefined : document.get('version');
  if (typeof from !== 'number' || !Number.isInteger(from) || from >= present) return undefined;
  let out = text;
  for (let version = from; version < present; version++) {
    const step = table.find((migration) => migration.from === version);
    if (step === undefined) {
      if (version === from) return undefined;
      throw errors.CONFIG_MIGRATION({ from, to: present, why: `nothing leads on from version ${version}` });
    }
    for (const op of step.ops) out = carriedOut(out, op);
    out = editHubText(out, [{ op: 'replace', path: 'version', value: version + 1 }]);
  }
  return { from, text: out };
}

function carriedOut(text: string, op: MigrationOp): string {
  const segments = splitPath(op.path);
  if (op.op === 'rename') return renamed(text, segments, op.to);
  const places = placesOf(parseYaml(text), segments, op.op === 'set');
  if (places.length === 0) return text;
  const joined = (path: readonly string[]): string => path.map((s) => s.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
  return editHubText(
    text,
    places.map((path) => (op.op === 'set' ? { op: 'add', path: joined(path), value: op.value } : { op: 'remove', path: joined(path) })),
  );
}

function renamed(text: string, segments: readonly string[], to: string): string {
  const document = parseYaml(text);
  const spans = placesOf(document, segments, false).map((path) => {
    const owner = document.getIn(path.slice(0, -1), true);
    const pair = isMap(owner) ? owner.items.find((item) => keyOf(item as Pair<Node>) === path.at(-1)) : undefined;
    return (pair?.key as Node | undefined)?.range ?? undefined;
  });
  let out = text;
  for (const span of spans.filter((s) => s !== undefined).sort((a, b) => b[0] - a[0]))
    out = out.slice(0, span[0]) + to + out.slice(span[1]);
  return out;
}

/** Every path that the pattern stands for; with `open` its last name need not be there. */
function placesOf(document: Document.Parsed, segments: readonly string[], open: boolean): string[][] {
  let found: string[][] = [[]];
  for (const [i, segment] of segments.entries()) {
    found = found.flatMap((path) => {
      const node = path.length === 0 ? document.contents : document.getIn(path, true);
      if (!isMap(node)) return [];
      const names = node.items.map((item) => keyOf(item as Pair<Node>));
      if (segment === '*') return names.map((name) => [...path, name]);
      return names.includes(segment) || (open && i === segments.length - 1) ? [[...path, segment]] : [];
    });
  }
  return found;
}

const keyOf = (pair: Pair<Node>): string => (isScalar(pair.key) ? String(pair.key.value ?? '') : '');
