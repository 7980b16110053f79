import { randomBytes } from 'node:crypto';
import { topicNameFault } from '@omh/core';
import type { Principal } from '@omh/core';
import type { BrokerContext, SignIn, SignInAnswer } from './broker-context.ts';
import type { Client } from './client.ts';
import { decodeConnect } from './codec/decode.ts';
import type { ConnectPacket, WillPacket } from './codec/decode.ts';
import type { Properties } from './codec/properties.ts';
import { Code, Fault, PacketType, violation } from './codec/protocol.ts';
import { EnhancedAuth } from './enhanced-auth.ts';
import type { Accepted } from './enhanced-auth.ts';
import { checkedTopic } from './route.ts';

/** What a client asked for in CONNECT. */
export interface Asked {
  readonly packet: ConnectPacket;
  readonly clientId: string;
  /** The client id, where the broker gave it. */
  readonly assigned: string | undefined;
}

/** From CONNECT to CONNACK: what a client asks for, and who it turns out to be. */
export class Handshake {
  readonly #broker: BrokerContext;
  readonly #client: Client;
  #state: 'waiting' | 'signing-in' | 'authenticating' | 'over' = 'waiting';
  #asked: Asked | null = null;
  /** Goes on to serve the live connection. */
  enhanced: EnhancedAuth | null = null;

  constructor(broker: BrokerContext, client: Client) {
    this.#broker = broker;
    this.#client = client;
  }

  packet(type: number, buf: Buffer, body: number, end: number): void {
    if (this.#state === 'waiting') {
      this.#client.conn.awaitsConnect = false;
      this.#connect(buf, body, end);
    } else if (this.#state === 'authenticating') this.#beforeConnack(type, buf, body, end);
  }

  #connect(buf: Buffer, body: number, end: number): void {
    const { conn } = this.#client;
    this.#broker.stats.packetsIn[PacketType.connect]!++;
    if (end - body > 6 && buf[body + 6]! >= 5) conn.version = 5;
    const packet = decodeConnect(buf, body, end);
    conn.version = packet.version;
    if (packet.clientId === '' && packet.version === 4 && !packet.clean)
      throw new Fault(Code.clientIdInvalid, 'a kept session needs a client id');
    if (packet.will !== undefined && topicNameFault(packet.will.topic) !== undefined)
      throw new Fault(Code.topicInvalid, 'the topic of the will is invalid');
    const assigned = packet.clientId === '' ? `omh-${randomBytes(9).toString('base64url')}` : undefined;
    const clientId = assigned ?? packet.clientId;
    const asked: Asked = { packet, clientId, assigned };
    this.#asked = asked;
    if (this.#banned(asked)) return;
    const { username, password } = packet;
    const { peer, place, certificate } = conn.transport;
    const { name: listener, options } = place.door;
    const signIn: SignIn = { clientId, username, password, peer, listener, anonymousAllowed: options.anonymous, certificate };
    const method = packet.properties.authenticationMethod;
    if (method === undefined) {
      this.#signIn(asked, signIn);
      return;
    }
    this.#state = 'authenticating';
    conn.maxPacketOut = packet.properties.maximumPacketSize ?? 0xffffffff;
    this.enhanced = new EnhancedAuth(this.#client, method, () => this.#broker.beginAuth?.(method, { ...signIn, password: undefined }));
    this.enhanced.start(packet.properties.authenticationData);
  }
  #banned({ clientId, packet }: Asked): boolean {
    const refusal = this.#broker.admission.refusal(clientId, packet.username, this.#client.conn.transport.place.address);
    if (refusal !== 0) this.#refuse(refusal);
    return refusal !== 0;
  }

  #signIn(asked: Asked, signIn: SignIn): void {
    this.#state = 'signing-in';
    let answer: SignInAnswer | Promise<SignInAnswer>;
    try {
      answer = this.#broker.authenticate(signIn);
    } catch (thrown) {
      this.#signInFailed(thrown);
      return;
    }
    if (!(answer instanceof Promise)) {
      this.#answered(asked, answer);
      return;
    }
    const client = this.#client;
    client.conn.hold();
    answer.then(
      (later) => {
        // It may have been banned while it was asked who it is.
        if (this.#state !== 'signing-in' || this.#banned(asked)) return;
        try {
          this.#answered(asked, later);
        } catch (thrown) {
          client.fault(thrown as Fault);
          return;
        }
        client.conn.release();
      },
      (thrown: unknown) => this.#signInFailed(thrown),
    );
  }
  #signInFailed(thrown: unknown): void {
    this.#broker.log.error('the sign-in of an MQTT client cannot be checked', { peer: this.#client.peer, reason: String(thrown) });
    if (this.#state === 'signing-in') this.#refuse(Code.serverUnavailable);
  }
  #answered(asked: Asked, answer: SignInAnswer): void {
    const { packet, clientId } = asked;
    if (answer === 'busy' || answer === 'unavailable') {
      const code = answer === 'busy' ? Code.serverBusy : Code.serverUnavailable;
      this.#broker.features.connack(this.#client, packet, clientId, code);
      this.#refuse(code);
    } else if (answer !== undefined && 'principal' in answer)
      this.#accept({ ...asked, packet: { ...packet, username: answer.username } }, answer.principal);
    else this.#accept(asked, answer);
  }

  // ---- enhanced authentication (4.12)

  #beforeConnack(type: number, buf: Buffer, body: number, end: number): void {
    if (type === PacketType.auth) this.enhanced!.packet(buf, body, end, false);
    else if (type === PacketType.disconnect) this.#client.hangUp();
    else throw violation('a client that authenticates sends AUTH and DISCONNECT only');
  }
  authenticated({ principal, username, data }: Accepted): void {
    const asked = this.#asked!;
    const packet = { ...asked.packet, username: asked.packet.username ?? username };
    this.#accept({ ...asked, packet }, principal, this.enhanced!.proof(data));
  }
  notAuthenticated(code: number): void {
    const { packet, clientId } = this.#asked!;
    if (code === Code.notAuthorized) {
      this.#broker.stats.signInsRefused++;
      this.#client.refused('connect', undefined, { clientId, username: packet.username });
    }
    this.#broker.features.connack(this.#client, packet, clientId, code);
    this.#refuse(code);
  }

  // ---- the answer

  #accept(asked: Asked, principal: Principal | undefined, proof: Properties = {}): void {
    const { packet, clientId } = asked;
    if (principal === undefined) {
      this.notAuthenticated(Code.notAuthorized);
      return;
    }
    const client = this.#client;
    client.principal = principal;
    const { will, username } = packet;
    if (will !== undefined && (checkedTopic(will.topic).startsWith('$SYS/') || !this.#mayWill(will, clientId, username))) {
      client.refused('publish', will.topic, { clientId, username });
      this.#refuse(Code.notAuthorized);
      return;
    }
    this.over();
    client.enter(asked, principal, proof);
  }
  #mayWill(will: WillPacket, clientId: string, username: string | undefined): boolean {
    const { principal, peer } = this.#client;
    return this.#broker.authorize(principal, 'publish', checkedTopic(will.topic), { clientId, username, peer }, will.qos, will.retain);
  }
  #refuse(code: number): void {
    this.over();
    this.#client.refuse(code);
  }
  /** The connection goes its way without it. */
  over(): void {
    this.#state = 'over';
  }
}
