import type { QualityWord, Tag } from '@omh/core';
import type { CurrentValue, CurrentValues } from './current-values.ts';
import { SearchText } from './search-text.ts';
import { looksLike } from './similar-names.ts';

/** What one asker may see. */
export interface Sight {
  /** Everything below a path; counts of such a folder cost nothing per tag. */
  whole(path: string): boolean;
  /** False when nothing below the path can be seen. */
  some(path: string): boolean;
  tag(path: string): boolean;
}

/** One level below a path: a folder, a tag, or a folder that has a value too. */
export interface ChildRow {
  readonly name: string;
  readonly path: string;
  readonly folder: boolean;
  /** Tags at this place and below, by quality. */
  readonly tags: number;
  readonly counts: Readonly<Record<QualityWord, number>>;
  /** Present where a tag has this very path. */
  readonly value?: CurrentValue;
  /** Siblings whose names differ in case, blanks, _ or - only: often one thing twice. */
  readonly similar?: readonly string[];
}
export interface Children {
  readonly rows: readonly ChildRow[];
  readonly cursor?: string;
}
export interface Found {
  readonly tags: readonly Tag[];
  /** Id of the last tag, as text. */
  readonly cursor?: string;
}

/** Some of a device's tags; the text that is searched is made with the first search. */
interface Chunk {
  readonly tags: readonly Tag[];
  text: SearchText | undefined;
}
/** A device's tags all stand directly below its path. */
interface Grown {
  readonly path: string;
  readonly chunks: Chunk[];
}
interface Folder {
  readonly path: string;
  readonly folders: Map<string, Folder>;
  readonly tags: Map<string, Tag>;
  /** Devices whose path this is. */
  readonly devices: Set<string>;
  /** Tags here and below. */
  size: number;
  /** Made when it is asked for, until something changes. */
  similar: ((name: string) => readonly string[] | undefined) | undefined;
}

const folder = (path: string): Folder => ({
  path,
  folders: new Map(),
  tags: new Map(),
  devices: new Set(),
  size: 0,
  similar: undefined,
});
/** A slice of a search. */
const sliceMs = 4;
const longestQuery = 200;

/** The tree of all namespace paths: what is below a path, with counts, and search. Changed device by device. */
export class TopicIndex {
  readonly #values: CurrentValues;
  readonly #root = folder('');
  readonly #devices = new Map<string, Grown>();

  constructor(values: CurrentValues) {
    this.#values = values;
  }
  /** Tags in it. */
  get size(): number {
    return this.#root.size;
  }

  /** Some tags more of a device, at most a thousand or two: what is added in one slice of the loop. */
  extend(device: string, path: string, tags: readonly Tag[]): void {
    let grown = this.#devices.get(device);
    if (grown === undefined) this.#devices.set(device, (grown = { path, chunks: [] }));
    grown.chunks.push({ tags, text: undefined });
    let at = this.#root;
    at.size += tags.length;
    for (const level of path.split('/')) {
      let next = at.folders.get(level);
      if (next === undefined) {
        at.folders.set(level, (next = folder(at.path === '' ? level : `${at.path}/${level}`)));
        at.similar = undefined;
      }
      at = next;
      at.size += tags.length;
    }
    at.devices.add(device);
    at.similar = undefined;
    for (const tag of tags) at.tags.set(tag.name, tag);
  }
  /** Takes out the last tags of a device that `extend` brought; false when it has none left. */
  shrink(device: string): boolean {
    const grown = this.#devices.get(device);
    const chunk = grown?.chunks.pop();
    if (grown === undefined || chunk === undefined) return false;
    const last = grown.chunks.length === 0;
    if (last) this.#devices.delete(device);
    this.#prune(this.#root, grown.path.split('/'), 0, chunk.tags, last ? device : undefined);
    return !last;
  }
  #prune(at: Folder, levels: readonly string[], i: number, tags: readonly Tag[], gone: string | undefined): void {
    at.size -= tags.length;
    if (i === levels.length) {
      if (gone !== undefined) at.devices.delete(gone);
      at.similar = undefined;
      for (const tag of tags) if (at.tags.get(tag.name) === tag) at.tags.delete(tag.name);
      return;
    }
    const next = at.folders.get(levels[i]!);
    if (next === undefined) return;
    this.#prune(next, levels, i + 1, tags, gone);
    if (next.devices.size + next.folders.size > 0) return;
    at.folders.delete(levels[i]!);
    at.similar = undefined;
  }

  /** Topics of tags and of their `_meta` that a filter matches, one after the other. */
  *topics(filter: string): Iterable<string> {
    yield* matching(this.#root, filter.split('/'), 0);
  }

  /**
   * A page of what is directly below a path (empty: at the top): folders by name, then tags in the order of the file. undefined when
   * nothing is there, or nothing that may be seen. `cursor` is that of the page before.
   */
  children(path: string, sight: Sight, limit: number, cursor = ''): Children | undefined {
    let at: Folder | undefined = this.#root;
    if (path !== '') for (const level of path.split('/')) at = at?.folders.get(level);
    if (at === undefined || (path !== '' && !sight.some(path))) return undefined;
    const alike = (at.similar ??= looksLike(at.folders.keys(), at.tags.keys()));
    const rows: ChildRow[] = [];
    let after = cursor !== '';
    for (const row of this.#below(at, sight)) {
      if (after) {
        after = keyOf(row) !== cursor;
        continue;
      }
      if (rows.length === limit) return { rows, cursor: keyOf(rows.at(-1)!) };
      const similar = alike(row.name);
      rows.push(similar === undefined ? row : { ...row, similar });
    }
    return { rows };
  }
  *#below(at: Folder, sight: Sight): Iterable<ChildRow> {
    for (const name of [...at.folders.keys()].sort()) {
      const child = at.folders.get(name)!;
      if (!sight.some(child.path)) continue;
      const counts = { good: 0, uncertain: 0, bad: 0 };
      this.#count(child, sight, counts);
      const tag = at.tags.get(name);
      const value = tag !== undefined && sight.tag(tag.path) ? this.#values.get(tag.id) : undefined;
      if (value !== undefined) counts[value.quality]++;
      const tags = counts.good + counts.uncertain + counts.bad;
      if (tags > 0) yield { name, path: child.path, folder: true, tags, counts, ...(value === undefined ? {} : { value }) };
    }
    for (const tag of at.tags.values()) {
      if (at.folders.has(tag.name) || !sight.tag(tag.path)) continue;
      const value = this.#values.get(tag.id);
      if (value === undefined) continue;
      const counts = { good: 0, uncertain: 0, bad: 0, [value.quality]: 1 };
      yield { name: tag.name, path: tag.path, folder: false, tags: 1, counts, value };
    }
  }
  #count(at: Folder, sight: Sight, counts: Record<QualityWord, number>): void {
    if (sight.whole(at.path)) {
      this.#countAll(at, counts);
      return;
    }
    for (const tag of at.tags.values()) {
      if (!sight.tag(tag.path)) continue;
      const value = this.#values.get(tag.id);
      if (value !== undefined) counts[value.quality]++;
    }
    for (const child of at.folders.values()) if (sight.some(child.path)) this.#count(child, sight, counts);
  }
  #countAll(at: Folder, counts: Record<QualityWord, number>): void {
    for (const device of at.devices) {
      const { good, uncertain, bad } = this.#values.counts(device);
      counts.good += good;
      counts.uncertain += uncertain;
      counts.bad += bad;
    }
    for (const child of at.folders.values()) this.#countAll(child, counts);
  }

  /**
   * Tags in which every word of the query stands, in any case: in path, description, unit, address, device or group. In the order of the
   * file, in slices of a few milliseconds. undefined when `cursor`, the id of the last tag before, is no tag any more.
   */
  async search(query: string, sees: (path: string) => boolean, limit: number, cursor?: string): Promise<Found | undefined> {
    const words = query.slice(0, longestQuery).toLowerCase().split(/\s+/).filter(Boolean);
    const last = cursor === undefined ? undefined : this.#values.get(Number(cursor))?.tag;
    if (cursor !== undefined && last === undefined) return undefined;
    const tags: Tag[] = [];
    let reached = last === undefined;
    let sliceEnd = performance.now() + sliceMs;
    for (const [name, { chunks }] of [...this.#devices]) {
      if (!reached && name !== last!.device) continue;
      for (const chunk of chunks) {
        const from = reached ? 0 : chunk.tags.findIndex(({ id }) => id === last!.id) + 1;
        if (!reached && from === 0) continue;
        reached = true;
        chunk.text ??= new SearchText(chunk.tags);
        for (const i of chunk.text.find(words, from)) {
          const tag = chunk.tags[i]!;
          if (!sees(tag.path)) continue;
          if (tags.length === limit) return { tags, cursor: String(tags.at(-1)!.id) };
          tags.push(tag);
        }
        if (performance.now() < sliceEnd) continue;
        await pause();
        sliceEnd = performance.now() + sliceMs;
      }
    }
    return { tags };
  }
}

const keyOf = ({ name, folder: isFolder }: ChildRow): string => (isFolder ? `${name}/` : name);

function* matching(at: Folder, levels: readonly string[], i: number): Iterable<string> {
  const level = levels[i];
  if (level === undefined) return;
  if (level === '#') {
    yield* everything(at);
    return;
  }
  const rest = levels.slice(i + 1);
  const own = rest.length === 0 || rest[0] === '#';
  const meta = rest[0] === '#' || ((rest[0] === '_meta' || rest[0] === '+') && (rest.length === 1 || rest[1] === '#'));
  if (own || meta) {
    for (const tag of level === '+' ? at.tags.values() : someOf(at.tags.get(level))) {
      if (own) yield tag.path;
      if (meta) yield `${tag.path}/_meta`;
    }
  }
  for (const child of level === '+' ? at.folders.values() : someOf(at.folders.get(level))) yield* matching(child, levels, i + 1);
}
function* everything(at: Folder): Iterable<string> {
  for (const tag of at.tags.values()) {
    yield tag.path;
    yield `${tag.path}/_meta`;
  }
  for (const child of at.folders.values()) yield* everything(child);
}
const someOf = <T>(one: T | undefined): readonly T[] => (one === undefined ? [] : [one]);

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
