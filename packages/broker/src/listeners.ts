import { createServer as createHttpServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Cancel, Clock, Logger } from '@omh/core';
import { errors } from './errors.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { Transport, TransportEvents } from './transport.ts';
import { WsTransport } from './ws-transport.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}
/** Called per new connection; returns who listens to it, or undefined when it is one too many. */
export type Accept = (transport: Transport) => TransportEvents | undefined;

const backlog = 1024;
const emfilePauseMs = 100;

export interface OpenListener {
  readonly host: string;
  readonly port: number;
  close(): void;
}

export async function listenTcp(o: ListenOptions, accept: Accept, clock: Clock, log: Logger): Promise<OpenListener> {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on('error', () => {});
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const transport = new TcpTransport(socket);
    const events = accept(transport);
    if (events === undefined) transport.destroy();
    else transport.open(events);
  });
  await listen(server, 'tcp', o);
  return opened(server, o, clock, log);
}

export async function listenWs(
  o: ListenOptions & { readonly path: string },
  maxPayload: number,
  accept: Accept,
  clock: Clock,
  log: Logger,
): Promise<OpenListener> {
  const server: HttpServer = createHttpServer((_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', upgrade: 'websocket' });
    response.end('This port speaks MQTT over WebSocket.\n');
  });
  server.maxHeadersCount = 64;
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  });
  sockets.on('wsClientError', (_error, socket) => socket.destroy());
  server.on('clientError', (_error, socket: Duplex) => socket.destroy());
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    const path = (request.url ?? '').split('?')[0];
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((p) => p.trim());
    if (path !== o.path) {
      refuse(socket, '404 Not Found');
      return;
    }
    if (!offered.includes('mqtt')) {
      refuse(socket, '400 Bad Request');
      return;
    }
    const peer = `${(request.socket.remoteAddress ?? '?').replace(/^::ffff:/, '')}:${request.socket.remotePort ?? 0}`;
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => {});
      const transport = new WsTransport(ws, peer);
      const events = accept(transport);
      if (events === undefined) transport.destroy();
      else transport.open(events);
    });
  });
  await listen(server, 'ws', o);
  const open = opened(server, o, clock, log);
  return {
    ...open,
    close: () => {
      open.close();
      server.closeAllConnections();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function listen(server: Server, listener: 'tcp' | 'ws', o: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, listener, o));
    server.once('error', failed);
    server.listen({ host: o.host, port: o.port, backlog }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, listener: 'tcp' | 'ws', { host, port }: ListenOptions): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return errors.BROKER_PORT_TAKEN({ host, port }, { cause: error });
    case 'EACCES':
      return errors.BROKER_PORT_DENIED({ host, port }, { cause: error });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return errors.BROKER_ADDRESS_UNKNOWN({ host }, { cause: error });
    default:
      return errors.BROKER_LISTEN_FAILED({ host, port, listener, detail: error.message }, { cause: error });
  }
}

/** Without a free descriptor accepting spins: the server closes for a moment, then listens again on the same port. */
function opened(server: Server, { host }: ListenOptions, clock: Clock, log: Logger): OpenListener {
  const { port } = server.address() as AddressInfo;
  let again: Cancel | undefined;
  server.on('error', (error: NodeJS.ErrnoException) => {
    log.warn('the listener has an error', { host, port, reason: error.message });
    if ((error.code !== 'EMFILE' && error.code !== 'ENFILE') || again !== undefined) return;
    server.close();
    again = clock.after(emfilePauseMs, () => {
      again = undefined;
      server.listen({ host, port, backlog });
    });
  });
  return {
    host,
    port,
    close: () => {
      again?.();
      again = () => {};
      server.close();
    },
  };
}
