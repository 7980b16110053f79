import type { DataType, Quality, Reason } from '@omh/core';
import { modbus } from '@omh/wire';
import type { Exchange, Outcome } from './link.ts';

/** One tag inside a block. `row` is its index in the plan, `text` its address as written. */
export interface Point {
  readonly row: number;
  readonly type: DataType;
  readonly text: string;
  readonly address: modbus.Address;
  readonly start: number;
  readonly mask: modbus.OrderMask;
}

/** The read that a block belongs to at the moment. */
export interface BlockReader {
  readonly timeoutMs: number;
  withdrawn(block: Block): boolean;
  settle(block: Block, outcome: Outcome, bytes: Uint8Array, start: number, end: number): void;
}

/** How a point is decoded; the three plain ones are the common case and need no call. */
const Operation = { uint16: 0, int16: 1, float: 2, number: 3, point: 4, bit: 5, int64: 6, text: 7, bytes: 8 } as const;

const floatBits = new Int32Array(1);
const float = new Float32Array(floatBits.buffer);

/** One request with the steps that decode its answer, compiled once and reused each cycle. */
export class Block implements Exchange {
  readonly points: readonly Point[];
  readonly unit: number;
  readonly area: modbus.Area;
  readonly function: number;
  readonly start: number;
  readonly count: number;
  readonly frame: Uint8Array;
  /** The block of the first plan that this one was split from; itself when it was not. */
  readonly origin: Block;
  /** Set while the device refuses the only tag of this block; it is asked again from `retryAtMs` (monotonic) on. */
  refusal: { readonly quality: Quality; readonly reasons: readonly Reason[]; readonly retryAtMs: number } | undefined;
  /** Of an origin: the ranges `[start, end)` that the device refused. What contains one of them is not asked as one again. */
  readonly refused: { readonly start: number; readonly end: number }[] = [];
  reader: BlockReader | undefined;
  transaction = 0;
  sentAt = 0;
  deadline = 0;
  readonly #operation: Uint8Array;
  readonly #row: Uint32Array;
  readonly #offset: Uint16Array;
  readonly #mask: Uint8Array;
  #reasonKey = '';
  #reasons: readonly Reason[] = [];

  /** `points` are sorted by start, of one unit and area. */
  constructor(points: readonly Point[], origin?: Block) {
    const first = points[0]!;
    this.points = points;
    this.unit = first.address.unit;
    this.area = first.address.area;
    this.function = modbus.readFunctionOf[first.address.area];
    this.start = first.start;
    this.count = points.reduce((end, p) => Math.max(end, p.start + p.address.count), 0) - this.start;
    this.frame = modbus.frameOf(0, this.unit, modbus.encodeRead(this.function, this.start, this.count));
    this.origin = origin ?? this;
    const width = modbus.isBitArea(this.area) ? 1 : 2;
    this.#operation = Uint8Array.from(points, operationOf);
    this.#row = Uint32Array.from(points, (p) => p.row);
    this.#offset = Uint16Array.from(points, (p) => (p.start - this.start) * width);
    this.#mask = Uint8Array.from(points, (p) => p.mask);
  }

  get timeoutMs(): number {
    return this.reader?.timeoutMs ?? 0;
  }
  withdrawn(): boolean {
    return this.reader?.withdrawn(this) ?? true;
  }
  settle(outcome: Outcome, bytes: Uint8Array, start: number, end: number): void {
    this.reader?.settle(this, outcome, bytes, start, end);
  }

  /** A reason for each point; made once as long as `key` is the same, for a device that fails does so each cycle. */
  reasons(key: string, make: (address: string) => Reason): readonly Reason[] {
    if (key !== this.#reasonKey) {
      this.#reasonKey = key;
      this.#reasons = this.points.map((p) => make(p.text));
    }
    return this.#reasons;
  }

  noteRefusedRange(): void {
    const range = { start: this.start, end: this.start + this.count };
    if (!this.origin.refused.some((r) => r.start === range.start && r.end === range.end)) this.origin.refused.push(range);
  }

  /** Two halves, or undefined where no smaller request exists. */
  halves(): readonly [Block, Block] | undefined {
    const middle = this.points.length >> 1;
    if (middle === 0) return undefined;
    const a = new Block(this.points.slice(0, middle), this.origin);
    const b = new Block(this.points.slice(middle), this.origin);
    return a.count === this.count && b.count === this.count ? undefined : [a, b];
  }

  /** Decodes the data of an answer, from `at` on, into the plan's rows; their quality stays good. */
  decode(
    bytes: Uint8Array,
    at: number,
    batch: { readonly num: Float64Array; readonly i64: BigInt64Array | null; readonly any: unknown[] | null },
  ): void {
    const { points } = this;
    const { num } = batch;
    for (let i = 0; i < points.length; i++) {
      const row = this.#row[i]!;
      const offset = this.#offset[i]!;
      const p = at + offset;
      switch (this.#operation[i]) {
        case Operation.uint16:
          num[row] = (bytes[p]! << 8) | bytes[p + 1]!;
          break;
        case Operation.int16:
          num[row] = ((bytes[p]! << 24) >> 16) | bytes[p + 1]!;
          break;
        case Operation.float:
          floatBits[0] = (bytes[p]! << 24) | (bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!;
          num[row] = float[0]!;
          break;
        case Operation.number:
          num[row] = modbus.decodeNumber(points[i]!.type, bytes, at + offset, this.#mask[i]!);
          break;
        case Operation.point:
          num[row] = (bytes[at + (offset >> 3)]! >> (offset & 7)) & 1;
          break;
        case Operation.bit:
          num[row] = modbus.decodeBit(bytes, at + offset, this.#mask[i]!, points[i]!.address.bit!);
          break;
        case Operation.int64:
          batch.i64![row] = modbus.decodeInt64(bytes, at + offset, this.#mask[i]!);
          break;
        case Operation.text: {
          const { length, layout } = points[i]!.address;
          batch.any![row] = modbus.decodeText(bytes, at + offset, length, layout);
          break;
        }
        default:
          batch.any![row] = new Uint8Array(bytes.subarray(at + offset, at + offset + points[i]!.address.length));
      }
    }
  }
}

function operationOf(point: Point): number {
  if (modbus.isBitArea(point.address.area)) return Operation.point;
  if (point.mask === 0 && point.type === 'uint16') return Operation.uint16;
  if (point.mask === 0 && point.type === 'int16') return Operation.int16;
  if (point.mask === 0 && point.type === 'float') return Operation.float;
  switch (point.type) {
    case 'int64':
    case 'uint64':
      return Operation.int64;
    case 'string':
      return Operation.text;
    case 'bytes':
      return Operation.bytes;
    default:
      return point.address.bit === undefined ? Operation.number : Operation.bit;
  }
}
