import type { OmhError } from '@omh/core';
import { errors } from '../errors.ts';

interface Place {
  readonly host: string;
  readonly port: number;
  readonly [key: string]: string | number;
}

const codeOf = (cause: unknown): string => String((cause as { code?: unknown } | null)?.code ?? '');

/** Why a connection could not be made, in a sentence. */
export function connectFault(place: Place, cause: unknown): OmhError {
  const { host, port } = place;
  const options = { cause };
  switch (codeOf(cause)) {
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
    default:
      return errors.DRIVERS_MODBUS_CONNECT_FAILED({ host, port, detail: detailOf(cause) }, options);
  }
}

/** Why a connection that was open ended. */
export function brokenFault(place: Place, cause: unknown): OmhError {
  const { host, port } = place;
  return cause === undefined
    ? errors.DRIVERS_MODBUS_CLOSED({ host, port })
    : errors.DRIVERS_MODBUS_BROKEN({ host, port, detail: detailOf(cause) }, { cause });
}

function detailOf(cause: unknown): string {
  switch (codeOf(cause)) {
    case 'ECONNRESET':
      return 'the other side reset it';
    case 'EPIPE':
      return 'the other side no longer listens';
    case 'ETIMEDOUT':
      return 'the network no longer carries packets';
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
