import type { Socket } from 'node:net';
import type { Clock, OmhError } from '@omh/core';
import { errors } from '../../errors.ts';
import { connectFault } from '../link-fault.ts';

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Waits until a socket that connects is ready; destroys it and rejects with a sentence when it fails, takes too long or is called off. */
export function connected(socket: Socket, ready: 'connect' | 'secureConnect', options: ConnectOptions, signal: AbortSignal): Promise<void> {
  const { host, port, timeoutMs: ms, clock } = options;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      cancel();
      signal.removeEventListener('abort', abort);
      socket.off('error', refused).off('close', closed).off(ready, done);
    };
    const fail = (error: OmhError): void => {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(errors.DRIVERS_MODBUS_CALLED_OFF({ host, port }));
    const refused = (error: Error): void => fail(connectFault({ host, port }, error));
    const closed = (): void => fail(errors.DRIVERS_MODBUS_CONNECT_FAILED({ host, port, detail: 'the other side closes it at once' }));
    const done = (): void => {
      settle();
      resolve();
    };
    const cancel = clock.after(ms, () => fail(errors.DRIVERS_MODBUS_CONNECT_TIMEOUT({ host, port, ms })));
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', refused).on('close', closed).on(ready, done);
    if (signal.aborted) abort();
  });
}
