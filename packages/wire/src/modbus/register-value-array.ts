import type { DataType, Scalar, TagValue } from '@omh/core';
import { elementRegisters, type Address } from './address.ts';
import type { OrderMask } from './byte-order.ts';
import { isBitArea } from './function-code.ts';
import { decodeBit, decodeInt64, decodeNumber, decodeText, encodeValue, type EncodeFault } from './register-value.ts';

/** What an array's values are decoded with; a parsed address brings all of it. */
export type ArrayShape = Pick<Address, 'area' | 'bit' | 'length' | 'layout'>;

/** Points that elements `[from, from + n)` of an array take, and where the first of them begins, in points after the array's own start. */
export function arraySpan(type: DataType, shape: ArrayShape, from: number, n: number): { readonly offset: number; readonly count: number } {
  if (isBitArea(shape.area)) return { offset: from, count: n };
  if (shape.bit === undefined) {
    const each = elementRegisters(type, shape);
    return { offset: from * each, count: n * each };
  }
  const offset = (shape.bit + from) >> 4;
  return { offset, count: Math.ceil((shape.bit + from + n) / 16) - offset };
}

/**
 * Elements `[from, from + n)` of an array into `out`, from data whose first point is that of `arraySpan(…).offset`: `at` is its byte, in a
 * bit area its bit. 64-bit integers are bigint, uint64 unsigned; bits and bools are booleans.
 */
export function decodeArray(
  type: DataType,
  shape: ArrayShape,
  bytes: Uint8Array,
  at: number,
  mask: OrderMask,
  out: Scalar[],
  from: number,
  n: number,
): void {
  if (isBitArea(shape.area)) {
    for (let i = 0; i < n; i++) out[from + i] = ((bytes[(at + i) >> 3]! >> ((at + i) & 7)) & 1) === 1;
    return;
  }
  if (shape.bit !== undefined) {
    const first = (shape.bit + from) & 15;
    for (let i = 0; i < n; i++) out[from + i] = decodeBit(bytes, at + ((first + i) >> 4) * 2, mask, (first + i) & 15) === 1;
    return;
  }
  const step = elementRegisters(type, shape) * 2;
  for (let i = 0; i < n; i++, at += step) {
    switch (type) {
      case 'int64':
        out[from + i] = decodeInt64(bytes, at, mask);
        break;
      case 'uint64':
        out[from + i] = BigInt.asUintN(64, decodeInt64(bytes, at, mask));
        break;
      case 'bool':
        out[from + i] = decodeNumber(type, bytes, at, mask) !== 0;
        break;
      case 'string':
        out[from + i] = decodeText(bytes, at, shape.length, shape.layout);
        break;
      case 'bytes':
        out[from + i] = bytes.slice(at, at + shape.length);
        break;
      default:
        out[from + i] = decodeNumber(type, bytes, at, mask);
    }
  }
}

/**
 * An array's values as registers, two bytes each; not for bits. `type` where it is no array, has another number of values or one of
 * another type; `range` where one does not fit.
 */
export function encodeArray(type: DataType, shape: ArrayShape, values: TagValue, n: number, mask: OrderMask): Uint8Array | EncodeFault {
  if (!Array.isArray(values) || values.length !== n) return 'type';
  const each = elementRegisters(type, shape) * 2;
  const out = new Uint8Array(each * n);
  for (let i = 0; i < n; i++) {
    const fault = encodeValue(type, values[i] as Scalar, out.subarray(i * each, (i + 1) * each), mask, shape);
    if (fault !== undefined) return fault;
  }
  return out;
}
