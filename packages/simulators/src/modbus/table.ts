/** Points from `start` to before `end`, counted from 0 as on the wire. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Ranges in order, those that touch made one. */
export function merged(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (range.end <= range.start) continue;
    if (last !== undefined && range.start <= last.end) out[out.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    else out.push(range);
  }
  return out;
}

export const covers = (ranges: readonly Range[], start: number, end: number): boolean =>
  ranges.some((range) => start >= range.start && end <= range.end);

/** One area of a unit. A register stands in two bytes as it goes over the wire, a coil or discrete input in one: 0 or 1. */
export class Table {
  readonly bits: boolean;
  readonly ranges: readonly Range[];
  readonly bytes: Uint8Array;

  constructor(bits: boolean, ranges: readonly Range[]) {
    this.bits = bits;
    this.ranges = ranges;
    this.bytes = new Uint8Array((ranges.at(-1)?.end ?? 0) * (bits ? 1 : 2));
  }
  get points(): number {
    return this.ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }
  has(start: number, count: number): boolean {
    return covers(this.ranges, start, start + count);
  }
  get(address: number): number {
    return this.bits ? this.bytes[address]! : (this.bytes[address * 2]! << 8) | this.bytes[address * 2 + 1]!;
  }
  set(address: number, value: number): void {
    if (this.bits) {
      this.bytes[address] = value === 0 ? 0 : 1;
      return;
    }
    this.bytes[address * 2] = value >>> 8;
    this.bytes[address * 2 + 1] = value;
  }
  /** Data of an answer: packed bits, or the registers' bytes. */
  read(start: number, count: number, out: Uint8Array, at: number): void {
    if (!this.bits) {
      out.set(this.bytes.subarray(start * 2, (start + count) * 2), at);
      return;
    }
    for (let i = 0; i < count; i++) if (this.bytes[start + i] !== 0) out[at + (i >> 3)]! |= 1 << (i & 7);
  }
  /** Takes packed bits or registers' bytes. */
  write(start: number, count: number, data: Uint8Array): void {
    if (!this.bits) {
      this.bytes.set(data.subarray(0, count * 2), start * 2);
      return;
    }
    for (let i = 0; i < count; i++) this.bytes[start + i] = (data[i >> 3]! >> (i & 7)) & 1;
  }
}
