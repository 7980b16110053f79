import type { Clock, Logger, QoS } from '@omh/core';
import { varintSize } from './codec/protocol.ts';
import type { Version } from './codec/protocol.ts';
import type { BrokerLimits } from './limits.ts';
import type { LocalReader } from './local-bus.ts';
import { deliverLocally } from './local-bus.ts';
import type { Publisher } from './local-message.ts';
import { Publish } from './publish.ts';
import { Retained } from './retained.ts';
import { emptySet, RouteTable } from './route.ts';
import type { Route, RouteSet, Target } from './route.ts';
import type { ClientSubscription, Session } from './session.ts';
import { SharedGroup } from './shared-group.ts';
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
  add(filter: string, subscriber: ClientSubscription | LocalReader): void {
    this.#tree.add(filter, subscriber);
    this.#changed();
  }
  remove(filter: string, subscriber: ClientSubscription | LocalReader): void {
    this.#tree.remove(filter, subscriber);
    this.#changed();
  }
  /** An option of a subscription changed in place. */
  touch(): void {
    this.#changed();
  }

  /** `full` is `$share/{name}/{filter}`. */
  join(full: string): SharedGroup {
    let group = this.#groups.get(full);
    if (group === undefined) {
      group = new SharedGroup(full, full.split('/').slice(2).join('/'));
      this.#groups.set(full, group);
      this.#tree.add(group.filter, group);
      this.#changed();
    }
    return group;
  }
  leave(group: SharedGroup, session: Session): void {
    group.remove(session);
    if (group.members.length > 0) return;
    this.#groups.delete(group.key);
    this.#tree.remove(group.filter, group);
    this.#changed();
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
    route.version = this.#version;
    route.set = this.#intern([...targets.values()], groups, readers);
    return route.set;
  }
  #intern(targets: Target[], groups: SharedGroup[], readers: LocalReader[]): RouteSet {
    if (targets.length + groups.length + readers.length === 0) return emptySet;
    const plain = groups.length === 0 && targets.every((t) => t.ids === null && !t.noLocal);
    const set: RouteSet = { targets, groups, readers, plain };
    if (targets.length > maxInternedTargets) return set;
    let key = '';
    for (const t of targets)
      key += `${t.session.number}:${t.qos}${t.retainAsPublished ? 'r' : ''}${t.noLocal ? 'n' : ''}${t.ids?.join('.') ?? ''},`;
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
      if (t.noLocal && t.session === p.origin) continue;
      t.session.deliver(p, t.qos, p.retain && t.retainAsPublished, t.ids, null, now);
    }
    for (let i = 0; i < groups.length; i++) this.#toGroup(p, groups[i]!, null, now);
    return readers.length > 0 ? deliverLocally(this, p, readers, from) : undefined;
  }
  #toGroup(p: Publish, group: SharedGroup, except: Session | null, now: number): void {
    const m = group.pick(p.qos, except);
    if (m === undefined) {
      if (p.qos > 0) this.stats.droppedQueue++;
      return;
    }
    m.session.deliver(p, m.qos, p.retain && m.retainAsPublished, m.id > 0 ? [m.id] : null, group, now);
  }
  /** A message that a member left unacknowledged when its session ended. */
  redispatch(p: Publish, group: SharedGroup): void {
    this.#toGroup(p, group, null, this.clock.monotonicMs());
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

function merge(targets: Map<Session, Target>, s: ClientSubscription): void {
  const t = targets.get(s.session);
  if (t === undefined) {
    targets.set(s.session, {
      session: s.session,
      qos: s.qos,
      ids: s.id > 0 ? [s.id] : null,
      retainAsPublished: s.retainAsPublished,
      noLocal: s.noLocal,
    });
    return;
  }
  t.qos = Math.max(t.qos, s.qos) as QoS;
  t.retainAsPublished ||= s.retainAsPublished;
  t.noLocal &&= s.noLocal;
  if (s.id > 0) (t.ids ??= []).push(s.id);
}

function lengthOf(buf: Buffer, s: number): number {
  let length = 0;
  for (let i = 0; ; i++) {
    const b = buf[s + 1 + i]!;
    length |= (b & 127) << (7 * i);
    if (b < 128) return length;
  }
}
const bodyOf = (buf: Buffer, s: number): number => s + 1 + varintSize(lengthOf(buf, s));
