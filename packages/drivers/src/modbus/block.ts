import type { Reason, TagValue } from '@omh/core';
import { modbus } from '@omh/wire';
import type { Exchange, Outcome } from './link.ts';
import { sourceOf, type Point } from './places.ts';
import type { Segment } from './plan.ts';
import type { SearchNode } from './refusal-search.ts';

/** The read that a block belongs to at the moment. */
export interface BlockReader {
  readonly timeoutMs: number;
  withdrawn(block: Block): boolean;
  settle(block: Block, outcome: Outcome, bytes: Uint8Array, start: number, end: number): void;
}

/** How a point is decoded; the three plain ones are the common case and need no call. */
const Operation = { uint16: 0, int16: 1, float: 2, number: 3, point: 4, bit: 5, int64: 6, text: 7, bytes: 8, array: 9, fifo: 10 } as const;

const floatBits = new Int32Array(1);
const float = new Float32Array(floatBits.buffer);

/** One request with the steps that decode its answer, compiled once and reused each cycle. */
export class Block implements Exchange {
  readonly points: readonly Point[];
  readonly unit: number;
  readonly area: modbus.Source;
  readonly function: number;
  readonly start: number;
  readonly count: number;
  readonly frame: Uint8Array;
  /** Version of what was learnt when this block was made. */
  readonly version: number;
  /** Holds a span that nobody saw answered, though a part of it is refused. */
  readonly isDoubtful: boolean;
  /** The refused block that this one is a part of, while the cycle looks for what is refused in it. */
  node: SearchNode | undefined;
  /** Where it belongs; set when it is sent. */
  segment: Segment | undefined;
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
  constructor(points: readonly Point[], version: number, isDoubtful = false) {
    const first = points[0]!;
    this.points = points;
    this.version = version;
    this.isDoubtful = isDoubtful;
    this.unit = first.address.unit;
    this.area = sourceOf(first.address);
    this.function = modbus.readFunctionOf[this.area];
    this.start = first.start;
    let end = 0;
    for (const p of points) end = Math.max(end, p.start + p.count);
    this.count = end - this.start;
    this.frame = modbus.frameOf(0, this.unit, requestOf(this.area, this.start, this.count));
    const width = modbus.isBitArea(this.area) ? 1 : 2;
    const n = points.length;
    this.#operation = new Uint8Array(n);
    this.#row = new Uint32Array(n);
    this.#offset = new Uint16Array(n);
    this.#mask = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      const p = points[i]!;
      this.#operation[i] = operationOf(p);
      this.#row[i] = p.row;
      this.#offset[i] = (p.start - this.start) * width;
      this.#mask[i] = p.mask;
    }
  }

  /** Why the PDU at `[start, end)` is no answer to this request, or undefined. */
  answerFault(bytes: Uint8Array, start: number, end: number): string | undefined {
    const { area } = this;
    return area === 'fifo' || area === 'diagnostic'
      ? modbus.queryFault(bytes, start, end, area)
      : modbus.readResponseFault(bytes, start, end, this.function, this.count);
  }
  /** Bytes of an answer before its data. */
  get dataOffset(): number {
    return this.area === 'fifo' ? 5 : this.area === 'diagnostic' ? 3 : 2;
  }

  get end(): number {
    return this.start + this.count;
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

  /** Values that do not lie over each other, each with all that do. */
  atoms(): readonly (readonly Point[])[] {
    const out: Point[][] = [];
    let end = -1;
    for (const point of this.points) {
      if (point.start >= end) out.push([point]);
      else out.at(-1)!.push(point);
      end = Math.max(end, point.start + point.count);
    }
    return out;
  }

  /**
   * The smaller requests that find out what is refused in this one: two halves between values; three where there are three, which costs
   * less; undefined where nothing smaller makes sense.
   */
  split(): readonly Block[] | undefined {
    const atoms = this.atoms();
    if (atoms.length > 1) return this.#cut(atoms);
    const spans: Point[][] = [];
    for (const point of this.points) {
      const same = spans.find(([first]) => first!.start === point.start && first!.count === point.count);
      if (same === undefined) spans.push([point]);
      else same.push(point);
    }
    return spans.length > 1 ? this.#cut(spans) : undefined;
  }
  #cut(units: readonly (readonly Point[])[]): readonly Block[] {
    const made = (from: number, to: number): Block => new Block(units.slice(from, to).flat(), this.version);
    if (units.length === 3) return units.map((_, i) => made(i, i + 1));
    const middle = units.length >> 1;
    return [made(0, middle), made(middle, units.length)];
  }

  /** Decodes the data of an answer, from `at` on, into the plan's rows; their quality stays good. */
  decode(
    bytes: Uint8Array,
    at: number,
    batch: { readonly num: Float64Array; readonly i64: BigInt64Array | null; readonly any: (TagValue | undefined)[] | null },
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
        case Operation.array: {
          const { type, address, from, elements } = points[i]!;
          const values = (batch.any![row] ??= new Array<number>(address.elements!)) as number[];
          const place = modbus.isBitArea(address.area) ? at * 8 + offset : at + offset;
          modbus.decodeArray(type, address, bytes, place, this.#mask[i]!, values, from, elements);
          break;
        }
        case Operation.fifo: {
          const n = Math.min((bytes[p - 2]! << 8) | bytes[p - 1]!, points[i]!.address.elements!);
          const { type } = points[i]!;
          batch.any![row] = Array.from({ length: n }, (_, k) => modbus.decodeNumber(type, bytes, p + 2 * k, 0));
          break;
        }
        default:
          batch.any![row] = new Uint8Array(bytes.subarray(at + offset, at + offset + points[i]!.address.length));
      }
    }
  }
}

function requestOf(source: modbus.Source, start: number, count: number): Uint8Array {
  if (source === 'fifo') return modbus.encodeReadFifo(start);
  return source === 'diagnostic' ? modbus.encodeDiagnostics(start, 0) : modbus.encodeRead(modbus.readFunctionOf[source], start, count);
}

function operationOf(point: Point): number {
  if (point.address.query === 'fifo') return Operation.fifo;
  if (point.elements > 0) return Operation.array;
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
