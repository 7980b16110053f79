import { randomBytes } from 'node:crypto';
import { topicFilterFault, topicNameFault } from '@omh/core';
import type { Principal } from '@omh/core';
import type { BrokerContext, MqttRefusal } from './broker-context.ts';
import { decodeAck, decodeConnect, decodeDisconnect, decodeSubscribe, decodeUnsubscribe } from './codec/decode.ts';
import type { ConnectPacket, SubscribeRequest } from './codec/decode.ts';
import { encodeConnack, encodeDisconnect, encodeSuback, encodeUnsuback, pingResponse } from './codec/encode.ts';
import type { Properties } from './codec/properties.ts';
import { Code, Fault, malformed, PacketType, violation } from './codec/protocol.ts';
import { Connection } from './connection.ts';
import type { PacketHandler } from './connection.ts';
import { Inbound } from './inbound.ts';
import type { Publisher } from './local-message.ts';
import type { Session } from './session.ts';
import type { Timed } from './timer-wheel.ts';
import type { Transport } from './transport.ts';

type State = 'connecting' | 'signing-in' | 'connected' | 'closing' | 'closed';
/** Seconds a peer gets to take our last packet. */
const graceSeconds = 2;
const anonymous: Principal = { kind: 'anonymous', name: 'anonymous', permissions: [] };

/** The protocol on one network connection, from CONNECT to its end. */
export class Client implements PacketHandler, Timed, Publisher {
  readonly conn: Connection;
  readonly number: number;
  readonly #broker: BrokerContext;
  readonly #anonymousAllowed: boolean;
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
  #connectExpiry = 0;

  constructor(broker: BrokerContext, transport: Transport, number: number, anonymousAllowed: boolean) {
    this.#broker = broker;
    this.number = number;
    this.#anonymousAllowed = anonymousAllowed;
    this.conn = new Connection(transport, this, broker.loop, broker.limits, broker.stats);
    this.#inbound = new Inbound(broker, this);
    broker.wheel.set(this, broker.limits.connectTimeoutMs / 1000 + 1);
  }
  get clientId(): string {
    return this.session?.clientId ?? '';
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
      if (this.#state !== 'connecting') return;
      this.conn.awaitsConnect = false;
      this.#connect(buf, body, end);
      return;
    }
    if (type === PacketType.publish) {
      this.#inbound.publish(header, buf, start, body, end);
      return;
    }
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
        throw violation('no enhanced authentication was agreed');
      default:
        throw violation(`a client does not send packet type ${type}`);
    }
  }
  chunkEnd(): void {
    this.#inbound.flush();
  }
  room(): void {
    this.session?.pump();
  }

  // ---- CONNECT

  #connect(buf: Buffer, body: number, end: number): void {
    if (end - body > 6 && buf[body + 6] === 5) this.conn.version = 5;
    const packet = decodeConnect(buf, body, end);
    this.conn.version = packet.version;
    if (packet.properties.authenticationMethod !== undefined) throw new Fault(Code.badAuthMethod, 'no enhanced authentication is offered');
    if (packet.clientId === '' && packet.version === 4 && !packet.clean)
      throw new Fault(Code.clientIdInvalid, 'a kept session needs a client id');
    if (packet.will !== undefined && topicNameFault(packet.will.topic) !== undefined)
      throw new Fault(Code.topicInvalid, 'the topic of the will is invalid');
    const assigned = packet.clientId === '' ? `omh-${randomBytes(9).toString('base64url')}` : undefined;
    const clientId = assigned ?? packet.clientId;
    this.#state = 'signing-in';
    let answer: Principal | undefined | Promise<Principal | undefined>;
    try {
      answer = this.#broker.authenticate({
        clientId,
        username: packet.username,
        password: packet.password,
        peer: this.peer,
        listener: this.conn.transport.listener,
        anonymousAllowed: this.#anonymousAllowed,
      });
    } catch (thrown) {
      this.#signInFailed(thrown);
      return;
    }
    if (!(answer instanceof Promise)) {
      this.#accept(packet, clientId, assigned, answer);
      return;
    }
    this.conn.held = true;
    this.conn.transport.pause();
    answer.then(
      (principal) => {
        if (this.#state !== 'signing-in') return;
        try {
          this.#accept(packet, clientId, assigned, principal);
        } catch (thrown) {
          this.fault(thrown as Fault);
          return;
        }
        this.conn.release();
      },
      (thrown: unknown) => this.#signInFailed(thrown),
    );
  }
  #signInFailed(thrown: unknown): void {
    this.#broker.log.error('the sign-in of an MQTT client cannot be checked', { peer: this.peer, reason: String(thrown) });
    if (this.#state === 'signing-in') this.#refuse(Code.serverUnavailable);
  }
  #accept(packet: ConnectPacket, clientId: string, assigned: string | undefined, principal: Principal | undefined): void {
    const { limits, sessions, wheel } = this.#broker;
    if (principal === undefined) {
      this.refused('connect', undefined, { clientId, username: packet.username });
      this.#refuse(Code.notAuthorized);
      return;
    }
    this.principal = principal;
    const will = packet.will;
    if (will !== undefined && (will.topic.startsWith('$SYS/') || !this.#broker.authorize(principal, 'publish', will.topic))) {
      this.refused('publish', will.topic, { clientId, username: packet.username });
      this.#refuse(Code.notAuthorized);
      return;
    }
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
      this.#refuse(Code.quotaExceeded);
      return;
    }
    this.#state = 'connected';
    this.#broker.stats.clients++;
    const session = this.session!;
    session.username = packet.username;
    if (this.keepAlive > 0) wheel.set(this, keepAliveTicks(this.keepAlive));
    else wheel.cancel(this);
    const properties: Properties =
      packet.version === 4
        ? {}
        : {
            ...(expiry === wish ? {} : { sessionExpiryInterval: expiry }),
            receiveMaximum: limits.receiveMaximum,
            maximumPacketSize: limits.maxPacketSize,
            topicAliasMaximum: limits.topicAliasMaximum,
            ...(assigned === undefined ? {} : { assignedClientIdentifier: assigned }),
            ...(long ? { serverKeepAlive: this.keepAlive } : {}),
          };
    conn.send(encodeConnack(packet.version, taken.present, 0, properties));
    session.pump();
  }
  /** Tells of what this client may not do; with `connect` nobody is known yet. */
  refused(action: MqttRefusal['action'], topic?: string, who = { clientId: this.clientId, username: this.session?.username }): void {
    const { peer, listener } = this.conn.transport;
    this.#broker.refused({ action, ...who, peer, listener, principal: action === 'connect' ? undefined : this.principal, topic });
  }
  #refuse(code: number): void {
    this.#broker.stats.connectionsRefused++;
    this.#close(encodeConnack(this.conn.version, false, code));
  }

  // ---- SUBSCRIBE, UNSUBSCRIBE, DISCONNECT

  #subscribe(buf: Buffer, body: number, end: number): void {
    const packet = decodeSubscribe(buf, body, end, this.conn.version);
    const id = packet.properties.subscriptionIdentifier?.[0] ?? 0;
    const codes: number[] = [];
    const replay: (() => void)[] = [];
    for (const request of packet.requests) codes.push(this.#subscribeOne(request, id, replay));
    this.conn.send(encodeSuback(this.conn.version, packet.packetId, codes));
    for (const run of replay) run();
    this.session!.pump();
  }
  #subscribeOne(request: SubscribeRequest, id: number, replay: (() => void)[]): number {
    const { filter } = request;
    const { sessions, limits, router } = this.#broker;
    const session = this.session!;
    const fault = topicFilterFault(filter);
    if (fault !== undefined) {
      if (this.conn.version === 4) throw malformed(`the filter is wrong: ${fault}`);
      return Code.filterInvalid;
    }
    if (levelsOf(filter) > limits.maxTopicLevels) return Code.filterInvalid;
    const shared = filter.startsWith('$share/');
    const inner = shared ? filter.split('/').slice(2).join('/') : filter;
    if (!this.#broker.authorize(this.principal, 'subscribe', inner)) {
      this.refused('subscribe', filter);
      return Code.notAuthorized;
    }
    const known = session.subscriptions.has(filter);
    if (!known && session.subscriptions.size >= limits.maxSubscriptionsPerClient) return Code.quotaExceeded;
    sessions.subscribe(session, request, id);
    if (!shared && (request.retainHandling === 0 || (request.retainHandling === 1 && !known))) {
      replay.push(() => session.sendRetained(router.retained.match(filter), request.qos, id));
    }
    return request.qos;
  }
  #unsubscribe(buf: Buffer, body: number, end: number): void {
    const packet = decodeUnsubscribe(buf, body, end, this.conn.version);
    const codes: number[] = [];
    for (const filter of packet.filters) {
      const fault = topicFilterFault(filter);
      if (fault !== undefined && this.conn.version === 4) throw malformed(`the filter is wrong: ${fault}`);
      codes.push(
        fault !== undefined
          ? Code.filterInvalid
          : this.#broker.sessions.unsubscribe(this.session!, filter)
            ? Code.success
            : Code.noSubscriptionExisted,
      );
    }
    this.conn.send(encodeUnsuback(this.conn.version, packet.packetId, codes));
  }
  #disconnect(buf: Buffer, body: number, end: number): void {
    const packet = decodeDisconnect(buf, body, end, this.conn.version);
    const expiry = packet.properties.sessionExpiryInterval;
    if (expiry !== undefined) {
      if (expiry > 0 && this.#connectExpiry === 0) throw violation('a session that ends with its connection is given an expiry');
      this.session!.expiry = Math.min(expiry, this.#broker.limits.maxSessionExpiry);
    }
    this.#goodbye = packet.code === Code.normalDisconnect;
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
    this.#close(this.conn.version === 5 ? encodeDisconnect(code) : undefined);
  }
  #close(last?: Buffer): void {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    this.#leave();
    this.#state = 'closing';
    this.#broker.wheel.set(this, graceSeconds);
    this.conn.end(last);
  }
  /** Another connection takes the session. */
  takenOver(): void {
    this.#inbound.dispose();
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
    if (this.#state !== 'connected' || session === null) return;
    this.#inbound.flush();
    this.#inbound.dispose();
    this.#broker.stats.clients--;
    this.#state = 'closing';
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
      case 'signing-in':
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

function levelsOf(filter: string): number {
  let n = 1;
  for (let i = 0; i < filter.length; i++) if (filter.charCodeAt(i) === 0x2f) n++;
  return n;
}
