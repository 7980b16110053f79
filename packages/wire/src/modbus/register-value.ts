import type { DataType, TagValue } from '@omh/core';
import type { TextLayout } from './address.ts';
import type { OrderMask } from './byte-order.ts';

/** Registers ↔ values. `bytes` holds registers as they go over the wire, `at` is the first byte of the value. */

const scratch = new DataView(new ArrayBuffer(8));
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

const u16 = (bytes: Uint8Array, at: number, mask: OrderMask): number => (bytes[at + mask]! << 8) | bytes[at + (1 ^ mask)]!;

const i32 = (bytes: Uint8Array, at: number, mask: OrderMask): number =>
  (bytes[at + mask]! << 24) | (bytes[at + (1 ^ mask)]! << 16) | (bytes[at + (2 ^ mask)]! << 8) | bytes[at + (3 ^ mask)]!;

function fillScratch(bytes: Uint8Array, at: number, mask: OrderMask): void {
  for (let i = 0; i < 8; i++) scratch.setUint8(i, bytes[at + (i ^ mask)]!);
}

/** Value of a numeric type of up to 53 bits; a bool is 0 or 1 (register ≠ 0). For `bit` see {@link decodeBit}. */
export function decodeNumber(type: DataType, bytes: Uint8Array, at: number, mask: OrderMask): number {
  switch (type) {
    case 'uint16':
      return u16(bytes, at, mask);
    case 'int16':
      return (u16(bytes, at, mask) << 16) >> 16;
    case 'float':
      scratch.setInt32(0, i32(bytes, at, mask));
      return scratch.getFloat32(0);
    case 'int32':
      return i32(bytes, at, mask);
    case 'uint32':
      return i32(bytes, at, mask) >>> 0;
    case 'double':
      fillScratch(bytes, at, mask);
      return scratch.getFloat64(0);
    case 'uint8':
      return bytes[at + (1 ^ mask)]!;
    case 'int8':
      return (bytes[at + (1 ^ mask)]! << 24) >> 24;
    default:
      return u16(bytes, at, mask) === 0 ? 0 : 1;
  }
}

/** int64 and uint64 as the signed 64 bits a `BigInt64Array` keeps. */
export function decodeInt64(bytes: Uint8Array, at: number, mask: OrderMask): bigint {
  fillScratch(bytes, at, mask);
  return scratch.getBigInt64(0);
}

/** Bit of a register, 0 the least significant. */
export const decodeBit = (bytes: Uint8Array, at: number, mask: OrderMask, bit: number): 0 | 1 =>
  ((u16(bytes, at, mask) >> bit) & 1) as 0 | 1;

/** Text up to its first NUL; bytes that are no UTF-8 become `?`. */
export function decodeText(bytes: Uint8Array, at: number, length: number, layout: TextLayout): string {
  const out = new Uint8Array(length);
  let n = 0;
  while (n < length) {
    const byte = bytes[at + textOffset(n, layout)]!;
    if (byte === 0) break;
    out[n++] = byte;
  }
  return fromUtf8.decode(out.subarray(0, n)).replace(/\uFFFD/g, '?');
}

const textOffset = (i: number, layout: TextLayout): number =>
  layout === 'H' ? i : layout === 'L' ? i ^ 1 : layout === 'D' ? i * 2 + 1 : i * 2;

const integerRange: Readonly<Partial<Record<DataType, readonly [number, number]>>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
};

export type EncodeFault = 'type' | 'range';

/**
 * Writes a raw value into `out` (length: two bytes per register, zeroed). Returns `type` where the value has another type, `range`
 * where it does not fit: too large, not whole, NaN for an integer, or text longer than its field.
 */
export function encodeValue(
  type: DataType,
  value: TagValue,
  out: Uint8Array,
  mask: OrderMask,
  text: { length: number; layout: TextLayout },
): EncodeFault | undefined {
  switch (type) {
    case 'bool':
    case 'bit':
      if (typeof value !== 'boolean' && value !== 0 && value !== 1) return 'type';
      out[1 ^ mask] = value ? 1 : 0;
      return undefined;
    case 'string':
      return encodeText(value, out, text.length, text.layout);
    case 'bytes':
      if (!(value instanceof Uint8Array)) return 'type';
      if (value.length > out.length) return 'range';
      out.set(value);
      return undefined;
    case 'int64':
    case 'uint64': {
      if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isSafeInteger(value)))
        return typeof value === 'number' ? 'range' : 'type';
      const wide = BigInt(value);
      if ((type === 'int64' ? BigInt.asIntN(64, wide) : BigInt.asUintN(64, wide)) !== wide) return 'range';
      scratch.setBigInt64(0, BigInt.asIntN(64, wide));
      return spread(out, 8, mask);
    }
    default:
      return encodeNumber(type, value, out, mask);
  }
}

function encodeNumber(type: DataType, value: TagValue, out: Uint8Array, mask: OrderMask): EncodeFault | undefined {
  if (typeof value !== 'number') return 'type';
  if (type === 'double') {
    scratch.setFloat64(0, value);
    return spread(out, 8, mask);
  }
  if (type === 'float') {
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) return 'range';
    scratch.setFloat32(0, value);
    return spread(out, 4, mask);
  }
  const [low, high] = integerRange[type]!;
  if (!Number.isInteger(value) || value < low || value > high) return 'range';
  if (out.length === 2) {
    scratch.setInt16(0, value);
    return spread(out, 2, mask);
  }
  scratch.setInt32(0, value);
  return spread(out, 4, mask);
}

function spread(out: Uint8Array, size: number, mask: OrderMask): undefined {
  for (let i = 0; i < size; i++) out[i ^ mask] = scratch.getUint8(i);
}

function encodeText(value: TagValue, out: Uint8Array, length: number, layout: TextLayout): EncodeFault | undefined {
  if (typeof value !== 'string') return 'type';
  const bytes = utf8.encode(value);
  if (bytes.length > length) return 'range';
  for (let i = 0; i < bytes.length; i++) out[textOffset(i, layout)] = bytes[i]!;
  return undefined;
}
