import type { Place } from './admission.ts';
import type { ClientCertificate } from './listen/client-certificate.ts';

/** A socket as the broker sees it: TCP or WebSocket, with TLS or without. */
export interface Transport {
  /** `ip:port`, behind a proxy the one it told. */
  readonly peer: string;
  readonly place: Place;
  /** The client showed one, and it is good. */
  readonly certificate: ClientCertificate | undefined;
  /** `done` is called once the bytes left this process or the socket died. */
  write(chunk: Buffer, done: () => void): void;
  /** Bytes handed over that have not left this process; while 0 the last chunk may be reused. */
  pending(): number;
  pause(): void;
  resume(): void;
  /** Closes after what was written. */
  end(): void;
  destroy(): void;
}

/** What a transport reports; none of it is called after `closed`. */
export interface TransportEvents {
  /** `buf` is only good during the call. */
  data(buf: Buffer, start: number, end: number): void;
  closed(): void;
}
