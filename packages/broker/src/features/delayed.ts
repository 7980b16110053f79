import { topicMatches } from '@omh/core';
import type { Clock, Micros, Principal, QoS } from '@omh/core';
import type { Publisher } from '../local-message.ts';
import type { Publish } from '../publish.ts';
import type { Timed, TimerWheel } from '../timer-wheel.ts';

/** Larger numbers of seconds are a point in time, seconds since 1970. */
export const longestDelaySeconds = 4_294_967;

/** What `$delayed/{seconds}/{topic}` asks for. */
export interface Delay {
  readonly seconds: number;
  /** Where the message goes then. */
  readonly topic: string;
}

/** undefined when the topic is no delayed one; a sentence when it is, wrongly. */
export function parseDelay(topic: string): Delay | string | undefined {
  if (!topic.startsWith('$delayed/')) return undefined;
  const at = topic.indexOf('/', 9);
  const text = at < 0 ? topic.slice(9) : topic.slice(9, at);
  if (!/^\d{1,10}$/.test(text)) return 'a delay is a number of seconds';
  if (at < 0 || at === topic.length - 1) return 'a delayed message has a topic behind its delay';
  return { seconds: Number(text), topic: topic.slice(at + 1) };
}

/** A message that waits for its time. */
export interface DelayedMessage {
  /** Unique while the broker and its log live. */
  readonly id: number;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly bytes: number;
  /** When it came and when it goes, µs UTC. */
  readonly time: Micros;
  readonly due: Micros;
  readonly clientId: string;
}
/** What is kept of one, and what a log keeps. */
export interface DelayedEntry {
  readonly id: number;
  /** Owned; its topic is the one it goes to. */
  readonly message: Publish;
  readonly time: Micros;
  readonly due: Micros;
  readonly principal: Principal;
  readonly clientId: string;
  readonly peer: string;
}

/** Where delayed messages outlive the process. `delete` comes when one went, or was deleted. */
export interface DelayedStore {
  put(entry: DelayedEntry): void;
  delete(entry: DelayedEntry): void;
}

class Waiting implements Timed {
  dueTick = 0;
  slot = -1;
  readonly entry: DelayedEntry;
  readonly dueMs: number;
  readonly #due: (waiting: Waiting) => void;
  constructor(entry: DelayedEntry, dueMs: number, due: (waiting: Waiting) => void) {
    this.entry = entry;
    this.dueMs = dueMs;
    this.#due = due;
  }
  onDue(): void {
    this.#due(this);
  }
}

/** Messages that are published later, bounded by count and bytes. Durations run on the monotonic clock. */
export class Delayed {
  readonly #limits: { readonly maxMessages: number; readonly maxBytes: number };
  readonly #wheel: TimerWheel;
  readonly #clock: Clock;
  readonly #publish: (message: Publish, from: Publisher) => void;
  readonly #waiting = new Map<number, Waiting>();
  #numbers = 0;
  bytes = 0;
  store: DelayedStore | null = null;

  constructor(
    limits: { readonly maxMessages: number; readonly maxBytes: number },
    wheel: TimerWheel,
    clock: Clock,
    publish: (message: Publish, from: Publisher) => void,
  ) {
    this.#limits = limits;
    this.#wheel = wheel;
    this.#clock = clock;
    this.#publish = publish;
  }
  get size(): number {
    return this.#waiting.size;
  }
  fits(p: Publish): boolean {
    return this.#waiting.size < this.#limits.maxMessages && this.bytes + p.size <= this.#limits.maxBytes;
  }
  /** `topicBytes` are those of the topic it goes to. A point in time that has passed is now. */
  add(p: Publish, delay: Delay, topicBytes: Buffer, from: Publisher): void {
    const time = this.#clock.now();
    const due = delay.seconds > longestDelaySeconds ? Math.max(time, delay.seconds * 1e6) : time + delay.seconds * 1e6;
    const message = p.keep();
    message.topic = delay.topic;
    message.topicBytes = topicBytes;
    const { principal, clientId, peer = '' } = from;
    const entry: DelayedEntry = { id: ++this.#numbers, message, time, due: due as Micros, principal, clientId, peer };
    this.store?.put(entry);
    this.#wait(entry);
  }
  /** One that a log brought back. */
  restore(entry: DelayedEntry): void {
    this.#numbers = Math.max(this.#numbers, entry.id);
    this.#wait(entry);
  }
  #wait(entry: DelayedEntry): void {
    const delayMs = Math.max(0, (entry.due - this.#clock.now()) / 1000);
    const waiting = new Waiting(entry, this.#clock.monotonicMs() + delayMs, this.#due);
    this.#waiting.set(entry.id, waiting);
    this.bytes += entry.message.size;
    this.#wheel.set(waiting, delayMs / 1000);
  }
  readonly #due = (waiting: Waiting): void => {
    const { entry } = waiting;
    this.#forget(waiting);
    const p = entry.message;
    p.at = this.#clock.monotonicMs();
    this.#publish(p, { principal: entry.principal, clientId: entry.clientId, peer: entry.peer, payload: undefined, batch: undefined });
    this.store?.delete(entry);
  };
  #forget(waiting: Waiting): void {
    this.#wheel.cancel(waiting);
    this.#waiting.delete(waiting.entry.id);
    this.bytes -= waiting.entry.message.size;
  }

  /** All that waits, for a log that is written anew. */
  *entries(): Iterable<DelayedEntry> {
    for (const { entry } of this.#waiting.values()) yield entry;
  }
  /** From `cursor` on in the order in which they came; `next` is there while more follow. */
  list(filter = '#', cursor = 0, limit = 100): { readonly messages: readonly DelayedMessage[]; readonly next?: number } {
    const messages: DelayedMessage[] = [];
    for (const { entry } of this.#waiting.values()) {
      if (entry.id <= cursor || (filter !== '#' && !topicMatches(filter, entry.message.topic))) continue;
      if (messages.length === limit) return { messages, next: messages.at(-1)!.id };
      messages.push(faceOf(entry));
    }
    return { messages };
  }
  /** With its payload; undefined when it went. */
  get(id: number): (DelayedMessage & { readonly payload: Buffer }) | undefined {
    const entry = this.#waiting.get(id)?.entry;
    if (entry === undefined) return undefined;
    const { payload, payloadStart, payloadEnd } = entry.message;
    return { ...faceOf(entry), payload: payload.subarray(payloadStart, payloadEnd) };
  }
  /** It will not be published. False when it is not there. */
  delete(id: number): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    this.#forget(waiting);
    this.store?.delete(waiting.entry);
    return true;
  }
  /** Forgets all of them here; a log keeps its own. */
  clear(): void {
    for (const waiting of this.#waiting.values()) this.#wheel.cancel(waiting);
    this.#waiting.clear();
    this.bytes = 0;
  }
}

function faceOf({ id, message, time, due, clientId }: DelayedEntry): DelayedMessage {
  const { topic, qos, retain, payloadStart, payloadEnd } = message;
  return { id, topic, qos, retain, bytes: payloadEnd - payloadStart, time, due, clientId };
}
