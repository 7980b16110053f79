import { FunctionCode } from './function-code.ts';

/** Answer to FC 01 to 04; `data` is the packed bits or the registers' bytes. */
export function encodeReadResponse(fn: number, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + data.length);
  out[0] = fn;
  out[1] = data.length;
  out.set(data, 2);
  return out;
}

/** Answer to a request that the server refuses. */
export const encodeException = (fn: number, code: number): Uint8Array => Uint8Array.of(fn | 0x80, code);

/** Answer to FC 05, 06 and 16 is the request itself; to FC 0F and 10 its first five bytes. */
export const encodeWriteResponse = (request: Uint8Array): Uint8Array =>
  request[0] === FunctionCode.writeMultipleCoils || request[0] === FunctionCode.writeMultipleRegisters
    ? request.slice(0, 5)
    : request.slice();

/** The exception code of an answer, or 0 when the device carried the request out. */
export const exceptionIn = (bytes: Uint8Array, pduStart: number): number =>
  (bytes[pduStart]! & 0x80) === 0 ? 0 : (bytes[pduStart + 1] ?? 0xff);

/** Bytes of data in the answer to a read of `count` points. */
export const readByteCount = (fn: number, count: number): number => (fn <= FunctionCode.readDiscreteInputs ? (count + 7) >> 3 : count * 2);

/** Why the PDU at `[start, end)` is no answer to a read of `count` points by `fn`, or undefined. */
export function readResponseFault(bytes: Uint8Array, start: number, end: number, fn: number, count: number): string | undefined {
  const expected = readByteCount(fn, count);
  if (end - start < 2) return 'the answer ends before its byte count';
  if (bytes[start + 1] !== expected) return `the answer announces ${bytes[start + 1]} bytes where ${expected} belong`;
  if (end - start !== 2 + expected) return `the answer has ${end - start - 2} bytes of data where ${expected} belong`;
  return undefined;
}

/** Whether the PDU at `[start, end)` confirms the write `request`. */
export function confirmsWrite(bytes: Uint8Array, start: number, end: number, request: Uint8Array): boolean {
  const many = request[0] === FunctionCode.writeMultipleCoils || request[0] === FunctionCode.writeMultipleRegisters;
  const length = many ? 5 : request.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== request[i]) return false;
  return true;
}
