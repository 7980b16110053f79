import { isBlock, namedSections } from './checks.ts';
import { applyOp, editHubText, joinPath, splitPath } from './edit.ts';
import type { EditOp } from './edit.ts';
import { errors } from './errors.ts';
import { ownerOf } from './hub-files.ts';
import type { HubFiles } from './hub-files.ts';
import { editTable } from './table-edit.ts';
import { intoOverrides, tagsIn } from './template-edit.ts';

type Block = Record<string, unknown>;

/**
 * Carries out changes in the files that own them and touches no others: YAML keeps comments and order, a tag table keeps its other rows
 * byte for byte. A change of what a device takes from a template is written to the device. A new device, rule, … goes to the main file. A block that is given with its tags, while its tags stand in a table, keeps
 * the table. Throws CONFIG_EDIT_PATH and CONFIG_EDIT_VALUE.
 */
export function editHubFiles(files: HubFiles, ops: readonly EditOp[]): HubFiles {
  const texts = new Map(files.texts);
  const yaml = new Map<string, EditOp[]>();
  const tables = new Map<string, { target: Block; path: string }>();
  const tableOf = (path: readonly string[]): { file: string; target: Block } | undefined => {
    const key = path.slice(0, 5).join('/');
    const file = path.length >= 5 && (path[0] === 'devices' || path[0] === 'templates') ? files.owners.get(key) : undefined;
    if (file === undefined) return undefined;
    let open = tables.get(file);
    if (open === undefined) tables.set(file, (open = { target: tagsIn(texts.get(file)!), path: key }));
    return { file, target: open.target };
  };
  for (const op of intoOverrides(
    files,
    ops.flatMap((op) => split(files, op)),
  )) {
    const path = splitPath(op.path);
    const table = tableOf(path);
    if (table !== undefined && !(path.length === 5 && !isTagMap(op.value))) {
      if (path.length === 5) tables.get(table.file)!.target = op.value as Block;
      else applyOp(table.target, { ...op, path: joinPath(path.slice(5)) }, op.path);
      continue;
    }
    const owner = ownerOfYaml(files, path);
    const list = yaml.get(owner) ?? [];
    yaml.set(owner, list);
    list.push(op.op === 'remove' ? op : { ...op, value: withTables(path, op.value, tableOf, tables) });
  }
  for (const [file, list] of yaml) texts.set(file, editHubText(texts.get(file)!, list));
  for (const [file, { target, path }] of tables) texts.set(file, editTable(texts.get(file)!, target as Record<string, Block>, path));
  return { ...files, texts };
}

/** A whole section that stands in several files is changed entry by entry. */
function split(files: HubFiles, op: EditOp): EditOp[] {
  const path = splitPath(op.path);
  const section = path[0]!;
  if (path.length !== 1 || !(namedSections as readonly string[]).includes(section)) return [op];
  const elsewhere = [...files.owners.keys()].map((key) => key.split('/')).filter(([s, , ...rest]) => s === section && rest.length === 0);
  if (elsewhere.length === 0) return [op];
  const value = op.op === 'remove' ? {} : op.value;
  if (!isBlock(value)) throw errors.CONFIG_EDIT_VALUE({ path: op.path, why: 'it is no block of keys' });
  const outside = new Set(elsewhere.map(([, name]) => name!));
  const here = Object.fromEntries(Object.entries(value).filter(([name]) => !outside.has(name)));
  return [
    ...[...outside].map((name): EditOp => {
      const at = joinPath([section, name]);
      return Object.hasOwn(value, name) ? { op: 'replace', path: at, value: value[name] } : { op: 'remove', path: at };
    }),
    { op: 'add', path: section, value: here },
  ];
}

/** Below a table the YAML file is the device's; the table's own path is a key in it. */
const ownerOfYaml = (files: HubFiles, path: readonly string[]): string => ownerOf(files, path.slice(0, 2));

const isTagMap = (value: unknown): value is Block => isBlock(value) && typeof value.file !== 'string';

/** Tags in a value whose place has a table go there, and the value keeps the reference to it. */
function withTables(
  path: readonly string[],
  value: unknown,
  tableOf: (path: readonly string[]) => { file: string; target: Block } | undefined,
  tables: Map<string, { target: Block; path: string }>,
): unknown {
  if ((path[0] !== 'devices' && path[0] !== 'templates') || path.length > 4 || !isBlock(value)) return value;
  const depth = path.length;
  const child = (name: string): Block | undefined =>
    isBlock(value[name]) ? { ...value, [name]: withTables([...path, name], value[name], tableOf, tables) } : undefined;
  if (depth < 4) {
    let out: Block = value;
    for (const name of Object.keys(value)) {
      if (depth === 2 && name !== 'groups') continue;
      const next = child(name);
      if (next !== undefined) out = { ...out, [name]: next[name] };
    }
    return out;
  }
  const table = tableOf([...path, 'tags']);
  if (table === undefined || !isTagMap(value.tags)) return value;
  tables.get(table.file)!.target = value.tags;
  return { ...value, tags: { file: table.file } };
}
