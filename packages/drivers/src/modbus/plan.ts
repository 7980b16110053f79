import { columnOf, type ReadPlan, type Reason, type Tag } from '@omh/core';
import { modbus } from '@omh/wire';
import { Block } from './block.ts';
import type { ClosedSpans } from './closed-spans.ts';
import type { Hole, LearntArea, LearntMap } from './holes.ts';
import { limitOf, pieces, sourceOf, type Places, type Point, type RejectedRow } from './places.ts';
import type { ResolvedSettings } from './settings.ts';

/** A value that is not asked for, because the device refuses it. */
export interface RefusedPoint {
  readonly point: Point;
  readonly hole: Hole;
  /** Made when it is first said. */
  reason: Reason | undefined;
}
export interface Layout {
  readonly blocks: readonly Block[];
  readonly refused: readonly RefusedPoint[];
}

/** The values of one area of one unit, laid out as requests; laid out anew when something was learnt. */
export class Segment {
  readonly learnt: LearntArea;
  readonly #points: readonly Point[];
  readonly #settings: ResolvedSettings;
  readonly #closed: ClosedSpans;
  #layout: Layout;
  #version: number;

  constructor(points: readonly Point[], learnt: LearntArea, settings: ResolvedSettings, closed: ClosedSpans) {
    this.#points = points;
    this.learnt = learnt;
    this.#settings = settings;
    this.#closed = closed;
    this.#layout = layOut(points, learnt, settings, closed);
    this.#version = learnt.version;
  }
  /** As it is asked now. */
  get layout(): Layout {
    return this.#layout;
  }
  /** Blocks of a layout may be under way: called between two cycles of a plan only. */
  refresh(): Layout {
    if (this.#version !== this.learnt.version) {
      this.#layout = layOut(this.#points, this.learnt, this.#settings, this.#closed);
      this.#version = this.learnt.version;
    }
    return this.#layout;
  }
  /** Some of the values as requests, by what is known now. */
  layOut(points: readonly Point[]): Layout {
    return layOut(points, this.learnt, this.#settings, this.#closed);
  }
}

/** A group's tags as requests, compiled once; what the driver learns of the device changes them. */
export class ModbusPlan implements ReadPlan {
  readonly tags: readonly Tag[];
  readonly ids: Uint32Array;
  readonly hasInt64: boolean;
  readonly hasOther: boolean;
  /** Rows that never reach the wire. */
  readonly rejected: readonly RejectedRow[];
  readonly segments: readonly Segment[];
  /** Resolves when the read of this plan that runs now is done. */
  running: Promise<unknown> | undefined;

  constructor(tags: readonly Tag[], places: Places, learnt: LearntMap) {
    this.tags = tags;
    this.ids = Uint32Array.from(tags, (tag) => tag.id);
    this.hasInt64 = tags.some((tag) => columnOf(tag.type, tag.count) === 'i64');
    this.hasOther = tags.some((tag) => columnOf(tag.type, tag.count) === 'any');
    this.rejected = places.rejected;
    places.sort();
    this.segments = segmentsOf(places, learnt);
  }

  get requests(): ReadPlan['requests'] {
    return this.segments
      .flatMap((segment) => (this.running === undefined ? segment.refresh() : segment.layout).blocks)
      .map((b) => ({ unit: b.unit, area: b.area, start: b.start, count: b.count, tags: b.points.length }));
  }
}

function segmentsOf({ points, settings, closed }: Places, learnt: LearntMap): Segment[] {
  const out: Segment[] = [];
  for (let from = 0; from < points.length; ) {
    const { unit } = points[from]!.address;
    const source = sourceOf(points[from]!.address);
    let to = from + 1;
    while (to < points.length && points[to]!.address.unit === unit && sourceOf(points[to]!.address) === source) to++;
    out.push(new Segment(points.slice(from, to), learnt.of(unit, source), settings, closed.of(unit, source)));
    from = to;
  }
  return out;
}

/**
 * Neighbours, sorted by place, are joined as long as the gap and the size of a request allow it, and never over what the device refuses or
 * the settings close. A gap is read along where that is cheaper than another request.
 */
function layOut(points: readonly Point[], learnt: LearntArea, settings: ResolvedSettings, closed: ClosedSpans): Layout {
  const { area } = learnt;
  const isPlain = learnt.isPlain && closed.isEmpty;
  const blocks: Block[] = [];
  const refused: RefusedPoint[] = [];
  const limit = Math.min(limitOf(area, settings), learnt.limit ?? Number.POSITIVE_INFINITY);
  const maxGap = modbus.isBitArea(area) ? settings.maxGapBits : settings.maxGap;
  let members: Point[] = [];
  let start = 0;
  let end = 0;
  let alone = false;
  const flush = (): void => {
    if (members.length > 0) blocks.push(new Block(members, learnt.version, alone));
    members = [];
  };
  const add = (point: Point, doubtful: boolean): void => {
    const pointEnd = point.start + point.count;
    const fits =
      members.length > 0 &&
      point.start <= end + maxGap &&
      Math.max(end, pointEnd) - start <= limit &&
      !doubtful &&
      !alone &&
      (isPlain || point.start < end || (learnt.mayJoin(end, point.start) && !closed.touches(end, point.start)));
    if (!fits) {
      flush();
      start = point.start;
      end = pointEnd;
      alone = doubtful;
    }
    members.push(point);
    if (pointEnd > end) end = pointEnd;
  };
  const place = (point: Point): void => {
    const pointEnd = point.start + point.count;
    const hole = learnt.whole ?? learnt.holeOf(point.start, pointEnd);
    if (hole === undefined) add(point, learnt.isDoubtful(point.start, pointEnd) || closed.touches(point.start, pointEnd));
    else refused.push({ point, hole, reason: undefined });
  };
  for (const point of points) {
    // What is longer than the device's limit and cannot be cut is asked for as it is: the device says what it makes of it.
    const cut = point.count > limit ? pieces(point, limit) : undefined;
    if (cut !== undefined) cut.forEach(place);
    else if (isPlain) add(point, false);
    else place(point);
  }
  flush();
  return { blocks, refused };
}
