import type { DataType, OmhError, Quality, Reason, Tag } from '@omh/core';
import { Quality as Q } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { ClosedPlaces } from './closed-spans.ts';
import type { ResolvedSettings } from './settings.ts';

/** A tag that no request reads, and why. */
export interface RejectedRow {
  readonly row: number;
  readonly quality: Quality;
  readonly reason: Reason | undefined;
}

/** How this driver sees one tag: its address and its byte order. */
export interface Located {
  readonly address: modbus.Address;
  readonly mask: modbus.OrderMask;
}

/** One tag, or a piece of an array, at its place. `row` is its index in the plan, `text` its address as written. */
export interface Point {
  readonly row: number;
  readonly type: DataType;
  readonly text: string;
  readonly address: modbus.Address;
  readonly mask: modbus.OrderMask;
  readonly start: number;
  readonly count: number;
  /** First element and number of elements; 0 and 0 for a single value and for a query. */
  readonly from: number;
  readonly elements: number;
}

/** Finds a tag's place on the wire; DRIVERS_MODBUS_ADDRESS where it has none. */
export function locate(tag: Pick<Tag, 'address' | 'type' | 'access' | 'count'>, settings: ResolvedSettings): Located | OmhError {
  const parsed = modbus.parseAddress(tag.address, tag, settings);
  if (!parsed.ok) {
    const { message, fix } = parsed.error[0]!;
    return errors.DRIVERS_MODBUS_ADDRESS({ detail: fix === undefined ? message : `${message} ${fix}` });
  }
  const address = parsed.value;
  const size = modbus.valueSize(tag.type) ?? 2;
  return { address, mask: modbus.orderMask(size, address.endian, settings.byteOrder, settings.byteOrder64) };
}

/** What a read of the address asks for. */
export const sourceOf = ({ query, area }: modbus.Address): modbus.Source => query ?? area;

/** Most points of one request; queries are asked for one by one. */
export const limitOf = (source: modbus.Source, s: ResolvedSettings): number =>
  source === 'fifo' || source === 'diagnostic' ? 1 : modbus.isBitArea(source) ? s.maxBits : s.maxRegisters;

/** Elements `[from, from + n)` of an array as a point of its own. */
export function elementsOf(point: Point, from: number, n: number): Point {
  const { offset, count } = modbus.arraySpan(point.type, point.address, from, n);
  return { ...point, from, elements: n, start: point.address.start + offset, count };
}

/** An array in pieces of at most `limit` points; undefined where one element takes more. */
export function pieces(point: Point, limit: number): readonly Point[] | undefined {
  if (point.count <= limit) return [point];
  if (point.elements < 2) return undefined;
  const isBits = modbus.isBitArea(point.address.area);
  const each = isBits ? 1 : point.address.bit === undefined ? modbus.elementRegisters(point.type, point.address) : undefined;
  if (each !== undefined && each > limit) return undefined;
  const out: Point[] = [];
  const end = point.from + point.elements;
  for (let from = point.from; from < end; ) {
    // Bits of registers: the first piece ends where a register does.
    const most = each === undefined ? limit * 16 - ((point.address.bit! + from) & 15) : Math.floor(limit / each);
    const n = Math.min(most, end - from);
    out.push(elementsOf(point, from, n));
    from += n;
  }
  return out;
}

/** Where each tag of a group stands: what is read, and what never reaches the wire. */
export class Places {
  readonly settings: ResolvedSettings;
  readonly rejected: RejectedRow[] = [];
  readonly points: Point[] = [];
  readonly closed: ClosedPlaces;
  readonly #device: string;

  constructor(settings: ResolvedSettings, device: string) {
    this.settings = settings;
    this.closed = new ClosedPlaces(settings.holes);
    this.#device = device;
  }

  add(tag: Tag, row: number): void {
    const { settings, rejected } = this;
    const located = tag.access === 'write' ? undefined : locate(tag, settings);
    if (located === undefined) {
      rejected.push({ row, quality: Q.badNotReadable, reason: undefined });
      return;
    }
    if (located instanceof Error) {
      rejected.push({ row, quality: Q.badConfiguration, reason: located.reason() });
      return;
    }
    const { address, mask } = located;
    const { start, count } = address;
    const elements = address.query === undefined ? (address.elements ?? 0) : 0;
    const point: Point = { row, type: tag.type, text: tag.address, address, mask, start, count, from: 0, elements };
    if (address.query === undefined && this.closed.of(address.unit, address.area).covers(start, start + count)) {
      const reason = errors.DRIVERS_MODBUS_HOLE({ address: tag.address, device: this.#device }).reason();
      rejected.push({ row, quality: Q.badConfiguration, reason });
      return;
    }
    const limit = limitOf(sourceOf(address), settings);
    if (count <= limit || pieces(point, limit) !== undefined) {
      this.points.push(point);
      return;
    }
    const params = { address: tag.address, count, device: this.#device, limit };
    rejected.push({ row, quality: Q.badConfiguration, reason: errors.DRIVERS_MODBUS_TOO_LONG(params).reason() });
  }
  /** By place on the wire; what is sorted already costs next to nothing. */
  sort(): void {
    this.points.sort(byPlace);
  }
}

const rank = Object.fromEntries(modbus.sources.map((source, i) => [source, i])) as Readonly<Record<modbus.Source, number>>;
const byPlace = (a: Point, b: Point): number =>
  a.address.unit - b.address.unit || rank[sourceOf(a.address)] - rank[sourceOf(b.address)] || a.start - b.start || a.count - b.count;
