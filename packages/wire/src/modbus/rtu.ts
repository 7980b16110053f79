import { answerPduLength, expectedPduLength, lengthUnknown, noPdu, requestPduLength } from './pdu-length.ts';
import type { Framing, PduListener, PduScanner } from './framing.ts';

/** The largest frame: unit, PDU of 253 bytes, CRC (Modbus over Serial Line V1.02, section 2.5.1.1). */
const maxFrame = 256;
/** Unit, function and CRC. */
const minFrame = 4;

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** CRC-16 of `bytes[start … end)`; its low byte goes over the wire first (V1.02, section 6.2.2). */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffff;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
  return crc;
}

const crcFits = (bytes: Uint8Array, start: number, end: number): boolean =>
  crc16(bytes, start, end - 2) === (bytes[end - 2]! | (bytes[end - 1]! << 8));

/** Modbus RTU, on a serial line or over TCP. */
export const rtuFraming: Framing = {
  name: 'rtu',
  hasTransaction: false,
  frameLength: (pduLength) => pduLength + 3,
  put(out, at, _transaction, unit, source, from, to) {
    out[at] = unit;
    let end = at + 1;
    for (let i = from; i < to; i++) out[end++] = source[i]!;
    const crc = crc16(out, at, end);
    out[end++] = crc;
    out[end++] = crc >>> 8;
    return end;
  },
  scanner: (onPdu, role) => new RtuScanner(onPdu, role),
};

/** A wrong start is found out by its CRC; the search goes on at the next byte. */
class RtuScanner implements PduScanner {
  readonly #onPdu: PduListener;
  readonly #lengthOf: typeof answerPduLength;
  readonly #bytes = new Uint8Array(maxFrame * 2);
  #held = 0;
  #noise = 0;
  #unit = -1;
  #function = 0;
  /** Of the PDU; 0 where the request does not tell. */
  #length = 0;

  constructor(onPdu: PduListener, role: 'client' | 'server') {
    this.#onPdu = onPdu;
    this.#lengthOf = role === 'client' ? answerPduLength : requestPduLength;
  }
  get held(): number {
    return this.#held;
  }
  get noise(): number {
    return this.#noise;
  }
  expect(unit: number, bytes: Uint8Array, start: number, end: number): void {
    this.#unit = unit;
    this.#function = bytes[start]!;
    this.#length = expectedPduLength(bytes, start, end);
  }
  reset(): void {
    this.#noise += this.#held;
    this.#held = 0;
    this.#unit = -1;
  }

  push(chunk: Uint8Array): undefined {
    for (let at = 0; at < chunk.length; ) {
      const take = Math.min(this.#bytes.length - this.#held, chunk.length - at);
      this.#bytes.set(chunk.subarray(at, at + take), this.#held);
      this.#held += take;
      at += take;
      this.#scan();
    }
    return undefined;
  }

  #scan(): void {
    /** Bytes before this belong to frames or are noise. */
    let done = 0;
    /** The first place whose frame may still be coming. */
    let waiting = -1;
    let at = 0;
    while (at < this.#held) {
      const length = this.#frameAt(at);
      if (length > 0) {
        this.#noise += at - done;
        const end = at + length;
        done = at = end;
        waiting = -1;
        this.#onPdu(this.#bytes, end - length + 1, end - 2, this.#bytes[end - length]!, -1);
        // The listener may have reset the scanner.
        if (this.#held < end) return;
        continue;
      }
      if (length === lengthUnknown && waiting < 0) {
        waiting = at;
        // With a request under way its own answer is worth waiting for; else a whole frame may stand behind.
        if (this.#unit >= 0 || this.#held - at < minFrame) break;
      }
      at++;
    }
    const keep = waiting >= 0 ? waiting : this.#held;
    this.#noise += keep - done;
    this.#bytes.copyWithin(0, keep, this.#held);
    this.#held -= keep;
    if (this.#held > maxFrame) this.#shrink();
  }
  /** Only a wrong start can hold more than a frame. */
  #shrink(): void {
    const drop = this.#held - maxFrame;
    this.#noise += drop;
    this.#bytes.copyWithin(0, drop, this.#held);
    this.#held = maxFrame;
  }

  /** Bytes of the whole, sound frame at `at`; lengthUnknown when one may still be coming, noPdu when none begins here. */
  #frameAt(at: number): number {
    const bytes = this.#bytes;
    const there = this.#held - at;
    const isExpected = this.#unit >= 0 && bytes[at] === this.#unit && (there < 2 || (bytes[at + 1]! & 0x7f) === this.#function);
    if (there < 2) return isExpected || this.#unit < 0 ? lengthUnknown : noPdu;
    const pdu = this.#pduLength(at + 1, isExpected);
    if (pdu === noPdu) return isExpected && this.#length === 0 ? this.#searched(at) : noPdu;
    // What nobody asked for counts only when it is whole.
    const later = isExpected || this.#unit < 0 ? lengthUnknown : noPdu;
    if (pdu === lengthUnknown || pdu + 3 > there) return later;
    return crcFits(bytes, at, at + pdu + 3) ? pdu + 3 : noPdu;
  }
  #pduLength(at: number, isExpected: boolean): number {
    const own = this.#lengthOf(this.#bytes, at, this.#held);
    if (!isExpected || this.#length === 0 || (this.#bytes[at]! & 0x80) !== 0) return own;
    // An answer of another length is taken only when it is whole: it may as well be noise that looks like one.
    return own === this.#length || own === noPdu || own === lengthUnknown || own + 3 <= this.#held - at + 1 ? own : noPdu;
  }
  /** A function whose length this codec does not know ends where the CRC says so. */
  #searched(at: number): number {
    for (let end = at + minFrame; end <= Math.min(this.#held, at + maxFrame); end++) if (crcFits(this.#bytes, at, end)) return end - at;
    return this.#held - at >= maxFrame ? noPdu : lengthUnknown;
  }
}
