import type { Framing, PduListener, PduScanner } from './framing.ts';

/** Unit, PDU of 253 bytes, LRC (Modbus over Serial Line V1.02, section 2.5.2.1). */
const maxBytes = 255;
const colon = 0x3a;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

const digits = '0123456789ABCDEF';
const digit = (value: number): number => digits.charCodeAt(value & 15);
const valueOf = (char: number): number => {
  if (char >= 0x30 && char <= 0x39) return char - 0x30;
  const letter = char | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
};

/** Two's complement of the sum (V1.02, section 6.2.1). */
export function lrc(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += bytes[i]!;
  return -sum & 0xff;
}

/** Modbus ASCII, on a serial line or over TCP. */
export const asciiFraming: Framing = {
  name: 'ascii',
  hasTransaction: false,
  frameLength: (pduLength) => (pduLength + 2) * 2 + 3,
  put(out, at, _transaction, unit, source, from, to) {
    let end = at;
    const byte = (value: number): void => {
      out[end++] = digit(value >>> 4);
      out[end++] = digit(value);
    };
    out[end++] = colon;
    byte(unit);
    for (let i = from; i < to; i++) byte(source[i]!);
    byte(-(unit - lrc(source, from, to)) & 0xff);
    out[end++] = carriageReturn;
    out[end++] = lineFeed;
    return end;
  },
  scanner: (onPdu) => new AsciiScanner(onPdu),
};

/** Each colon begins anew, so garbage costs at most one frame. */
class AsciiScanner implements PduScanner {
  readonly #onPdu: PduListener;
  readonly #bytes = new Uint8Array(maxBytes);
  /** Hexadecimal digits since the colon; -1 before one. */
  #digits = -1;
  #noise = 0;

  constructor(onPdu: PduListener) {
    this.#onPdu = onPdu;
  }
  get held(): number {
    return this.#digits + 1;
  }
  get noise(): number {
    return this.#noise;
  }
  expect(): void {}
  reset(): void {
    this.#drop(0);
  }

  push(chunk: Uint8Array): undefined {
    for (let i = 0; i < chunk.length; i++) this.#take(chunk[i]!);
    return undefined;
  }

  #take(char: number): void {
    if (char === colon) {
      this.#drop(0);
      this.#digits = 0;
      return;
    }
    if (this.#digits < 0) {
      this.#noise++;
      return;
    }
    if (char === carriageReturn) return;
    if (char === lineFeed) {
      this.#end();
      return;
    }
    const value = valueOf(char);
    const at = this.#digits >> 1;
    if (value < 0 || at >= maxBytes) {
      this.#drop(1);
      return;
    }
    this.#bytes[at] = this.#digits & 1 ? this.#bytes[at]! | value : value << 4;
    this.#digits++;
  }

  #end(): void {
    const n = this.#digits >> 1;
    if (n < 3 || this.#digits & 1 || lrc(this.#bytes, 0, n) !== 0) {
      this.#drop(1);
      return;
    }
    this.#digits = -1;
    this.#onPdu(this.#bytes, 1, n - 1, this.#bytes[0]!, -1);
  }

  #drop(extra: number): void {
    this.#noise += this.#digits + 1 + extra;
    this.#digits = -1;
  }
}
