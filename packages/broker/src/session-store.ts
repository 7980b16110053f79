import type { Clock, Principal, SessionLife } from '@omh/core';
import type { Client } from './client.ts';
import type { ConnectPacket, SubscribeRequest, WillPacket } from './codec/decode.ts';
import { encodeProperties } from './codec/properties.ts';
import { delivery } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import type { DurableStore } from './durable/durable-store.ts';
import { SessionState } from './durable/record-format.ts';
import type { Found, FoundSession } from './durable/recovery.ts';
import type { DeliveryWatch } from './features/delivery-watch.ts';
import { routedFilter } from './features/exclusive.ts';
import type { BrokerLimits } from './limits.ts';
import type { Publisher } from './local-message.ts';
import { Publish } from './publish.ts';
import type { Router } from './router.ts';
import { Session } from './session.ts';
import type { ClientSubscription, SessionContext, SessionWill } from './session.ts';
import { sharedParts } from './shared-group.ts';
import type { BrokerStats } from './stats.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** Every session by client id; the one place where a session changes hands or ends. */
export class SessionStore {
  readonly #byId = new Map<string, Session>();
  readonly #router: Router;
  readonly #wheel: TimerWheel;
  readonly #clock: Clock;
  readonly #limits: BrokerLimits;
  readonly #stats: BrokerStats;
  readonly #context: SessionContext;
  /** The broker stops: connections end without wills; those of kept sessions go when it is back. */
  closing = false;
  /** Routes a will. */
  publish: (will: Publish, from: Publisher) => void = () => {};
  /** Told what happens to sessions; null while nobody asks. */
  onLife: ((type: SessionLife['type'], session: Session) => void) | null = null;

  constructor(router: Router, wheel: TimerWheel, clock: Clock, limits: BrokerLimits, stats: BrokerStats) {
    this.#router = router;
    this.#wheel = wheel;
    this.#clock = clock;
    this.#limits = limits;
    this.#stats = stats;
    this.#context = {
      limits,
      stats,
      store: null,
      watch: null,
      monotonicMs: () => clock.monotonicMs(),
      redispatch: (p, group) => router.redispatch(p, group),
      due: (session) => this.#due(session),
    };
  }
  get size(): number {
    return this.#byId.size;
  }
  /** Where kept sessions are logged; null while nothing is. */
  get store(): DurableStore | null {
    return this.#context.store;
  }
  set store(store: DurableStore | null) {
    this.#context.store = store;
  }
  /** Sees every delivery; null while nobody does. */
  set watch(watch: DeliveryWatch | null) {
    this.#context.watch = watch;
  }
  all(): Iterable<Session> {
    return this.#byId.values();
  }
  get(clientId: string): Session | undefined {
    return this.#byId.get(clientId);
  }
  /** A session without a connection ends before its time. */
  forget(session: Session): void {
    if (session.client !== null) return;
    if (session.will !== null) this.#sendWill(session);
    this.#end(session);
  }

  /** The takeover, whole and synchronous: the old connection loses the session before the new one has it. */
  take(client: Client, clientId: string, packet: ConnectPacket, expiry: number, window: number): { present: boolean } | undefined {
    const old = this.#byId.get(clientId);
    const { store } = this;
    if (old === undefined && this.#byId.size >= this.#limits.maxSessions) return undefined;
    if (store !== null && expiry > 0) {
      if (store.full) return undefined;
      store.begin();
    }
    const over = old !== undefined && old.client === null && old.expireDueMs <= this.#clock.monotonicMs();
    if (old?.client) {
      const loser = old.client;
      old.detach();
      loser.takenOver(packet.clean);
      this.#stats.sessionsTakenOver++;
      this.onLife?.('session.takenover', old);
      if (old.will !== null && (old.will.delay === 0 || packet.clean)) this.#sendWill(old);
    } else if (old !== undefined && (packet.clean || over) && old.will !== null) this.#sendWill(old);
    if (old !== undefined) {
      this.#wheel.cancel(old);
      old.will = null;
    }
    // A v3.1.1 session without clean session, or a 5.0 one with an expiry, goes on; else whatever was there ends here.
    // What waits in a session is for the principal that had it, and for nobody else who knows its client id.
    const present = old !== undefined && !packet.clean && old.expiry > 0 && !over && sameHolder(old.principal, client.principal);
    if (old !== undefined && !present) this.#end(old, packet.clean);
    const session = present ? old : new Session(clientId, client.principal, this.#context);
    session.principal = client.principal;
    if (!present) this.#byId.set(clientId, session);
    session.expiry = expiry;
    session.peer = client.peer;
    session.listener = client.conn.transport.place.door.name;
    session.version = packet.version;
    session.keepAlive = client.keepAlive;
    session.since = this.#clock.now();
    session.will = packet.will === undefined ? null : this.#will(packet.will, client);
    session.attach(client, client.conn, window);
    client.session = session;
    client.generation = session.generation;
    session.username = packet.username;
    if (expiry > 0 || session.logNumber > 0) store?.session(session);
    if (present) this.#stats.sessionsResumed++;
    else this.#stats.sessionsCreated++;
    this.onLife?.(present ? 'session.resumed' : 'session.created', session);
    return { present };
  }
  #will(packet: WillPacket, client: Client): SessionWill {
    const p = new Publish();
    const { willDelayInterval: delay = 0, messageExpiryInterval, ...properties } = packet.properties;
    p.topic = packet.topic;
    p.topicBytes = Buffer.from(packet.topic);
    p.qos = packet.qos;
    p.retain = packet.retain;
    p.payload = packet.payload;
    p.payloadEnd = packet.payload.length;
    p.props = encodeProperties(properties);
    p.propsEnd = p.props.length;
    p.expiry = messageExpiryInterval ?? -1;
    p.owned = true;
    return { publish: p, delay, principal: client.principal, peer: client.peer };
  }

  /** A connection is over; ignored when the session has gone on to another one. */
  leave(client: Client, session: Session, goodbye: boolean): void {
    if (session.client !== client || session.generation !== client.generation) return;
    session.detach();
    session.since = this.#clock.now();
    if (goodbye || (this.closing && session.logNumber === 0)) session.will = null;
    const { will } = session;
    if (session.expiry === 0) {
      if (will !== null) this.#sendWill(session);
      this.#end(session);
      return;
    }
    const now = this.#clock.monotonicMs();
    session.expireDueMs = now + session.expiry * 1000;
    session.willDueMs = will === null ? Infinity : now + will.delay * 1000;
    if (will !== null && will.delay === 0 && !this.closing) this.#sendWill(session);
    this.#note(session);
    this.#arm(session, now);
  }
  /** What the log must know of a session itself. */
  #note(session: Session): void {
    if (session.logNumber > 0) this.store?.session(session);
  }
  #arm(session: Session, now: number): void {
    const due = Math.min(session.expireDueMs, session.will === null ? Infinity : session.willDueMs);
    this.#wheel.set(session, (due - now) / 1000);
  }
  #due(session: Session): void {
    if (session.client !== null) return;
    const now = this.#clock.monotonicMs();
    const expired = now >= session.expireDueMs - 1;
    const will = session.will !== null && (expired || now >= session.willDueMs - 1);
    if (will) this.#sendWill(session);
    if (expired) this.#end(session);
    else {
      if (will) this.#note(session);
      this.#arm(session, now);
    }
  }
  #sendWill(session: Session): void {
    const will = session.will!;
    session.will = null;
    const p = will.publish;
    p.at = this.#clock.monotonicMs();
    p.origin = session;
    this.publish(p, { principal: will.principal, clientId: session.clientId, peer: will.peer, payload: undefined, batch: undefined });
  }
  #end(session: Session, discarded = false): void {
    if (discarded) this.#stats.sessionsDiscarded++;
    else this.#stats.sessionsTerminated++;
    this.onLife?.(discarded ? 'session.discarded' : 'session.terminated', session);
    this.#wheel.cancel(session);
    if (this.#byId.get(session.clientId) === session) this.#byId.delete(session.clientId);
    for (const sub of [...session.subscriptions.values()]) this.#remove(session, sub);
    session.dispose();
  }

  subscribe(session: Session, request: SubscribeRequest, id: number): void {
    const known = session.subscriptions.get(request.filter);
    if (known !== undefined) {
      known.qos = request.qos;
      known.id = id;
      known.noLocal = request.noLocal;
      known.retainAsPublished = request.retainAsPublished;
      known.group?.set(session, request.qos, id, request.retainAsPublished);
      this.#router.touch();
      if (session.logNumber > 0) this.store?.subscribe(session, known);
      return;
    }
    this.#add(session, request, id);
    if (session.logNumber > 0) this.store?.subscribe(session, session.subscriptions.get(request.filter)!);
  }
  #add(session: Session, request: Omit<SubscribeRequest, 'retainHandling'>, id: number): void {
    const group = sharedParts(request.filter) === undefined ? null : this.#router.join(request.filter);
    const sub: ClientSubscription = {
      kind: 'client',
      filter: request.filter,
      session,
      qos: request.qos,
      id,
      noLocal: request.noLocal,
      retainAsPublished: request.retainAsPublished,
      group,
    };
    session.subscriptions.set(request.filter, sub);
    this.#stats.subscriptions++;
    if (group !== null) this.#stats.sharedSubscriptions++;
    this.#router.exclusive.take(request.filter, session);
    if (group === null) this.#router.add(routedFilter(request.filter), sub);
    else group.set(session, request.qos, id, request.retainAsPublished);
  }
  /** False when there was no such subscription. */
  unsubscribe(session: Session, filter: string): boolean {
    const sub = session.subscriptions.get(filter);
    if (sub === undefined) return false;
    this.#remove(session, sub);
    if (session.logNumber > 0) this.store?.unsubscribe(session, filter);
    return true;
  }
  #remove(session: Session, sub: ClientSubscription): void {
    session.subscriptions.delete(sub.filter);
    this.#stats.subscriptions--;
    this.#router.exclusive.release(sub.filter, session);
    if (sub.group !== null) this.#stats.sharedSubscriptions--;
    if (sub.group === null) this.#router.remove(routedFilter(sub.filter), sub);
    else this.#router.leave(sub.group, session);
  }

  // ---- back from the log

  /** Sessions as the log knows them: their connections count as lost now, unless it knows when they were. */
  restore(found: Found): void {
    const sessions = found.sessions.map((f) => this.#restore(f));
    // Members of shared subscriptions are all there before a delivery looks for its group.
    for (const [i, session] of sessions.entries()) this.#restoreDeliveries(session, found.sessions[i]!);
  }
  #restore(f: FoundSession): Session {
    const session = new Session(f.clientId, f.principal, this.#context);
    this.#byId.set(f.clientId, session);
    session.logNumber = f.number;
    session.logAt = 0;
    session.expiry = f.expiry;
    session.version = f.version;
    session.username = f.username;
    session.peer = f.peer;
    session.keepAlive = f.keepAlive;
    session.nextSeq = f.nextSeq;
    session.sentBelow = f.state === SessionState.attached ? f.nextSeq : f.sentBelow;
    session.will = f.will;
    for (const id of f.received) session.received.add(id);
    for (const sub of f.subscriptions.values()) this.#add(session, sub, sub.id);
    const now = this.#clock.monotonicMs();
    const wallMs = this.#clock.now() / 1000;
    const left = f.state === SessionState.left;
    session.since = (left ? f.sinceMs * 1000 : this.#clock.now()) as typeof session.since;
    const elapsed = left ? Math.max(0, wallMs - f.sinceMs) : 0;
    session.expireDueMs = now + f.expiry * 1000 - elapsed;
    session.willDueMs = f.will === null ? Infinity : now + f.will.delay * 1000 - elapsed;
    if (f.will !== null) f.will.publish.origin = session;
    if (!left) this.#note(session);
    this.#arm(session, now);
    return session;
  }
  #restoreDeliveries(session: Session, f: FoundSession): void {
    const deliveries: Delivery[] = [];
    for (const one of [...f.deliveries.values()].sort((a, b) => a.seq - b.seq)) {
      const group = one.group === undefined ? null : (this.#router.group(one.group) ?? null);
      const d = delivery(one.message, one.qos, one.retain, one.ids, group);
      d.seq = one.seq;
      d.moved = one.moved;
      d.released = one.released;
      d.again = one.seq < session.sentBelow;
      deliveries.push(d);
    }
    // A crash may have kept as many acknowledgements from the log as there are messages on their way.
    session.restore(deliveries, 2 * this.#limits.maxInflight);
  }
  /** Ends a session whatever its expiry. */
  drop(session: Session): void {
    if (this.#byId.get(session.clientId) === session) this.#end(session, false);
  }
  endAll(): void {
    for (const session of [...this.#byId.values()]) this.#end(session);
  }
}

/** All who come without credentials are one holder, whatever they call themselves. */
const sameHolder = (a: Principal, b: Principal): boolean => a.kind === b.kind && (a.kind === 'anonymous' || a.name === b.name);
