import { encodeRecord, lengthAt, recordHeaderBytes } from './segment-format.ts';
import type { LogRecord, Position } from './segment-format.ts';

/** A border between two records: bytes appended before it since the log was opened, and the position behind it. */
export interface Mark {
  readonly offset: number;
  readonly position: Position;
}

interface Chunk {
  readonly buffer: Uint8Array;
  /** Offset of the buffer's byte 0 among all that was appended. */
  readonly base: number;
  /** Bytes from here on are free. */
  end: number;
  readonly firstPosition: Position;
  endPosition: Position;
}

const spareChunks = 8;

/** Every encoded record that is not yet safe on the disk, in chunks: what a failed sync is repaired from. */
export class HeldRecords {
  readonly #chunkBytes: number;
  readonly #chunks: Chunk[] = [];
  readonly #spare: Uint8Array[] = [];
  #end: Mark;
  #start: Mark;

  constructor(chunkBytes: number, position: Position) {
    this.#chunkBytes = chunkBytes;
    this.#start = this.#end = { offset: 0, position };
  }
  get start(): Mark {
    return this.#start;
  }
  get end(): Mark {
    return this.#end;
  }
  get bytes(): number {
    return this.#end.offset - this.#start.offset;
  }

  push(record: Uint8Array): Position {
    const bytes = recordHeaderBytes + record.length;
    const { offset, position } = this.#end;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.end + bytes > chunk.buffer.length) {
      const buffer =
        bytes > this.#chunkBytes ? Buffer.allocUnsafeSlow(bytes) : (this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#chunkBytes));
      chunk = { buffer, base: offset, end: 0, firstPosition: position, endPosition: position };
      this.#chunks.push(chunk);
    }
    encodeRecord(chunk.buffer, chunk.end, position, record);
    chunk.end += bytes;
    chunk.endPosition = position + 1;
    this.#end = { offset: offset + bytes, position: position + 1 };
    return position;
  }

  /** The bytes from `offset` on in whole chunks, at least one and no more than fit in `limit`, and the mark behind them. */
  slice(offset: number, limit: number): { parts: Uint8Array[]; end: Mark } {
    const parts: Uint8Array[] = [];
    let end: Mark = { offset, position: this.#end.position };
    let bytes = 0;
    for (const chunk of this.#chunks) {
      const begin = Math.max(0, offset - chunk.base);
      if (begin >= chunk.end) continue;
      if (parts.length > 0 && bytes + chunk.end - begin > limit) break;
      parts.push(chunk.buffer.subarray(begin, chunk.end));
      bytes += chunk.end - begin;
      end = { offset: chunk.base + chunk.end, position: chunk.endPosition };
    }
    return { parts, end };
  }

  /** Everything before the mark is safe. */
  release(mark: Mark): void {
    let done = 0;
    for (; done < this.#chunks.length; done++) {
      const chunk = this.#chunks[done]!;
      if (chunk.base + chunk.end > mark.offset) break;
      if (chunk.buffer.length === this.#chunkBytes && this.#spare.length < spareChunks) this.#spare.push(chunk.buffer);
    }
    if (done > 0) this.#chunks.splice(0, done);
    this.#start = mark;
  }

  /** Copies of the records `[from, to)`, about `limit` bytes of them and at least one; `from` is held. */
  copy(from: Position, to: Position, limit: number): LogRecord[] {
    const out: LogRecord[] = [];
    const chunk = this.#chunks.find((one) => from < one.endPosition);
    if (chunk === undefined) return out;
    let at = 0;
    let position = chunk.firstPosition;
    for (; position < from; position++) at += recordHeaderBytes + lengthAt(chunk.buffer, at);
    for (let bytes = 0; position < Math.min(to, chunk.endPosition) && bytes < limit; position++) {
      const length = lengthAt(chunk.buffer, at);
      at += recordHeaderBytes;
      out.push({ position, record: new Uint8Array(chunk.buffer.subarray(at, at + length)) });
      at += length;
      bytes += length;
    }
    return out;
  }
}
