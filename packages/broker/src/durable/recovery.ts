import type { Clock, Micros, Principal, QoS } from '@omh/core';
import type { Version } from '../codec/protocol.ts';
import { errors } from '../errors.ts';
import type { DelayedEntry } from '../features/delayed.ts';
import type { Publish } from '../publish.ts';
import type { Retained } from '../retained.ts';
import type { BrokerLog } from './broker-log.ts';
import { readMessage } from './message-fields.ts';
import { DeliverFlag, Entry, formatVersion, GroupReader, SessionFlag, SubscribeFlag } from './record-format.ts';

/** A delivery as the log knows it. */
export interface FoundDelivery {
  readonly seq: number;
  message: Publish | null;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly ids: readonly number[] | null;
  readonly group: string | undefined;
  readonly moved: number;
  released: boolean;
}
export interface FoundSubscription {
  readonly filter: string;
  readonly qos: QoS;
  readonly id: number;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
}
export interface FoundWill {
  readonly publish: Publish;
  readonly delay: number;
  readonly principal: Principal;
  readonly peer: string;
}
/** A session as the log knows it. */
export interface FoundSession {
  readonly number: number;
  clientId: string;
  version: Version;
  /** A `SessionState`. */
  state: number;
  expiry: number;
  sinceMs: number;
  nextSeq: number;
  sentBelow: number;
  keepAlive: number;
  peer: string;
  principal: Principal;
  username: string | undefined;
  will: FoundWill | null;
  readonly subscriptions: Map<string, FoundSubscription>;
  readonly deliveries: Map<number, FoundDelivery>;
  readonly received: Set<number>;
}
export interface Found {
  readonly sessions: readonly FoundSession[];
  readonly delayed: readonly DelayedEntry[];
  /** All that sessions or topics refer to. */
  readonly messages: Iterable<Publish>;
  readonly messageNumber: number;
  readonly sessionNumber: number;
  /** Groups that are no whole entries. */
  readonly unreadable: number;
}

const nobody: Principal = { kind: 'anonymous', name: 'anonymous', permissions: [] };
/** Who it was; what it may do now is asked when it matters. */
const principalOf = (r: GroupReader): Principal => ({ kind: r.text() as Principal['kind'], name: r.text(), permissions: [] });

const yieldEveryMs = 5;

/**
 * Reads the whole log, its retained messages into `retained`; only what is still referred to stays in memory. Throws BROKER_LOG_NEWER, and
 * STORAGE_LOG_READ from the log.
 */
export async function recover(log: BrokerLog, retained: Retained, clock: Clock): Promise<Found> {
  const reading = new Reading(retained, clock);
  let pausedAt = performance.now();
  for await (const { record } of log.read()) {
    reading.group(record);
    if (performance.now() - pausedAt < yieldEveryMs) continue;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    pausedAt = performance.now();
  }
  return reading.found();
}

class Reading {
  readonly #clock: Clock;
  readonly #sessions = new Map<number, FoundSession>();
  readonly #retained: Retained;
  readonly #messages = new Map<number, Publish>();
  readonly #delayed = new Map<number, DelayedEntry>();
  #fresh: number[] = [];
  #messageNumber = 0;
  #sessionNumber = 0;
  #unreadable = 0;

  constructor(retained: Retained, clock: Clock) {
    this.#retained = retained;
    this.#clock = clock;
  }
  found(): Found {
    const byId = new Map<string, FoundSession>();
    for (const s of this.#sessions.values()) byId.set(s.clientId, s);
    return {
      sessions: [...byId.values()],
      delayed: [...this.#delayed.values()],
      messages: this.#messages.values(),
      messageNumber: this.#messageNumber,
      sessionNumber: this.#sessionNumber,
      unreadable: this.#unreadable,
    };
  }

  group(record: Uint8Array): void {
    if (record.length === 0) return;
    if (record[0]! > formatVersion) throw errors.BROKER_LOG_NEWER({ found: record[0]!, known: formatVersion });
    const r = new GroupReader(record);
    r.byte();
    try {
      while (r.more) this.#entry(r.byte(), r);
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      this.#unreadable++;
    }
    // A message stands in one group with what first refers to it.
    for (const number of this.#fresh) if (this.#messages.get(number)?.logUses === 0) this.#messages.delete(number);
    this.#fresh = [];
  }
  #entry(type: number, r: GroupReader): void {
    switch (type) {
      case Entry.message:
        this.#message(r);
        return;
      case Entry.retain: {
        const p = this.#messages.get(r.number());
        if (p !== undefined) this.#retain(p.topic, p);
        return;
      }
      case Entry.unretain:
        this.#retain(r.text(), undefined);
        return;
      case Entry.session:
        this.#session(r);
        return;
      case Entry.end:
        this.#end(r.number());
        return;
      case Entry.subscribe:
        this.#subscribe(r);
        return;
      case Entry.unsubscribe: {
        const s = this.#sessions.get(r.number());
        const filter = r.text();
        s?.subscriptions.delete(filter);
        return;
      }
      case Entry.deliver:
        this.#deliver(r);
        return;
      case Entry.done:
        this.#done(this.#sessions.get(r.number()), r.number());
        return;
      case Entry.released: {
        const s = this.#sessions.get(r.number());
        const seq = r.number();
        const d = s?.deliveries.get(seq);
        if (d === undefined) return;
        this.#unrefer(d.message);
        d.message = null;
        d.released = true;
        return;
      }
      case Entry.received: {
        const s = this.#sessions.get(r.number());
        const id = r.number();
        s?.received.add(id);
        return;
      }
      case Entry.forgotten: {
        const s = this.#sessions.get(r.number());
        const id = r.number();
        s?.received.delete(id);
        return;
      }
      case Entry.delay:
        this.#delay(r);
        return;
      case Entry.undelay:
        this.#delayed.delete(r.number());
        return;
      default:
        throw new RangeError(`entry type ${type} is unknown`);
    }
  }

  #delay(r: GroupReader): void {
    const id = r.number();
    const due = (r.number() * 1000) as Micros;
    const time = (r.number() * 1000) as Micros;
    const principal: Principal = { kind: r.text() as Principal['kind'], name: r.text(), permissions: [] };
    const entry = { id, due, time, principal, clientId: r.text(), peer: r.text(), message: readMessage(r, this.#clock) };
    this.#delayed.set(id, entry);
  }
  #message(r: GroupReader): void {
    const number = r.number();
    const p = readMessage(r, this.#clock);
    this.#messageNumber = Math.max(this.#messageNumber, number);
    if (this.#messages.has(number)) return;
    p.logNumber = number;
    p.logAt = 0;
    this.#messages.set(number, p);
    this.#fresh.push(number);
  }
  #unrefer(p: Publish | null | undefined): void {
    if (p && --p.logUses === 0) this.#messages.delete(p.logNumber);
  }
  #retain(topic: string, p: Publish | undefined): void {
    if (p !== undefined) p.logUses++;
    const before = this.#retained.restore(topic, p ?? null);
    this.#unrefer(before);
  }

  #session(r: GroupReader): void {
    const number = r.number();
    this.#sessionNumber = Math.max(this.#sessionNumber, number);
    let s = this.#sessions.get(number);
    if (s === undefined) {
      s = {
        number,
        clientId: '',
        version: 4,
        state: 0,
        expiry: 0,
        sinceMs: 0,
        nextSeq: 0,
        sentBelow: 0,
        keepAlive: 0,
        peer: '',
        principal: nobody,
        username: undefined,
        will: null,
        subscriptions: new Map(),
        deliveries: new Map(),
        received: new Set(),
      };
      this.#sessions.set(number, s);
    }
    s.clientId = r.text();
    s.version = r.byte() === 5 ? 5 : 4;
    s.state = r.byte();
    const flags = r.byte();
    s.expiry = r.number();
    s.sinceMs = r.number();
    s.nextSeq = Math.max(s.nextSeq, r.number());
    s.sentBelow = r.number();
    s.keepAlive = r.number();
    s.peer = r.text();
    s.username = flags & SessionFlag.username ? r.text() : undefined;
    s.principal = flags & SessionFlag.principal ? principalOf(r) : nobody;
    s.will = flags & SessionFlag.will ? this.#will(r) : null;
  }
  #will(r: GroupReader): FoundWill {
    const delay = r.number();
    const principal = principalOf(r);
    const peer = r.text();
    return { publish: readMessage(r, this.#clock), delay, principal, peer };
  }
  #end(number: number): void {
    const s = this.#sessions.get(number);
    this.#sessionNumber = Math.max(this.#sessionNumber, number);
    if (s === undefined) return;
    for (const d of s.deliveries.values()) this.#unrefer(d.message);
    this.#sessions.delete(number);
  }
  #subscribe(r: GroupReader): void {
    const s = this.#sessions.get(r.number());
    const filter = r.text();
    const options = r.byte();
    const id = r.number();
    s?.subscriptions.set(filter, {
      filter,
      qos: (options & 3) as QoS,
      id,
      noLocal: (options & SubscribeFlag.noLocal) !== 0,
      retainAsPublished: (options & SubscribeFlag.retainAsPublished) !== 0,
    });
  }

  #deliver(r: GroupReader): void {
    const s = this.#sessions.get(r.number());
    const seq = r.number();
    const flags = r.byte();
    const released = (flags & DeliverFlag.released) !== 0;
    const message = released ? null : (this.#messages.get(r.number()) ?? null);
    const ids = flags & DeliverFlag.ids ? Array.from({ length: Math.min(r.number(), 65_536) }, () => r.number()) : null;
    const group = flags & DeliverFlag.group ? r.text() : undefined;
    const moved = flags & DeliverFlag.moved ? r.number() : 0;
    // What is left of a trimmed part names what stands only behind it.
    if (s === undefined || (message === null && !released)) return;
    if (message !== null) message.logUses++;
    const before = s.deliveries.get(seq);
    s.deliveries.set(seq, {
      seq,
      message,
      qos: (flags & 3) as QoS,
      retain: (flags & DeliverFlag.retain) !== 0,
      ids,
      group,
      moved,
      released,
    });
    s.nextSeq = Math.max(s.nextSeq, seq + 1);
    this.#unrefer(before?.message);
  }
  #done(s: FoundSession | undefined, seq: number): void {
    const d = s?.deliveries.get(seq);
    if (d === undefined) return;
    this.#unrefer(d.message);
    s!.deliveries.delete(seq);
  }
}
