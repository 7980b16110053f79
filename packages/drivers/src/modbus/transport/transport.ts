import type { OmhError } from '@omh/core';

/** What a connection tells its owner; nothing after `close` was called. */
export interface ConnectionEvents {
  data(chunk: Uint8Array): void;
  /** It ended by itself; at most once. */
  ended(error: OmhError): void;
}

/** An open way to the device. */
export interface Connection {
  /** The bytes belong to the connection from now on. Never throws. */
  write(bytes: Uint8Array): void;
  /** Idempotent; resolves when the other side's resources are free. */
  close(): Promise<void>;
}

/** How the device is reached. One connection at a time: the former is closed before `open` is called again. */
export interface Transport {
  /** Where it leads to now, for people: `10.0.0.5:502`, `/dev/ttyUSB0`. */
  readonly place: string;
  /** Each chunk is one whole frame, and nobody notices that the other side is gone. */
  readonly isDatagram: boolean;
  /** A new connection may help where nothing answers on this one: the other side may be gone without a word. */
  readonly mayBeStale: boolean;
  /** Silence between two frames that the line needs, ms. */
  readonly silenceMs: number;
  /** One attempt; rejects with an OmhError. */
  open(events: ConnectionEvents, signal: AbortSignal): Promise<Connection>;
  /** Gives up what outlives a connection. */
  close(): Promise<void>;
  /** How long so many bytes take on the wire, ms; 0 where it does not matter. */
  wireMs(bytes: number): number;
}

/** What the network's transports share. */
export const onNetwork = {
  isDatagram: false,
  mayBeStale: true,
  silenceMs: 0,
  wireMs: (): number => 0,
  close: (): Promise<void> => Promise.resolve(),
} as const;

export const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
