import { isUtf8 } from 'node:buffer';
import { OmhError, RefusedPublication, topicNameFault } from '@omh/core';
import type { QoS } from '@omh/core';
import type { BrokerContext } from './broker-context.ts';
import { carry } from './carried.ts';
import type { Client } from './client.ts';
import { readProperties } from './codec/properties.ts';
import type { Properties } from './codec/properties.ts';
import { Code, Fault, malformed, PacketType, violation } from './codec/protocol.ts';
import { ByteReader } from './codec/reader.ts';
import type { Outcome } from './features/publish-hooks.ts';
import { HeldAcks } from './held-acks.ts';
import { deliverLocally } from './local-bus.ts';
import type { Publisher } from './local-message.ts';
import { Publish } from './publish.ts';
import { emptySet, isLogged } from './route.ts';
import type { Route, RouteSet } from './route.ts';
import type { Session } from './session.ts';

const maxVerdicts = 1024;
const scratch = new Publish();
const nothing = Buffer.alloc(0);

/** PUBLISH from one client: in place, from the read buffer to the takers. */
export class Inbound {
  readonly #broker: BrokerContext;
  readonly #client: Client;
  /** Verdicts hold for one message only. */
  byFlags = false;
  #verdicts: Map<Route, boolean> | null = null;
  #verdictsEpoch = 0;
  #aliases: (Route | undefined)[] | null = null;
  readonly #acks: HeldAcks;
  // The run of QoS 0 packets that goes out as one range.
  #runSet: RouteSet = emptySet;
  #runBuf: Buffer = nothing;
  #runStart = 0;
  #runEnd = 0;
  #runCount = 0;

  constructor(broker: BrokerContext, client: Client) {
    this.#broker = broker;
    this.#client = client;
    this.#acks = new HeldAcks(broker, client);
  }
  /** Too many acknowledgements wait, or the log holds too much: the socket is not read. */
  get paused(): boolean {
    return this.#acks.paused;
  }

  /** Hands over the run that was collected. */
  flush(): void {
    if (this.#runCount === 0) return;
    const count = this.#runCount;
    const buf = this.#runBuf;
    this.#runCount = 0;
    this.#runBuf = nothing;
    this.#broker.router.dispatchRun(this.#runSet, buf, this.#runStart, this.#runEnd, count, this.#client.conn.version);
  }

  publish(header: number, buf: Buffer, start: number, body: number, end: number): void {
    const client = this.#client;
    const five = client.conn.version === 5;
    const qos = ((header >> 1) & 3) as QoS;
    if ((qos as number) === 3) throw malformed('QoS 3');
    if (qos === 0 && header & 8) throw malformed('DUP is set on QoS 0');
    const topicStart = body + 2;
    const topicEnd = topicStart + (end - body >= 2 ? (buf[body]! << 8) | buf[body + 1]! : 65536);
    let at = topicEnd;
    let id = 0;
    if (qos > 0) {
      if (at + 2 > end) throw malformed('the packet ends inside a field');
      id = (buf[at]! << 8) | buf[at + 1]!;
      at += 2;
      if (id === 0) throw violation('the packet identifier is 0');
    }
    if (at > end) throw malformed('the topic is longer than the packet');
    let properties: Properties | null = null;
    let propsStart = 0;
    if (five) {
      if (at >= end) throw malformed('the packet ends before its properties');
      if (buf[at] === 0) at++;
      else {
        const r = new ByteReader(buf, at, end);
        propsStart = at;
        properties = readProperties(r, PacketType.publish);
        at = r.pos;
        checkProperties(properties);
      }
    }
    const route = this.#route(buf, topicStart, topicEnd, properties, five);
    const { router, stats } = this.#broker;
    stats.messagesIn++;
    client.session!.messagesIn++;
    if (!this.#allowed(route, header)) {
      this.#refused(route, qos, id);
      return;
    }
    const set = router.resolve(route);
    const retain = (header & 1) === 1;
    if (qos === 0 && !retain && properties === null && set.plain && route.hooks === null) {
      if (set.readers.length > 0) {
        const p = fill(route, 0, false, buf, at, end, router.clock.monotonicMs(), client);
        void deliverLocally(router, p, set.readers, client);
      }
      if (set.targets.length > 0) this.#extend(set, buf, start, end);
      else if (set === emptySet) stats.droppedNoSubscribers++;
      return;
    }
    this.flush();
    const p = fill(route, qos, retain, buf, at, end, router.clock.monotonicMs(), client);
    if (properties !== null) carry(p, properties, buf, propsStart, at);
    if (properties?.topicAlias === undefined) {
      p.wire = buf;
      p.wireStart = start;
      p.wireEnd = end;
      p.wireVersion = client.conn.version;
      p.wirePid = qos > 0 ? topicEnd : -1;
    }
    if (route.hooks !== null) {
      this.#hooked(p, route, id);
      return;
    }
    if (set === emptySet && !retain) stats.droppedNoSubscribers++;
    if (qos === 0) this.#unacknowledged(p, set, client);
    else this.#acknowledged(p, set, id);
  }
  #unacknowledged(p: Publish, set: RouteSet, from: Publisher): void {
    const { router, store } = this.#broker;
    if (p.retain) {
      router.retain(p);
      if (store !== null && store.pressed && !store.full) this.#acks.pause();
    }
    void router.dispatch(p, set, from)?.catch(() => {});
  }
  /** The topic has more than takers: a stage, a rewriting, a delay, somebody who looks on. */
  #hooked(p: Publish, route: Route, id: number): void {
    const { features, stats } = this.#broker;
    const { qos } = p;
    if (qos === 2 && this.#client.session!.received.has(id)) {
      this.#acknowledged(p, emptySet, id);
      return;
    }
    const outcome = features.run(p, route, this.#client);
    if (outcome.code >= 0x80) {
      this.#deny(qos, id, outcome.code);
      if (outcome.disconnect && this.#client.connected) throw new Fault(outcome.code, outcome.reason);
      return;
    }
    if (outcome.delay === null && outcome.set === emptySet && !p.retain) stats.droppedNoSubscribers++;
    if (qos > 0) this.#acknowledged(p, outcome.set, id, qos, outcome);
    else if (outcome.delay !== null) {
      if (!features.delay(p, outcome)) stats.publishRefused++;
    } else this.#unacknowledged(p, outcome.set, outcome.from);
  }
  #extend(set: RouteSet, buf: Buffer, start: number, end: number): void {
    if (this.#runCount > 0 && this.#runSet === set && this.#runBuf === buf && this.#runEnd === start) {
      this.#runEnd = end;
      this.#runCount++;
      return;
    }
    this.flush();
    this.#runSet = set;
    this.#runBuf = buf;
    this.#runStart = start;
    this.#runEnd = end;
    this.#runCount = 1;
  }
  #route(buf: Buffer, start: number, end: number, properties: Properties | null, five: boolean): Route {
    const alias = properties?.topicAlias;
    if (alias !== undefined && (alias === 0 || alias > this.#broker.limits.topicAliasMaximum)) {
      throw new Fault(Code.topicAliasInvalid, `topic alias ${alias} is outside 1 to ${this.#broker.limits.topicAliasMaximum}`);
    }
    if (start === end) {
      if (!five) throw malformed('the topic is empty');
      if (alias === undefined) throw violation('neither a topic nor a topic alias is given');
      const known = this.#aliases?.[alias];
      if (known === undefined) throw violation(`topic alias ${alias} was not set`);
      return known;
    }
    const route = this.#broker.router.routes.find(buf, start, end);
    if (route === undefined) {
      // [MQTT-1.5.4-1] comes before the rules for names: bytes that are no UTF-8 are a malformed packet.
      if (!isUtf8(buf.subarray(start, end))) throw malformed('the topic is not UTF-8');
      throw new Fault(Code.topicInvalid, 'the topic name is invalid');
    }
    if (alias !== undefined) (this.#aliases ??= [])[alias] = route;
    return route;
  }

  // ---- permissions

  #allowed(route: Route, header: number): boolean {
    if (route.system || this.#broker.router.isVirtual(route)) return false;
    if (this.byFlags) {
      const { authorize } = this.#broker;
      return authorize(this.#client.principal, 'publish', route.checked, this.#client, ((header >> 1) & 3) as QoS, (header & 1) === 1);
    }
    const epoch = this.#broker.aclEpoch;
    if (route.owner === this.#client.number && route.ownerEpoch === epoch) return route.allowed;
    if (this.#verdictsEpoch !== epoch) {
      this.#verdicts = null;
      this.#verdictsEpoch = epoch;
    }
    let allowed = this.#verdicts?.get(route);
    if (allowed === undefined) {
      allowed = this.#broker.authorize(this.#client.principal, 'publish', route.checked, this.#client, 0, false);
      if (this.#verdicts === null || this.#verdicts.size >= maxVerdicts) this.#verdicts = new Map();
      this.#verdicts.set(route, allowed);
    }
    route.owner = this.#client.number;
    route.ownerEpoch = epoch;
    route.allowed = allowed;
    return allowed;
  }
  /** 5.0 says so; 3.1.1 has no words and is acknowledged (3.3.5). */
  #refused(route: Route, qos: QoS, id: number): void {
    this.#client.refused('publish', route.topic);
    this.#deny(qos, id, Code.notAuthorized);
  }
  #deny(qos: QoS, id: number, code: number): void {
    this.#broker.stats.publishRefused++;
    if (qos === 0) return;
    this.flush();
    if (qos === 2 && this.#client.conn.version === 4) this.#client.session!.received.add(id);
    this.#ack(qos === 1 ? PacketType.puback : PacketType.pubrec, id, code);
  }

  // ---- QoS 1 and 2

  /** `qos` is the packet's own; a stage may have given the message another one. */
  #acknowledged(p: Publish, set: RouteSet, id: number, qos = p.qos, outcome: Outcome | null = null): void {
    const { router, limits, store, features } = this.#broker;
    const client = this.#client;
    const session = client.session!;
    const { received } = session;
    const type = qos === 1 ? PacketType.puback : PacketType.pubrec;
    const delayed = outcome !== null && outcome.delay !== null;
    if (qos === 1) this.#broker.stats.messagesInQos1++;
    else this.#broker.stats.messagesInQos2++;
    if (qos === 2 && received.has(id)) {
      if (!this.#acks.has(type, id)) this.#ack(type, id, Code.success, this.#lastOf(session));
      return;
    }
    if (client.conn.version === 5 && this.#acks.pubacks + received.size >= limits.receiveMaximum) {
      throw new Fault(Code.receiveMaximumExceeded, `more than ${limits.receiveMaximum} messages are on their way`);
    }
    if (delayed && !features.delayed.fits(p)) {
      this.#busy(type, id);
      return;
    }
    if (p.retain && !delayed && !router.canRetain(p) && client.conn.version === 5) {
      this.#broker.stats.droppedRetained++;
      this.#ack(type, id, Code.quotaExceeded);
      return;
    }
    let entries = 0;
    if (store !== null) {
      if ((store.full || !store.fits(p)) && (delayed || isLogged(p, set) || (qos === 2 && session.logNumber > 0))) {
        this.#busy(type, id);
        return;
      }
      store.begin();
      ({ entries } = store);
    }
    if (qos === 2) {
      received.add(id);
      if (session.logNumber > 0) store?.received(session, id);
    }
    let settled: Promise<void> | undefined;
    if (delayed) features.delay(p, outcome);
    else {
      if (p.retain) router.retain(p);
      settled = router.dispatch(p, set, outcome === null ? client : outcome.from);
    }
    if (!client.connected) return;
    const position = store !== null && store.entries !== entries ? store.last : -1;
    if (settled !== undefined) {
      this.#ackLater(type, id, settled, position);
      return;
    }
    const nobody = set === emptySet && !p.retain && !delayed;
    this.#ack(type, id, nobody ? Code.noMatchingSubscribers : Code.success, position);
  }
  /** The log takes nothing: 5.0 says so, a 3.1.1 publisher learns it from the end of its connection and sends again. */
  #busy(type: number, id: number): void {
    this.#broker.stats.publishRefused++;
    if (this.#client.conn.version === 4) throw new Fault(Code.quotaExceeded, 'what this message needs cannot be logged now');
    this.#ack(type, id, Code.quotaExceeded);
  }
  /** What a kept session was told before is not said again before it is safe. */
  #lastOf(session: Session): number {
    const { store } = this.#broker;
    return store !== null && session.logNumber > 0 ? store.last : -1;
  }
  #ack(type: number, id: number, code: number, position = -1): void {
    this.#acks.say(type, id, code, position);
  }
  /** SUBACK or UNSUBACK, and what follows it, once a kept session's entries are safe. */
  answer(packet: Buffer, after: () => void): void {
    this.#acks.answer(packet, this.#lastOf(this.#client.session!), after);
  }
  #ackLater(type: number, id: number, settled: Promise<void>, position: number): void {
    const session = this.#client.session!;
    const held = this.#acks.later(type, id, position);
    settled.then(
      () => this.#acks.settle(held, 0),
      (thrown: unknown) => {
        if (type === PacketType.pubrec) this.#forget(session, id);
        if (this.#client.conn.version === 5) this.#acks.settle(held, refusalOf(thrown));
        else if (thrown instanceof RefusedPublication) this.#acks.settle(held, 0);
        else if (this.#client.connected) this.#client.destroy();
      },
    );
  }
  /** The connection is over. */
  dispose(): void {
    this.#acks.dispose((id) => this.#forget(this.#client.session!, id));
  }
  #forget(session: Session, id: number): boolean {
    const known = session.received.delete(id);
    if (known && session.logNumber > 0) this.#broker.store?.forgotten(session, id);
    return known;
  }
  /** PUBREL: answered again as often as it comes. */
  release(id: number): void {
    const session = this.#client.session!;
    const known = this.#forget(session, id);
    this.#ack(PacketType.pubcomp, id, known ? Code.success : Code.packetIdNotFound, this.#lastOf(session));
  }
}

/** The code a publisher hears when a durable reader did not take its message. */
function refusalOf(thrown: unknown): number {
  if (thrown instanceof RefusedPublication) return thrown.refuse;
  return thrown instanceof OmhError && /OVERLOADED|FULL/.test(thrown.code) ? Code.quotaExceeded : Code.unspecified;
}

function fill(route: Route, qos: QoS, retain: boolean, buf: Buffer, start: number, end: number, at: number, client: Client): Publish {
  const p = scratch;
  p.reset();
  p.topic = route.topic;
  p.topicBytes = route.bytes;
  p.qos = qos;
  p.retain = retain;
  p.payload = buf;
  p.payloadStart = start;
  p.payloadEnd = end;
  p.at = at;
  p.origin = client.session;
  return p;
}

function checkProperties(p: Properties): void {
  if (p.subscriptionIdentifier !== undefined) throw violation('a client gives a subscription identifier');
  if (p.responseTopic !== undefined && topicNameFault(p.responseTopic) !== undefined)
    throw violation('the response topic is no topic name');
}
