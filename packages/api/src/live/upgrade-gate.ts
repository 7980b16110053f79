import { EventEmitter } from 'node:events';
import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Node hands every request with an Upgrade header to the `upgrade` listeners once there are any. Only WebSockets go on from here; a
 * client that merely offers another protocol (h2c, as Java's and curl's do) is answered in HTTP/1.1, which ignores the offer
 * (RFC 9110, 7.8). Its body is lost to us by then, so only requests without one are answered.
 */
export function upgradeGate(server: Server, handle: (request: IncomingMessage, response: ServerResponse) => void): EventEmitter {
  const gate = new EventEmitter();
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      gate.emit('upgrade', request, socket, head);
      return;
    }
    socket.on('error', () => socket.destroy());
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      socket.end('HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.end());
    handle(request, response);
  });
  return gate;
}
