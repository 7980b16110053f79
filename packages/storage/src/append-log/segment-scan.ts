import type { LogFile } from './file-system.ts';
import { isWhole, lengthAt, maxRecordBytes, positionAt, recordHeaderBytes } from './segment-format.ts';
import type { Position } from './segment-format.ts';

/** Whole records in a row: record i begins at `starts[i]` of `bytes` and has the position `first + i`. */
export interface ScannedRecords {
  readonly kind: 'records';
  readonly bytes: Uint8Array;
  readonly starts: readonly number[];
  readonly first: Position;
  /** Where they begin and end in the file. */
  readonly from: number;
  readonly to: number;
}
/** Bytes that are no record; `next` is the position of the whole record behind them, undefined when none follows. */
export interface ScannedDamage {
  readonly kind: 'damage';
  readonly from: number;
  readonly to: number;
  readonly next: Position | undefined;
}

const windowBytes = 256 * 1024;

/** Walks over the records of one segment file, checking each, and finds the way again behind damage. */
export class SegmentScan {
  readonly #file: LogFile;
  readonly #size: number;
  #offset: number;
  #position: Position;

  /** From byte `offset`, where the record `position` begins, to byte `size`. */
  constructor(file: LogFile, size: number, offset: number, position: Position) {
    this.#file = file;
    this.#size = size;
    this.#offset = offset;
    this.#position = position;
  }
  /** Position of the record that `next()` begins with. */
  get position(): Position {
    return this.#position;
  }

  /** Undefined at the end of the segment. */
  async next(): Promise<ScannedRecords | ScannedDamage | undefined> {
    if (this.#offset >= this.#size) return undefined;
    const from = this.#offset;
    let bytes = await this.#window(from, windowBytes);
    if (bytes.length >= recordHeaderBytes) {
      const first = lengthAt(bytes, 0) + recordHeaderBytes;
      if (first > bytes.length && first <= maxRecordBytes + recordHeaderBytes && from + first <= this.#size) {
        bytes = await this.#window(from, first);
      }
    }
    const starts: number[] = [];
    let at = 0;
    while (this.#isRecord(bytes, at, this.#position + starts.length)) {
      starts.push(at);
      at += recordHeaderBytes + lengthAt(bytes, at);
    }
    if (starts.length === 0) return await this.#skip(bytes);
    const records: ScannedRecords = { kind: 'records', bytes, starts, first: this.#position, from, to: from + at };
    this.#offset = records.to;
    this.#position += starts.length;
    return records;
  }

  #isRecord(bytes: Uint8Array, at: number, position: Position): boolean {
    if (at + recordHeaderBytes > bytes.length || positionAt(bytes, at) !== position) return false;
    const length = lengthAt(bytes, at);
    return length <= maxRecordBytes && at + recordHeaderBytes + length <= bytes.length && isWhole(bytes, at);
  }

  /** Looks at every byte for the next whole record; its position says how many are missing. */
  async #skip(window: Uint8Array): Promise<ScannedDamage> {
    const from = this.#offset;
    for (let base = from, bytes = window; ; ) {
      for (let at = base === from ? 1 : 0; at + recordHeaderBytes <= bytes.length; at++) {
        const position = positionAt(bytes, at);
        const missingAtMost = Math.ceil((base + at - from) / recordHeaderBytes);
        if (position < this.#position || position > this.#position + missingAtMost) continue;
        const length = recordHeaderBytes + lengthAt(bytes, at);
        if (length > maxRecordBytes + recordHeaderBytes || base + at + length > this.#size) continue;
        const record = at + length <= bytes.length ? bytes.subarray(at, at + length) : await this.#window(base + at, length);
        if (record.length < length || !isWhole(record, 0)) continue;
        this.#offset = base + at;
        this.#position = position;
        return { kind: 'damage', from, to: base + at, next: position };
      }
      base += Math.max(1, bytes.length - recordHeaderBytes + 1);
      if (base + recordHeaderBytes > this.#size) break;
      bytes = await this.#window(base, windowBytes);
      if (bytes.length < recordHeaderBytes) break;
    }
    this.#offset = this.#size;
    return { kind: 'damage', from, to: this.#size, next: undefined };
  }

  async #window(at: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.min(length, this.#size - at));
    const got = await this.#file.read(bytes, at);
    return got === bytes.length ? bytes : bytes.subarray(0, got);
  }
}
