import type { Clock, Logger, QoS } from '@omh/core';
import { varintSize } from './codec/protocol.ts';
import type { Version } from './codec/protocol.ts';
import { Exclusive } from './features/exclusive.ts';
import type { RouteHooks } from './features/publish-hooks.ts';
import type { BrokerLimits } from './limits.ts';
import type { LocalReader } from './local-bus.ts';
import { deliverLocally } from './local-bus.ts';
import type { Publisher } from './local-message.ts';
import { Publish } from './publish.ts';
import { Retained } from './retained.ts';
import type { ProvidedTopics } from './retained-provider.ts';
import type { RetainedEntry } from './retained.ts';
import { emptySet, RouteTable } from './route.ts';
import type { Route, RouteSet, Target } from './route.ts';
import type { ClientSubscription, Session } from './session.ts';
import { SharedGroup, sharedParts } from './shared-group.ts';
import type { SharedStrategy } from './shared-strategy.ts';
import type { BrokerStats } from './stats.ts';
import { TopicTree } from './topic-tree.ts';

type Subscriber = ClientSubscription | SharedGroup | LocalReader;
const maxInterned = 65_536;
/** Larger audiences are not compared with others: the key would cost more than the sharing brings. */
const maxInternedTargets = 64;

/** From a topic to those who get it. Synchronous throughout: nobody's slowness is anybody else's. */
export class Router {
  readonly retained = new Retained();
  readonly routes: RouteTable;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stats: BrokerStats;
  readonly #limits: BrokerLimits;
  readonly #tree = new TopicTree<Subscriber>();
  readonly #groups = new Map<string, SharedGroup>();
  readonly #interned = new Map<string, RouteSet>();
  readonly #split = new Publish();
  #converted = Buffer.alloc(0);
  /** Moves with every change of a subscription; routes resolved before are stale. */
  #version = 0;
  /** Moves when what topics have besides takers may have changed. */
  #hooksVersion = 0;
  #system = 0;
  readonly exclusive = new Exclusive();
  hooksOf: (route: Route) => RouteHooks | null = () => null;
  /** By the name of a shared subscription's group. */
  strategyOf: (group: string) => SharedStrategy = () => 'round_robin';
  /** Retained messages that are made when somebody asks for them. */
  virtual: { match(filter: string): RetainedEntry[] } = { match: () => [] };
  /** Topics whose retained messages a part of the hub makes on demand; null when none does. */
  provided: ProvidedTopics | null = null;
  /** Told of each in-process reader's time, monotonic ms, while somebody looks. */
  onReceive: ((reader: string, topic: string, fromMs: number, toMs: number) => void) | undefined;
  /** The first subscription below `$SYS/` came, or the last one went. */
  onSystem: (wanted: boolean) => void = () => {};
  /** Somebody looks at each delivery: nothing goes out as a run of packets. */
  eachDelivery = false;

  constructor(limits: BrokerLimits, stats: BrokerStats, clock: Clock, log: Logger) {
    this.#limits = limits;
    this.stats = stats;
    this.clock = clock;
    this.log = log;
    this.routes = new RouteTable(limits.maxTopicLevels);
  }
  #changed(): void {
    this.#version++;
    this.#interned.clear();
  }
  add(filter: string, subscriber: Subscriber): void {
    this.#tree.add(filter, subscriber);
    this.#changed();
    if (isSystem(filter) && this.#system++ === 0) this.onSystem(true);
  }
  remove(filter: string, subscriber: Subscriber): void {
    this.#tree.remove(filter, subscriber);
    this.#changed();
    if (isSystem(filter) && --this.#system === 0) this.onSystem(false);
  }
  /** Different filters that are subscribed to. */
  get filters(): number {
    return this.#tree.size;
  }
  hooksChanged(): void {
    this.#hooksVersion++;
    this.#changed();
  }
  /** Moves with every change of a subscription. */
  get version(): number {
    return this.#version;
  }
  readersBelow(path: string): ((name: string) => boolean) | undefined {
    return this.#tree.below(path);
  }
  /** A part of the hub makes this topic's messages: nobody else publishes it. */
  isVirtual(route: Route): boolean {
    return this.provided !== null && this.provided.owns(route);
  }
  /** Retained messages for a new subscription; those that are made on demand are made as they are taken. */
  retainedFor(filter: string): Iterable<RetainedEntry> {
    const kept = this.retained.match(filter);
    if (isSystem(filter)) return [...kept, ...this.virtual.match(filter)];
    return this.provided === null ? kept : this.#withProvided(kept, this.provided, filter);
  }
  *#withProvided(kept: readonly RetainedEntry[], provided: ProvidedTopics, filter: string): Iterable<RetainedEntry> {
    for (const entry of kept) if (!provided.ownsTopic(entry.topic)) yield entry;
    yield* provided.match(filter);
  }
  /** An option of a subscription changed in place. */
  touch(): void {
    this.#changed();
  }

  /** `full` is `$share/{name}/{filter}` or `$queue/{filter}`. */
  join(full: string): SharedGroup {
    let group = this.#groups.get(full);
    if (group === undefined) {
      const { name, filter } = sharedParts(full)!;
      group = new SharedGroup(full, filter, this.strategyOf(name));
      this.#groups.set(full, group);
      this.add(filter, group);
    }
    return group;
  }
  group(full: string): SharedGroup | undefined {
    return this.#groups.get(full);
  }
  leave(group: SharedGroup, session: Session): void {
    group.remove(session);
    if (group.members.length > 0) return;
    this.#groups.delete(group.key);
    this.remove(group.filter, group);
  }

  resolve(route: Route): RouteSet {
    if (route.version === this.#version) return route.set;
    const targets = new Map<Session, Target>();
    const groups: SharedGroup[] = [];
    const readers: LocalReader[] = [];
    this.#tree.match(route.topic, (s) => {
      if (s instanceof SharedGroup) groups.push(s);
      else if (s.kind === 'client') merge(targets, s);
      else if (!readers.includes(s)) readers.push(s);
    });
    if (route.hooksVersion !== this.#hooksVersion) {
      route.hooks = this.hooksOf(route);
      route.hooksVersion = this.#hooksVersion;
    }
    route.version = this.#version;
    route.set = this.#intern([...targets.values()], groups, readers);
    return route.set;
  }
  #intern(targets: Target[], groups: SharedGroup[], readers: LocalReader[]): RouteSet {
    if (targets.length + groups.length + readers.length === 0) return emptySet;
    const plain = !this.eachDelivery && groups.length === 0 && targets.every((t) => t.ids === null && !t.noLocal);
    const set: RouteSet = { targets, groups, readers, plain };
    if (targets.length > maxInternedTargets) return set;
    let key = '';
    for (const t of targets)
      key += `${t.session.number}:${t.qos}${t.retainAsPublished ? 'r' : ''}${t.ids?.join('.') ?? ''}${t.noLocal ? ownKey(t.own) : ''},`;
    for (const g of groups) key += `g${g.key},`;
    for (const r of readers) key += `l${r.number},`;
    const known = this.#interned.get(key);
    if (known !== undefined) return known;
    if (this.#interned.size >= maxInterned) this.#interned.clear();
    this.#interned.set(key, set);
    return set;
  }

  /** Hands one message to all who match. The promise is there when durable readers must have it first. */
  dispatch(p: Publish, set: RouteSet, from: Publisher): Promise<void> | undefined {
    const { targets, groups, readers } = set;
    const now = p.at;
    for (let i = 0; i < targets.length; i++) {
      const t = targets[i]!;
      if (t.noLocal && t.session === p.origin) {
        const { own } = t;
        if (own !== null) own.session.deliver(p, own.qos, p.retain && own.retainAsPublished, own.ids, null, now);
        continue;
      }
      t.session.deliver(p, t.qos, p.retain && t.retainAsPublished, t.ids, null, now);
    }
    for (let i = 0; i < groups.length; i++) this.#toGroup(p, groups[i]!, from.clientId, now);
    return readers.length > 0 ? deliverLocally(this, p, readers, from) : undefined;
  }
  #toGroup(p: Publish, group: SharedGroup, clientId: string, now: number): void {
    const m = group.pick(p.qos, p.topic, clientId);
    if (m === undefined) {
      if (p.qos > 0) this.stats.droppedQueue++;
      return;
    }
    m.session.deliver(p, m.qos, p.retain && m.retainAsPublished, m.id > 0 ? [m.id] : null, group, now);
  }
  /** A message that a member left unacknowledged when its session ended. */
  redispatch(p: Publish, group: SharedGroup): void {
    this.#toGroup(p, group, p.origin?.clientId ?? '', this.clock.monotonicMs());
  }

  /** A run of QoS 0 packets without properties for a plain set, copied as one range per taker. */
  dispatchRun(set: RouteSet, buf: Buffer, start: number, end: number, count: number, version: Version): void {
    const { targets } = set;
    let otherEnd = -1;
    for (let i = 0; i < targets.length; i++) {
      const session = targets[i]!.session;
      const c = session.conn;
      if (c === null) continue;
      if (!c.plain) {
        this.#sendSplit(session, buf, start, end, version);
        continue;
      }
      let sent: boolean;
      if (c.version === version) sent = c.sendRange(buf, start, end, count);
      else {
        if (otherEnd < 0) otherEnd = this.#convert(buf, start, end, version, count);
        sent = c.sendRange(this.#converted, 0, otherEnd, count);
      }
      if (sent) session.messagesOut += count;
      else session.drop(count, false);
    }
  }
  /** Puts in, or takes out, the empty property block. */
  #convert(buf: Buffer, start: number, end: number, from: Version, count: number): number {
    if (this.#converted.length < end - start + 2 * count) this.#converted = Buffer.allocUnsafeSlow((end - start) * 2 + 2 * count);
    const out = this.#converted;
    let at = 0;
    for (let s = start; s < end; ) {
      const body = bodyOf(buf, s);
      const next = body + lengthOf(buf, s);
      const topicEnd = body + 2 + ((buf[body]! << 8) | buf[body + 1]!);
      const payload = from === 5 ? topicEnd + 1 : topicEnd;
      let rest = topicEnd - body + (from === 5 ? 0 : 1) + (next - payload);
      out[at++] = buf[s]!;
      for (; rest > 127; rest >>>= 7) out[at++] = (rest & 127) | 128;
      out[at++] = rest;
      at += buf.copy(out, at, body, topicEnd);
      if (from === 4) out[at++] = 0;
      at += buf.copy(out, at, payload, next);
      s = next;
    }
    return at;
  }
  #sendSplit(session: Session, buf: Buffer, start: number, end: number, version: Version): void {
    const p = this.#split;
    for (let s = start; s < end; ) {
      const body = bodyOf(buf, s);
      const next = body + lengthOf(buf, s);
      const topicEnd = body + 2 + ((buf[body]! << 8) | buf[body + 1]!);
      const route = this.routes.find(buf, body + 2, topicEnd)!;
      p.reset();
      p.topic = route.topic;
      p.topicBytes = route.bytes;
      p.qos = 0;
      p.payload = buf;
      p.payloadStart = version === 5 ? topicEnd + 1 : topicEnd;
      p.payloadEnd = next;
      session.deliver(p, 0, false, null, null, 0);
      s = next;
    }
  }

  /** Keeps or clears the retained message; false when no more fit. */
  retain(p: Publish): boolean {
    p.materialize();
    if (p.payloadEnd === p.payloadStart) {
      this.retained.delete(p.topic);
      return true;
    }
    if (!this.canRetain(p)) {
      this.stats.droppedRetained++;
      return false;
    }
    this.retained.set(p.keep());
    return true;
  }
  canRetain(p: Publish): boolean {
    if (p.payloadEnd === p.payloadStart) return true;
    if (!this.retained.has(p.topic) && this.retained.size >= this.#limits.maxRetained) return false;
    return this.retained.bytes + p.size <= this.#limits.maxRetainedBytes;
  }
}

const isSystem = (filter: string): boolean => filter.startsWith('$SYS/');

function merge(targets: Map<Session, Target>, s: ClientSubscription): void {
  const t = targets.get(s.session);
  if (t === undefined) {
    targets.set(s.session, targetOf(s));
    return;
  }
  if (s.noLocal && !t.noLocal) {
    t.own = { ...t, ids: t.ids && [...t.ids] };
    t.noLocal = true;
  } else if (t.noLocal && !s.noLocal) {
    if (t.own === null) t.own = targetOf(s);
    else addTo(t.own, s);
  }
  addTo(t, s);
}
const targetOf = (s: ClientSubscription): Target => ({
  session: s.session,
  qos: s.qos,
  ids: s.id > 0 ? [s.id] : null,
  retainAsPublished: s.retainAsPublished,
  noLocal: s.noLocal,
  own: null,
});
function addTo(t: Target, s: ClientSubscription): void {
  t.qos = Math.max(t.qos, s.qos) as QoS;
  t.retainAsPublished ||= s.retainAsPublished;
  if (s.id > 0) (t.ids ??= []).push(s.id);
}
const ownKey = (own: Target | null): string =>
  own === null ? 'n' : `n${own.qos}${own.retainAsPublished ? 'r' : ''}${own.ids?.join('.') ?? ''}`;

function lengthOf(buf: Buffer, s: number): number {
  let length = 0;
  for (let i = 0; ; i++) {
    const b = buf[s + 1 + i]!;
    length |= (b & 127) << (7 * i);
    if (b < 128) return length;
  }
}
const bodyOf = (buf: Buffer, s: number): number => s + 1 + varintSize(lengthOf(buf, s));
