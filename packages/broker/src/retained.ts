import type { DurableStore } from './durable/durable-store.ts';
import type { Publish } from './publish.ts';

interface Node {
  children: Map<string, Node> | null;
  entry: RetainedEntry | null;
}
/** The retained message of one topic; `message` is replaced, and null once it was cleared. */
export interface RetainedEntry {
  readonly topic: string;
  message: Publish | null;
  /** The message that the log knows as the topic's retained one. */
  logged: Publish | null;
}

/** Retained messages, found by topic or by filter. */
export class Retained {
  readonly #byTopic = new Map<string, RetainedEntry>();
  readonly #root: Node = { children: null, entry: null };
  #sweeper: Iterator<RetainedEntry> | null = null;
  bytes = 0;
  /** Where changes are logged; null while nothing is. */
  store: DurableStore | null = null;
  get size(): number {
    return this.#byTopic.size;
  }

  /** `message` is kept (owned). */
  set(message: Publish): RetainedEntry {
    const known = this.#byTopic.get(message.topic);
    if (known !== undefined) {
      this.bytes += message.size - known.message!.size;
      known.message = message;
      this.store?.retain(message.topic, known);
      return known;
    }
    const entry: RetainedEntry = { topic: message.topic, message, logged: null };
    this.#byTopic.set(message.topic, entry);
    this.bytes += message.size;
    let n = this.#root;
    for (const level of message.topic.split('/')) {
      n.children ??= new Map();
      let next = n.children.get(level);
      if (next === undefined) n.children.set(level, (next = { children: null, entry: null }));
      n = next;
    }
    n.entry = entry;
    this.store?.retain(message.topic, entry);
    return entry;
  }
  /** What the log says of a topic; returns what it said before. */
  restore(topic: string, message: Publish | null): Publish | null {
    const before = this.#byTopic.get(topic)?.logged ?? null;
    if (message === null) this.delete(topic);
    else this.set(message).logged = message;
    return before;
  }
  get(topic: string): RetainedEntry | undefined {
    return this.#byTopic.get(topic);
  }
  all(): IterableIterator<RetainedEntry> {
    return this.#byTopic.values();
  }
  clear(): void {
    this.#byTopic.clear();
    this.#root.children = null;
    this.#root.entry = null;
    this.#sweeper = null;
    this.bytes = 0;
  }
  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }
  delete(topic: string): boolean {
    const entry = this.#byTopic.get(topic);
    if (entry === undefined) return false;
    this.bytes -= entry.message!.size;
    entry.message = null;
    this.#byTopic.delete(topic);
    this.store?.retain(topic, entry);
    this.#prune(this.#root, topic.split('/'), 0);
    return true;
  }
  #prune(n: Node, levels: string[], i: number): void {
    if (i === levels.length) {
      n.entry = null;
      return;
    }
    const next = n.children?.get(levels[i]!);
    if (next === undefined) return;
    this.#prune(next, levels, i + 1);
    if (next.entry === null && next.children === null) {
      n.children!.delete(levels[i]!);
      if (n.children!.size === 0) n.children = null;
    }
  }
  /** Entries whose topic matches, as they are now. */
  match(filter: string): RetainedEntry[] {
    const out: RetainedEntry[] = [];
    if (!/[+#]/.test(filter)) {
      const entry = this.#byTopic.get(filter);
      if (entry !== undefined) out.push(entry);
      return out;
    }
    walk(this.#root, filter.split('/'), 0, out);
    return out;
  }
  /** Looks at the next `limit` messages and forgets those whose expiry has passed. */
  sweep(now: number, limit: number): void {
    this.#sweeper ??= this.#byTopic.values();
    for (let i = 0; i < limit; i++) {
      const next = this.#sweeper.next();
      if (next.done === true) {
        this.#sweeper = null;
        return;
      }
      if (next.value.message?.left(now) === 0) this.delete(next.value.topic);
    }
  }
}

function walk(n: Node, levels: string[], i: number, out: RetainedEntry[]): void {
  if (i === levels.length) {
    if (n.entry !== null) out.push(n.entry);
    return;
  }
  const level = levels[i]!;
  if (level === '#') {
    collect(n, i === 0, out);
    return;
  }
  if (level !== '+') {
    const next = n.children?.get(level);
    if (next !== undefined) walk(next, levels, i + 1, out);
    return;
  }
  if (n.children === null) return;
  for (const [name, next] of n.children) if (i > 0 || !name.startsWith('$')) walk(next, levels, i + 1, out);
}

function collect(n: Node, first: boolean, out: RetainedEntry[]): void {
  if (n.entry !== null) out.push(n.entry);
  if (n.children === null) return;
  for (const [name, next] of n.children) if (!first || !name.startsWith('$')) collect(next, false, out);
}
