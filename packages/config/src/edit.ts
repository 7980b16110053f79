import { isAlias, isMap, isPair, isScalar, isSeq } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import { errors } from './errors.ts';
import { parseYaml } from './source.ts';
import { planSplices } from './text-diff.ts';
import type { PlainReader, Splice } from './text-diff.ts';

/** As in RFC 6902: `add` sets a key or inserts into a list (`-` appends), `replace` and `remove` need what is there. */
export interface EditOp {
  readonly op: 'add' | 'replace' | 'remove';
  /** `rules/ingest`, `dashboards/conditions/panels/0`; `~1` is a / inside a key and `~0` a ~. `add` makes missing blocks on the way. */
  readonly path: string;
  readonly value?: unknown;
}

type Block = Record<string, unknown>;
const maxPasses = 1000;

/**
 * Applies changes to a hub file and touches only the lines that own them: comments, order and spelling of everything else stay byte for
 * byte. A text that reads `!env NAME` or `!file PATH` is written as that tag. Throws CONFIG_EDIT_PATH and CONFIG_EDIT_VALUE.
 */
export function editHubText(text: string, ops: readonly EditOp[]): string {
  const where = ops[0]?.path ?? '';
  let document = open(text, where);
  const target = ops.reduce((file, op) => applyOp(file, op), unshared(plainReader(document)(document.contents)));
  let out = text;
  for (let pass = 0; pass < maxPasses; pass++) {
    const plain = plainReader(document);
    const splices = planSplices(out, document, target, plain);
    if (splices.length === 0) return out;
    const next = splice(out, splices);
    if (next === out) break;
    out = next;
    document = open(out, where);
  }
  throw errors.CONFIG_EDIT_VALUE({ path: where, why: 'the file does not take it in this place' });
}

function open(text: string, path: string): Document.Parsed {
  const document = parseYaml(text, undefined, true);
  const fault = document.errors[0];
  if (fault !== undefined) throw errors.CONFIG_EDIT_VALUE({ path, why: `the file is not valid YAML: ${fault.message}` });
  if (!isMap(document.contents) || document.contents.flow) throw errors.CONFIG_EDIT_VALUE({ path, why: 'the file is no block of keys' });
  return document;
}

function splice(text: string, splices: readonly Splice[]): string {
  let out = text;
  // Of two that begin at one place the inner block's was planned first and stands first.
  for (const { start, end, text: insert } of [...splices].reverse().sort((a, b) => b.start - a.start || b.end - a.end)) {
    out = out.slice(0, start) + insert + out.slice(end);
  }
  return out;
}

/** A copy in which an alias and its anchor are two values. */
const unshared = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(unshared)
    : isBlock(value)
      ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unshared(entry)]))
      : value;

function plainReader(document: Document.Parsed): PlainReader {
  const known = new Map<Node, unknown>();
  const read: PlainReader = (node) => {
    if (node === null || node === undefined) return null;
    if (known.has(node)) return known.get(node);
    const value = readNode(node);
    known.set(node, value);
    return value;
  };
  const readNode = (node: Node): unknown => {
    if (isAlias(node)) return read(node.resolve(document));
    if (isMap(node)) {
      const out: Block = {};
      for (const item of node.items as unknown[]) {
        if (!isPair(item)) continue;
        const { key, value } = item as Pair<Node, Node | null>;
        const name = isScalar(key) ? String(key.value ?? '') : '';
        if (!Object.hasOwn(out, name))
          Object.defineProperty(out, name, { value: read(value), enumerable: true, writable: true, configurable: true });
      }
      return out;
    }
    if (isSeq(node)) return (node.items as (Node | null)[]).map(read);
    const { tag, value } = node;
    return tag === '!env' || tag === '!file' ? `${tag} ${String(value)}` : value;
  };
  return read;
}

/** A YAML text as plain data; a value from outside is the text `!env NAME` or `!file PATH`. Throws CONFIG_EDIT_VALUE. */
export function plainOf(text: string, path: string): unknown {
  const document = open(text, path);
  return unshared(plainReader(document)(document.contents));
}

export const joinPath = (path: readonly string[]): string => path.map((s) => s.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

/** `a/b~1c` → `a`, `b/c`. */
export const splitPath = (path: string): string[] =>
  path
    .replace(/^\//, '')
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));

/** Carries out one change on plain data; `shown` is the path that errors name. */
export function applyOp(file: unknown, { op, path: at, value }: EditOp, shown = at): unknown {
  const path = shown;
  const segments = splitPath(at);
  if (segments.some((segment) => segment === '' || segment === '__proto__')) throw errors.CONFIG_EDIT_PATH({ path });
  const last = segments.pop()!;
  let block: unknown = file;
  for (const segment of segments) {
    if (Array.isArray(block)) block = block[indexOf(segment, block.length - 1, path)] as unknown;
    else if (isBlock(block)) {
      if (!Object.hasOwn(block, segment) || block[segment] === null) {
        if (op !== 'add') throw errors.CONFIG_EDIT_PATH({ path });
        block[segment] = {};
      }
      block = block[segment];
    } else throw errors.CONFIG_EDIT_PATH({ path });
  }
  const next = op === 'remove' ? undefined : plainJson(value, path);
  if (Array.isArray(block)) {
    if (op === 'remove') block.splice(indexOf(last, block.length - 1, path), 1);
    else if (op === 'replace') block[indexOf(last, block.length - 1, path)] = next;
    else block.splice(last === '-' ? block.length : indexOf(last, block.length, path), 0, next);
  } else if (isBlock(block)) {
    if (op !== 'add' && !Object.hasOwn(block, last)) throw errors.CONFIG_EDIT_PATH({ path });
    if (op === 'remove') delete block[last];
    else block[last] = next;
  } else throw errors.CONFIG_EDIT_PATH({ path });
  return file;
}

function indexOf(segment: string, max: number, path: string): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(segment) ? Number(segment) : -1;
  if (index < 0 || index > max) throw errors.CONFIG_EDIT_PATH({ path });
  return index;
}

function plainJson(value: unknown, path: string): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw errors.CONFIG_EDIT_VALUE({ path, why: (error as Error).message });
  }
  if (text === undefined) throw errors.CONFIG_EDIT_VALUE({ path, why: 'it has no value' });
  return JSON.parse(text) as unknown;
}

const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
