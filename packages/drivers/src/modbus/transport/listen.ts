import { BlockList, createServer, isIP, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock, Logger } from '@omh/core';
import { errors } from '../../errors.ts';
import { streamConnection } from './stream-connection.ts';
import type { TlsSettings } from './tls.ts';
import { hostPort, onNetwork, type Connection, type Transport } from './transport.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Addresses or ranges like `10.0.0.0/8` that may dial in; absent: all. */
  readonly allow?: readonly string[];
  /** With it devices dial in over TLS and show a certificate. */
  readonly tls?: TlsSettings;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The device dials in, as modems behind a provider's network do. One device per port: the newest connection takes the place of the
 * older one. The port stays open between two attempts, so that no call is missed.
 */
export function listenTransport(options: ListenOptions): Transport & { readonly port: () => number | undefined } {
  const { host, port, timeoutMs, clock, log } = options;
  let allowed: BlockList | undefined;
  let server: Server | undefined;
  /** Called and not yet taken. */
  let parked: Socket | undefined;
  let live: { readonly socket: Socket; replaced(): void } | undefined;
  let taken: ((socket: Socket) => void) | undefined;
  const place = hostPort(host, port);

  const accept = (socket: Socket): void => {
    socket.on('error', () => {});
    const from = socket.remoteAddress ?? '';
    if (allowed !== undefined && !allowed.check(plain(from), isIPv6(plain(from)) ? 'ipv6' : 'ipv4')) {
      log.warn('a connection is refused: its address is not among those that may dial in', { from, place });
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    live?.replaced();
    live = undefined;
    parked?.destroy();
    parked = socket;
    socket.once('close', () => {
      if (parked === socket) parked = undefined;
    });
    taken?.(socket);
  };

  const listening = async (): Promise<void> => {
    if (server !== undefined) return;
    if (options.allow !== undefined) allowed = blockListOf(options.allow, place);
    const made = options.tls === undefined ? createServer({ noDelay: true }, accept) : secureServer(options.tls);
    made.unref();
    await new Promise<void>((resolve, reject) => {
      made.once('error', (cause: NodeJS.ErrnoException) => {
        const detail =
          cause.code === 'EADDRINUSE'
            ? 'another program or device uses it'
            : cause.code === 'EACCES'
              ? 'this needs more rights'
              : cause.code === 'EADDRNOTAVAIL'
                ? 'this computer has no such address'
                : cause.message;
        reject(errors.DRIVERS_MODBUS_LISTEN({ place, detail }, { cause }));
      });
      made.listen({ host, port, backlog: 16 }, () => resolve());
    });
    made.removeAllListeners('error');
    made.on('error', (error) => log.error('the port that devices dial in to fails', { place, err: error }));
    server = made;
  };

  const secureServer = ({ ca, cert, key }: TlsSettings): Server => {
    const own = { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
    const asks = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2', handshakeTimeout: timeoutMs } as const;
    try {
      const made = createTlsServer({ ...own, ...asks, noDelay: true }, accept);
      made.on('tlsClientError', (error) => log.warn('a device that dials in does not get through TLS', { place, err: error }));
      return made;
    } catch (cause) {
      throw errors.DRIVERS_MODBUS_TLS_OWN({ detail: (cause as Error).message }, { cause });
    }
  };

  return {
    ...onNetwork,
    place: `devices that dial in to ${place}`,
    port: () => (server?.address() as AddressInfo | null | undefined)?.port,
    async open(events, signal): Promise<Connection> {
      const calledOff = (): Error => errors.DRIVERS_MODBUS_CALLED_OFF({ host, port });
      if (signal.aborted) throw calledOff();
      await listening();
      const socket =
        parked ??
        (await new Promise<Socket>((resolve, reject) => {
          const settle = (): void => {
            taken = undefined;
            cancel();
            signal.removeEventListener('abort', abort);
          };
          const abort = (): void => {
            settle();
            reject(calledOff());
          };
          const cancel = clock.after(timeoutMs, () => {
            settle();
            reject(errors.DRIVERS_MODBUS_NOBODY_CALLS({ place }));
          });
          taken = (caller) => {
            settle();
            resolve(caller);
          };
          signal.addEventListener('abort', abort, { once: true });
          if (signal.aborted) abort();
        }));
      if (parked === socket) parked = undefined;
      const from = hostPort(plain(socket.remoteAddress ?? '?'), socket.remotePort ?? 0);
      let isReplaced = false;
      const connection = streamConnection(socket, from, {
        data: (chunk) => events.data(chunk),
        ended: (error) => events.ended(isReplaced ? errors.DRIVERS_MODBUS_REPLACED({ place, from }) : error),
      });
      live = {
        socket,
        replaced() {
          isReplaced = true;
          socket.destroy();
        },
      };
      return {
        ...connection,
        close() {
          if (live?.socket === socket) live = undefined;
          return connection.close();
        },
      };
    },
    async close() {
      parked?.destroy();
      parked = undefined;
      const closing = server;
      server = undefined;
      if (closing !== undefined) await new Promise<void>((resolve) => closing.close(() => resolve()));
    },
  };
}

/** An IPv4 address as Node shows it on a socket for both families. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

function blockListOf(entries: readonly string[], place: string): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const prefix = bits === undefined ? undefined : Number(bits);
    if (isIP(address) === 0 || (prefix !== undefined && !(prefix <= (family === 'ipv6' ? 128 : 32))))
      throw errors.DRIVERS_MODBUS_LISTEN({ place, detail: `allow names ${entry}, which is no address and no range` });
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, prefix, family);
  }
  return list;
}
