import { errors } from '../errors.ts';

/**
 * POSIX.1-2001 tar (pax): the one archive that every system opens, now and later. A file is a header of 512 bytes and its bytes, filled
 * up to a multiple of 512; two empty blocks end the archive. A name over 100 bytes or a size over 8 GiB stands in a pax record before.
 */
export const blockBytes = 512;
const maxOctalSize = 0o77777777777;
const paxName = 'pax-header';
const encoder = new TextEncoder();

/** What a header says. `pax`: its bytes are records about the file that follows. */
export interface TarHeader {
  readonly kind: 'file' | 'pax';
  readonly path: string;
  readonly bytes: number;
}

/** Header, with a pax record before it where it is needed, of a file that only its owner reads. */
export function encodeFile(path: string, bytes: number, unixSeconds: number): Uint8Array {
  const name = encoder.encode(path);
  const records: string[] = [];
  if (name.length > 100) records.push(paxRecord('path', path));
  if (bytes > maxOctalSize) records.push(paxRecord('size', String(bytes)));
  const header = encodeHeader(name.subarray(0, 100), bytes > maxOctalSize ? 0 : bytes, unixSeconds, '0');
  if (records.length === 0) return header;
  const pax = encoder.encode(records.join(''));
  const paxHeader = encodeHeader(encoder.encode(paxName), pax.length, unixSeconds, 'x');
  return Buffer.concat([paxHeader, pax, new Uint8Array(padding(pax.length)), header]);
}

/** Bytes from the end of a file to the next block. */
export const padding = (bytes: number): number => (blockBytes - (bytes % blockBytes)) % blockBytes;

/** Undefined for an empty block. Throws STORAGE_BACKUP_DAMAGED for what is no header, and for links, folders and devices. */
export function decodeHeader(block: Uint8Array, file: string): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const damaged = (why: string): Error => errors.STORAGE_BACKUP_DAMAGED({ file, why });
  if (octal(block, 148, 8) !== checksum(block)) throw damaged('an entry has a wrong checksum');
  if (text(block, 257, 6) !== 'ustar') throw damaged('an entry is of an unknown kind');
  const type = String.fromCharCode(block[156]!);
  if (type !== '0' && type !== 'x') throw damaged('it holds something that is no plain file');
  const bytes = octal(block, 124, 12);
  if (bytes === undefined || text(block, 345, 155) !== '') throw damaged('an entry is of an unknown kind');
  return { kind: type === '0' ? 'file' : 'pax', path: text(block, 0, 100), bytes };
}

/** `path` and `size` of a pax record; others are refused, as we write none. */
export function decodePax(bytes: Uint8Array, file: string): { path?: string; bytes?: number } {
  const out: { path?: string; bytes?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(Buffer.from(bytes.subarray(at, space)).toString('latin1'));
    if (!Number.isInteger(length) || length < 5 || at + length > bytes.length || bytes[at + length - 1] !== 0x0a)
      throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'an entry is of an unknown kind' });
    const [, key, value] = /^(\w+)=(.*)$/s.exec(Buffer.from(bytes.subarray(space + 1, at + length - 1)).toString('utf8')) ?? [];
    if (key === 'path') out.path = value!;
    else if (key === 'size' && /^\d{1,15}$/.test(value!)) out.bytes = Number(value);
    else throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'an entry is of an unknown kind' });
    at += length;
  }
  return out;
}

function encodeHeader(name: Uint8Array, bytes: number, unixSeconds: number, type: '0' | 'x'): Uint8Array {
  const block = new Uint8Array(blockBytes);
  const put = (at: number, value: string): void => block.set(encoder.encode(value), at);
  const number = (value: number, digits: number): string => `${Math.floor(value).toString(8).padStart(digits, '0')}\0`;
  block.set(name);
  put(100, number(0o600, 7));
  put(108, number(0, 7));
  put(116, number(0, 7));
  put(124, number(bytes, 11));
  put(136, number(Math.min(Math.max(unixSeconds, 0), maxOctalSize), 11));
  put(156, type);
  put(257, 'ustar\x0000');
  put(329, number(0, 7));
  put(337, number(0, 7));
  put(148, `${checksum(block).toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** Sum of the header's bytes, its own eight counted as spaces. */
function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < blockBytes; i++) if (i < 148 || i >= 156) sum += block[i]!;
  return sum;
}

function paxRecord(key: string, value: string): string {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function text(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('utf8');
}

function octal(block: Uint8Array, at: number, length: number): number | undefined {
  const digits = text(block, at, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
