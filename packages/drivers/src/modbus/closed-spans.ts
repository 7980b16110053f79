import { modbus } from '@omh/wire';

/** A range that the device does not have, as the settings say; `start` as on the wire. */
export interface HoleSetting {
  /** Every unit when absent. */
  readonly unit?: number;
  readonly area: modbus.Area;
  readonly start: number;
  /** 1 when absent. */
  readonly count?: number;
}

/**
 * The ranges of one area of one unit that are never asked for. A value that only reaches into one is asked for, alone: many devices answer
 * a 32-bit value whole of which they refuse one half.
 */
export class ClosedSpans {
  /** Sorted, none touches the next. */
  readonly #starts: readonly number[];
  readonly #ends: readonly number[];

  constructor(spans: readonly (readonly [start: number, end: number])[]) {
    const starts: number[] = [];
    const ends: number[] = [];
    for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
      if (starts.length > 0 && start <= ends.at(-1)!) ends[ends.length - 1] = Math.max(ends.at(-1)!, end);
      else {
        starts.push(start);
        ends.push(end);
      }
    }
    this.#starts = starts;
    this.#ends = ends;
  }
  get isEmpty(): boolean {
    return this.#starts.length === 0;
  }
  /** Whether something of `[start, end)` is closed. */
  touches(start: number, end: number): boolean {
    const at = this.#at(start);
    return at < this.#starts.length && this.#starts[at]! < end;
  }
  /** Whether all of it is. */
  covers(start: number, end: number): boolean {
    const at = this.#at(start);
    return at < this.#starts.length && this.#starts[at]! <= start && end <= this.#ends[at]!;
  }
  /** The first range that ends after `start`. */
  #at(start: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The closed ranges of a device by unit and area, each worked out once. */
export class ClosedPlaces {
  readonly #holes: readonly HoleSetting[];
  readonly #spans = new Map<number, ClosedSpans>();

  constructor(holes: readonly HoleSetting[]) {
    this.#holes = holes;
  }
  of(unit: number, area: modbus.Source): ClosedSpans {
    if (this.#holes.length === 0) return nothing;
    const key = unit * modbus.sources.length + modbus.sources.indexOf(area);
    let found = this.#spans.get(key);
    if (found === undefined) {
      const own = this.#holes.filter((hole) => hole.area === area && (hole.unit ?? unit) === unit);
      found = own.length === 0 ? nothing : new ClosedSpans(own.map(({ start, count = 1 }) => [start, start + count]));
      this.#spans.set(key, found);
    }
    return found;
  }
}
const nothing = new ClosedSpans([]);
