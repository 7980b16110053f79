import { columnOf, Quality, type DataType, type OmhError, type ReadPlan, type Reason, type Tag } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { Block, type Point } from './block.ts';
import type { ResolvedSettings } from './settings.ts';

/** A tag that no request reads, and why. */
interface Row {
  readonly row: number;
  readonly quality: Quality;
  readonly reason: Reason | undefined;
}

/** How this driver sees one tag: its address, where it starts on the wire, and its byte order. */
export interface Located {
  readonly address: modbus.Address;
  readonly start: number;
  readonly mask: modbus.OrderMask;
}

const sizeOf = (type: DataType): 2 | 4 | 8 => modbus.valueSize(type) ?? 2;

/** Finds a tag's place on the wire; DRIVERS_MODBUS_ADDRESS or DRIVERS_MODBUS_PAST_END where it has none. */
export function locate(tag: Pick<Tag, 'address' | 'type' | 'access'>, settings: ResolvedSettings): Located | OmhError {
  const parsed = modbus.parseAddress(tag.address, tag);
  if (!parsed.ok) {
    const { message, fix } = parsed.error[0]!;
    return errors.DRIVERS_MODBUS_ADDRESS({ detail: fix === undefined ? message : `${message} ${fix}` });
  }
  const address = parsed.value;
  const start = modbus.pduAddress(address, settings.addressBase);
  if (start === undefined) return errors.DRIVERS_MODBUS_PAST_END({ address: tag.address });
  return { address, start, mask: modbus.orderMask(sizeOf(tag.type), address.endian, settings.byteOrder, settings.byteOrder64) };
}

/** Where each tag of a group stands: what is read, and what never reaches the wire. */
export class Places {
  readonly settings: ResolvedSettings;
  readonly rejected: Row[] = [];
  readonly points: Point[] = [];
  readonly #device: string;

  constructor(settings: ResolvedSettings, device: string) {
    this.settings = settings;
    this.#device = device;
  }

  add(tag: Tag, row: number): void {
    const { settings, rejected } = this;
    const located = tag.access === 'write' ? undefined : locate(tag, settings);
    if (located === undefined) rejected.push({ row, quality: Quality.badNotReadable, reason: undefined });
    else if (located instanceof Error) rejected.push({ row, quality: Quality.badConfiguration, reason: located.reason() });
    else if (located.address.count > limitOf(located.address.area, settings)) {
      const { count } = located.address;
      const params = { address: tag.address, count, device: this.#device, limit: settings.maxRegisters };
      rejected.push({ row, quality: Quality.badConfiguration, reason: errors.DRIVERS_MODBUS_TOO_LONG(params).reason() });
    } else this.points.push({ row, type: tag.type, text: tag.address, ...located });
  }
  /** By place on the wire; what is sorted already costs next to nothing. */
  sort(): void {
    this.points.sort(byPlace);
  }
}

const rank: Readonly<Record<modbus.Area, number>> = Object.fromEntries(modbus.areas.map((area, i) => [area, i])) as Record<
  modbus.Area,
  number
>;
const byPlace = (a: Point, b: Point): number =>
  a.address.unit - b.address.unit || rank[a.address.area] - rank[b.address.area] || a.start - b.start || a.address.count - b.address.count;

/** A group's tags as requests. Learns while it runs: a refused block is split, and the parts replace it. */
export class ModbusPlan implements ReadPlan {
  readonly tags: readonly Tag[];
  readonly ids: Uint32Array;
  readonly hasInt64: boolean;
  readonly hasOther: boolean;
  /** Rows that never reach the wire. */
  readonly rejected: readonly Row[];
  readonly #original: readonly Block[];
  #blocks: Block[];
  /** Resolves when the read of this plan that runs now is done. */
  running: Promise<unknown> | undefined;

  constructor(tags: readonly Tag[], places: Places) {
    this.tags = tags;
    this.ids = Uint32Array.from(tags, (tag) => tag.id);
    this.hasInt64 = tags.some((tag) => columnOf(tag.type) === 'i64');
    this.hasOther = tags.some((tag) => columnOf(tag.type) === 'any');
    this.rejected = places.rejected;
    places.sort();
    this.#original = coalesce(places.points, places.settings);
    this.#blocks = [...this.#original];
  }

  get blocks(): readonly Block[] {
    return this.#blocks;
  }
  get requests(): ReadPlan['requests'] {
    return this.#blocks.map((b) => ({ unit: b.unit, area: b.area, start: b.start, count: b.count, tags: b.points.length }));
  }

  /** The parts take the block's place. */
  split(block: Block, parts: readonly Block[]): void {
    const at = this.#blocks.indexOf(block);
    if (at >= 0) this.#blocks.splice(at, 1, ...parts);
  }
  /** Joins parts of `origin` that were split in the search for a refused tag, as far as no refused range is inside. */
  regroup(origin: Block): void {
    const blocks: Block[] = [];
    let run: Block[] = [];
    const flush = (): void => {
      if (run.length === 1) blocks.push(run[0]!);
      else if (run.length > 1)
        blocks.push(
          new Block(
            run.flatMap((b) => b.points),
            origin,
          ),
        );
      run = [];
    };
    for (const block of this.#blocks) {
      if (block.origin !== origin || block.refusal !== undefined) {
        flush();
        blocks.push(block);
        continue;
      }
      const start = run[0]?.start ?? block.start;
      const end = Math.max(block.start + block.count, ...run.map((b) => b.start + b.count));
      if (origin.refused.some((r) => r.start >= start && r.end <= end)) flush();
      run.push(block);
    }
    flush();
    this.#blocks = blocks;
  }
  /** What was split from `origin` is asked as one again: the device changed. */
  rejoin(origin: Block): void {
    const at = this.#blocks.findIndex((b) => b.origin === origin);
    if (at < 0) return;
    origin.refused.length = 0;
    const rest = this.#blocks.filter((b) => b.origin !== origin);
    rest.splice(at, 0, origin);
    this.#blocks = rest;
  }
  /** Forgets what was learnt: after a reconnect it may be another device. */
  forget(): void {
    this.#blocks = [...this.#original];
    for (const block of this.#blocks) {
      block.refusal = undefined;
      block.refused.length = 0;
    }
  }
}

const limitOf = (area: modbus.Area, s: ResolvedSettings): number => (modbus.isBitArea(area) ? s.maxBits : s.maxRegisters);

/** Neighbours, sorted by place, are joined as long as the gap and the size of a request allow it. */
function coalesce(points: readonly Point[], settings: ResolvedSettings): Block[] {
  const blocks: Block[] = [];
  let members: Point[] = [];
  let start = 0;
  let end = 0;
  for (const point of points) {
    const first = members[0];
    const pointEnd = point.start + point.address.count;
    const fits =
      first !== undefined &&
      first.address.unit === point.address.unit &&
      first.address.area === point.address.area &&
      point.start <= end + settings.maxGap &&
      Math.max(end, pointEnd) - start <= limitOf(point.address.area, settings);
    if (fits) {
      members.push(point);
      end = Math.max(end, pointEnd);
    } else {
      if (members.length > 0) blocks.push(new Block(members));
      members = [point];
      start = point.start;
      end = pointEnd;
    }
  }
  if (members.length > 0) blocks.push(new Block(members));
  return blocks;
}
