import type { QoS } from '@omh/core';
import type { Publish } from './publish.ts';
import type { RetainedEntry } from './retained.ts';

interface Cursor {
  readonly entries: readonly RetainedEntry[];
  next: number;
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
  add(entries: readonly RetainedEntry[], qos: QoS, id: number): void {
    if (entries.length > 0) this.#cursors.push({ entries, next: 0, qos, ids: id > 0 ? [id] : null });
  }
  clear(): void {
    this.#cursors = [];
  }
  keepOnly(allowed: (topic: string) => boolean): void {
    this.#cursors = this.#cursors.map((cursor) => ({
      ...cursor,
      next: 0,
      entries: cursor.entries.slice(cursor.next).filter(({ message }) => message !== null && allowed(message.topic)),
    }));
  }
  /** False at the end; what was cleared or has expired meanwhile is left out. */
  peek(now: number): boolean {
    for (; this.#cursors.length > 0; this.#cursors.shift()) {
      const cursor = this.#cursors[0]!;
      for (; cursor.next < cursor.entries.length; cursor.next++) {
        const p = cursor.entries[cursor.next]!.message;
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
    this.#cursors[0]!.next++;
  }
}
