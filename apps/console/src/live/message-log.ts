import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { Message } from '../api/types.ts';
import { live } from './live-store.ts';

export interface LoggedMessage extends Message {
  readonly n: number;
}
const kept = 2_000;
const notifyEveryMs = 150;

/** The newest messages of one topic filter. Pausing freezes what is shown; what arrives meanwhile is counted. */
export class MessageLog {
  readonly #filter: string;
  readonly #listeners = new Set<() => void>();
  #all: LoggedMessage[] = [];
  #shown: readonly LoggedMessage[] = [];
  #count = 0;
  #paused = false;
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: MessageLogState = { messages: [], paused: false, waiting: 0, total: 0, dropped: 0, error: undefined };
  #dropped = 0;
  #error: string | undefined;
  constructor(filter: string) {
    this.#filter = filter;
  }

  start(): () => void {
    const release = live().link.subscribe({ kind: 'topic', filter: this.#filter }, (m) => {
      if (m.error !== undefined) this.#error = m.error.text;
      const list = m['messages'] as Message[] | undefined;
      if (typeof m['dropped'] === 'number') this.#dropped += m['dropped'];
      if (list !== undefined) {
        for (const message of list) this.#all.push({ ...message, n: ++this.#count });
        if (this.#all.length > kept * 1.25) this.#all = this.#all.slice(-kept);
        if (this.#paused) this.#waiting += list.length;
      }
      this.#soon();
    });
    return () => {
      release();
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }
  readonly on = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly get = (): MessageLogState => this.#state;

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#waiting = 0;
    this.#publish();
  }
  clear(): void {
    this.#all = [];
    this.#shown = [];
    this.#waiting = 0;
    this.#count = 0;
    this.#dropped = 0;
    this.#publish();
  }
  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#publish();
    }, notifyEveryMs);
  }
  #publish(): void {
    if (!this.#paused) this.#shown = this.#all.slice(-kept).reverse();
    this.#state = {
      messages: this.#shown,
      paused: this.#paused,
      waiting: this.#waiting,
      total: this.#count,
      dropped: this.#dropped,
      error: this.#error,
    };
    for (const listener of this.#listeners) listener();
  }
}
export interface MessageLogState {
  /** Newest first. */
  readonly messages: readonly LoggedMessage[];
  readonly paused: boolean;
  /** Arrived since it was paused. */
  readonly waiting: number;
  readonly total: number;
  readonly dropped: number;
  readonly error: string | undefined;
}

export function useMessageLog(filter: string): { log: MessageLog; state: MessageLogState } {
  const log = useMemo(() => new MessageLog(filter), [filter]);
  useEffect(() => (filter === '' ? undefined : log.start()), [log, filter]);
  return { log, state: useSyncExternalStore(log.on, log.get) };
}

/** Reads bytes of a payload whatever its encoding. */
export function payloadBytes(m: Pick<Message, 'payload' | 'encoding'>): Uint8Array {
  if (m.encoding === 'utf8') return new TextEncoder().encode(m.payload);
  const text = atob(m.payload);
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}
const parsed = new WeakMap<object, { value: unknown } | { none: true }>();
/** The payload as JSON, parsed once per message; undefined when it is none. */
export function payloadJson(m: Message): { value: unknown } | undefined {
  let known = parsed.get(m);
  if (known === undefined) {
    known = { none: true };
    if (m.encoding === 'utf8') {
      try {
        known = { value: JSON.parse(m.payload) as unknown };
      } catch {
        /* plain text */
      }
    }
    parsed.set(m, known);
  }
  return 'value' in known ? known : undefined;
}
/** The value at a path such as `values.temperature`. */
export function atPath(value: unknown, path: readonly string[]): unknown {
  let v = value;
  for (const key of path) {
    if (typeof v !== 'object' || v === null) return undefined;
    v = (v as Record<string, unknown>)[key];
  }
  return v;
}
