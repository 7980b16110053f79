import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { RetrySchedule } from '@omh/core';
import type { Cancel, Clock, Logger, Micros, OmhError } from '@omh/core';
import { encodeDisconnect } from '../codec/encode.ts';
import type { Properties } from '../codec/properties.ts';
import { Code, Fault, PacketType, violation } from '../codec/protocol.ts';
import { errors } from '../errors.ts';
import type { BrokerAddress } from './broker-address.ts';
import { decodeAcknowledgement, decodeAnswer, decodeConnack, decodeFarewell, decodePublish } from './client-packets.ts';
import { encodeConnect, pingRequest } from './client-packets.ts';
import type { Acknowledgement, Answer, Connack, IncomingPublish } from './client-packets.ts';
import { PacketSplitter } from './packet-splitter.ts';
import { needsPerson, reasonWords } from './reason-codes.ts';
import { socketFault } from './socket-fault.ts';

/** PEM texts. */
export interface LinkTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface LinkOptions {
  readonly address: BrokerAddress;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: LinkTls;
  /** The first connection of this process begins with an empty session; later ones go on with it. */
  readonly freshStart: boolean;
  /** Seconds. */
  readonly sessionExpiry: number;
  readonly receiveMaximum: number;
  readonly maxPacketSize: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface LinkEvents {
  up(connack: Connack): void;
  down(): void;
  publish(packet: IncomingPublish): void;
  acknowledged(type: number, ack: Acknowledgement): void;
  answered(type: number, answer: Answer): void;
}

export type LinkState = 'stopped' | 'connecting' | 'up' | 'waiting';

const connectTimeoutMs = 10_000;
const keepAliveSeconds = 30;
const pingPatienceMs = 10_000;
const stopGraceMs = 500;

/** One MQTT 5 connection that comes back by itself. Knows packets and time-outs, nothing of topics. */
export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #retry = new RetrySchedule({ firstMs: 250, maxMs: 10_000 });
  #state: LinkState = 'stopped';
  #socket: Socket | undefined;
  #corked = false;
  #fault: OmhError | undefined;
  #nextTry: Micros | undefined;
  #cancelTry: Cancel = () => {};
  #cancelTimeout: Cancel = () => {};
  #cancelPing: Cancel = () => {};
  #pinged = false;
  #fresh: boolean;
  /** Another client has our id: taking it back at once would go on for ever. */
  #contested = false;
  connects = 0;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#fresh = options.freshStart;
  }

  get state(): LinkState {
    return this.#state;
  }
  /** Why it is not up. */
  get fault(): OmhError | undefined {
    return this.#fault;
  }
  get nextTry(): Micros | undefined {
    return this.#nextTry;
  }
  /** Bytes that the socket has not taken. */
  get backlog(): number {
    return this.#socket?.writableLength ?? 0;
  }

  start(): void {
    if (this.#state !== 'stopped') return;
    this.#fault = undefined;
    this.#connect();
  }

  /** The broker is known to be there: the next try is now. */
  hurry(): void {
    if (this.#state !== 'waiting' || this.#contested || this.#fault?.row.blame === 'config') return;
    this.#cancelTry();
    this.#connect();
  }

  /** Says good-bye; the session stays at the broker as long as it was asked to. */
  async stop(): Promise<void> {
    const up = this.#state === 'up';
    const socket = this.#socket;
    this.#state = 'stopped';
    this.#nextTry = undefined;
    this.#cancelAll();
    this.#socket = undefined;
    if (socket === undefined) return;
    if (up) this.#events.down();
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(stopGraceMs, () => socket.destroy());
      socket.once('close', () => {
        cancel();
        resolve();
      });
      if (!up || socket.destroyed) {
        socket.destroy();
        if (socket.closed) resolve();
        return;
      }
      socket.end(encodeDisconnect(0));
      socket.resume();
    });
  }

  /** Written in one piece with what else this turn of the loop sends. */
  send(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      setImmediate(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(bytes);
  }

  #connect(): void {
    const { address, tls, clock, maxPacketSize } = this.#options;
    this.#state = 'connecting';
    this.#nextTry = undefined;
    const { host, port } = address;
    let socket: Socket;
    try {
      socket = address.tls ? connectTls({ host, port, ...tls, ...(isName(host) && { servername: host }) }) : connectTcp({ host, port });
    } catch (thrown) {
      // A certificate that is none throws before there is a socket.
      this.#fault = errors.BROKER_LINK_UNREACHABLE({ url: address.text, detail: socketFault(thrown) }, { cause: thrown });
      this.#lost();
      return;
    }
    this.#socket = socket;
    this.#corked = false;
    let fault: OmhError | undefined;
    socket.setNoDelay(true);
    this.#cancelTimeout = clock.after(connectTimeoutMs, () => {
      fault = errors.BROKER_LINK_UNREACHABLE({ url: address.text, detail: 'it does not answer' });
      socket.destroy();
    });
    const end = (reason: OmhError): void => {
      fault ??= reason;
      socket.destroy();
    };
    const splitter = new PacketSplitter(maxPacketSize, (header, buf, start, stop) => {
      if (this.#socket === socket && !socket.destroyed) this.#take(header, buf, start, stop, end);
    });
    socket.on(address.tls ? 'secureConnect' : 'connect', () => this.#greet());
    socket.on('data', (chunk: Buffer) => {
      try {
        splitter.feed(chunk);
      } catch (thrown) {
        if (thrown instanceof Fault && this.#state === 'up') socket.write(encodeDisconnect(thrown.code));
        const detail = thrown instanceof Error ? thrown.message : String(thrown);
        this.#options.log.warn('the external broker sent what cannot be read', { url: address.text, detail });
        end(errors.BROKER_LINK_CLOSED({ url: address.text, detail: `it sent what cannot be read: ${detail}` }, { cause: thrown }));
      }
    });
    socket.on('error', (thrown) => {
      const kind = this.#state === 'up' ? errors.BROKER_LINK_CLOSED : errors.BROKER_LINK_UNREACHABLE;
      fault ??= kind({ url: address.text, detail: socketFault(thrown) }, { cause: thrown });
    });
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#fault = fault ?? errors.BROKER_LINK_CLOSED({ url: address.text, detail: 'the connection ended' });
      this.#lost();
    });
  }

  #greet(): void {
    const { clientId, username, password, sessionExpiry, receiveMaximum, maxPacketSize } = this.#options;
    const properties: Properties = { sessionExpiryInterval: sessionExpiry, receiveMaximum, maximumPacketSize: maxPacketSize };
    this.send(encodeConnect({ clientId, cleanStart: this.#fresh, keepAlive: keepAliveSeconds, username, password, properties }));
  }

  #take(header: number, buf: Buffer, start: number, end: number, close: (reason: OmhError) => void): void {
    const type = header >> 4;
    if (this.#state !== 'up') {
      if (type !== PacketType.connack) throw violation('the first packet is no CONNACK');
      this.#welcome(decodeConnack(buf, start, end), close);
      return;
    }
    switch (type) {
      case PacketType.publish:
        this.#events.publish(decodePublish(header, buf, start, end));
        return;
      case PacketType.puback:
      case PacketType.pubrec:
      case PacketType.pubcomp:
        this.#events.acknowledged(type, decodeAcknowledgement(type, buf, start, end));
        return;
      case PacketType.suback:
      case PacketType.unsuback:
        this.#events.answered(type, decodeAnswer(type, buf, start, end));
        return;
      case PacketType.pingresp:
        this.#pinged = false;
        return;
      case PacketType.disconnect: {
        const { code, properties } = decodeFarewell(buf, start, end);
        this.#contested = code === Code.sessionTakenOver;
        close(errors.BROKER_LINK_CLOSED({ url: this.#options.address.text, detail: reasonWords(code, properties.reasonString) }));
        return;
      }
      default:
        throw new Fault(Code.protocolError, `packet type ${type} is not for clients`);
    }
  }

  #welcome(connack: Connack, close: (reason: OmhError) => void): void {
    this.#cancelTimeout();
    if (connack.code !== 0) {
      const detail = reasonWords(connack.code, connack.properties.reasonString);
      const kind = needsPerson(connack.code) ? errors.BROKER_LINK_REFUSED : errors.BROKER_LINK_CLOSED;
      close(kind({ url: this.#options.address.text, detail }));
      return;
    }
    this.#state = 'up';
    this.#fault = undefined;
    this.#fresh = false;
    this.connects++;
    if (!this.#contested) this.#retry.reset();
    this.#contested = false;
    this.#pinged = false;
    const keepAlive = connack.properties.serverKeepAlive ?? keepAliveSeconds;
    if (keepAlive > 0) this.#keepAlive((keepAlive * 1000) / 2, close);
    this.#events.up(connack);
  }

  #keepAlive(everyMs: number, close: (reason: OmhError) => void): void {
    const { clock, address } = this.#options;
    this.#cancelPing = clock.after(Math.min(everyMs, pingPatienceMs), () => {
      if (this.#pinged) {
        close(errors.BROKER_LINK_CLOSED({ url: address.text, detail: 'it does not answer any more' }));
        return;
      }
      // Also while we send: only an answer shows that the broker is there.
      this.#pinged = true;
      this.send(pingRequest);
      this.#keepAlive(everyMs, close);
    });
  }

  #lost(): void {
    const wasUp = this.#state === 'up';
    this.#cancelAll();
    this.#socket = undefined;
    this.#state = 'waiting';
    const delayMs = this.#retry.next();
    this.#nextTry = (this.#options.clock.now() + delayMs * 1000) as Micros;
    this.#cancelTry = this.#options.clock.after(delayMs, () => this.#connect());
    if (wasUp) this.#events.down();
  }
  #cancelAll(): void {
    this.#cancelTry();
    this.#cancelTimeout();
    this.#cancelPing();
  }
}

/** TLS takes names for SNI, not addresses. */
const isName = (host: string): boolean => !/^[\d.]+$|:/.test(host);
