import { FunctionCode } from './function-code.ts';

/** Functions that few devices offer: FIFO, diagnostics, server identification, file records (V1.1b3, section 6). */

/** Sub-functions of FC 08; 10 to 18 are counters. */
export const DiagnosticCode = Object.freeze({
  returnQueryData: 0,
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

/** The registers of the queue, oldest first; undefined when the answer is malformed. */
export function decodeFifo(pdu: Uint8Array): number[] | undefined {
  if (pdu.length < 5 || pdu[0] !== FunctionCode.readFifoQueue) return undefined;
  const count = word(pdu, 3);
  if (count > maxFifo || word(pdu, 1) !== 2 + count * 2 || pdu.length !== 5 + count * 2) return undefined;
  return Array.from({ length: count }, (_, i) => word(pdu, 5 + i * 2));
}

/** FC 08: request and answer have the same shape. */
export const encodeDiagnostics = (code: number, data: number): Uint8Array =>
  Uint8Array.of(FunctionCode.diagnostics, code >>> 8, code, data >>> 8, data);

/** The sub-function and its data; of a counter the count. Undefined when it is malformed. */
export function decodeDiagnostics(pdu: Uint8Array): { readonly code: number; readonly data: number } | undefined {
  if (pdu.length !== 5 || pdu[0] !== FunctionCode.diagnostics) return undefined;
  return { code: word(pdu, 1), data: word(pdu, 3) };
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

/** One piece of a file: registers `[record, record + count)` of `file`. */
export interface FileRecord {
  readonly file: number;
  readonly record: number;
  readonly count: number;
}

/** Every record is referred to by type 6. */
const referenceType = 6;

/** FC 14, up to 35 records. */
export function encodeReadFile(records: readonly FileRecord[]): Uint8Array {
  const out = new Uint8Array(2 + records.length * 7);
  out[0] = FunctionCode.readFileRecord;
  out[1] = records.length * 7;
  records.forEach((r, i) => out.set(header(r), 2 + i * 7));
  return out;
}
const header = ({ file, record, count }: FileRecord): number[] => [
  referenceType,
  file >>> 8,
  file & 255,
  record >>> 8,
  record & 255,
  count >>> 8,
  count & 255,
];

/** The registers' bytes of each record in an answer to FC 14; undefined when it is malformed. */
export function decodeFileRecords(pdu: Uint8Array): Uint8Array[] | undefined {
  if (pdu.length < 2 || pdu[0] !== FunctionCode.readFileRecord || pdu.length !== 2 + pdu[1]!) return undefined;
  const out: Uint8Array[] = [];
  for (let at = 2; at < pdu.length; ) {
    const length = pdu[at]!;
    if (length < 1 || length % 2 === 0 || at + 1 + length > pdu.length || pdu[at + 1] !== referenceType) return undefined;
    out.push(pdu.slice(at + 2, at + 1 + length));
    at += 1 + length;
  }
  return out;
}

/** Answer to FC 14. */
export function encodeFileRecords(records: readonly Uint8Array[]): Uint8Array {
  const length = records.reduce((n, data) => n + 2 + data.length, 0);
  const out = new Uint8Array(2 + length);
  out.set([FunctionCode.readFileRecord, length]);
  let at = 2;
  for (const data of records) {
    out.set([data.length + 1, referenceType], at);
    out.set(data, at + 2);
    at += 2 + data.length;
  }
  return out;
}

/** FC 15; the device answers with the request itself. */
export function encodeWriteFile(records: readonly (Omit<FileRecord, 'count'> & { readonly data: Uint8Array })[]): Uint8Array {
  const length = records.reduce((n, { data }) => n + 7 + data.length, 0);
  const out = new Uint8Array(2 + length);
  out.set([FunctionCode.writeFileRecord, length]);
  let at = 2;
  for (const { file, record, data } of records) {
    out.set(header({ file, record, count: data.length / 2 }), at);
    out.set(data, at + 7);
    at += 7 + data.length;
  }
  return out;
}
