import { FunctionCode } from './function-code.ts';

/** Functions that few devices offer: FIFO, diagnostics, read and write in one, server identification (V1.1b3, section 6). */

/** Sub-functions of FC 08; 10 to 18 are counters. */
export const DiagnosticCode = Object.freeze({
  returnQueryData: 0,
  diagnosticRegister: 2,
  busMessages: 11,
  communicationErrors: 12,
  exceptions: 13,
  serverMessages: 14,
  serverNoResponse: 15,
  serverNegativeAcknowledge: 16,
  serverBusy: 17,
  characterOverruns: 18,
  clearCounters: 10,
});

/** Most registers in one FIFO queue. */
export const maxFifo = 31;

const word = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

/** FC 18: the queue at a pointer address. */
export const encodeReadFifo = (address: number): Uint8Array => Uint8Array.of(FunctionCode.readFifoQueue, address >>> 8, address);

/** Answer to FC 18. */
export function encodeFifo(values: readonly number[]): Uint8Array {
  const out = new Uint8Array(5 + values.length * 2);
  out[0] = FunctionCode.readFifoQueue;
  out[1] = (2 + values.length * 2) >>> 8;
  out[2] = 2 + values.length * 2;
  out[3] = values.length >>> 8;
  out[4] = values.length;
  values.forEach((value, i) => {
    out[5 + i * 2] = value >>> 8;
    out[6 + i * 2] = value;
  });
  return out;
}

/** FC 08: request and answer have the same shape. */
export const encodeDiagnostics = (code: number, data: number): Uint8Array =>
  Uint8Array.of(FunctionCode.diagnostics, code >>> 8, code, data >>> 8, data);

/** The sub-function and its data; of a counter the count. Undefined when it is malformed. */
export function decodeDiagnostics(pdu: Uint8Array): { readonly code: number; readonly data: number } | undefined {
  if (pdu.length !== 5 || pdu[0] !== FunctionCode.diagnostics) return undefined;
  return { code: word(pdu, 1), data: word(pdu, 3) };
}

/** FC 17: writes `data`, two bytes for each register, at `start`, then reads `count` registers from there. */
export function encodeReadWrite(start: number, data: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(10 + data.length);
  out.set([FunctionCode.readWriteRegisters, start >>> 8, start & 255, count >>> 8, count & 255, start >>> 8, start & 255]);
  out.set([0, data.length / 2, data.length], 7);
  out.set(data, 10);
  return out;
}

/** FC 11. */
export const encodeReportServerId = (): Uint8Array => Uint8Array.of(FunctionCode.reportServerId);

/** Answer to FC 11: bytes of the maker's own, and whether the device runs. */
export function encodeServerId(id: Uint8Array, isRunning: boolean): Uint8Array {
  const out = new Uint8Array(3 + id.length);
  out.set([FunctionCode.reportServerId, id.length + 1]);
  out.set(id, 2);
  out[2 + id.length] = isRunning ? 0xff : 0;
  return out;
}

/** The bytes before the run indicator; makers put more behind it, so what stands there counts as part of `id` too. */
export function decodeServerId(pdu: Uint8Array): { readonly id: Uint8Array; readonly isRunning: boolean | undefined } | undefined {
  if (pdu.length < 2 || pdu[0] !== FunctionCode.reportServerId || pdu.length !== 2 + pdu[1]!) return undefined;
  const last = pdu.at(-1);
  const hasIndicator = pdu.length > 2 && (last === 0 || last === 0xff);
  return { id: pdu.slice(2, hasIndicator ? -1 : undefined), isRunning: hasIndicator ? last === 0xff : undefined };
}
