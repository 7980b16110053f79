import { crc32c } from './crc32c.ts';

/**
 * Version 1. Numbers are little-endian.
 *
 * Segment header, 32 bytes: magic `OMHLOG\r\n`, version u32, zero u32, first position u64, zero u32, CRC-32C u32 of the 28 bytes before.
 * Every later version keeps these 32 bytes, so that an older program can say what it found.
 *
 * Record: length u32 of the bytes, CRC-32C u32, position u64, bytes. The checksum covers length, position and bytes. The position stands
 * in the record so that the log is picked up again behind a damaged part.
 */
export const formatVersion = 1;
export const headerBytes = 32;
export const recordHeaderBytes = 16;
/** Longest record; a longer length in a file is damage. */
export const maxRecordBytes = 16 * 2 ** 20;

const magic = Uint8Array.from(Buffer.from('OMHLOG\r\n', 'latin1'));

/** Number of a record in its log, from 0, one more each time; exact as a double. */
export type Position = number;
export interface LogRecord {
  readonly position: Position;
  readonly record: Uint8Array;
}

const put32 = (to: Uint8Array, at: number, value: number): void => {
  to[at] = value;
  to[at + 1] = value >>> 8;
  to[at + 2] = value >>> 16;
  to[at + 3] = value >>> 24;
};
const get32 = (from: Uint8Array, at: number): number =>
  (from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24)) >>> 0;
const put64 = (to: Uint8Array, at: number, value: number): void => {
  put32(to, at, value >>> 0);
  put32(to, at + 4, Math.floor(value / 2 ** 32));
};
const get64 = (from: Uint8Array, at: number): number => get32(from, at) + get32(from, at + 4) * 2 ** 32;

export function encodeHeader(first: Position, version = formatVersion): Uint8Array {
  const header = new Uint8Array(headerBytes);
  header.set(magic);
  put32(header, 8, version);
  put64(header, 16, first);
  put32(header, 28, crc32c(header, 0, 28));
  return header;
}

/** Undefined when these bytes are no header of any version. */
export function decodeHeader(bytes: Uint8Array): { version: number; first: Position } | undefined {
  if (bytes.length < headerBytes || !magic.every((byte, i) => bytes[i] === byte)) return undefined;
  if (get32(bytes, 28) !== crc32c(bytes, 0, 28)) return undefined;
  return { version: get32(bytes, 8), first: get64(bytes, 16) };
}

/** Writes one record at `at`; the caller has made room for `recordHeaderBytes` and the bytes. */
export function encodeRecord(to: Uint8Array, at: number, position: Position, record: Uint8Array): void {
  put32(to, at, record.length);
  put64(to, at + 8, position);
  to.set(record, at + recordHeaderBytes);
  put32(to, at + 4, crc32c(to, at + 8, at + recordHeaderBytes + record.length, crc32c(to, at, at + 4)));
}

export const lengthAt = (bytes: Uint8Array, at: number): number => get32(bytes, at);
export const positionAt = (bytes: Uint8Array, at: number): Position => get64(bytes, at + 8);
/** The whole record must be in `bytes`. */
export const isWhole = (bytes: Uint8Array, at: number): boolean =>
  get32(bytes, at + 4) === crc32c(bytes, at + 8, at + recordHeaderBytes + get32(bytes, at), crc32c(bytes, at, at + 4));

/** `0000000000000042-7.seg`: first position, then a number that grows with every segment made, so no name is ever used twice. */
export const segmentName = (first: Position, generation: number): string => `${String(first).padStart(16, '0')}-${generation}.seg`;

export function parseSegmentName(name: string): { first: Position; generation: number } | undefined {
  const match = /^(\d{16})-(\d{1,15})\.seg$/.exec(name);
  return match ? { first: Number(match[1]), generation: Number(match[2]) } : undefined;
}
