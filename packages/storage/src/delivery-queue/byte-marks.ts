import type { Position } from '../append-log/segment-format.ts';

interface ByteMark {
  readonly position: Position;
  /** Bytes before it since the first mark. */
  readonly offset: number;
  /** Time of the entry at `position`, µs. */
  readonly time: number;
}

/** How many bytes stand between two positions, known to the nearest block: a few numbers per block instead of one per entry. */
export class ByteMarks {
  readonly #blockBytes: number;
  #marks: ByteMark[] = [];
  #end = 0;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  /** The next entry, in order of position. */
  push(position: Position, bytes: number, time: number): void {
    const last = this.#marks.at(-1);
    if (last === undefined || this.#end - last.offset >= this.#blockBytes) {
      this.#marks.push({ position, offset: this.#end, time });
    }
    this.#end += bytes;
  }

  /** Bytes from the block of `position` to the end. */
  from(position: Position): number {
    return this.#end - this.offsetAt(position);
  }
  /** Bytes before the block of `position` since the first entry. */
  offsetAt(position: Position): number {
    return this.#marks[this.#at(position)]?.offset ?? this.#end;
  }
  /** Time of the first entry of the block of `position`. */
  timeAt(position: Position): number | undefined {
    return this.#marks[this.#at(position)]?.time;
  }
  /** Where the block of `position` ends; undefined in the last one. */
  endOfBlock(position: Position): Position | undefined {
    return this.#marks[this.#at(position) + 1]?.position;
  }
  /** The blocks before that of `position` are asked for no more. */
  forget(position: Position): void {
    const at = this.#at(position);
    if (at > 0) this.#marks.splice(0, at);
  }

  #at(position: Position): number {
    let low = 0;
    for (let high = this.#marks.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (this.#marks[middle]!.position <= position) low = middle;
      else high = middle;
    }
    return low;
  }
}
