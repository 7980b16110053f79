import type { JsonSchema } from '@omh/core';
import { applyOp, joinPath, plainOf, splitPath } from './edit.ts';
import type { EditOp } from './edit.ts';
import { ownerOf } from './hub-files.ts';
import type { HubFiles } from './hub-files.ts';
import { HubSchema } from './hub-schema.ts';
import { same } from './same.ts';
import { fillDefaults } from './schema-defaults.ts';
import { TagTableText } from './tag-table.ts';
import { isTable, Template } from './template.ts';
import type { Scalar } from './template.ts';

type Block = Record<string, unknown>;
/** What a device says itself, never what its template says. */
const itsOwn: ReadonlySet<string> = new Set(['template', 'variables']);

/** A device under way: what it says itself, and what it is with its template filled in. */
interface Open {
  own: Block;
  /** Made when a change asks for it. */
  whole?: Block | undefined;
  base?: Block | undefined;
}

/**
 * Changes to a device that was made from a template, as changes of what the device says itself: the template stays as it is. A device that
 * is given whole, with a driver, is compared with its template; one that is given without is taken as it stands.
 */
export function intoOverrides(files: HubFiles, ops: readonly EditOp[]): EditOp[] {
  const concerned = ops.some((op) => isTemplated(files, op));
  if (!concerned) return [...ops];
  const reading = new TemplateTexts(files);
  const out: EditOp[] = [];
  const open = new Map<string, Open>();
  for (const op of ops) {
    const [section, device, ...rest] = splitPath(op.path);
    if (section !== 'devices' || device === undefined) {
      const all = section === 'devices' && isBlock(op.value) ? op.value : undefined;
      out.push(
        all === undefined
          ? op
          : { ...op, value: mapped(all, (name, value) => (isWhole(value) ? given(files, name, value, reading) : value)) },
      );
      continue;
    }
    if (rest.length === 0) {
      open.delete(device);
      if (op.op !== 'remove' && isWhole(op.value)) open.set(device, opened(device, op.value, reading));
      else out.push(op);
      continue;
    }
    if (!open.has(device) && !files.templated.has(device)) {
      out.push(op);
      continue;
    }
    const state = open.get(device) ?? { own: reading.own(device) };
    open.set(device, state);
    if (tableOf(files, device, rest) !== undefined && rest.length >= 3 && !(rest.length === 3 && isTable(op.value))) {
      out.push(op);
      continue;
    }
    if (itsOwn.has(rest[0]!)) {
      state.own = settled(files, device, state, reading);
      state.whole = undefined;
      applyOp(state.own, { ...op, path: joinPath(rest) }, op.path);
    } else {
      state.whole ??= reading.expanded(state.own);
      applyOp(state.whole, { ...op, path: joinPath(rest) }, op.path);
    }
  }
  for (const [device, state] of open)
    out.push({ op: 'add', path: joinPath(['devices', device]), value: settled(files, device, state, reading) });
  return out;
}

/** A device as the console shows it: with its template, and with what that says. */
const isWhole = (value: unknown): value is Block =>
  isBlock(value) && typeof value.template === 'string' && typeof value.driver === 'string';
function opened(device: string, value: Block, reading: TemplateTexts): Open {
  const { template, variables, ...whole } = value;
  const { variables: _former, ...own } = reading.own(device);
  return { own: { ...own, template, ...(variables === undefined ? {} : { variables }) }, whole };
}
const given = (files: HubFiles, device: string, value: Block, reading: TemplateTexts): Block =>
  settled(files, device, opened(device, value, reading), reading);
const mapped = (block: Block, of: (key: string, value: unknown) => unknown): Block =>
  Object.fromEntries(Object.entries(block).map(([key, value]) => [key, of(key, value)]));

function isTemplated(files: HubFiles, { path, value }: EditOp): boolean {
  const [section, device, ...rest] = splitPath(path);
  if (section !== 'devices') return false;
  if (device === undefined) return true;
  return files.templated.has(device) || (rest.length === 0 && isBlock(value) && typeof value.template === 'string');
}

function settled(files: HubFiles, device: string, { own, whole }: Open, reading: TemplateTexts): Block {
  if (whole === undefined) return own;
  const { template, variables } = own;
  const base = reading.expanded({ template, variables });
  const filled = fillDefaults(deviceSchema, structuredClone(base)) as Block;
  const { template: _t, variables: _v, ...said } = own;
  const next = overridesOf({ base, filled, wanted: whole, said, path: [] }, (path) => tableOf(files, device, path) !== undefined);
  return { template, ...(variables === undefined ? {} : { variables }), ...next };
}

const deviceSchema = ((HubSchema.properties.devices as unknown as Block).additionalProperties ?? {}) as JsonSchema;
const tableOf = (files: HubFiles, device: string, rest: readonly string[]): string | undefined =>
  rest.length < 3 || rest[0] !== 'groups' ? undefined : files.owners.get(['devices', device, ...rest.slice(0, 3)].join('/'));

interface Compared {
  /** What the template says, and with the defaults of the schema. */
  readonly base: Block;
  readonly filled: Block;
  readonly wanted: Block;
  /** What the device says now: it stays where it is not changed. */
  readonly said: Block;
  readonly path: readonly string[];
}

function overridesOf({ base, filled, wanted, said, path }: Compared, hasTable: (path: readonly string[]) => boolean): Block {
  const out: Block = {};
  for (const key of new Set([...Object.keys(said), ...Object.keys(wanted), ...Object.keys(base)])) {
    const at = [...path, key];
    if (!Object.hasOwn(wanted, key)) {
      if (Object.hasOwn(base, key)) out[key] = null;
      continue;
    }
    const [want, from] = [wanted[key], base[key]];
    if (hasTable(at)) out[key] = want;
    else if (isBlock(want) && isBlock(from) && !isTable(want)) {
      const inner = { base: from, filled: blockOf(filled[key]), wanted: want, said: blockOf(said[key]), path: at };
      const changes = overridesOf(inner, hasTable);
      if (Object.keys(changes).length > 0) out[key] = changes;
    } else if (said[key] !== null && Object.hasOwn(said, key) ? true : !same(want, from) && !same(want, filled[key])) out[key] = want;
  }
  return out;
}

/** Templates and devices as they stand in their files, secrets as `!env NAME`. */
class TemplateTexts {
  readonly #files: HubFiles;
  readonly #read = new Map<string, Block>();

  constructor(files: HubFiles) {
    this.#files = files;
  }
  own(device: string): Block {
    return structuredClone(this.#at(['devices', device]));
  }
  /** The whole device, without `template` and `variables`. */
  expanded(own: Block): Block {
    const name = String(own.template);
    const block = structuredClone(this.#at(['templates', name]));
    for (const [group, entry] of Object.entries(blockOf(block.groups))) {
      const table = this.#files.owners.get(`templates/${name}/groups/${group}/tags`);
      if (table !== undefined && isBlock(entry)) entry.tags = tagsIn(this.#files.texts.get(table) ?? '');
    }
    const variables = new Map<string, Scalar>();
    for (const [key, entry] of Object.entries(blockOf(block.variables))) {
      const value = blockOf(own.variables)[key] ?? blockOf(entry).default;
      if (value !== undefined && value !== null) variables.set(key, value as Scalar);
    }
    const { template: _t, variables: _v, ...whole } = new Template(block).expand({ variables, own });
    return whole;
  }

  #at(path: readonly string[]): Block {
    const file = ownerOf(this.#files, path);
    let data = this.#read.get(file);
    if (data === undefined) this.#read.set(file, (data = blockOf(plainOf(this.#files.texts.get(file) ?? '', path.join('/')))));
    return blockOf(blockOf(data[path[0]!])[path[1]!]);
  }
}

/** The tags of a table, as far as they can be read. */
export function tagsIn(text: string): Block {
  const table = new TagTableText(text);
  const out: Block = {};
  const name = table.columns.indexOf('name');
  for (let row = 1; row < table.csv.rows; row++) out[table.csv.cells(row)[name] ?? ''] = table.tagOf(row);
  return out;
}

const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
const blockOf = (value: unknown): Block => (isBlock(value) ? value : {});
