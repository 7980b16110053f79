import type { Micros, Principal, QoS } from '@omh/core';
import { PacketType } from './codec/protocol.ts';
import type { Version } from './codec/protocol.ts';
import type { Client } from './client.ts';
import type { Connection } from './connection.ts';
import { Sent } from './connection.ts';
import { delivery, packetIdOf } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import type { DurableStore, SafetyWaiter } from './durable/durable-store.ts';
import type { DeliveryWatch, DropReason } from './features/delivery-watch.ts';
import type { BrokerLimits } from './limits.ts';
import { PacketIds } from './packet-ids.ts';
import type { Publish } from './publish.ts';
import type { RetainedEntry } from './retained.ts';
import { RetainedReplay } from './retained-replay.ts';
import { SessionQueue } from './session-queue.ts';
import type { SharedGroup } from './shared-group.ts';
import type { BrokerStats } from './stats.ts';
import type { Timed } from './timer-wheel.ts';

/** One subscription of one session; `group` when it is shared. */
export interface ClientSubscription {
  readonly kind: 'client';
  readonly filter: string;
  readonly session: Session;
  qos: QoS;
  /** Subscription identifier, 0 = none. */
  id: number;
  noLocal: boolean;
  retainAsPublished: boolean;
  readonly group: SharedGroup | null;
}

export interface SessionWill {
  readonly publish: Publish;
  readonly delay: number;
  readonly principal: Principal;
  readonly peer: string;
}

/** What the sessions share. */
export interface SessionContext {
  readonly limits: BrokerLimits;
  readonly stats: BrokerStats;
  /** Where kept sessions are logged; null while nothing is. */
  store: DurableStore | null;
  /** Sees every delivery; null while nobody does. */
  watch: DeliveryWatch | null;
  monotonicMs(): number;
  redispatch(p: Publish, group: SharedGroup): void;
  due(session: Session): void;
}

let numbers = 0;
/** Retained messages that wait for the log at once. */
const retainedAhead = 256;
/** Retained messages that are sent in one slice of the loop. */
const retainedSlice = 1024;

/** What the broker remembers of a client id: subscriptions, what is on its way, what waits (MQTT 5.0, 4.1). */
export class Session implements Timed, SafetyWaiter {
  readonly number = ++numbers;
  readonly clientId: string;
  readonly #context: SessionContext;
  /** Who has it. */
  principal: Principal;
  /** The connection that has it now. */
  client: Client | null = null;
  conn: Connection | null = null;
  /** Moves with every connection that takes the session. */
  generation = 0;
  /** Seconds it outlives its connection. */
  expiry = 0;
  will: SessionWill | null = null;
  willDueMs = 0;
  expireDueMs = 0;
  readonly subscriptions = new Map<string, ClientSubscription>();
  /** QoS 2 packet ids we took and whose PUBREL has not come. */
  readonly received = new Set<number>();
  username: string | undefined;
  peer = '';
  listener = '';
  version: Version = 4;
  keepAlive = 0;
  since = 0 as Micros;
  messagesIn = 0;
  messagesOut = 0;
  dropped = 0;
  dueTick = 0;
  slot = -1;
  waiting = false;
  /** Its number in the log, 0 = it is not in it. */
  logNumber = 0;
  /** Position in the log of the newest entry about the session itself. */
  logAt = -1;
  /** Number of the next delivery that is logged. */
  nextSeq = 0;
  /** Deliveries from this number on were not sent yet. */
  sentBelow = 0;
  readonly #ids = new PacketIds();
  readonly #inflight = new Map<number, Delivery>();
  #unacked = 0;
  #window = 0;
  #resend: number[] = [];
  #queue: SessionQueue | null = null;
  /** Packet ids whose PUBREL waits until the log knows that PUBREC came. */
  #releases: number[] = [];
  readonly #replay = new RetainedReplay();
  #pumping = false;

  constructor(clientId: string, principal: Principal, context: SessionContext) {
    this.clientId = clientId;
    this.principal = principal;
    this.#context = context;
  }
  get queued(): number {
    return this.#queue?.size ?? 0;
  }
  get inflight(): number {
    return this.#ids.size;
  }
  get idle(): boolean {
    return this.conn !== null && !this.#behind && this.#unacked < this.#window && this.conn.hasRoom;
  }
  get #behind(): boolean {
    return this.#resend.length > 0 || (this.#queue !== null && this.#queue.size > 0);
  }
  onDue(): void {
    this.#context.due(this);
  }

  attach(client: Client, conn: Connection, window: number): void {
    this.generation++;
    this.client = client;
    this.conn = conn;
    this.#window = window;
    this.#unacked = 0;
    this.#resend = [...this.#inflight.keys()];
  }
  detach(): void {
    this.client = null;
    this.conn = null;
    this.#replay.clear();
    this.#releases = [];
  }

  /** Sends, queues or drops; never waits. `ids` are 5.0 subscription identifiers. */
  deliver(p: Publish, granted: QoS, retain: boolean, ids: readonly number[] | null, group: SharedGroup | null, now: number): void {
    const qos = p.qos < granted ? p.qos : granted;
    const c = this.conn;
    if (qos === 0) {
      if (c === null) return;
      this.#count(c.sendPublish(p, 0, retain, false, 0, c.version === 5 ? ids : null, now), p, retain);
      return;
    }
    if (this.logNumber > 0) this.#deliverLogged(delivery(p.keep(), qos, retain, ids, group), p, now);
    else if (c === null || this.#behind || this.#unacked >= this.#window || !c.hasRoom)
      this.#enqueue(delivery(p.keep(), qos, retain, ids, group));
    else this.#sendNow(c, p, qos, retain, ids, group, now);
  }
  /** QoS 2 goes out when it is safe: what a receiver saw and a crash forgets would come twice. */
  #deliverLogged(d: Delivery, p: Publish, now: number): void {
    const { store } = this.#context;
    const c = this.conn;
    d.seq = this.nextSeq++;
    const mayGo = c !== null && this.#unacked < this.#window && c.hasRoom;
    if (mayGo && d.qos === 1 && !this.#behind && !this.#ids.has(packetIdOf(d))) {
      store?.deliver(this, d);
      this.#sendLogged(c, d, p, now);
      return;
    }
    if (!this.#enqueue(d)) return;
    store?.deliver(this, d);
    if (mayGo) store?.wait(this);
  }
  #count(sent: number, p: Publish, retain: boolean): void {
    const { watch } = this.#context;
    if (sent === Sent.yes) {
      this.messagesOut++;
      if (watch !== null) watch.sent(this, p, 0, retain, 0);
      return;
    }
    if (watch !== null) watch.dropped(this, p, sent === Sent.tooLarge ? 'too_large' : 'qos0_msg');
    this.drop(1, sent === Sent.tooLarge);
  }
  drop(count: number, tooLarge: boolean): void {
    this.dropped += count;
    if (tooLarge) this.#context.stats.droppedTooLarge += count;
    else this.#context.stats.droppedSlow += count;
  }
  #sendNow(
    c: Connection,
    p: Publish,
    qos: QoS,
    retain: boolean,
    ids: readonly number[] | null,
    group: SharedGroup | null,
    now: number,
  ): void {
    const id = this.#ids.take();
    const sent = id === 0 ? Sent.full : c.sendPublish(p, qos, retain, false, id, c.version === 5 ? ids : null, now);
    if (sent !== Sent.yes) {
      if (id !== 0) this.#ids.release(id);
      if (sent === Sent.full && c.open) {
        this.#enqueue(delivery(p.keep(), qos, retain, ids, group));
        return;
      }
      this.#count(sent, p, retain);
      return;
    }
    this.messagesOut++;
    this.#unacked++;
    if (this.#context.watch !== null) this.#context.watch.sent(this, p, qos, retain, id);
    const again = this.expiry > 0 || group !== null;
    if (again || qos === 2) this.#inflight.set(id, delivery(again ? p.keep() : null, qos, retain, ids, group));
  }
  /** `p` is its message, maybe in its wire form still; its packet identifier must be free. */
  #sendLogged(c: Connection, d: Delivery, p: Publish, now: number): void {
    const sent = c.sendPublish(p, d.qos, d.retain, d.again, packetIdOf(d), c.version === 5 ? d.ids : null, now);
    if (sent === Sent.tooLarge) {
      this.#context.store?.done(this, d);
      this.#context.watch?.dropped(this, p, 'too_large');
      this.drop(1, true);
      return;
    }
    // What did not go out, because the connection ends, goes out when the client is back.
    if (sent === Sent.yes) {
      this.messagesOut++;
      this.#unacked++;
      if (this.#context.watch !== null) this.#context.watch.sent(this, p, d.qos, d.retain, packetIdOf(d));
    }
    if (d.seq >= this.sentBelow) this.sentBelow = d.seq + 1;
    this.#ids.reserve(packetIdOf(d));
    this.#inflight.set(packetIdOf(d), d);
  }
  /** False when the first of the queue must wait: for a free packet identifier, or for the log. */
  #mayGo(d: Delivery): boolean {
    if (d.seq < 0) return true;
    const { store } = this.#context;
    if (this.#ids.has(packetIdOf(d))) {
      // A message of 65,535 messages ago is still not acknowledged.
      const free = this.#ids.take();
      if (free === 0) return false;
      this.#ids.release(free);
      d.moved = free;
      store?.moved(this, d);
    }
    if (d.qos === 1 || store === null || store.isSafe(d.position)) return true;
    store.wait(this);
    return false;
  }
  #enqueue(d: Delivery): boolean {
    this.#queue ??= new SessionQueue(this.#context.limits, this.#context.stats);
    const taken = this.#queue.push(d, this.#dropped);
    if (!taken) {
      this.dropped++;
      if (d.p !== null) this.#context.watch?.dropped(this, d.p, 'queue_full');
    }
    return taken;
  }
  readonly #dropped = (d: Delivery, reason: DropReason = 'queue_full'): void => {
    this.dropped++;
    if (d.p !== null) this.#context.watch?.dropped(this, d.p, reason);
    if (d.seq >= 0) this.#context.store?.done(this, d);
  };

  /** Retained messages follow as the client takes them; they do not count against the queue. */
  sendRetained(entries: Iterable<RetainedEntry>, qos: QoS, id: number): void {
    this.#replay.add(entries, qos, id);
  }

  /** Forgets what waits on other topics; what was sent and waits for its acknowledgement stays. */
  keepOnly(allowed: (topic: string) => boolean): void {
    const shared: [Publish, SharedGroup][] = [];
    for (const d of this.#queue?.keepOnly(({ p }) => allowed(p!.topic)) ?? []) {
      if (d.group !== null) shared.push([d.p!, d.group]);
      else this.dropped++;
      if (d.seq >= 0) this.#context.store?.done(this, d);
    }
    this.#replay.keepOnly(allowed);
    for (const [p, group] of shared) this.#context.redispatch(p, group);
  }

  /** Sends what waits while the window and the socket have room: redelivery, then the queue, then retained messages. */
  pump(): void {
    const c = this.conn;
    if (c === null || this.#pumping || !(this.#behind || !this.#replay.empty)) return;
    this.#pumping = true;
    const now = this.#context.monotonicMs();
    this.#pumpResend(c, now);
    this.#pumpQueue(c, now);
    this.#pumpRetained(c, now);
    this.#pumping = false;
  }
  #pumpResend(c: Connection, now: number): void {
    let i = 0;
    for (; i < this.#resend.length && this.#unacked < this.#window && c.open && c.hasRoom; i++) {
      const id = this.#resend[i]!;
      const f = this.#inflight.get(id);
      if (f === undefined) continue;
      if (f.released) this.#sendPubrel(c, id, f);
      else if (f.p !== null && c.sendPublish(f.p, f.qos, f.retain, true, id, c.version === 5 ? f.ids : null, now) === Sent.tooLarge) {
        this.#done(id, f);
        this.drop(1, true);
        continue;
      }
      this.#unacked++;
    }
    if (i > 0) this.#resend.splice(0, i);
  }
  #pumpQueue(c: Connection, now: number): void {
    const queue = this.#queue;
    if (queue === null || this.#resend.length > 0) return;
    while (queue.size > 0 && this.#unacked < this.#window && c.open && c.hasRoom) {
      const d = queue.peek()!;
      // What may have been sent once is sent again whatever its expiry (4.4).
      const expired = !d.again && d.p!.left(now) === 0;
      if (!expired && !this.#mayGo(d)) break;
      queue.shift();
      if (expired) {
        this.#context.stats.droppedExpired++;
        this.#dropped(d, 'expired');
      } else if (d.seq >= 0) this.#sendLogged(c, d, d.p!, now);
      else this.#sendNow(c, d.p!, d.qos, d.retain, d.ids, d.group, now);
    }
    if (queue.size === 0) this.#queue = null;
  }
  #pumpRetained(c: Connection, now: number): void {
    const replay = this.#replay;
    for (let n = 0; replay.peek(now) && c.open && c.hasRoom; replay.shift()) {
      if (++n > retainedSlice) {
        setImmediate(() => this.pump());
        return;
      }
      const { message, qos, ids } = replay;
      if (qos > 0 && this.#unacked >= this.#window) return;
      if (qos > 0 && this.logNumber > 0) {
        if (this.queued >= retainedAhead) return;
        this.#deliverLogged(delivery(message, qos, true, ids, null), message, now);
      } else if (qos > 0) this.#sendNow(c, message, qos, true, ids, null, now);
      else {
        const sent = c.sendPublish(message, 0, true, false, 0, c.version === 5 ? ids : null, now);
        if (sent === Sent.full) return;
        this.#count(sent, message, true);
      }
    }
  }

  #done(id: number, d: Delivery | undefined): void {
    if (!this.#ids.release(id)) return;
    this.#inflight.delete(id);
    if (d !== undefined && d.seq >= 0) this.#context.store?.done(this, d);
  }
  #acked(id: number, d: Delivery | undefined): void {
    this.#context.stats.messagesAcked++;
    if (this.#context.watch !== null) this.#context.watch.acked(this, id);
    this.#done(id, d);
    if (this.#unacked > 0) this.#unacked--;
    this.pump();
  }
  puback(id: number): void {
    if (!this.#ids.has(id)) return;
    const d = this.#inflight.size > 0 ? this.#inflight.get(id) : undefined;
    if (d?.qos !== 2) this.#acked(id, d);
  }
  pubrec(c: Connection, id: number, code: number): void {
    const d = this.#inflight.get(id);
    if (d === undefined || d.qos !== 2) {
      if (code < 0x80) c.sendAck(PacketType.pubrel, id, 0x92);
      return;
    }
    if (code >= 0x80) {
      this.#acked(id, d);
      return;
    }
    if (d.seq >= 0 && !d.released) this.#context.store?.released(this, d);
    d.released = true;
    d.p = null;
    this.#sendPubrel(c, id, d);
  }
  /** Waits until the log knows that PUBREC came: a PUBLISH sent again after PUBREL would be a new message. */
  #sendPubrel(c: Connection, id: number, d: Delivery): void {
    const { store } = this.#context;
    if (d.seq < 0 || store === null || store.isSafe(d.position)) c.sendAck(PacketType.pubrel, id, 0);
    else {
      this.#releases.push(id);
      store.wait(this);
    }
  }
  pubcomp(id: number): void {
    const d = this.#inflight.get(id);
    if (d?.qos === 2) this.#acked(id, d);
  }
  /** More is safe in the log. */
  onSafe(): void {
    const c = this.conn;
    if (c === null) return;
    const waiting = this.#releases;
    this.#releases = [];
    for (const id of waiting) {
      const d = this.#inflight.get(id);
      if (d?.released) this.#sendPubrel(c, id, d);
    }
    this.pump();
  }

  /** What is on its way or waits, in order: a copy. */
  kept(): Delivery[] {
    return [...this.#inflight.values(), ...(this.#queue ?? [])];
  }
  /** From the log, in order. What may have been sent goes first, with DUP and the packet identifiers it had. */
  restore(deliveries: readonly Delivery[], limit: number): void {
    let direct = true;
    for (let i = 0; i < deliveries.length; i++) {
      const d = deliveries[i]!;
      direct &&= d.released || (d.again && i < limit);
      if (direct && this.#ids.reserve(packetIdOf(d))) {
        this.#inflight.set(packetIdOf(d), d);
        continue;
      }
      direct = false;
      if (d.p !== null && !this.#enqueue(d)) this.#context.store?.done(this, d);
    }
  }

  /** The session is over: what a shared subscription had given it goes to another member. */
  dispose(): void {
    const { store } = this.#context;
    const all = this.kept();
    const begun = this.#inflight.size;
    this.#inflight.clear();
    while (this.#queue?.shift() !== undefined);
    this.#queue = null;
    this.#resend = [];
    this.#releases = [];
    // A QoS 2 message whose delivery began is for this member or for nobody (5.0, 4.8.2-5).
    all.forEach((d, i) => {
      if (d.group !== null && d.p !== null && !(d.qos === 2 && i < begun)) this.#context.redispatch(d.p, d.group);
    });
    for (const d of all) if (d.seq >= 0) store?.forget(d);
    store?.end(this);
  }
}
