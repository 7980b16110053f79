import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { Place } from '../admission.ts';
import { WsTransport } from '../ws-transport.ts';
import { certificateOf } from './client-certificate.ts';
import { pathOf } from './listener-options.ts';
import type { BrokerListener } from './listener-options.ts';
import { Underway } from './speaker.ts';
import type { Speaker, SpeakerContext } from './speaker.ts';
import { isTrusted, tlsServerOptions } from './tls-server-options.ts';

/** Packets of a WebSocket frame are unpacked by the codec; a frame may hold some of them. */
const frameSlack = 65_536;
const httpLimits = { maxHeaderSize: 16_384 };

const hint: RequestListener = (_request, response) => {
  response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', upgrade: 'websocket' });
  response.end('This port speaks MQTT over WebSocket.\n');
};

/** MQTT over WebSocket, with TLS around it when there is a certificate (MQTT 5.0, section 6). */
export class HttpSpeaker implements Speaker {
  readonly #context: SpeakerContext;
  readonly #listener: BrokerListener;
  readonly #server: Server | SecureServer;
  readonly #sockets: WebSocketServer;
  readonly #underway: Underway;
  readonly #secure: SecureServer | undefined;

  constructor(listener: BrokerListener, secure: SecureContextOptions | undefined, context: SpeakerContext) {
    this.#context = context;
    this.#underway = new Underway(context);
    this.#listener = listener;
    if (secure === undefined) this.#server = createServer(httpLimits, hint);
    else {
      this.#secure = createSecureServer({ ...httpLimits, ...tlsServerOptions(listener, secure, context.limits) }, hint);
      this.#secure.on('tlsClientError', (_error, socket) => {
        context.stats.tlsFailures++;
        socket.destroy();
      });
      this.#server = this.#secure;
    }
    this.#server.maxHeadersCount = 64;
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      clientTracking: false,
      maxPayload: context.limits.maxPacketSize + frameSlack,
      handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
    });
    this.#sockets.on('wsClientError', (_error, socket) => socket.destroy());
    this.#server.on('clientError', (_error, socket: Duplex) => socket.destroy());
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head));
  }
  take(socket: Socket, place: Place, peer: string): void {
    if (!this.#underway.add(socket, place, peer)) return;
    this.#server.emit('connection', socket);
    if (this.#secure === undefined) socket.resume();
  }
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    const known = this.#underway.find(request.socket);
    const path = (request.url ?? '').split('?')[0];
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((p) => p.trim());
    if (known === undefined) socket.destroy();
    else if (path !== pathOf(this.#listener)) refuse(socket, '404 Not Found');
    else if (!offered.includes('mqtt')) refuse(socket, '400 Bad Request');
    else if (request.socket instanceof TLSSocket && !isTrusted(request.socket, this.#listener)) {
      this.#context.stats.tlsFailures++;
      refuse(socket, '403 Forbidden');
    } else {
      const { place, peer } = known;
      const certificate = request.socket instanceof TLSSocket ? certificateOf(request.socket) : undefined;
      this.#sockets.handleUpgrade(request, socket, head, (ws) => {
        ws.on('error', () => {});
        known.arrive();
        const transport = new WsTransport(ws, place, peer, certificate);
        transport.open(this.#context.accept(transport));
      });
    }
  }
  renew(secure: SecureContextOptions): void {
    this.#secure?.setSecureContext(secure);
  }
  close(): void {
    this.#sockets.close();
    this.#underway.close();
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
