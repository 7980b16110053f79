import type { OmhError } from '@omh/core';

/** mbap: TCP header with a transaction · rtu: binary with a CRC · ascii: hexadecimal between `:` and CR LF. */
export const framingNames = ['mbap', 'rtu', 'ascii'] as const;
export type FramingName = (typeof framingNames)[number];

/**
 * One whole frame; the PDU is `bytes[start … end)`, valid only during the call. `transaction` is -1 where the framing has none.
 */
export type PduListener = (bytes: Uint8Array, start: number, end: number, unit: number, transaction: number) => void;

/** How PDUs travel: what stands around them, and how they are found again in a stream of bytes. */
export interface Framing {
  readonly name: FramingName;
  /** True where an answer names the request it belongs to, so that several may be under way. */
  readonly hasTransaction: boolean;
  /** Bytes of the frame around a PDU of this many bytes. */
  frameLength(pduLength: number): number;
  /** Writes the frame around the PDU `source[from … to)` at `at` and returns where it ends. */
  put(out: Uint8Array, at: number, transaction: number, unit: number, source: Uint8Array, from: number, to: number): number;
  /** `client` finds answers, `server` requests. */
  scanner(onPdu: PduListener, role: 'client' | 'server'): PduScanner;
}

/** Finds frames in a byte stream, wherever it is cut; holds a bounded number of bytes. Never throws. */
export interface PduScanner {
  /** Bytes that wait for the rest of their frame. */
  readonly held: number;
  /** Bytes thrown away since it was made, because they belong to no frame. */
  readonly noise: number;
  /** Returns the fault after which the stream has no frame boundary any more; framings that find it again return none. */
  push(chunk: Uint8Array): OmhError | undefined;
  /** The answer to the request PDU `bytes[start … end)` comes next; without this any well-formed frame is looked for. */
  expect(unit: number, bytes: Uint8Array, start: number, end: number): void;
  /** Forgets what is held and what was expected. */
  reset(): void;
}
