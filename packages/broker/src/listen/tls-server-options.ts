import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { BrokerLimits } from '../limits.ts';
import type { BrokerListener } from './listener-options.ts';

export const tlsServerOptions = (listener: BrokerListener, context: SecureContextOptions, limits: BrokerLimits): TlsOptions => ({
  ...context,
  handshakeTimeout: limits.connectTimeoutMs,
  requestCert: (listener.clientCertificate ?? 'none') !== 'none',
  rejectUnauthorized: listener.clientCertificate === 'require',
});

/** A certificate that is only asked for must be a good one all the same. */
export const isTrusted = (socket: TLSSocket, listener: BrokerListener): boolean =>
  (listener.clientCertificate ?? 'none') === 'none' || socket.authorized || socket.getPeerX509Certificate() === undefined;
