import type { IncomingMessage } from 'node:http';
import type { Cancel, Clock } from '@omh/core';

/** Beyond these a client that goes on sending is cut off. */
const mostBytes = 64 * 1024 * 1024;
const mostMs = 5000;
/** One that sends nothing for so long waits for its answer. */
const idleMs = 500;

/**
 * Reads and forgets what the client still sends of a request whose answer stands already, so that the answer arrives: a connection that is
 * closed with unread bytes is reset, and what was sent over it is lost (RFC 9112, 9.6). Resolves at the end of the body or at a bound.
 */
export function unreadBody(request: IncomingMessage, clock: Clock): Promise<void> {
  if (request.complete || request.readableEnded || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const until = clock.monotonicMs() + mostMs;
    let bytes = 0;
    let idle: Cancel;
    const wait = (): void => {
      idle = clock.after(idleMs, done);
    };
    const data = (chunk: Uint8Array): void => {
      bytes += chunk.length;
      idle();
      if (bytes > mostBytes || clock.monotonicMs() > until) done();
      else wait();
    };
    const done = (): void => {
      idle();
      request.off('data', data).off('end', done).off('error', done).off('close', done);
      resolve();
    };
    wait();
    request.on('data', data).on('end', done).on('error', done).on('close', done);
    request.resume();
  });
}
