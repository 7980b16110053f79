import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { errors } from '../../errors.ts';
import { connected, type ConnectOptions } from './connect.ts';
import { streamConnection } from './stream-connection.ts';
import { hostPort, onNetwork, type Transport } from './transport.ts';

/** Texts in PEM. Without `ca` the authorities of Node are trusted. */
export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name that the device's certificate must carry, where it is not the host. */
  readonly serverName?: string;
}

/** Modbus/TCP Security (MB-TCP-Security V2.1): TLS 1.2 or newer, both sides show a certificate. */
export function tlsTransport(options: ConnectOptions & { readonly tls: TlsSettings }): Transport {
  const { host, port, tls } = options;
  const { serverName, ca, cert, key } = tls;
  const place = hostPort(host, port);
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  const trust = { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
  return {
    ...onNetwork,
    place,
    async open(events, signal) {
      let socket: TLSSocket;
      try {
        socket = connect({ host, port, ...trust, ...(name !== undefined && { servername: name }), minVersion: 'TLSv1.2' });
      } catch (cause) {
        throw errors.DRIVERS_MODBUS_TLS_OWN({ detail: (cause as Error).message }, { cause });
      }
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      await connected(socket, 'secureConnect', options, signal);
      let hasAnswered = false;
      return streamConnection(socket, place, {
        data(chunk) {
          hasAnswered = true;
          events.data(chunk);
        },
        // With TLS 1.3 a device refuses the certificate only after the handshake, some without saying why.
        ended(error) {
          const isSilent = !hasAnswered && error.code === errors.DRIVERS_MODBUS_CLOSED.code;
          const detail = 'it closes the connection before its first answer';
          events.ended(isSilent ? errors.DRIVERS_MODBUS_TLS_REFUSED({ host, port, detail }) : error);
        },
      });
    },
  };
}
