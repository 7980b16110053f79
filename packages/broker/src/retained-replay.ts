import type { QoS } from '@omh/core';
import type { Publish } from './publish.ts';
import type { RetainedEntry } from './retained.ts';

interface Cursor {
  readonly rest: Iterator<RetainedEntry>;
  next: IteratorResult<RetainedEntry>;
  readonly qos: QoS;
  readonly ids: readonly number[] | null;
}

/** Retained messages for one session's new subscriptions, as far as it took them; they count against no queue. */
export class RetainedReplay {
  #cursors: Cursor[] = [];
  /** The next message after `peek` was true. */
  message!: Publish;
  qos: QoS = 0;
  ids: readonly number[] | null = null;

  get empty(): boolean {
    return this.#cursors.length === 0;
  }
  /** `id` is the subscription identifier, 0 = none. */
  add(entries: Iterable<RetainedEntry>, qos: QoS, id: number): void {
    const rest = entries[Symbol.iterator]();
    const next = rest.next();
    if (next.done !== true) this.#cursors.push({ rest, next, qos, ids: id > 0 ? [id] : null });
  }
  clear(): void {
    this.#cursors = [];
  }
  keepOnly(allowed: (topic: string) => boolean): void {
    const cursors = this.#cursors;
    this.#cursors = [];
    for (const { rest, next, qos, ids } of cursors) this.add(only(next, rest, allowed), qos, ids?.[0] ?? 0);
  }
  /** False at the end; what was cleared or has expired meanwhile is left out. */
  peek(now: number): boolean {
    for (; this.#cursors.length > 0; this.#cursors.shift()) {
      const cursor = this.#cursors[0]!;
      for (; cursor.next.done !== true; cursor.next = cursor.rest.next()) {
        const p = cursor.next.value.message;
        if (p === null || p.left(now) === 0) continue;
        this.message = p;
        this.qos = p.qos < cursor.qos ? p.qos : cursor.qos;
        this.ids = cursor.ids;
        return true;
      }
    }
    return false;
  }
  shift(): void {
    const cursor = this.#cursors[0]!;
    cursor.next = cursor.rest.next();
  }
}

function* only(
  first: IteratorResult<RetainedEntry>,
  rest: Iterator<RetainedEntry>,
  allowed: (topic: string) => boolean,
): Iterable<RetainedEntry> {
  for (let next = first; next.done !== true; next = rest.next()) if (allowed(next.value.topic)) yield next.value;
}
