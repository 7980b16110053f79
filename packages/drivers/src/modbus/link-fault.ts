import type { OmhError } from '@omh/core';
import { errors } from '../errors.ts';

interface Place {
  readonly host: string;
  readonly port: number;
}

const codeOf = (cause: unknown): string => String((cause as { code?: unknown } | null)?.code ?? '');

/** Why a connection could not be made, in a sentence. */
export function connectFault({ host, port }: Place, cause: unknown): OmhError {
  const options = { cause };
  const code = codeOf(cause);
  switch (code) {
    case 'ECONNREFUSED':
      return errors.DRIVERS_MODBUS_CONNECTION_REFUSED({ host, port }, options);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return errors.DRIVERS_MODBUS_HOST_UNKNOWN({ host }, options);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
      return errors.DRIVERS_MODBUS_UNREACHABLE({ host, port }, options);
    case 'ETIMEDOUT':
      return errors.DRIVERS_MODBUS_UNREACHABLE({ host, port }, options);
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return errors.DRIVERS_MODBUS_TLS_NAME({ host, port, detail: clause(cause) }, options);
    case 'EPROTO':
      return errors.DRIVERS_MODBUS_TLS_REFUSED({ host, port, detail: 'the other side speaks no TLS that fits' }, options);
    default:
      if (/CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/.test(code) && !code.startsWith('ERR_SSL'))
        return errors.DRIVERS_MODBUS_TLS_UNTRUSTED({ host, port, detail: clause(cause) }, options);
      if (code.startsWith('ERR_SSL')) return errors.DRIVERS_MODBUS_TLS_REFUSED({ host, port, detail: sslDetail(code) }, options);
      return errors.DRIVERS_MODBUS_CONNECT_FAILED({ host, port, detail: detailOf(cause) }, options);
  }
}

/** Why a connection that was open ended. */
export function brokenFault(place: string, cause: unknown): OmhError {
  return cause === undefined
    ? errors.DRIVERS_MODBUS_CLOSED({ place })
    : errors.DRIVERS_MODBUS_BROKEN({ place, detail: detailOf(cause) }, { cause });
}

function detailOf(cause: unknown): string {
  const code = codeOf(cause);
  switch (code) {
    case 'ECONNRESET':
      return 'the other side reset it';
    case 'EPIPE':
      return 'the other side no longer listens';
    case 'ETIMEDOUT':
      return 'the network no longer carries packets';
    default:
      if (code.startsWith('ERR_SSL')) return sslDetail(code);
      return clause(cause);
  }
}

/** OpenSSL's own text names its source files; only the reason is for people. */
const sslDetail = (code: string): string =>
  /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN/.test(code)
    ? 'it does not accept the certificate of this hub'
    : code
        .replace(/^ERR_SSL_/, '')
        .toLowerCase()
        .replaceAll('_', ' ');

const clause = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).replace(/[.\s]+$/, '');
