import type { Clock, Principal } from '@omh/core';
import type { Client } from './client.ts';
import type { ConnectPacket, SubscribeRequest, WillPacket } from './codec/decode.ts';
import { encodeProperties } from './codec/properties.ts';
import type { BrokerLimits } from './limits.ts';
import { Publish } from './publish.ts';
import type { Router } from './router.ts';
import { Session } from './session.ts';
import type { ClientSubscription, SessionContext, SessionWill } from './session.ts';
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
  /** Set once at start: everything ends without wills. */
  closing = false;

  constructor(router: Router, wheel: TimerWheel, clock: Clock, limits: BrokerLimits, stats: BrokerStats) {
    this.#router = router;
    this.#wheel = wheel;
    this.#clock = clock;
    this.#limits = limits;
    this.#stats = stats;
    this.#context = {
      limits,
      stats,
      monotonicMs: () => clock.monotonicMs(),
      redispatch: (p, group) => router.redispatch(p, group),
      due: (session) => this.#due(session),
    };
  }
  get size(): number {
    return this.#byId.size;
  }
  all(): Iterable<Session> {
    return this.#byId.values();
  }

  /** The takeover, whole and synchronous: the old connection loses the session before the new one has it. */
  take(client: Client, clientId: string, packet: ConnectPacket, expiry: number, window: number): { present: boolean } | undefined {
    const old = this.#byId.get(clientId);
    if (old === undefined && this.#byId.size >= this.#limits.maxSessions) return undefined;
    if (old?.client) {
      const loser = old.client;
      old.detach();
      loser.takenOver();
      if (old.will !== null && (old.will.delay === 0 || packet.clean)) this.#sendWill(old);
    } else if (old !== undefined && packet.clean && old.will !== null) this.#sendWill(old);
    if (old !== undefined) {
      this.#wheel.cancel(old);
      old.will = null;
    }
    // A v3.1.1 session without clean session, or a 5.0 one with an expiry, goes on; else whatever was there ends here.
    // What waits in a session is for the principal that had it, and for nobody else who knows its client id.
    const present = old !== undefined && !packet.clean && old.expiry > 0 && sameHolder(old.principal, client.principal);
    if (old !== undefined && !present) this.#end(old);
    const session = present ? old : new Session(clientId, client.principal, this.#context);
    session.principal = client.principal;
    if (!present) this.#byId.set(clientId, session);
    session.expiry = expiry;
    session.peer = client.peer;
    session.listener = client.conn.transport.listener;
    session.version = packet.version;
    session.keepAlive = client.keepAlive;
    session.since = this.#clock.now();
    session.will = packet.will === undefined ? null : this.#will(packet.will, client);
    session.attach(client, client.conn, window);
    client.session = session;
    client.generation = session.generation;
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
    if (goodbye || this.closing) session.will = null;
    const { will } = session;
    if (session.expiry === 0) {
      if (will !== null) this.#sendWill(session);
      this.#end(session);
      return;
    }
    const now = this.#clock.monotonicMs();
    session.expireDueMs = now + session.expiry * 1000;
    session.willDueMs = will === null ? Infinity : now + will.delay * 1000;
    if (will !== null && will.delay === 0) this.#sendWill(session);
    this.#arm(session, now);
  }
  #arm(session: Session, now: number): void {
    const due = Math.min(session.expireDueMs, session.will === null ? Infinity : session.willDueMs);
    this.#wheel.set(session, (due - now) / 1000);
  }
  #due(session: Session): void {
    if (session.client !== null) return;
    const now = this.#clock.monotonicMs();
    const expired = now >= session.expireDueMs - 1;
    if (session.will !== null && (expired || now >= session.willDueMs - 1)) this.#sendWill(session);
    if (expired) this.#end(session);
    else this.#arm(session, now);
  }
  #sendWill(session: Session): void {
    const will = session.will!;
    session.will = null;
    const p = will.publish;
    p.at = this.#clock.monotonicMs();
    p.origin = session;
    if (p.retain) this.#router.retain(p);
    const route = this.#router.routes.find(p.topicBytes, 0, p.topicBytes.length);
    if (route === undefined) return;
    const from = { principal: will.principal, clientId: session.clientId, peer: will.peer, payload: undefined, batch: undefined };
    this.#router.dispatch(p, this.#router.resolve(route), from)?.catch(() => {});
  }
  #end(session: Session): void {
    this.#wheel.cancel(session);
    if (this.#byId.get(session.clientId) === session) this.#byId.delete(session.clientId);
    for (const filter of [...session.subscriptions.keys()]) this.unsubscribe(session, filter);
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
      return;
    }
    const group = request.filter.startsWith('$share/') ? this.#router.join(request.filter) : null;
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
    if (group === null) this.#router.add(request.filter, sub);
    else group.set(session, request.qos, id, request.retainAsPublished);
  }
  /** False when there was no such subscription. */
  unsubscribe(session: Session, filter: string): boolean {
    const sub = session.subscriptions.get(filter);
    if (sub === undefined) return false;
    session.subscriptions.delete(filter);
    this.#stats.subscriptions--;
    if (sub.group === null) this.#router.remove(filter, sub);
    else this.#router.leave(sub.group, session);
    return true;
  }
  /** Ends a session whatever its expiry. */
  drop(session: Session): void {
    if (this.#byId.get(session.clientId) === session) this.#end(session);
  }
  endAll(): void {
    for (const session of [...this.#byId.values()]) this.#end(session);
  }
}

/** All who come without credentials are one holder, whatever they call themselves. */
const sameHolder = (a: Principal, b: Principal): boolean => a.kind === b.kind && (a.kind === 'anonymous' || a.name === b.name);
