import { decodeText } from './codec/reader.ts';
import type { RouteHooks } from './features/publish-hooks.ts';
import type { LocalReader } from './local-bus.ts';
import type { Publish } from './publish.ts';
import type { Session } from './session.ts';
import type { SharedGroup } from './shared-group.ts';
import type { QoS } from '@omh/core';

/** How one session gets a topic: overlapping subscriptions are one delivery at their highest QoS with all their identifiers. */
export interface Target {
  readonly session: Session;
  qos: QoS;
  ids: number[] | null;
  retainAsPublished: boolean;
  /** Some of its subscriptions ask for no local: it gets its own messages as `own` says. */
  noLocal: boolean;
  /** What its subscriptions without no local are together; null when all of them ask for it. */
  own: Target | null;
}

/** Who gets a topic. Topics with the same takers share one object, so runs of packets can be copied as one range. */
export interface RouteSet {
  readonly targets: readonly Target[];
  readonly groups: readonly SharedGroup[];
  readonly readers: readonly LocalReader[];
  /** Nothing in it needs to look at single QoS 0 packets (readers do, apart from the copy). */
  readonly plain: boolean;
}

/** A topic as the hot path knows it: found by its bytes, resolved again after a subscription changed. */
export class Route {
  readonly hash: number;
  readonly topic: string;
  readonly bytes: Buffer;
  next: Route | null = null;
  version = -1;
  set: RouteSet = emptySet;
  /** What its topic has besides takers; null for most. */
  hooks: RouteHooks | null = null;
  hooksVersion = -1;
  /** `$SYS/…`: clients may read it only. */
  readonly system: boolean;
  /** `$delayed/{seconds}/…` */
  readonly delayed: boolean;
  /** Its messages are made by a provider, as far as `virtualVersion` knows. */
  virtual = false;
  virtualVersion = 0;
  /** The topic that permissions are about. */
  readonly checked: string;
  /** Verdict of the publisher that was here last: device topics have one. */
  owner = 0;
  ownerEpoch = -1;
  allowed = false;

  constructor(hash: number, topic: string, bytes: Buffer) {
    this.hash = hash;
    this.topic = topic;
    this.bytes = bytes;
    this.delayed = topic.startsWith('$delayed/');
    this.checked = this.delayed ? checkedTopic(topic) : topic;
    this.system = this.checked === '$SYS' || this.checked.startsWith('$SYS/');
  }
}

/** A delayed message is about the topic it goes to. */
export function checkedTopic(topic: string): string {
  return /^\$delayed\/[^/]*\/(.+)$/.exec(topic)?.[1] ?? topic;
}

export const emptySet: RouteSet = { targets: [], groups: [], readers: [], plain: true };

/** Whether a message for these takers stands in the log. */
export function isLogged(p: Publish, set: RouteSet): boolean {
  if (p.retain || (p.qos > 0 && set.groups.length > 0)) return true;
  return p.qos > 0 && set.targets.some((t) => t.qos > 0 && t.session.logNumber > 0);
}

const generation = 32_768;
const longestCached = 1024;

/** Routes by topic bytes, in two generations: what was not used for a generation is forgotten. */
export class RouteTable {
  #young = new Map<number, Route>();
  #old = new Map<number, Route>();
  readonly #maxLevels: number;

  constructor(maxLevels: number) {
    this.#maxLevels = maxLevels;
  }
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Undefined when the bytes are no valid topic name. No string is made for a known topic. */
  find(buf: Buffer, start: number, end: number): Route | undefined {
    let hash = 0x811c9dc5 | 0;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ buf[i]!, 0x01000193);
    for (let r = this.#young.get(hash) ?? null; r !== null; r = r.next) if (same(r.bytes, buf, start, end)) return r;
    return this.#promote(hash, buf, start, end) ?? this.#create(hash, buf, start, end);
  }
  #promote(hash: number, buf: Buffer, start: number, end: number): Route | undefined {
    let before: Route | null = null;
    for (let r = this.#old.get(hash) ?? null; r !== null; before = r, r = r.next) {
      if (!same(r.bytes, buf, start, end)) continue;
      if (before !== null) before.next = r.next;
      else if (r.next !== null) this.#old.set(hash, r.next);
      else this.#old.delete(hash);
      this.#insert(r);
      return r;
    }
    return undefined;
  }
  #create(hash: number, buf: Buffer, start: number, end: number): Route | undefined {
    const topic = decodeText(buf, start, end);
    if (topic === undefined || topic.length === 0) return undefined;
    let levels = 1;
    for (let i = 0; i < topic.length; i++) {
      const c = topic.charCodeAt(i);
      if (c === 0x23 || c === 0x2b) return undefined;
      if (c === 0x2f) levels++;
    }
    if (levels > this.#maxLevels) return undefined;
    const route = new Route(hash, topic, Buffer.from(buf.subarray(start, end)));
    if (end - start <= longestCached) this.#insert(route);
    return route;
  }
  #insert(route: Route): void {
    if (this.#young.size >= generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    route.next = this.#young.get(route.hash) ?? null;
    this.#young.set(route.hash, route);
  }
}

function same(bytes: Buffer, buf: Buffer, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buf[start + i]) return false;
  return true;
}
