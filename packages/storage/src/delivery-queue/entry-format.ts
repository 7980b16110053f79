import type { Micros, QueueEntry, Reason } from '@omh/core';
import type { Position } from '../append-log/segment-format.ts';

/**
 * Version 1. Numbers are little-endian.
 *
 * Entry: version u8 (1), flags u8 (bit 0: it is late wherever it stands: a dead letter that is sent again, or it waited elsewhere), length of the key u16, life u32, time f64 (µs UTC), key in UTF-8, record.
 *
 * Dead letter: version u8 (1), zero u8, length of the key u16, life u32, time f64, position in the queue f64, diedAt f64, attempts u32,
 * length of the reason u32, reason as JSON, key, record.
 */
export const entryVersion = 1;
export const entryHeaderBytes = 16;
const deadHeaderBytes = 40;
export const maxKeyBytes = 65_535;
export const lateFlag = 1;

export function encodeEntry(record: Uint8Array, key: string, time: Micros, life: number, flags: number): Uint8Array {
  const keyBytes = key === '' ? 0 : Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(entryHeaderBytes + keyBytes + record.length);
  bytes[0] = entryVersion;
  bytes[1] = flags;
  bytes.writeUInt16LE(keyBytes, 2);
  bytes.writeUInt32LE(life, 4);
  bytes.writeDoubleLE(time, 8);
  if (keyBytes > 0) bytes.write(key, entryHeaderBytes);
  bytes.set(record, entryHeaderBytes + keyBytes);
  return bytes;
}

/** An entry on its way, over its encoded bytes. */
export class QueuedEntry implements QueueEntry {
  readonly position: Position;
  readonly key: string;
  readonly time: Micros;
  readonly late: boolean;
  /** When it came in, monotonic; undefined for what came from the disk. */
  readonly arrivedMs: number | undefined;
  replay = false;
  attempts = 0;
  /** Not sent again before, monotonic. */
  notBeforeMs = 0;
  readonly #queue: string;
  readonly #bytes: Buffer;
  #record: Uint8Array | undefined;

  constructor(queue: string, position: Position, bytes: Buffer, arrivedMs?: number) {
    this.position = position;
    this.arrivedMs = arrivedMs;
    this.#queue = queue;
    this.#bytes = bytes;
    const keyBytes = bytes.readUInt16LE(2);
    this.key = keyBytes === 0 ? '' : bytes.toString('utf8', entryHeaderBytes, entryHeaderBytes + keyBytes);
    this.time = bytes.readDoubleLE(8) as Micros;
    this.late = (bytes[1]! & lateFlag) !== 0;
  }
  get bytes(): number {
    return this.#bytes.length;
  }
  get life(): number {
    return this.#bytes.readUInt32LE(4);
  }
  get record(): Uint8Array {
    this.#record ??= this.#bytes.subarray(entryHeaderBytes + this.#bytes.readUInt16LE(2));
    return this.#record;
  }
  get id(): string {
    return entryId(this.#queue, this.life, this.position);
  }
}

export const entryId = (queue: string, life: number, position: Position): string => `${queue}:${life.toString(36)}:${position}`;
export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
/** A record that these functions read; an entry of a newer omh, or bytes that are none of ours, are not. */
export const isEntry = (bytes: Uint8Array): boolean =>
  bytes.length >= entryHeaderBytes && bytes[0] === entryVersion && bytes.length >= entryHeaderBytes + (bytes[2]! | (bytes[3]! << 8));

export interface DeadEntry {
  readonly record: Uint8Array;
  readonly key: string;
  readonly time: Micros;
  readonly life: number;
  readonly position: Position;
  readonly reason: Reason;
  readonly diedAt: Micros;
  readonly attempts: number;
}

export function encodeDead(dead: DeadEntry): Uint8Array {
  const key = Buffer.from(dead.key);
  const reason = Buffer.from(JSON.stringify({ code: dead.reason.code, params: dead.reason.params, text: dead.reason.text }));
  const bytes = Buffer.alloc(deadHeaderBytes + reason.length + key.length + dead.record.length);
  bytes[0] = entryVersion;
  bytes.writeUInt16LE(key.length, 2);
  bytes.writeUInt32LE(dead.life, 4);
  bytes.writeDoubleLE(dead.time, 8);
  bytes.writeDoubleLE(dead.position, 16);
  bytes.writeDoubleLE(dead.diedAt, 24);
  bytes.writeUInt32LE(dead.attempts, 32);
  bytes.writeUInt32LE(reason.length, 36);
  bytes.set(reason, deadHeaderBytes);
  bytes.set(key, deadHeaderBytes + reason.length);
  bytes.set(dead.record, deadHeaderBytes + reason.length + key.length);
  return bytes;
}

/** Undefined when these bytes are none of ours. */
export function decodeDead(from: Uint8Array): DeadEntry | undefined {
  const bytes = bufferOf(from);
  if (bytes.length < deadHeaderBytes || bytes[0] !== entryVersion) return undefined;
  const keyAt = deadHeaderBytes + bytes.readUInt32LE(36);
  const recordAt = keyAt + bytes.readUInt16LE(2);
  if (recordAt > bytes.length) return undefined;
  return {
    record: bytes.subarray(recordAt),
    key: bytes.toString('utf8', keyAt, recordAt),
    time: bytes.readDoubleLE(8) as Micros,
    life: bytes.readUInt32LE(4),
    position: bytes.readDoubleLE(16),
    reason: JSON.parse(bytes.toString('utf8', deadHeaderBytes, keyAt)) as Reason,
    diedAt: bytes.readDoubleLE(24) as Micros,
    attempts: bytes.readUInt32LE(32),
  };
}
