import { malformed } from './protocol.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of well-formed UTF-8 without U+0000 (MQTT 5.0, 1.5.4), or undefined. */
export function decodeText(buf: Buffer, start: number, end: number): string | undefined {
  let ascii = true;
  for (let i = start; i < end; i++) {
    const b = buf[i]!;
    if (b === 0) return undefined;
    if (b > 127) ascii = false;
  }
  if (ascii) return buf.toString('latin1', start, end);
  try {
    return strict.decode(buf.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Reads one packet's body and never past its end; whatever is missing or ill-formed is a `Fault` 0x81. */
export class ByteReader {
  readonly buf: Buffer;
  pos: number;
  end: number;

  constructor(buf: Buffer, pos: number, end: number) {
    this.buf = buf;
    this.pos = pos;
    this.end = end;
  }
  get left(): number {
    return this.end - this.pos;
  }

  u8(): number {
    if (this.pos >= this.end) throw malformed('the packet ends inside a field');
    return this.buf[this.pos++]!;
  }
  u16(): number {
    if (this.end - this.pos < 2) throw malformed('the packet ends inside a field');
    const v = (this.buf[this.pos]! << 8) | this.buf[this.pos + 1]!;
    this.pos += 2;
    return v;
  }
  u32(): number {
    return this.u16() * 65536 + this.u16();
  }
  /** Variable byte integer (1.5.5): at most four bytes, in the shortest form. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const b = this.u8();
      value |= (b & 127) << shift;
      if (b < 128) {
        if (b === 0 && shift > 0) throw malformed('a length is not in its shortest form');
        return value;
      }
    }
    throw malformed('a length has more than four bytes');
  }
  text(): string {
    const n = this.u16();
    if (this.left < n) throw malformed('the packet ends inside a string');
    const text = decodeText(this.buf, this.pos, this.pos + n);
    if (text === undefined) throw malformed('a string is not well-formed UTF-8 or holds U+0000');
    this.pos += n;
    return text;
  }
  /** A copy: the bytes outlive the read buffer. */
  binary(): Buffer {
    const n = this.u16();
    if (this.left < n) throw malformed('the packet ends inside binary data');
    const copy = Buffer.from(this.buf.subarray(this.pos, this.pos + n));
    this.pos += n;
    return copy;
  }
  rest(): Buffer {
    const copy = Buffer.from(this.buf.subarray(this.pos, this.end));
    this.pos = this.end;
    return copy;
  }
}
