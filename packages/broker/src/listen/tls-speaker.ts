import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import type { Place } from '../admission.ts';
import { TlsTransport } from '../tls-transport.ts';
import { certificateOf } from './client-certificate.ts';
import type { BrokerListener } from './listener-options.ts';
import { Underway } from './speaker.ts';
import type { Speaker, SpeakerContext } from './speaker.ts';
import { isTrusted, tlsServerOptions } from './tls-server-options.ts';

/** MQTT inside TLS. */
export class TlsSpeaker implements Speaker {
  readonly #context: SpeakerContext;
  readonly #server: Server;
  readonly #underway: Underway;

  constructor(listener: BrokerListener, secure: SecureContextOptions, context: SpeakerContext) {
    this.#context = context;
    this.#underway = new Underway(context);
    const options = { ...tlsServerOptions(listener, secure, context.limits), ALPNProtocols: ['mqtt'] };
    this.#server = createServer(options, (socket) => this.#secured(socket, listener));
    this.#server.on('tlsClientError', (_error, socket) => {
      context.stats.tlsFailures++;
      socket.destroy();
    });
  }
  take(socket: Socket, place: Place, peer: string): void {
    if (this.#underway.add(socket, place, peer)) this.#server.emit('connection', socket);
  }
  #secured(socket: TLSSocket, listener: BrokerListener): void {
    socket.on('error', () => {});
    const known = this.#underway.find(socket);
    if (known === undefined || !isTrusted(socket, listener)) {
      this.#context.stats.tlsFailures++;
      socket.destroy();
      return;
    }
    known.arrive();
    const transport = new TlsTransport(socket, known.place, known.peer, certificateOf(socket));
    transport.open(this.#context.accept(transport));
  }
  renew(secure: SecureContextOptions): void {
    this.#server.setSecureContext(secure);
  }
  close(): void {
    this.#underway.close();
  }
}
