/** The wire types that Neuron's messages use (Protocol Buffers encoding, "Message structure"). */
const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Writes the fields of one message after the other; grows as needed. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  string(field: number, value: string): void {
    this.#tag(field, lengthDelimited);
    // One UTF-16 unit is three bytes at most, so the length is known to fit before it is known.
    this.#room(value.length * 3 + 5);
    const { written } = utf8.encodeInto(value, this.#bytes.subarray(this.#length + lengthBytes(value.length * 3)));
    this.#close(lengthBytes(value.length * 3), written);
  }
  /** int32, int64: a negative number takes ten bytes. */
  int(field: number, value: number | bigint): void {
    this.#tag(field, varint);
    this.#room(10);
    if (typeof value === 'number' && value >= 0) this.#unsigned(value);
    else this.#wide(BigInt.asUintN(64, BigInt(value)));
  }
  bool(field: number, value: boolean): void {
    this.int(field, value ? 1 : 0);
  }
  float(field: number, value: number): void {
    this.#tag(field, fixed32);
    this.#room(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }
  message(field: number, write: () => void): void {
    this.#tag(field, lengthDelimited);
    this.#room(5);
    const start = this.#length;
    this.#length += 1;
    write();
    const inner = this.#length - start - 1;
    const head = lengthBytes(inner);
    if (head > 1) {
      this.#room(head);
      this.#bytes.copyWithin(start + head, start + 1, this.#length);
    }
    this.#length = start;
    this.#unsigned(inner);
    this.#length += inner;
  }

  #tag(field: number, wire: number): void {
    this.#room(5);
    this.#unsigned(field * 8 + wire);
  }
  /** A length that was given `reserved` bytes and may need fewer. */
  #close(reserved: number, written: number): void {
    const start = this.#length;
    const head = lengthBytes(written);
    if (head < reserved) this.#bytes.copyWithin(start + head, start + reserved, start + reserved + written);
    this.#unsigned(written);
    this.#length += written;
  }
  #unsigned(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }
  #wide(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }
  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

const lengthBytes = (length: number): number =>
  length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;

/** One field as it stands on the wire; `bytes` for strings and messages, `bits` for numbers. */
export interface ProtobufField {
  readonly field: number;
  readonly bits: bigint;
  readonly bytes: Uint8Array | undefined;
}

/** The fields of one message in their order, or undefined where the bytes are no message. */
export function protobufFields(bytes: Uint8Array): ProtobufField[] | undefined {
  const out: ProtobufField[] = [];
  let at = 0;
  const next = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < bytes.length; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = next();
    if (tag === undefined) return undefined;
    const field = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (field === 0) return undefined;
    if (wire === varint) {
      const bits = next();
      if (bits === undefined) return undefined;
      out.push({ field, bits, bytes: undefined });
      continue;
    }
    const length = wire === lengthDelimited ? next() : wire === fixed32 ? 4n : wire === fixed64 ? 8n : undefined;
    if (length === undefined || length > BigInt(bytes.length - at)) return undefined;
    const inner = bytes.subarray(at, at + Number(length));
    at += Number(length);
    out.push({ field, bits: wire === lengthDelimited ? 0n : littleEndian(inner), bytes: wire === lengthDelimited ? inner : undefined });
  }
  return out;
}

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

export const protobufText = (field: ProtobufField): string => (field.bytes === undefined ? '' : text.decode(field.bytes));
export const protobufInt = (field: ProtobufField): bigint => BigInt.asIntN(64, field.bits);
export function protobufFloat(field: ProtobufField): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Number(field.bits & 0xffff_ffffn), true);
  return view.getFloat32(0, true);
}
