import { isUtf8 } from 'node:buffer';
import { OmhError, topicNameFault } from '@omh/core';
import type { QoS } from '@omh/core';
import type { BrokerContext } from './broker-context.ts';
import type { Client } from './client.ts';
import { encodeProperties, readProperties } from './codec/properties.ts';
import type { Properties } from './codec/properties.ts';
import { Code, Fault, malformed, PacketType, violation } from './codec/protocol.ts';
import { ByteReader } from './codec/reader.ts';
import { deliverLocally } from './local-bus.ts';
import { Publish } from './publish.ts';
import { emptySet } from './route.ts';
import type { Route, RouteSet } from './route.ts';

interface HeldAck {
  readonly type: number;
  readonly id: number;
  code: number;
  ready: boolean;
}

const maxVerdicts = 1024;
const scratch = new Publish();
const nothing = Buffer.alloc(0);

/** PUBLISH from one client: in place, from the read buffer to the takers. */
export class Inbound {
  readonly #broker: BrokerContext;
  readonly #client: Client;
  #verdicts: Map<Route, boolean> | null = null;
  #verdictsEpoch = 0;
  #aliases: (Route | undefined)[] | null = null;
  /** Acknowledgements in the order of their PUBLISH; empty unless a durable reader lets one wait (4.6). */
  readonly #acks: HeldAck[] = [];
  #waiting = 0;
  /** Too many acknowledgements wait for durable readers: the socket is not read. */
  paused = false;
  // The run of QoS 0 packets that goes out as one range.
  #runSet: RouteSet = emptySet;
  #runBuf: Buffer = nothing;
  #runStart = 0;
  #runEnd = 0;
  #runCount = 0;

  constructor(broker: BrokerContext, client: Client) {
    this.#broker = broker;
    this.#client = client;
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
    if (!this.#allowed(route)) {
      this.#refused(route, qos, id);
      return;
    }
    const set = router.resolve(route);
    const retain = (header & 1) === 1;
    if (qos === 0 && !retain && properties === null && set.plain) {
      if (set.readers.length > 0) {
        const p = fill(route, 0, false, buf, at, end, router.clock.monotonicMs(), client);
        void deliverLocally(router, p, set.readers, client);
      }
      if (set.targets.length > 0) this.#extend(set, buf, start, end);
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
    if (qos === 0) {
      if (retain) router.retain(p);
      void router.dispatch(p, set, client)?.catch(() => {});
    } else this.#acknowledged(p, set, id);
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

  #allowed(route: Route): boolean {
    if (route.system) return false;
    const epoch = this.#broker.aclEpoch;
    if (route.owner === this.#client.number && route.ownerEpoch === epoch) return route.allowed;
    if (this.#verdictsEpoch !== epoch) {
      this.#verdicts = null;
      this.#verdictsEpoch = epoch;
    }
    let allowed = this.#verdicts?.get(route);
    if (allowed === undefined) {
      allowed = this.#broker.authorize(this.#client.principal, 'publish', route.topic);
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
    this.#broker.stats.publishRefused++;
    this.#client.refused('publish', route.topic);
    if (qos === 0) return;
    this.flush();
    if (qos === 2 && this.#client.conn.version === 4) this.#client.session!.received.add(id);
    this.#ack(qos === 1 ? PacketType.puback : PacketType.pubrec, id, Code.notAuthorized);
  }

  // ---- QoS 1 and 2

  #acknowledged(p: Publish, set: RouteSet, id: number): void {
    const { router, limits } = this.#broker;
    const client = this.#client;
    const received = client.session!.received;
    const type = p.qos === 1 ? PacketType.puback : PacketType.pubrec;
    if (p.qos === 2) {
      if (received.has(id)) {
        if (!this.#acks.some((a) => a.id === id && a.type === type && !a.ready)) this.#ack(type, id, Code.success);
        return;
      }
    }
    if (client.conn.version === 5 && this.#waiting + received.size >= limits.receiveMaximum) {
      throw new Fault(Code.receiveMaximumExceeded, `more than ${limits.receiveMaximum} messages are on their way`);
    }
    if (p.retain && !router.canRetain(p) && client.conn.version === 5) {
      this.#broker.stats.droppedRetained++;
      this.#ack(type, id, Code.quotaExceeded);
      return;
    }
    if (p.qos === 2) received.add(id);
    if (p.retain) router.retain(p);
    const settled = router.dispatch(p, set, client);
    if (!client.connected) return;
    if (settled !== undefined) {
      this.#ackLater(type, id, settled);
      return;
    }
    const nobody = set === emptySet && !p.retain;
    this.#ack(type, id, nobody ? Code.noMatchingSubscribers : Code.success);
  }
  #ack(type: number, id: number, code: number): void {
    if (this.#acks.length === 0) this.#client.conn.sendAck(type, id, code);
    else this.#acks.push({ type, id, code, ready: true });
  }
  #ackLater(type: number, id: number, settled: Promise<void>): void {
    const held: HeldAck = { type, id, code: 0, ready: false };
    this.#acks.push(held);
    if (type === PacketType.puback) this.#waiting++;
    const session = this.#client.session!;
    if (this.#acks.length >= this.#broker.limits.receiveMaximum && !this.paused) {
      this.paused = true;
      this.#client.conn.transport.pause();
    }
    settled.then(
      () => this.#settled(held, 0),
      (thrown: unknown) => {
        if (type === PacketType.pubrec) session.received.delete(id);
        if (this.#client.conn.version === 5) this.#settled(held, refusalOf(thrown));
        else if (this.#client.connected) this.#client.destroy();
      },
    );
  }
  #settled(held: HeldAck, code: number): void {
    held.code = code;
    held.ready = true;
    if (held.type === PacketType.puback) this.#waiting--;
    if (!this.#client.connected || this.#acks.length === 0) return;
    let n = 0;
    for (; n < this.#acks.length && this.#acks[n]!.ready; n++) {
      const a = this.#acks[n]!;
      this.#client.conn.sendAck(a.type, a.id, a.code);
    }
    this.#acks.splice(0, n);
    if (this.paused && this.#acks.length < this.#broker.limits.receiveMaximum / 2) {
      this.paused = false;
      this.#client.conn.transport.resume();
    }
  }
  /** The connection is over: a QoS 2 message that was not acknowledged yet is new when it comes again. */
  dispose(): void {
    for (const a of this.#acks) if (!a.ready && a.type === PacketType.pubrec) this.#client.session!.received.delete(a.id);
    this.#acks.length = 0;
  }
  /** PUBREL: answered again as often as it comes. */
  release(id: number): void {
    const known = this.#client.session!.received.delete(id);
    this.#ack(PacketType.pubcomp, id, known ? Code.success : Code.packetIdNotFound);
  }
}

/** The code a publisher hears when a durable reader did not take its message. */
function refusalOf(thrown: unknown): number {
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

/** The block goes on as it came, without alias and expiry: those belong to the link and to the clock. */
function carry(p: Publish, properties: Properties, buf: Buffer, start: number, end: number): void {
  p.expiry = properties.messageExpiryInterval ?? -1;
  const names = Object.keys(properties).length;
  const own = (properties.topicAlias === undefined ? 0 : 1) + (p.expiry < 0 ? 0 : 1);
  if (names === own) return;
  if (own === 0) {
    let inner = start;
    while (buf[inner++]! > 127);
    p.props = buf;
    p.propsStart = inner;
    p.propsEnd = end;
    return;
  }
  const { topicAlias: _alias, messageExpiryInterval: _expiry, ...rest } = properties;
  p.props = encodeProperties(rest);
  p.propsEnd = p.props.length;
}
