import type { OmhError } from '@omh/core';
import { errors } from '../errors.ts';
import type { Framing, PduScanner } from './framing.ts';

/** Bytes before the PDU: transaction, protocol, length, unit (Modbus Messaging on TCP/IP V1.0b, section 3.1.3). */
export const headerLength = 7;
/** The largest frame: header and a PDU of 253 bytes. */
const maxFrameLength = 260;

/** Writes a header for a PDU of `pduLength` bytes at `at`. */
function writeHeader(out: Uint8Array, at: number, transaction: number, unit: number, pduLength: number): void {
  out[at] = transaction >>> 8;
  out[at + 1] = transaction;
  out[at + 2] = 0;
  out[at + 3] = 0;
  out[at + 4] = (pduLength + 1) >>> 8;
  out[at + 5] = pduLength + 1;
  out[at + 6] = unit;
}

/** A whole frame around a PDU. */
export function frameOf(transaction: number, unit: number, pdu: Uint8Array): Uint8Array {
  const out = new Uint8Array(headerLength + pdu.length);
  writeHeader(out, 0, transaction, unit, pdu.length);
  out.set(pdu, headerLength);
  return out;
}

/** One frame inside `bytes`, valid only during the call: the PDU is `bytes[start + 7 … end)`. */
export type FrameListener = (bytes: Uint8Array, start: number, end: number) => void;

/**
 * Finds frames in a byte stream, wherever it is cut. Frames that arrive whole are handed on in place; at most one frame's bytes are
 * kept between calls. After a fault the stream has no frame boundary any more and only {@link reset} revives it.
 */
export class FrameScanner {
  readonly #onFrame: FrameListener;
  readonly #partial = new Uint8Array(maxFrameLength);
  #held = 0;
  #fault: OmhError | undefined;

  constructor(onFrame: FrameListener) {
    this.#onFrame = onFrame;
  }

  /** Bytes of an unfinished frame. */
  get held(): number {
    return this.#held;
  }

  reset(): void {
    this.#held = 0;
    this.#fault = undefined;
  }

  /** Feeds what arrived; returns WIRE_MODBUS_PROTOCOL_ID or WIRE_MODBUS_LENGTH when it is no Modbus TCP. */
  push(chunk: Uint8Array): OmhError | undefined {
    if (this.#fault !== undefined) return this.#fault;
    let at = 0;
    while (this.#held > 0) {
      const header = this.#held >= 6;
      const need = (header ? 6 + length(this.#partial, 0) : 6) - this.#held;
      const take = Math.min(need, chunk.length - at);
      this.#partial.set(chunk.subarray(at, at + take), this.#held);
      this.#held += take;
      at += take;
      if (take < need) return undefined;
      if (!header) {
        const fault = headerFault(this.#partial, 0);
        if (fault !== undefined) return (this.#fault = fault);
        continue;
      }
      const end = this.#held;
      this.#held = 0;
      this.#onFrame(this.#partial, 0, end);
    }
    while (chunk.length - at >= 6) {
      const fault = headerFault(chunk, at);
      if (fault !== undefined) return (this.#fault = fault);
      const end = at + 6 + length(chunk, at);
      if (end > chunk.length) break;
      this.#onFrame(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) {
      this.#partial.set(chunk.subarray(at), 0);
      this.#held = chunk.length - at;
    }
    return undefined;
  }
}

const length = (bytes: Uint8Array, at: number): number => (bytes[at + 4]! << 8) | bytes[at + 5]!;

function headerFault(bytes: Uint8Array, at: number): OmhError | undefined {
  const protocol = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (protocol !== 0) return errors.WIRE_MODBUS_PROTOCOL_ID({ id: protocol });
  const n = length(bytes, at);
  return n < 2 || n > 254 ? errors.WIRE_MODBUS_LENGTH({ length: n }) : undefined;
}

/** Modbus TCP, also over UDP and TLS. */
export const mbapFraming: Framing = {
  name: 'mbap',
  hasTransaction: true,
  frameLength: (pduLength) => headerLength + pduLength,
  put(out, at, transaction, unit, source, from, to) {
    writeHeader(out, at, transaction, unit, to - from);
    let end = at + headerLength;
    for (let i = from; i < to; i++) out[end++] = source[i]!;
    return end;
  },
  scanner(onPdu): PduScanner {
    const frames = new FrameScanner((bytes, start, end) => {
      onPdu(bytes, start + headerLength, end, bytes[start + 6]!, (bytes[start]! << 8) | bytes[start + 1]!);
    });
    return {
      get held() {
        return frames.held;
      },
      noise: 0,
      push: (chunk) => frames.push(chunk),
      expect() {},
      reset: () => frames.reset(),
    };
  },
};
