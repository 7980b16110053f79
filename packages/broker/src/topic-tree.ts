interface Node<T> {
  children: Map<string, Node<T>> | null;
  plus: Node<T> | null;
  entries: Set<T> | null;
  hash: Set<T> | null;
}

const node = <T>(): Node<T> => ({ children: null, plus: null, entries: null, hash: null });
const isEmpty = <T>(n: Node<T>): boolean => n.children === null && n.plus === null && n.entries === null && n.hash === null;
const isRead = <T>(n: Node<T> | null | undefined): boolean => n !== null && n !== undefined && (n.entries !== null || n.hash !== null);
const all = (): boolean => true;

/** Topic filters with what subscribed to them. Walked only when a topic is met for the first time after a change. */
export class TopicTree<T> {
  readonly #root: Node<T> = node();
  /** Different filters in it. */
  size = 0;

  add(filter: string, entry: T): void {
    let n = this.#root;
    for (const level of filter.split('/')) {
      if (level === '#') {
        if (n.hash === null) this.size++;
        (n.hash ??= new Set()).add(entry);
        return;
      }
      if (level === '+') n = n.plus ??= node();
      else {
        n.children ??= new Map();
        let next = n.children.get(level);
        if (next === undefined) n.children.set(level, (next = node()));
        n = next;
      }
    }
    if (n.entries === null) this.size++;
    (n.entries ??= new Set()).add(entry);
  }
  remove(filter: string, entry: T): void {
    this.#remove(this.#root, filter.split('/'), 0, entry);
  }

  #remove(n: Node<T>, levels: string[], i: number, entry: T): void {
    if (i === levels.length) {
      n.entries?.delete(entry);
      if (n.entries?.size === 0) {
        n.entries = null;
        this.size--;
      }
      return;
    }
    const level = levels[i]!;
    if (level === '#') {
      n.hash?.delete(entry);
      if (n.hash?.size === 0) {
        n.hash = null;
        this.size--;
      }
      return;
    }
    const next = level === '+' ? n.plus : n.children?.get(level);
    if (!next) return;
    this.#remove(next, levels, i + 1, entry);
    if (!isEmpty(next)) return;
    if (level === '+') n.plus = null;
    else {
      n.children!.delete(level);
      if (n.children!.size === 0) n.children = null;
    }
  }
  /** Calls `visit` once per matching subscription; wildcards in the first level do not see `$` topics (4.7.2). */
  match(topic: string, visit: (entry: T) => void): void {
    const levels = topic.split('/');
    const wild = !levels[0]!.startsWith('$');
    this.#match(this.#root, levels, 0, wild, visit);
  }
  /**
   * Which names directly below a path something subscribed to; undefined when nothing did to anything below it. Holds until the next
   * `add` or `remove`.
   */
  below(path: string): ((name: string) => boolean) | undefined {
    const levels = path.split('/');
    const wild = !levels[0]!.startsWith('$');
    const ends: Node<T>[] = [];
    if (this.#below(this.#root, levels, 0, wild, ends)) return all;
    if (ends.length === 0) return undefined;
    return (name) => ends.some((n) => isRead(n.children?.get(name)) || isRead(n.plus));
  }
  /** True when a `#` on the way takes everything. */
  #below(n: Node<T>, levels: string[], i: number, wild: boolean, ends: Node<T>[]): boolean {
    if (wild && n.hash !== null) return true;
    if (i === levels.length) {
      if (n.children !== null || n.plus !== null) ends.push(n);
      return false;
    }
    const exact = n.children?.get(levels[i]!);
    if (exact !== undefined && this.#below(exact, levels, i + 1, true, ends)) return true;
    return wild && n.plus !== null && this.#below(n.plus, levels, i + 1, true, ends);
  }
  #match(n: Node<T>, levels: string[], i: number, wild: boolean, visit: (entry: T) => void): void {
    if (wild && n.hash !== null) for (const e of n.hash) visit(e);
    if (i === levels.length) {
      if (n.entries !== null) for (const e of n.entries) visit(e);
      return;
    }
    const exact = n.children?.get(levels[i]!);
    if (exact !== undefined) this.#match(exact, levels, i + 1, true, visit);
    if (wild && n.plus !== null) this.#match(n.plus, levels, i + 1, true, visit);
  }
}
