import type { Position } from '../append-log/segment-format.ts';

/** Positions as ranges `[from, to)`, sorted, none touching the next. The first one begins at 0: everything below `floor`. */
export class PositionSet {
  readonly #from: Position[] = [0];
  readonly #to: Position[] = [0];
  #count = 0;

  /** The first position that is not in it. */
  get floor(): Position {
    return this.#to[0]!;
  }
  /** Behind the last position that is in it. */
  get end(): Position {
    return this.#to.at(-1)!;
  }
  get ranges(): number {
    return this.#from.length;
  }
  get count(): number {
    return this.#count;
  }

  has(position: Position): boolean {
    return position < this.#to[this.#at(position)]!;
  }

  /** Adds `[from, to)`; answers how many of them were not in it. */
  add(from: Position, to: Position = from + 1): number {
    if (to <= from) return 0;
    let first = this.#at(from);
    if (this.#to[first]! < from) first++;
    let last = first;
    let begin = from;
    let end = to;
    let had = 0;
    for (; last < this.#from.length && this.#from[last]! <= to; last++) {
      begin = Math.min(begin, this.#from[last]!);
      end = Math.max(end, this.#to[last]!);
      had += this.#to[last]! - this.#from[last]!;
    }
    if (last === first + 1) {
      this.#from[first] = begin;
      this.#to[first] = end;
    } else {
      this.#from.splice(first, last - first, begin);
      this.#to.splice(first, last - first, end);
    }
    const added = end - begin - had;
    this.#count += added;
    return added;
  }

  /** Everything from `end` on goes out. */
  cut(end: Position): void {
    while (this.#from.length > 1 && this.#from.at(-1)! >= end) {
      this.#count -= this.#to.pop()! - this.#from.pop()!;
    }
    const last = this.#to.length - 1;
    if (this.#to[last]! > end) {
      this.#count -= this.#to[last]! - end;
      this.#to[last] = end;
    }
  }

  /** Byte 1, three zero bytes, number of ranges u32, then `from` and `to` of each as f64; little-endian. */
  encode(): Uint8Array {
    const bytes = new Uint8Array(8 + 16 * this.#from.length);
    const view = new DataView(bytes.buffer);
    bytes[0] = 1;
    view.setUint32(4, this.#from.length, true);
    for (let i = 0; i < this.#from.length; i++) {
      view.setFloat64(8 + 16 * i, this.#from[i]!, true);
      view.setFloat64(16 + 16 * i, this.#to[i]!, true);
    }
    return bytes;
  }
  /** Undefined when these bytes are none of ours. */
  static decode(bytes: Uint8Array): PositionSet | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < 8 || bytes[0] !== 1 || bytes.length !== 8 + 16 * view.getUint32(4, true)) return undefined;
    const set = new PositionSet();
    for (let at = 8; at < bytes.length; at += 16) set.add(view.getFloat64(at, true), view.getFloat64(at + 8, true));
    return set;
  }

  /** Index of the last range that begins at or before a position. */
  #at(position: Position): number {
    let low = 0;
    for (let high = this.#from.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (this.#from[middle]! <= position) low = middle;
      else high = middle;
    }
    return low;
  }
}
