import { isMap, isScalar, isSeq } from 'yaml';
import type { CST, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { same } from './same.ts';
import { blockItem, blockPair, flowPair, flowValue, maxFlowWidth } from './yaml-style.ts';
import type { Shape } from './yaml-style.ts';

/** A node's data; `!env` and `!file` as they are written. */
export type PlainReader = (node: Node | null | undefined) => unknown;

export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Block = Record<string, unknown>;
type Entry = Pair<Node, Node | null>;
type Path = readonly string[];

/**
 * The smallest set of text changes that makes `document` say `target`. A flow collection gives up one entry at a time, so the caller
 * repeats until nothing is left to do; that is also the proof that the text now says what was asked.
 */
export function planSplices(text: string, document: Document.Parsed, target: unknown, plain: PlainReader): Splice[] {
  const planner = new Planner(text, plain);
  planner.map(document.contents as unknown as YAMLMap, target as Block, []);
  return planner.splices;
}

class Planner {
  readonly splices: Splice[] = [];
  readonly #text: string;
  readonly #plain: PlainReader;
  readonly #eol: string;

  constructor(text: string, plain: PlainReader) {
    this.#text = text;
    this.#plain = plain;
    this.#eol = /\r\n/.test(text) ? '\r\n' : '\n';
  }

  map(node: YAMLMap, target: Block, path: Path): void {
    const pairs = node.items as Entry[];
    const gone = pairs.filter((pair) => !Object.hasOwn(target, keyOf(pair)));
    if (node.flow && gone.length > 0) {
      this.#removeFromFlow(pairs.map(spanOf), pairs.indexOf(gone[0]!));
      return;
    }
    for (const pair of gone) this.#removePair(pairs, pair);
    for (const pair of pairs) {
      if (gone.includes(pair)) continue;
      const at = [...path, keyOf(pair)];
      this.#value(pair.value, target[keyOf(pair)], at, () => this.#replacePairValue(node, pair, target[keyOf(pair)], at));
    }
    const has = new Set(pairs.map(keyOf));
    const added = Object.keys(target).filter((key) => !has.has(key));
    if (added.length === 0) return;
    const last = pairs.at(-1)!;
    if (node.flow) {
      this.#put(endOf(last), endOf(last), added.map((key) => `, ${flowPair(key, target[key])}`).join(''));
      return;
    }
    const column = this.#column(startOf(last));
    // Sections of the file stand open, whatever their neighbours do.
    const shape = column > 0 ? shapeOf(last.value) : undefined;
    this.#insertLines(
      this.#blockEnd(endOf(last), column),
      column,
      added.map((key) => blockPair(key, target[key], [...path, key], shape)),
    );
  }

  #list(node: YAMLSeq, target: readonly unknown[], path: Path): void {
    const items = node.items as (Node | null)[];
    let first = 0;
    while (first < items.length && first < target.length && same(this.#plain(items[first]), target[first])) first++;
    let tail = 0;
    while (tail < Math.min(items.length, target.length) - first && same(this.#plain(items.at(-1 - tail)), target.at(-1 - tail))) tail++;
    const oldEnd = items.length - tail;
    const newEnd = target.length - tail;
    const dashes = node.flow ? [] : dashesOf(node);
    if (node.flow && oldEnd - first > newEnd - first) {
      this.#removeFromFlow(items.map(spanOfItem), newEnd);
      return;
    }
    for (let i = first; i < Math.min(oldEnd, newEnd); i++) {
      const at = [...path, String(i)];
      this.#value(items[i]!, target[i], at, () =>
        node.flow ? this.#replaceFlowItem(node, i, target[i]) : this.#replaceBlockItem(dashes[i]!, items[i]!, target[i], at),
      );
    }
    for (let i = newEnd; i < oldEnd; i++) this.#removeLines(dashes[i]!, itemEnd(dashes[i]!, items[i]!), dashes[i + 1]);
    if (oldEnd >= newEnd) return;
    const added = target.slice(oldEnd, newEnd);
    if (node.flow) {
      this.#addToFlow(items, oldEnd, added);
      return;
    }
    const column = this.#column(dashes[0]!);
    const shape = shapeOf(items[0] ?? null);
    const at = oldEnd === 0 ? this.#lineStart(dashes[0]!) : this.#blockEnd(itemEnd(dashes[oldEnd - 1]!, items[oldEnd - 1]!), column);
    this.#insertLines(
      at,
      column,
      added.map((value) => blockItem(value, [...path, '-'], shape)),
    );
  }

  /** Goes down where both sides are blocks or lists that keep something; else the value is written anew. */
  #value(node: Node | null, target: unknown, path: Path, replace: () => void): void {
    const old = this.#plain(node);
    if (same(old, target)) return;
    if (this.#outgrows(node, old, target)) {
      replace();
      return;
    }
    if (isMap(node) && isBlock(target) && node.items.some((pair) => Object.hasOwn(target, keyOf(pair as Entry)))) {
      this.map(node, target, path);
      return;
    }
    if (isSeq(node) && Array.isArray(target) && node.items.length > 0 && target.length > 0) {
      this.#list(node, target, path);
      return;
    }
    replace();
  }

  /** What stood on one line and no longer fits on it stands open from now on. */
  #outgrows(node: Node | null, old: unknown, target: unknown): boolean {
    return (
      isCollection(node) &&
      node.flow === true &&
      node.items.length > 0 &&
      !this.#text.slice(node.range![0], node.range![1]).includes('\n') &&
      flowValue(old).length <= maxFlowWidth &&
      flowValue(target).length > maxFlowWidth
    );
  }

  #replacePairValue(owner: YAMLMap, pair: Entry, value: unknown, path: Path): void {
    const colon = colonOf(pair);
    const keyEnd = pair.key.range![1];
    const from = colon === undefined ? keyEnd : colon + 1;
    if (owner.flow) {
      const start = isEmpty(pair.value) ? from : valueStart(pair, from);
      const gap = start === from ? ' ' : '';
      this.#put(start, Math.max(start, endOf(pair)), `${colon === undefined ? ':' : ''}${gap}${flowValue(value)}`);
      return;
    }
    this.#replaceBehind(
      from,
      isEmpty(pair.value) ? undefined : valueStart(pair, from),
      endOf(pair),
      pair.value,
      this.#indented(this.#column(startOf(pair)), blockPair('k', value, path, shapeOf(pair.value)).slice(2)),
    );
  }
  #replaceBlockItem(dash: number, node: Node | null, value: unknown, path: Path): void {
    const start = isEmpty(node) ? undefined : dash + 1 + this.#text.slice(dash + 1).search(/\S/);
    this.#replaceBehind(
      dash + 1,
      start,
      itemEnd(dash, node),
      node,
      this.#indented(this.#column(dash), blockItem(value, path, shapeOf(node)).slice(1)),
    );
  }
  #replaceFlowItem(owner: YAMLSeq, i: number, value: unknown): void {
    const items = owner.items as Node[];
    const from = i === 0 ? owner.range![0] + 1 : endOfNode(items[i - 1]!);
    // A tag stands before the node's own range.
    const start = from + this.#text.slice(from).search(/[^\s,]/);
    this.#put(start, endOfNode(items[i]!), flowValue(value));
  }

  /** `from`: behind the colon or dash. `rendered` begins with a space or a line end. */
  #replaceBehind(from: number, start: number | undefined, end: number, old: Node | null, rendered: string): void {
    const oneLine = !rendered.includes('\n');
    const inline = start !== undefined && !this.#text.slice(from, start).includes('\n');
    const flat = !isCollection(old) || old.flow === true;
    if (oneLine && inline && flat) {
      this.#put(start, end, rendered.trimStart());
      return;
    }
    const comment = this.#commentBehind(inline && flat ? end : from);
    const stop = flat && !inline && start === undefined ? this.#lineEnd(from) : this.#lineEnd(end);
    const [head = '', ...rest] = rendered.split(this.#eol);
    this.#put(from, stop, [head + comment, ...rest].join(this.#eol));
  }

  #removePair(pairs: readonly Entry[], pair: Entry): void {
    const next = pairs[pairs.indexOf(pair) + 1];
    this.#removeLines(startOf(pair), endOf(pair), next && startOf(next));
  }
  #removeLines(start: number, end: number, next: number | undefined): void {
    const line = this.#lineStart(start);
    if (this.#text.slice(line, start).trim() !== '') {
      // First of a block that begins behind a dash: the next one moves up to its place.
      this.#put(start, next ?? end, '');
      return;
    }
    this.#put(line, this.#blockEnd(end, this.#column(start)), '');
  }
  #removeFromFlow(spans: readonly (readonly [number, number])[], i: number): void {
    if (i > 0) this.#put(spans[i - 1]![1], spans[i]![1], '');
    else if (spans.length > 1) this.#put(spans[0]![0], spans[1]![0], '');
  }
  #addToFlow(items: readonly (Node | null)[], index: number, added: readonly unknown[]): void {
    const text = added.map(flowValue);
    if (index === 0) this.#put(spanOfItem(items[0]!)[0], spanOfItem(items[0]!)[0], `${text.join(', ')}, `);
    else this.#put(spanOfItem(items[index - 1]!)[1], spanOfItem(items[index - 1]!)[1], text.map((value) => `, ${value}`).join(''));
  }

  #insertLines(at: number, column: number, parts: readonly string[]): void {
    const pad = ' '.repeat(column);
    const lines = parts.map((part) => pad + this.#indented(column, part)).join(this.#eol);
    const open = at > 0 && this.#text[at - 1] !== '\n';
    this.#put(at, at, open ? this.#eol + lines : lines + this.#eol);
  }
  #indented(column: number, rendered: string): string {
    const pad = ' '.repeat(column);
    return rendered
      .split('\n')
      .map((line, i) => (i === 0 || line === '' ? line : pad + line))
      .join(this.#eol);
  }
  #put(start: number, end: number, text: string): void {
    this.splices.push({ start, end, text });
  }

  /** Behind the line of `end` and the comments below it that stand deeper than `column`: they belong to the block that ends there. */
  #blockEnd(end: number, column: number): number {
    let at = this.#nextLine(end);
    for (let line = at; line < this.#text.length; ) {
      const next = this.#nextLine(line);
      const content = this.#text.slice(line, next);
      const indent = content.search(/\S/);
      if (indent >= 0 && (content[indent] !== '#' || indent <= column)) break;
      line = next;
      if (indent >= 0) at = next;
    }
    return at;
  }
  #commentBehind(offset: number): string {
    const match = /^[ \t]*(#.*)$/.exec(this.#text.slice(offset, this.#lineEnd(offset)));
    return match === null ? '' : ` ${match[1]}`;
  }
  #column(offset: number): number {
    return offset - this.#lineStart(offset);
  }
  #lineStart(offset: number): number {
    const start = this.#text.lastIndexOf('\n', offset - 1) + 1;
    return start === 0 && this.#text.startsWith('\ufeff') ? 1 : start;
  }
  #lineEnd(offset: number): number {
    const end = this.#text.indexOf('\n', offset);
    if (end < 0) return this.#text.length;
    return this.#text[end - 1] === '\r' && end > offset ? end - 1 : end;
  }
  #nextLine(offset: number): number {
    const end = this.#text.indexOf('\n', offset);
    return end < 0 ? this.#text.length : end + 1;
  }
}

const keyOf = (pair: Entry): string => (isScalar(pair.key) ? String(pair.key.value ?? '') : '');
const startOf = (pair: Entry): number => pair.key.range![0];
const spanOf = (pair: Entry): readonly [number, number] => [startOf(pair), endOf(pair)];
const spanOfItem = (node: Node | null): readonly [number, number] => [node!.range![0], endOfNode(node!)];

const tokenOf = (pair: Entry): CST.CollectionItem | undefined => pair.srcToken;
const colonOf = (pair: Entry): number | undefined => tokenOf(pair)?.sep?.find((token) => token.type === 'map-value-ind')?.offset;

/** Where the value begins, its tag and anchor included. */
function valueStart(pair: Entry, from: number): number {
  const props = tokenOf(pair)?.sep?.filter((token) => token.type === 'tag' || token.type === 'anchor') ?? [];
  return props.find((token) => token.offset >= from)?.offset ?? pair.value!.range![0];
}
function endOf(pair: Entry): number {
  const colon = colonOf(pair);
  const least = colon === undefined ? pair.key.range![1] : colon + 1;
  return isEmpty(pair.value) ? least : Math.max(least, endOfNode(pair.value!));
}
const itemEnd = (dash: number, node: Node | null): number => (isEmpty(node) ? dash + 1 : endOfNode(node!));

/** Behind the last visible character of a node; block collections end with their last entry. */
function endOfNode(node: Node): number {
  const [start, end] = node.range!;
  if (isCollection(node) && !node.flow) {
    if (isMap(node)) return endOf(node.items.at(-1) as Entry);
    return itemEnd(dashesOf(node).at(-1)!, node.items.at(-1) as Node | null);
  }
  const scalar = node as Scalar;
  if (scalar.type !== 'BLOCK_LITERAL' && scalar.type !== 'BLOCK_FOLDED') return end;
  const token = scalar.srcToken as { source?: string; offset: number } | undefined;
  const trailing = /\s*$/.exec(token?.source ?? '')![0].length;
  return Math.max(start, end - trailing);
}

const dashesOf = (node: YAMLSeq): number[] =>
  ((node.srcToken as CST.BlockSequence | undefined)?.items ?? []).flatMap((item) =>
    item.start.filter((token) => token.type === 'seq-item-ind').map((token) => token.offset),
  );

const isEmpty = (node: Node | null): boolean =>
  node === null || (isScalar(node) && node.value === null && node.range![0] === node.range![1]);
const isCollection = (node: unknown): node is YAMLMap | YAMLSeq => isMap(node) || isSeq(node);
/** What stands there sets an example; an empty collection sets none. */
const shapeOf = (node: unknown): Shape | undefined =>
  !isCollection(node) || node.items.length === 0 ? undefined : node.flow === true ? 'line' : 'block';
const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
