import type { Socket } from 'node:net';
import { brokenFault } from '../link-fault.ts';
import type { Connection, ConnectionEvents } from './transport.ts';

/** Wraps a connected TCP or TLS socket. */
export function streamConnection(socket: Socket, place: string, events: ConnectionEvents): Connection {
  let isOver = false;
  const end = (cause?: unknown): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    events.ended(brokenFault(place, cause));
  };
  socket.on('data', (chunk: Uint8Array) => {
    if (!isOver) events.data(chunk);
  });
  socket.on('error', end);
  socket.on('end', () => end());
  socket.on('close', () => end());
  return {
    write(bytes) {
      if (!isOver) socket.write(bytes);
    },
    async close() {
      isOver = true;
      socket.destroy();
      if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    },
  };
}
