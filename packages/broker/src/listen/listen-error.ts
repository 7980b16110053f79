import { errors } from '../errors.ts';

/** Why a listener cannot be opened, in words. */
export function listenError(error: NodeJS.ErrnoException, listener: string, host: string, port: number): Error {
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
