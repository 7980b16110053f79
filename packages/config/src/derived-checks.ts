import { errors } from './errors.ts';
import type { IssueSink, Spot } from './issue.ts';

type Block = Readonly<Record<string, unknown>>;

/**
 * The names an expression may use: its own group's tags as they are, other groups' of the device as `group/tag`, all as
 * `device/group/tag`. Nothing is listed before somebody iterates.
 */
export interface TagNames extends Iterable<string> {
  has(name: string): boolean;
}
/** Why an expression cannot be used; `column` counts from 1. */
export type ExpressionFault = (text: string, names: TagNames) => { readonly column: number; readonly message: string } | undefined;

export interface DerivedContext {
  readonly expressionFault: ExpressionFault | undefined;
  readonly issues: IssueSink;
  /** Another room's sentence as the end of ours, and its question as the next step. */
  clauseOf(sentence: string): [why: string, hint: string | undefined];
  /** Where a character of a text in the file stands. */
  spotIn(path: readonly string[], text: string, column: number): Spot | undefined;
}

interface Derived {
  readonly path: readonly string[];
  readonly text: string;
}

/** Expressions that are wrong, name what is not there, or read their own result. */
export function checkDerived(devices: Block, context: DerivedContext): void {
  const derived = new Map<string, Derived>();
  for (const [device, block] of blocks(devices))
    for (const [group, { tags }] of blocks(block.groups))
      for (const [tag, { expression }] of blocks(tags))
        if (typeof expression === 'string' && expression !== '')
          derived.set(`${device}/${group}/${tag}`, { path: ['devices', device, 'groups', group, 'tags', tag], text: expression });
  if (derived.size === 0) return;
  const tagsOf = (device: string, group: string): Block => blockOf(blockOf(blockOf(own(devices, device)).groups)[group]).tags as Block;
  for (const { path, text } of derived.values()) checkText(path, text, namesFor(devices, path[1]!, path[3]!), context);
  checkCycles(derived, (device, group, tag) => Object.hasOwn(blockOf(tagsOf(device, group)), tag), context.issues);
}

function checkText(path: readonly string[], text: string, names: TagNames, { expressionFault, issues, ...context }: DerivedContext): void {
  const fault = expressionFault?.(text, names);
  if (fault === undefined) return;
  const at = [...path, 'expression'];
  const [why, fix] = context.clauseOf(fault.message);
  issues.add(at, errors.CONFIG_EXPRESSION({ column: fault.column, why }), { fix, spot: context.spotIn(at, text, fault.column) });
}

function namesFor(devices: Block, device: string, group: string): TagNames {
  const groups = blockOf(blockOf(own(devices, device)).groups);
  const tagIn = (of: Block, g: string, tag: string): boolean => Object.hasOwn(blockOf(blockOf(own(of, g)).tags), tag);
  return {
    has(name) {
      const parts = name.split('/');
      if (parts.length === 1) return tagIn(groups, group, name);
      if (parts.length === 2) return tagIn(groups, parts[0]!, parts[1]!);
      return parts.length === 3 && tagIn(blockOf(blockOf(own(devices, parts[0]!)).groups), parts[1]!, parts[2]!);
    },
    *[Symbol.iterator]() {
      yield* Object.keys(blockOf(blockOf(groups[group]).tags));
      for (const [g, { tags }] of blocks(groups)) for (const tag of Object.keys(blockOf(tags))) yield `${g}/${tag}`;
      for (const [d, block] of blocks(devices))
        for (const [g, { tags }] of blocks(block.groups)) for (const tag of Object.keys(blockOf(tags))) yield `${d}/${g}/${tag}`;
    },
  };
}

const token = /'(?:[^']|'')*'|"([^"]*)"|([\p{L}_][\p{L}\p{N}_]*)(\s*\()?/gu;

/** The tags that an expression names, as keys. */
function* readBy({ path, text }: Derived, isThere: (device: string, group: string, tag: string) => boolean): Iterable<string> {
  for (const [, quoted, bare, call] of text.matchAll(token)) {
    const name = quoted ?? (call === undefined ? bare : undefined);
    if (name === undefined) continue;
    const parts = name.split('/');
    const [tag = '', group = path[3]!, device = path[1]!] = parts.reverse();
    if (parts.length <= 3 && isThere(device, group, tag)) yield `${device}/${group}/${tag}`;
  }
}

/** Each ring is told once, at the tag where the walk closes it. */
function checkCycles(derived: Map<string, Derived>, isThere: Parameters<typeof readBy>[1], issues: IssueSink): void {
  const done = new Set<string>();
  for (const start of derived.keys()) {
    const way: string[] = [];
    const open = new Set<string>();
    const stack: Iterator<string>[] = [];
    const enter = (key: string): void => {
      way.push(key);
      open.add(key);
      stack.push(readBy(derived.get(key)!, isThere)[Symbol.iterator]());
    };
    if (!done.has(start)) enter(start);
    while (stack.length > 0) {
      const next = stack.at(-1)!.next();
      if (next.done) {
        stack.pop();
        const key = way.pop()!;
        open.delete(key);
        done.add(key);
      } else if (open.has(next.value)) {
        const ring = [...way.slice(way.indexOf(next.value)), next.value];
        const { path } = derived.get(way.at(-1)!)!;
        issues.add([...path, 'expression'], errors.CONFIG_CYCLE({ tag: way.at(-1)!, way: told(ring) }), {
          fix: errors.CONFIG_CYCLE.row.next,
        });
      } else if (derived.has(next.value) && !done.has(next.value)) enter(next.value);
    }
  }
}

const told = (ring: readonly string[]): string => (ring.length > 8 ? [...ring.slice(0, 7), '…', ring.at(-1)!] : ring).join(' → ');
const own = (block: Block, key: string): unknown => (Object.hasOwn(block, key) ? block[key] : undefined);
const blockOf = (value: unknown): Block => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Block) : {});
const blocks = (value: unknown): [string, Block][] =>
  Object.entries(blockOf(value)).filter((entry): entry is [string, Block] => typeof entry[1] === 'object' && entry[1] !== null);
