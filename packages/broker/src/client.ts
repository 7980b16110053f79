import type { Micros, Principal } from '@omh/core';
import { isByFlags } from './authorization.ts';
import type { BrokerContext, MqttRefusal } from './broker-context.ts';
import { decodeAck, decodeDisconnect, decodeSubscribe, decodeUnsubscribe } from './codec/decode.ts';
import { encodeAuth, encodeConnack, encodeDisconnect, encodeSuback, encodeUnsuback, pingResponse } from './codec/encode.ts';
import type { Properties } from './codec/properties.ts';
import { Code, Fault, malformed, PacketType, violation } from './codec/protocol.ts';
import { Connection } from './connection.ts';
import type { PacketHandler } from './connection.ts';
import type { Accepted, AuthHost, EnhancedAuth } from './enhanced-auth.ts';
import { reasonWord } from './features/disconnect-reason.ts';
import { Handshake } from './handshake.ts';
import type { Asked } from './handshake.ts';
import { Inbound } from './inbound.ts';
import { announced } from './limits.ts';
import type { Publisher } from './local-message.ts';
import type { Session } from './session.ts';
import { SignInEnd } from './sign-in-end.ts';
import { autoSubscribe, subscribe, unsubscribe } from './subscribing.ts';
import type { Replay } from './subscribing.ts';
import type { Timed } from './timer-wheel.ts';
import type { Transport } from './transport.ts';

type State = 'connecting' | 'connected' | 'closing' | 'closed';
/** Seconds a peer gets to take our last packet. */
const graceSeconds = 2;
const anonymous: Principal = { kind: 'anonymous', name: 'anonymous', permissions: [] };

/** The protocol on one network connection, from CONNECT to its end. */
export class Client implements PacketHandler, Timed, Publisher, AuthHost {
  readonly conn: Connection;
  readonly number: number;
  readonly #broker: BrokerContext;
  readonly #inbound: Inbound;
  principal: Principal = anonymous;
  readonly payload = undefined;
  readonly batch = undefined;
  session: Session | null = null;
  /** The session's generation when this client took it. */
  generation = 0;
  keepAlive = 0;
  lastRead = 0;
  dueTick = 0;
  slot = -1;
  #state: State = 'connecting';
  /** Said goodbye properly: the will stays unsent. */
  #goodbye = false;
  /** Why it ends, in one word. */
  #reason = 'tcp_closed';
  #connectExpiry = 0;
  #enhanced: EnhancedAuth | null = null;
  /** Until CONNACK. */
  #handshake: Handshake | null;
  #ends: SignInEnd | null = null;

  constructor(broker: BrokerContext, transport: Transport, number: number) {
    this.#broker = broker;
    this.number = number;
    this.conn = new Connection(transport, this, broker.loop, broker.limits, broker.stats);
    this.#inbound = new Inbound(broker, this);
    this.#handshake = new Handshake(broker, this);
    broker.wheel.set(this, broker.limits.connectTimeoutMs / 1000 + 1);
  }
  get clientId(): string {
    return this.session?.clientId ?? '';
  }
  get username(): string | undefined {
    return this.session?.username;
  }
  get peer(): string {
    return this.conn.transport.peer;
  }
  get connected(): boolean {
    return this.#state === 'connected';
  }

  // ---- packets

  packet(header: number, buf: Buffer, start: number, body: number, end: number): void {
    this.lastRead = this.#broker.wheel.tick;
    const type = header >> 4;
    if (this.#state !== 'connected') {
      this.#handshake?.packet(type, buf, body, end);
      return;
    }
    if (type === PacketType.publish) {
      this.#inbound.publish(header, buf, start, body, end);
      return;
    }
    this.#broker.stats.packetsIn[type]!++;
    const session = this.session!;
    const { version } = this.conn;
    switch (type) {
      case PacketType.puback:
        session.puback(end - body === 2 ? plainId(buf, body) : decodeAck(buf, body, end, version, type).packetId);
        return;
      case PacketType.pubrec: {
        const ack = decodeAck(buf, body, end, version, type);
        session.pubrec(this.conn, ack.packetId, ack.code);
        return;
      }
      case PacketType.pubrel:
        this.#inbound.release(decodeAck(buf, body, end, version, type).packetId);
        return;
      case PacketType.pubcomp:
        session.pubcomp(decodeAck(buf, body, end, version, type).packetId);
        return;
      case PacketType.subscribe:
        this.#inbound.flush();
        this.#subscribe(buf, body, end);
        return;
      case PacketType.unsubscribe:
        this.#inbound.flush();
        this.#unsubscribe(buf, body, end);
        return;
      case PacketType.pingreq:
        if (end !== body) throw malformed('PINGREQ has a body');
        this.conn.send(pingResponse);
        return;
      case PacketType.disconnect:
        this.#inbound.flush();
        this.#disconnect(buf, body, end);
        return;
      case PacketType.connect:
        throw violation('CONNECT came twice');
      case PacketType.auth:
        if (this.#enhanced === null) throw violation('no enhanced authentication was agreed');
        this.#inbound.flush();
        this.#enhanced.packet(buf, body, end, true);
        return;
      default:
        throw violation(`a client does not send packet type ${type}`);
    }
  }
  chunkEnd(): void {
    this.#inbound.flush();
    this.#broker.store?.chunkEnd();
  }
  room(): void {
    this.session?.pump();
  }

  // ---- CONNECT

  /** Who it is stands; with a session it is connected. `proof` goes into CONNACK. */
  enter({ packet, clientId, assigned }: Asked, principal: Principal, proof: Properties): void {
    const { limits, sessions, wheel, authorize } = this.#broker;
    this.#inbound.byFlags = isByFlags(authorize, principal);
    const p = packet.properties;
    const wish = packet.version === 5 ? (p.sessionExpiryInterval ?? 0) : packet.clean ? 0 : limits.sessionExpiryV3;
    const expiry = Math.min(wish, limits.maxSessionExpiry);
    this.#connectExpiry = expiry;
    const long = limits.maxKeepAlive > 0 && packet.version === 5 && (packet.keepAlive === 0 || packet.keepAlive > limits.maxKeepAlive);
    this.keepAlive = long ? limits.maxKeepAlive : packet.keepAlive;
    const { conn } = this;
    conn.maxPacketIn = limits.maxPacketSize;
    conn.maxPacketOut = p.maximumPacketSize ?? 0xffffffff;
    conn.aliasMax = Math.min(p.topicAliasMaximum ?? 0, limits.maxOutboundAliases);
    conn.plain = conn.aliasMax === 0 && p.maximumPacketSize === undefined;
    const window = Math.min(p.receiveMaximum ?? 65535, limits.maxInflight);
    const taken = sessions.take(this, clientId, packet, expiry, window);
    if (taken === undefined) {
      this.refuse(Code.quotaExceeded);
      return;
    }
    this.#state = 'connected';
    this.#enhanced = this.#handshake!.enhanced;
    this.#handshake = null;
    this.#broker.stats.clients++;
    this.conn.transport.place.confirm();
    this.#broker.stats.clientsConnected++;
    const session = this.session!;
    session.username = packet.username;
    if (this.keepAlive > 0) wheel.set(this, keepAliveTicks(this.keepAlive));
    else wheel.cancel(this);
    this.#endsAt(principal.expires);
    const properties: Properties =
      packet.version === 4
        ? {}
        : {
            ...(expiry === wish ? {} : { sessionExpiryInterval: expiry }),
            ...announced(limits),
            ...(assigned === undefined ? {} : { assignedClientIdentifier: assigned }),
            ...(long ? { serverKeepAlive: this.keepAlive } : {}),
            ...proof,
          };
    const connack = encodeConnack(packet.version, taken.present, 0, properties);
    if (connack.length > conn.maxPacketOut) {
      this.#goodbye = true;
      this.destroy();
      return;
    }
    conn.send(connack);
    this.#broker.features.connack(this, packet, clientId, 0);
    this.#broker.features.connected(this, packet, clientId);
    autoSubscribe(this.#broker, this);
    session.pump();
  }
  /** Tells of what this client may not do; with `connect` nobody is known yet. */
  refused(action: MqttRefusal['action'], topic?: string, who = { clientId: this.clientId, username: this.session?.username }): void {
    const { peer } = this;
    this.#broker.refused({
      action,
      ...who,
      peer,
      listener: this.conn.transport.place.door.name,
      principal: action === 'connect' ? undefined : this.principal,
      topic,
    });
  }
  /** CONNACK with a code that is none of success, and the end. */
  refuse(code: number): void {
    this.#broker.stats.connectionsRefused++;
    this.#close(encodeConnack(this.conn.version, false, code));
  }

  // ---- enhanced authentication (4.12)

  authenticated(accepted: Accepted): void {
    if (this.#handshake !== null) {
      this.#handshake.authenticated(accepted);
      return;
    }
    const { principal, data } = accepted;
    // Subscriptions and what waits in the session belong to who came first.
    if (principal.kind !== this.principal.kind || principal.name !== this.principal.name) {
      this.kick(Code.notAuthorized);
      return;
    }
    if (principal !== this.principal) {
      this.principal = this.session!.principal = principal;
      this.#inbound.byFlags = isByFlags(this.#broker.authorize, principal);
      this.#broker.aclEpoch++;
    }
    this.#endsAt(principal.expires);
    this.sendAuth(Code.success, this.#enhanced!.proof(data));
  }
  sendAuth(code: number, properties: Properties): void {
    this.conn.send(this.#fitting(encodeAuth(code, properties)));
  }
  notAuthenticated(code: number): void {
    if (this.#handshake === null) this.kick(code);
    else this.#handshake.notAuthenticated(code);
  }
  /** What the client came with ends by itself: 5.0 hears 0x87, and its session is kept for who comes again. */
  #endsAt(expires: Micros | undefined): void {
    if (expires === undefined && this.#ends === null) return;
    this.#ends ??= new SignInEnd(this.#broker.wheel, this.#broker.router.clock, () => this.kick(Code.notAuthorized));
    this.#ends.set(expires);
  }

  // ---- SUBSCRIBE, UNSUBSCRIBE, DISCONNECT

  #subscribe(buf: Buffer, body: number, end: number): void {
    const packet = decodeSubscribe(buf, body, end, this.conn.version);
    const id = packet.properties.subscriptionIdentifier?.[0] ?? 0;
    const codes: number[] = [];
    const replay: Replay = [];
    for (const request of packet.requests) codes.push(subscribe(this.#broker, this, request, id, replay));
    this.#inbound.answer(this.#fitting(encodeSuback(this.conn.version, packet.packetId, codes)), () => {
      for (const run of replay) run();
      this.session!.pump();
    });
  }
  #unsubscribe(buf: Buffer, body: number, end: number): void {
    const packet = decodeUnsubscribe(buf, body, end, this.conn.version);
    const codes = packet.filters.map((filter) => unsubscribe(this.#broker, this, filter));
    this.#inbound.answer(this.#fitting(encodeUnsuback(this.conn.version, packet.packetId, codes)), () => {});
  }
  /** No packet is larger than the client takes (5.0, 3.1.2-24); an answer that would be has no other form. */
  #fitting(answer: Buffer): Buffer {
    if (answer.length > this.conn.maxPacketOut) throw new Fault(Code.packetTooLarge, 'the answer is larger than the client takes');
    return answer;
  }
  #disconnect(buf: Buffer, body: number, end: number): void {
    const packet = decodeDisconnect(buf, body, end, this.conn.version);
    const expiry = packet.properties.sessionExpiryInterval;
    if (expiry !== undefined) {
      if (expiry > 0 && this.#connectExpiry === 0) throw violation('a session that ends with its connection is given an expiry');
      this.session!.expiry = Math.min(expiry, this.#broker.limits.maxSessionExpiry);
    }
    this.#goodbye = packet.code === Code.normalDisconnect;
    this.#reason = this.#goodbye ? 'normal' : reasonWord(packet.code);
    this.#close();
  }

  // ---- the end

  /** What the peer did wrong: told if its version has words for it, then closed. */
  fault(fault: Fault): void {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    this.#broker.stats.protocolErrors++;
    this.#broker.log.debug('an MQTT client is disconnected', {
      clientId: this.clientId,
      peer: this.peer,
      code: fault.code,
      reason: fault.message,
    });
    if (this.#state === 'connected') {
      this.kick(fault.code);
      return;
    }
    this.#broker.stats.connectionsRefused++;
    const told = this.conn.version === 5 || fault.code === Code.unsupportedVersion || fault.code === Code.clientIdInvalid;
    if (told) this.#close(encodeConnack(this.conn.version, false, fault.code));
    else this.destroy();
  }
  /** DISCONNECT with a code where there is one, then closes. The will is sent. */
  kick(code: number): void {
    this.#reason = reasonWord(code);
    this.#close(this.conn.version === 5 ? encodeDisconnect(code) : undefined);
  }
  /** Somebody sends it away; `last` is the DISCONNECT for 5.0. */
  dismiss(last: Buffer, reason: string): void {
    this.#reason = reason;
    this.#close(this.conn.version === 5 && last.length <= this.conn.maxPacketOut ? last : undefined);
  }
  /** Without a word. */
  hangUp(): void {
    this.#close();
  }
  #close(last?: Buffer): void {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    this.#leave();
    this.#state = 'closing';
    this.#broker.wheel.set(this, graceSeconds);
    this.conn.end(last);
  }
  /** Another connection takes the session. */
  takenOver(discarded: boolean): void {
    this.#ends?.set(undefined);
    this.#inbound.dispose();
    this.#broker.admission.disconnected(this.session!.clientId);
    this.#broker.features.disconnected(this, this.session!, discarded ? 'discarded' : 'takenover');
    this.session = null;
    this.#broker.stats.clients--;
    this.#state = 'closing';
    this.#broker.wheel.set(this, graceSeconds);
    this.conn.end(this.conn.version === 5 ? encodeDisconnect(Code.sessionTakenOver) : undefined);
  }
  destroy(): void {
    this.#leave();
    this.#state = 'closed';
    this.conn.destroy();
  }
  #leave(): void {
    const { session } = this;
    this.#handshake?.over();
    this.#handshake = null;
    if (this.#state !== 'connected' || session === null) return;
    this.#ends?.set(undefined);
    this.#inbound.flush();
    this.#inbound.dispose();
    this.#broker.stats.clients--;
    this.#state = 'closing';
    this.#broker.features.disconnected(this, session, this.#reason);
    this.#broker.admission.disconnected(session.clientId);
    this.#broker.sessions.leave(this, session, this.#goodbye);
    this.session = null;
  }
  closed(): void {
    this.#leave();
    this.#state = 'closed';
    this.#broker.wheel.cancel(this);
    this.#broker.gone(this);
  }
  onDue(tick: number): void {
    switch (this.#state) {
      case 'connected': {
        // While we do not read, its pings wait unseen.
        const due = (this.#inbound.paused || this.conn.paused ? tick : this.lastRead) + keepAliveTicks(this.keepAlive);
        if (tick < due) {
          this.#broker.wheel.set(this, due - tick);
          return;
        }
        this.kick(Code.keepAliveTimeout);
        return;
      }
      case 'connecting':
        this.#broker.stats.connectionsRefused++;
        this.destroy();
        return;
      default:
        this.destroy();
    }
  }
}

/** One and a half times (3.1.2.10), and the part of a second that the wheel had already turned. */
const keepAliveTicks = (seconds: number): number => Math.ceil(seconds * 1.5) + 1;

function plainId(buf: Buffer, at: number): number {
  const id = (buf[at]! << 8) | buf[at + 1]!;
  if (id === 0) throw violation('the packet identifier is 0');
  return id;
}
