import { ExceptionCode } from './exception.ts';
import { FunctionCode, maxReadBits, maxReadRegisters, maxWriteBits, maxWriteRegisters } from './function-code.ts';

/** A decoded request. `data` is a view into the bytes it was decoded from. */
export type Request =
  | { readonly kind: 'read'; readonly function: number; readonly start: number; readonly count: number }
  | { readonly kind: 'writeCoil'; readonly function: number; readonly start: number; readonly on: boolean }
  | { readonly kind: 'writeRegister'; readonly function: number; readonly start: number; readonly value: number }
  | {
      readonly kind: 'writeCoils' | 'writeRegisters';
      readonly function: number;
      readonly start: number;
      readonly count: number;
      readonly data: Uint8Array;
    }
  | { readonly kind: 'mask'; readonly function: number; readonly start: number; readonly and: number; readonly or: number }
  | { readonly kind: 'identify'; readonly function: number; readonly code: number; readonly object: number };

/** Read request for FC 01 to 04: 5 bytes. */
export const encodeRead = (fn: number, start: number, count: number): Uint8Array =>
  Uint8Array.of(fn, start >>> 8, start, count >>> 8, count);

/** FC 05. */
export const encodeWriteCoil = (start: number, on: boolean): Uint8Array =>
  Uint8Array.of(FunctionCode.writeSingleCoil, start >>> 8, start, on ? 0xff : 0x00, 0x00);

/** FC 06; `value` is the register's two bytes as they go over the wire. */
export const encodeWriteRegister = (start: number, value: Uint8Array): Uint8Array =>
  Uint8Array.of(FunctionCode.writeSingleRegister, start >>> 8, start, value[0]!, value[1]!);

/** FC 0F. */
export function encodeWriteCoils(start: number, values: readonly boolean[]): Uint8Array {
  const out = new Uint8Array(6 + Math.ceil(values.length / 8));
  putMany(out, FunctionCode.writeMultipleCoils, start, values.length);
  for (let i = 0; i < values.length; i++) if (values[i]) out[6 + (i >> 3)]! |= 1 << (i & 7);
  return out;
}

/** FC 10; `data` holds two bytes for each register. */
export function encodeWriteRegisters(start: number, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(6 + data.length);
  putMany(out, FunctionCode.writeMultipleRegisters, start, data.length / 2);
  out.set(data, 6);
  return out;
}

function putMany(out: Uint8Array, fn: number, start: number, count: number): void {
  out[0] = fn;
  out[1] = start >>> 8;
  out[2] = start;
  out[3] = count >>> 8;
  out[4] = count;
  out[5] = out.length - 6;
}

/** FC 16: the register becomes `(register & and) | (or & ~and)`. */
export const encodeMaskWrite = (start: number, and: number, or: number): Uint8Array =>
  Uint8Array.of(FunctionCode.maskWriteRegister, start >>> 8, start, and >>> 8, and, or >>> 8, or);

/** FC 2B, MEI type 0E. `code` 1 basic, 2 regular, 3 extended, 4 one object. */
export const encodeIdentify = (code: number, object: number): Uint8Array =>
  Uint8Array.of(FunctionCode.encapsulatedInterface, 0x0e, code, object);

/** A request, or the exception code that answers it. */
export function decodeRequest(
  pdu: Uint8Array,
): Request | { readonly kind: 'refuse'; readonly function: number; readonly exception: number } {
  const fn = pdu[0] ?? 0;
  const refuse = (exception: number) => ({ kind: 'refuse', function: fn, exception }) as const;
  const wrong = (): ReturnType<typeof refuse> => refuse(ExceptionCode.illegalDataValue);
  const start = (pdu[1]! << 8) | pdu[2]!;
  const count = (pdu[3]! << 8) | pdu[4]!;
  switch (fn) {
    case FunctionCode.readCoils:
    case FunctionCode.readDiscreteInputs:
    case FunctionCode.readHoldingRegisters:
    case FunctionCode.readInputRegisters: {
      const most = fn <= FunctionCode.readDiscreteInputs ? maxReadBits : maxReadRegisters;
      return pdu.length !== 5 || count < 1 || count > most ? wrong() : { kind: 'read', function: fn, start, count };
    }
    case FunctionCode.writeSingleCoil:
      return pdu.length !== 5 || (count !== 0xff00 && count !== 0) ? wrong() : { kind: 'writeCoil', function: fn, start, on: count !== 0 };
    case FunctionCode.writeSingleRegister:
      return pdu.length !== 5 ? wrong() : { kind: 'writeRegister', function: fn, start, value: count };
    case FunctionCode.writeMultipleCoils: {
      const bytes = Math.ceil(count / 8);
      if (pdu.length !== 6 + bytes || pdu[5] !== bytes || count < 1 || count > maxWriteBits) return wrong();
      return { kind: 'writeCoils', function: fn, start, count, data: pdu.subarray(6) };
    }
    case FunctionCode.writeMultipleRegisters:
      if (pdu.length !== 6 + count * 2 || pdu[5] !== count * 2 || count < 1 || count > maxWriteRegisters) return wrong();
      return { kind: 'writeRegisters', function: fn, start, count, data: pdu.subarray(6) };
    case FunctionCode.maskWriteRegister:
      return pdu.length !== 7 ? wrong() : { kind: 'mask', function: fn, start, and: count, or: (pdu[5]! << 8) | pdu[6]! };
    case FunctionCode.encapsulatedInterface:
      if (pdu[1] !== 0x0e) return refuse(ExceptionCode.illegalFunction);
      return pdu.length !== 4 || pdu[2]! < 1 || pdu[2]! > 4 ? wrong() : { kind: 'identify', function: fn, code: pdu[2]!, object: pdu[3]! };
    default:
      return refuse(ExceptionCode.illegalFunction);
  }
}
