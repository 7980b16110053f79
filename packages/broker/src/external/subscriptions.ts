import { TopicTree } from '../topic-tree.ts';
import type { ExternalReader } from './external-reader.ts';

/** A subscription of ours at the broker, whatever number of readers it has. */
export interface Filter {
  /** As it is subscribed: with `$share/{name}/` where readers split. */
  readonly text: string;
  /** What topics are matched with. */
  readonly plain: string;
  /** Subscription identifiers 16n … 16n + 15 are its own, the same in every process: a kept session outlives us. */
  readonly number: number;
  readonly readers: Set<ExternalReader>;
  /** Readers that want retained messages, by the last four bits of the identifier they asked with; 0 is the plain subscription. */
  readonly askers: (readonly ExternalReader[] | undefined)[];
  ask: number;
  /** The next SUBSCRIBE asks for retained messages. */
  replay: boolean;
  /** The broker was not asked for them yet. */
  unasked: boolean;
  granted: boolean;
  /** Why the broker does not give it. */
  refused: string | undefined;
  /** Without readers and not yet given back. */
  lingers: boolean;
}

export interface Target {
  readonly reader: ExternalReader;
  readonly filter: Filter;
}

const maxAskers = 15;
const maxKnownTopics = 16_384;

/** The filters of one link and who reads them. Decides for a delivery whom it is for, so that each reader gets a message once. */
export class Subscriptions {
  readonly filters = new Map<string, Filter>();
  readonly #tree = new TopicTree<Filter>();
  #topics = new Map<string, readonly Target[]>();
  readonly #numbers = new Map<number, Filter>();

  filter(text: string): Filter {
    const known = this.filters.get(text);
    if (known !== undefined) return known;
    const plain = text.startsWith('$share/') ? text.split('/').slice(2).join('/') : text;
    const filter: Filter = {
      text,
      plain,
      number: filterNumber(text),
      readers: new Set(),
      askers: [],
      ask: 0,
      replay: false,
      unasked: false,
      granted: false,
      refused: undefined,
      lingers: false,
    };
    this.filters.set(text, filter);
    this.#numbers.set(filter.number, filter);
    this.#tree.add(plain, filter);
    this.changed();
    return filter;
  }
  remove(filter: Filter): void {
    this.filters.delete(filter.text);
    if (this.#numbers.get(filter.number) === filter) this.#numbers.delete(filter.number);
    this.#tree.remove(filter.plain, filter);
    this.changed();
  }
  /** A filter was granted or refused, or has other readers. */
  changed(): void {
    if (this.#topics.size > 0) this.#topics = new Map();
  }

  /** The next subscription brings retained messages to `asker`, and to those who asked since the last one left. */
  ask(filter: Filter, asker: ExternalReader): void {
    if (!filter.unasked) filter.ask = (filter.ask % maxAskers) + 1;
    filter.askers[filter.ask] = [...(filter.unasked ? (filter.askers[filter.ask] ?? []) : []), asker];
    filter.replay = true;
    filter.unasked = true;
  }
  /** True when nobody asks any more, so that the plain subscription is enough. */
  unask(filter: Filter, asker: ExternalReader): boolean {
    let left = false;
    for (const [n, askers] of filter.askers.entries()) {
      const others = askers?.filter((other) => other !== asker);
      filter.askers[n] = others;
      left ||= (others?.length ?? 0) > 0;
    }
    if (left || filter.ask === 0) return false;
    filter.ask = 0;
    filter.replay = false;
    filter.unasked = false;
    return true;
  }

  /** Readers with a filter that matches; of several filters of a reader the first that the broker granted counts. */
  targets(topic: string): readonly Target[] {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    const matching = new Set<Filter>();
    this.#tree.match(topic, (filter) => matching.add(filter));
    const readers = new Set<ExternalReader>();
    for (const filter of matching) for (const reader of filter.readers) readers.add(reader);
    const targets: Target[] = [];
    for (const reader of readers) {
      const own = reader.filters.filter((filter) => matching.has(filter) && filter.refused === undefined);
      const filter = own.find(({ granted }) => granted) ?? own[0];
      if (filter !== undefined) targets.push({ reader, filter });
    }
    if (this.#topics.size >= maxKnownTopics) this.#topics = new Map();
    this.#topics.set(topic, targets);
    return targets;
  }
  /** Whether a filter that waits for a reader matches. */
  lingering(topic: string, identifiers: readonly number[] | undefined): boolean {
    let found = false;
    this.#tree.match(topic, (filter) => {
      if (filter.lingers && (identifiers === undefined || carries(identifiers, filter))) found = true;
    });
    return found;
  }

  /** The identifiers of a delivery, or undefined when they say nothing that is known here. */
  known(identifiers: readonly number[] | undefined): readonly number[] | undefined {
    return identifiers?.some((id) => this.#numbers.has(id >> 4)) === true ? identifiers : undefined;
  }
  /** Who asked for this retained message; undefined when it passes as all others do. */
  askers(identifiers: readonly number[]): readonly ExternalReader[] | undefined {
    if (identifiers.some((id) => (id & 15) === 0)) return undefined;
    return identifiers.flatMap((id) => [...(this.#numbers.get(id >> 4)?.askers[id & 15] ?? [])]);
  }
}

export const identifier = (filter: Filter): number => filter.number * 16 + filter.ask;
export const carries = (identifiers: readonly number[], filter: Filter): boolean => identifiers.some((id) => id >> 4 === filter.number);

/** FNV-1a folded to 24 bits, never 0: an identifier has 28 (MQTT 5.0, 3.8.2.1.2). Two filters with one number cost a second delivery. */
function filterNumber(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return ((h >>> 8) ^ (h & 0xff)) & 0xffffff || 1;
}
