import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Cancel, Clock, Logger } from '@omh/core';
import { AddressSet, plainAddress } from '../address.ts';
import type { Admission, Door, Place } from '../admission.ts';
import { TokenBucket } from '../rate-limit.ts';
import type { RateLimits } from '../rate-limit.ts';
import { Certificates } from './certificates.ts';
import type { CertificateInfo } from './certificates.ts';
import { HttpSpeaker } from './http-speaker.ts';
import { listenError } from './listen-error.ts';
import { isEncrypted, isWebSocket, pathOf, schemeOf, typeOf } from './listener-options.ts';
import type { BrokerListener, ListenerType } from './listener-options.ts';
import { ProxyHeaderReader } from './proxy-header-reader.ts';
import type { Speaker, SpeakerContext } from './speaker.ts';
import { TcpSpeaker } from './tcp-speaker.ts';
import { TlsSpeaker } from './tls-speaker.ts';

export interface ListenContext extends SpeakerContext {
  readonly admission: Admission;
  readonly rates: RateLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One listener as people see it. */
export interface ListenerInfo {
  readonly name: string;
  readonly type: ListenerType;
  /** `mqtts://0.0.0.0:8883`. */
  readonly address: string;
  readonly anonymous: boolean;
  readonly connections: number;
  readonly maxConnections?: number;
  /** Accepted, not let in yet: more came at once than `connectRate` lets in. */
  readonly waiting: number;
  readonly certificate?: CertificateInfo;
}

const backlog = 1024;
const emfilePauseMs = 100;
const drainMs = 20;
/** How long a connection waits for a place: those that were cut off come back before their old ends are seen. */
const placeGraceMs = 1000;

/** Accepts connections on one port, no faster than they may come in, and gives them to what the port speaks. */
export class Listener {
  readonly name: string;
  readonly type: ListenerType;
  readonly door: Door;
  readonly #context: ListenContext;
  readonly #server: Server;
  readonly #certificates: Certificates | undefined;
  #speaker: Speaker | undefined;
  #trusted: AddressSet | undefined;
  #bucket!: TokenBucket;
  /** In the order they came; those before `#head` are let in. */
  #waiting: { readonly socket: Socket; readonly address: string; readonly since: number }[] = [];
  #head = 0;
  #cancelDrain: Cancel | undefined;
  #cancelAgain: Cancel | undefined;
  #host = '';
  #port = 0;
  #closed = false;

  constructor(name: string, options: BrokerListener, context: ListenContext) {
    this.name = name;
    this.type = typeOf(name, options);
    this.#context = context;
    this.door = { name, options, rates: undefined, connections: 0 };
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accepted(socket));
    if (isEncrypted(this.type)) this.#certificates = new Certificates(name, options, context.clock, context.log);
    this.#take(options);
  }
  /** What may change while it is open. */
  #take(options: BrokerListener): void {
    const { connectRate = isEncrypted(this.type) ? 250 : 1000, clientRate, totalRate, proxyProtocol } = options;
    const { connectBurst = connectRate * (isEncrypted(this.type) ? 1 : 2) } = options;
    this.door.options = options;
    this.door.rates = this.#context.rates.listener(clientRate, totalRate);
    this.#bucket = new TokenBucket(connectRate, connectBurst, this.#context.clock.monotonicMs());
    this.#trusted = proxyProtocol === undefined ? undefined : new AddressSet(proxyProtocol.trusted);
  }

  /** Rejects with BROKER_PORT_TAKEN and its like, and with what is wrong with its certificate; nothing is open then. */
  async open(): Promise<void> {
    const { options } = this.door;
    const secure = this.#certificates?.read();
    if (isWebSocket(this.type)) this.#speaker = new HttpSpeaker(options, secure, this.#context);
    else this.#speaker = secure === undefined ? new TcpSpeaker(this.#context) : new TlsSpeaker(options, secure, this.#context);
    try {
      await this.#listen(options.host, options.port);
    } catch (thrown) {
      this.#speaker.close();
      throw thrown;
    }
    void this.#certificates?.changed();
    this.#host = options.host;
    this.#port = (this.#server.address() as AddressInfo).port;
    this.#server.on('error', (error: NodeJS.ErrnoException) => this.#trouble(error));
  }
  #listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, this.name, host, port));
      this.#server.once('error', failed);
      this.#server.listen({ host, port, backlog }, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
  }
  /** Without a free descriptor accepting spins: the server closes for a moment, then listens again on the same port. */
  #trouble(error: NodeJS.ErrnoException): void {
    this.#context.log.warn('the listener has an error', { listener: this.name, port: this.#port, reason: error.message });
    if ((error.code !== 'EMFILE' && error.code !== 'ENFILE') || this.#cancelAgain !== undefined || this.#closed) return;
    this.#server.close();
    this.#cancelAgain = this.#context.clock.after(emfilePauseMs, () => {
      this.#cancelAgain = undefined;
      this.#server.listen({ host: this.#host, port: this.#port, backlog });
    });
  }

  get closed(): boolean {
    return this.#closed;
  }
  get port(): number {
    return this.#port;
  }
  /** Whether another one cannot have this port now. */
  holds(port: number): boolean {
    return !this.#closed && port !== 0 && port === this.#port;
  }
  get address(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    return `${schemeOf(this.type)}://${host}:${this.#port}${isWebSocket(this.type) ? pathOf(this.door.options) : ''}`;
  }
  info(): ListenerInfo {
    const { anonymous, maxConnections } = this.door.options;
    const certificate = this.#certificates?.info;
    return {
      name: this.name,
      type: this.type,
      address: this.address,
      anonymous,
      connections: this.door.connections,
      ...(maxConnections === undefined ? {} : { maxConnections }),
      waiting: this.#waiting.length - this.#head,
      ...(certificate === undefined ? {} : { certificate }),
    };
  }
  trouble(): string | undefined {
    return this.#certificates?.trouble();
  }
  note(): string {
    return this.#certificates?.note() ?? '';
  }

  // ---- coming in

  #accepted(socket: Socket): void {
    socket.on('error', () => {});
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const { admission, clock, stats } = this.#context;
    const address = plainAddress(socket.remoteAddress);
    if (!admission.mayWait(address)) {
      socket.destroy();
      return;
    }
    const now = clock.monotonicMs();
    if (this.#cancelDrain === undefined && this.#bucket.take(now) && this.#enter(socket, address) === undefined) return;
    stats.connectionsDelayed++;
    admission.waits(1);
    this.#waiting.push({ socket, address, since: now });
    this.#cancelDrain ??= clock.after(drainMs, this.#drain);
  }
  /** Why the socket has to wait; undefined when it is in or closed. */
  #enter(socket: Socket, address: string): string | undefined {
    const place = this.#context.admission.enter(this.door, address);
    if (typeof place === 'string') return place;
    if (place === undefined) socket.destroy();
    else this.#letIn(socket, place);
    return undefined;
  }
  readonly #drain = (): void => {
    this.#cancelDrain = undefined;
    const { admission, clock } = this.#context;
    const now = clock.monotonicMs();
    while (this.#head < this.#waiting.length && this.#bucket.take(now)) {
      const { socket, address, since } = this.#waiting[this.#head]!;
      const why = this.#enter(socket, address);
      if (why !== undefined) {
        if (now - since < placeGraceMs) break;
        admission.refuse(why);
        socket.destroy();
      }
      this.#head++;
      admission.waits(-1);
    }
    if (this.#head < this.#waiting.length) this.#cancelDrain = clock.after(drainMs, this.#drain);
    else {
      this.#waiting = [];
      this.#head = 0;
    }
  };
  #letIn(socket: Socket, place: Place): void {
    if (socket.destroyed || socket.remoteAddress === undefined) {
      socket.destroy();
      place.leave();
      return;
    }
    const peer = `${place.address}:${socket.remotePort ?? 0}`;
    if (this.#trusted === undefined) {
      this.#speaker!.take(socket, place, peer);
      return;
    }
    const { admission, log, wheel, limits, stats } = this.#context;
    const refused = (): void => {
      stats.proxyFailures++;
      place.leave();
    };
    if (!this.#trusted.has(place.address)) {
      log.debug('a connection does not come from a trusted proxy', { listener: this.name, peer });
      socket.destroy();
      refused();
      return;
    }
    const reader = new ProxyHeaderReader(
      socket,
      wheel,
      (source) => {
        if (source === undefined) this.#speaker!.take(socket, place, peer);
        else if (admission.move(place, source.address)) this.#speaker!.take(socket, place, `${source.address}:${source.port}`);
        else {
          socket.destroy();
          place.leave();
        }
      },
      refused,
    );
    reader.start(limits.connectTimeoutMs / 1000 + 1);
  }

  // ---- while it is open

  /** True when nothing that needs another socket or another TLS or HTTP server differs. */
  takes(options: BrokerListener): boolean {
    const firm = (o: BrokerListener): string =>
      JSON.stringify([typeOf(this.name, o), o.host, o.port, pathOf(o), o.clientCertificate ?? 'none', o.minVersion ?? '']);
    return firm(options) === firm(this.door.options);
  }
  /** New settings, for connections that come from now on. Throws what is wrong with the certificate; the old settings stay then. */
  adjust(options: BrokerListener): void {
    if (this.#certificates !== undefined) this.#speaker!.renew!(this.#certificates.read(options));
    this.#take(options);
  }
  /** Looks at its files; true when it has a new certificate now, or found out that it cannot have it. */
  async poll(): Promise<boolean> {
    if (this.#certificates === undefined || !(await this.#certificates.changed()) || this.#closed) return false;
    this.reload();
    return true;
  }
  reload(): void {
    const secure = this.#certificates?.readAgain();
    if (secure !== undefined) this.#speaker!.renew!(secure);
  }

  /** No one new comes in, who waits is let go; clients that are connected stay. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelAgain?.();
    this.#cancelDrain?.();
    this.#cancelDrain = undefined;
    for (const { socket } of this.#waiting.slice(this.#head)) {
      socket.destroy();
      this.#context.admission.waits(-1);
    }
    this.#waiting = [];
    this.#head = 0;
    this.#server.close();
    this.#speaker?.close();
  }
}
