import { BoundedQueue } from '@omh/core';
import type { Micros, Principal, QoS } from '@omh/core';
import { PacketType } from './codec/protocol.ts';
import type { Version } from './codec/protocol.ts';
import type { Client } from './client.ts';
import type { Connection } from './connection.ts';
import { Sent } from './connection.ts';
import type { BrokerLimits } from './limits.ts';
import { PacketIds } from './packet-ids.ts';
import type { Publish } from './publish.ts';
import type { RetainedEntry } from './retained.ts';
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

interface Waiting {
  readonly p: Publish;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly ids: readonly number[] | null;
  readonly group: SharedGroup | null;
}
interface Inflight {
  p: Publish | null;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly ids: readonly number[] | null;
  readonly group: SharedGroup | null;
  released: boolean;
}
interface Cursor {
  readonly entries: readonly RetainedEntry[];
  next: number;
  readonly qos: QoS;
  readonly ids: readonly number[] | null;
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
  monotonicMs(): number;
  redispatch(p: Publish, group: SharedGroup): void;
  due(session: Session): void;
}

let numbers = 0;
/** What one message costs besides its bytes, when a queue is measured. */
const overhead = 128;

/** What the broker remembers of a client id: subscriptions, what is on its way, what waits (MQTT 5.0, 4.1). */
export class Session implements Timed {
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
  listener: 'tcp' | 'ws' = 'tcp';
  version: Version = 4;
  keepAlive = 0;
  since = 0 as Micros;
  messagesIn = 0;
  messagesOut = 0;
  dropped = 0;
  dueTick = 0;
  slot = -1;
  readonly #ids = new PacketIds();
  readonly #inflight = new Map<number, Inflight>();
  #unacked = 0;
  #window = 0;
  #resend: number[] = [];
  #queue: BoundedQueue<Waiting> | null = null;
  #queuedBytes = 0;
  #cursors: Cursor[] = [];
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
    this.#cursors = [];
  }

  /** Sends, queues or drops; never waits. `ids` are 5.0 subscription identifiers. */
  deliver(p: Publish, granted: QoS, retain: boolean, ids: readonly number[] | null, group: SharedGroup | null, now: number): void {
    const qos = p.qos < granted ? p.qos : granted;
    const c = this.conn;
    if (qos === 0) {
      if (c === null) return;
      this.#count(c.sendPublish(p, 0, retain, false, 0, c.version === 5 ? ids : null, now));
      return;
    }
    if (c === null || this.#behind || this.#unacked >= this.#window || !c.hasRoom) {
      this.#enqueue({ p: p.keep(), qos, retain, ids, group });
      return;
    }
    this.#sendNow(c, p, qos, retain, ids, group, now);
  }
  #count(sent: number): void {
    if (sent === Sent.yes) {
      this.messagesOut++;
      return;
    }
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
        this.#enqueue({ p: p.keep(), qos, retain, ids, group });
        return;
      }
      this.#count(sent);
      return;
    }
    this.messagesOut++;
    this.#unacked++;
    const again = this.expiry > 0 || group !== null;
    if (again || qos === 2) this.#inflight.set(id, { p: again ? p.keep() : null, qos, retain, ids, group, released: false });
  }
  #enqueue(item: Waiting): void {
    const { limits, stats } = this.#context;
    const queue = (this.#queue ??= new BoundedQueue<Waiting>(limits.maxQueuedMessages));
    const size = item.p.size + overhead;
    const tooMuch = (): boolean =>
      queue.size >= limits.maxQueuedMessages ||
      this.#queuedBytes + size > limits.maxQueuedBytes ||
      stats.queuedBytes + size > limits.maxQueuedBytesTotal;
    while (queue.size > 0 && tooMuch()) {
      this.#shift(queue);
      this.dropped++;
      stats.droppedQueue++;
    }
    if (tooMuch()) {
      this.dropped++;
      stats.droppedQueue++;
      return;
    }
    queue.push(item);
    stats.queued++;
    stats.queuedBytes += size;
    this.#queuedBytes += size;
  }
  #shift(queue: BoundedQueue<Waiting>): Waiting {
    const item = queue.shift()!;
    const size = item.p.size + overhead;
    this.#queuedBytes -= size;
    this.#context.stats.queuedBytes -= size;
    this.#context.stats.queued--;
    return item;
  }

  /** Retained messages follow as the client takes them; they do not count against the queue. */
  sendRetained(entries: readonly RetainedEntry[], qos: QoS, id: number): void {
    if (entries.length > 0) this.#cursors.push({ entries, next: 0, qos, ids: id > 0 ? [id] : null });
  }

  /** Forgets what waits on other topics; what was sent and waits for its acknowledgement stays. */
  keepOnly(allowed: (topic: string) => boolean): void {
    const queue = this.#queue;
    const shared: [Publish, SharedGroup][] = [];
    for (let n = queue?.size ?? 0; n > 0; n--) {
      const w = this.#shift(queue!);
      if (allowed(w.p.topic)) this.#enqueue(w);
      else if (w.group !== null) shared.push([w.p, w.group]);
      else this.dropped++;
    }
    this.#cursors = this.#cursors.map((cursor) => ({
      ...cursor,
      next: 0,
      entries: cursor.entries.slice(cursor.next).filter(({ message }) => message !== null && allowed(message.topic)),
    }));
    for (const [p, group] of shared) this.#context.redispatch(p, group);
  }

  /** Sends what waits while the window and the socket have room: redelivery, then the queue, then retained messages. */
  pump(): void {
    const c = this.conn;
    if (c === null || this.#pumping || !(this.#behind || this.#cursors.length > 0)) return;
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
      if (f.released) c.sendAck(PacketType.pubrel, id, 0);
      else if (f.p !== null && c.sendPublish(f.p, f.qos, f.retain, true, id, c.version === 5 ? f.ids : null, now) === Sent.tooLarge) {
        this.#done(id);
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
      const w = this.#shift(queue);
      if (w.p.left(now) === 0) {
        this.dropped++;
        this.#context.stats.droppedExpired++;
        continue;
      }
      this.#sendNow(c, w.p, w.qos, w.retain, w.ids, w.group, now);
    }
    if (queue.size === 0) this.#queue = null;
  }
  #pumpRetained(c: Connection, now: number): void {
    while (this.#cursors.length > 0) {
      const cursor = this.#cursors[0]!;
      while (cursor.next < cursor.entries.length) {
        if (!c.open || !c.hasRoom) return;
        const p = cursor.entries[cursor.next]!.message;
        if (p === null || p.left(now) === 0) {
          cursor.next++;
          continue;
        }
        const qos = p.qos < cursor.qos ? p.qos : cursor.qos;
        if (qos > 0 && this.#unacked >= this.#window) return;
        if (qos > 0) this.#sendNow(c, p, qos, true, cursor.ids, null, now);
        else {
          const sent = c.sendPublish(p, 0, true, false, 0, c.version === 5 ? cursor.ids : null, now);
          if (sent === Sent.full) return;
          this.#count(sent);
        }
        cursor.next++;
      }
      this.#cursors.shift();
    }
  }

  #done(id: number): void {
    if (!this.#ids.release(id)) return;
    this.#inflight.delete(id);
  }
  #acked(id: number): void {
    this.#done(id);
    if (this.#unacked > 0) this.#unacked--;
    this.pump();
  }
  puback(id: number): void {
    if (!this.#ids.has(id)) return;
    if (this.#inflight.size > 0 && this.#inflight.get(id)?.qos === 2) return;
    this.#acked(id);
  }
  pubrec(c: Connection, id: number, code: number): void {
    const f = this.#inflight.get(id);
    if (f === undefined || f.qos !== 2) {
      if (code < 0x80) c.sendAck(PacketType.pubrel, id, 0x92);
      return;
    }
    if (code >= 0x80) {
      this.#acked(id);
      return;
    }
    f.released = true;
    f.p = null;
    c.sendAck(PacketType.pubrel, id, 0);
  }
  pubcomp(id: number): void {
    if (this.#inflight.get(id)?.qos === 2) this.#acked(id);
  }

  /** The session is over: what a shared subscription had given it goes to another member. */
  dispose(): void {
    const give: [Publish, SharedGroup][] = [];
    for (const f of this.#inflight.values()) if (f.group !== null && f.p !== null) give.push([f.p, f.group]);
    this.#inflight.clear();
    const queue = this.#queue;
    while (queue !== null && queue.size > 0) {
      const w = this.#shift(queue);
      if (w.group !== null) give.push([w.p, w.group]);
    }
    this.#queue = null;
    this.#resend = [];
    for (const [p, group] of give) this.#context.redispatch(p, group);
  }
}
