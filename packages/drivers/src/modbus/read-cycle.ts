import { createBatch, Quality, type Clock, type Reason, type ValueBatch } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { Block, type BlockReader } from './block.ts';
import type { Hole, LearntMap } from './holes.ts';
import type { ModbusLink, Outcome } from './link.ts';
import { limitOf } from './places.ts';
import type { ModbusPlan, RefusedPoint, Segment } from './plan.ts';
import { RefusalSearch, type SearchHost } from './refusal-search.ts';
import { refusalQuality, refusalReason } from './refusal.ts';
import type { ResolvedSettings } from './settings.ts';
import type { UnitWatch } from './unit-watch.ts';

/** Refused spans that are asked again in one cycle. */
const maxProbes = 8;

export interface CycleContext {
  readonly device: string;
  readonly clock: Clock;
  readonly link: ModbusLink;
  readonly settings: ResolvedSettings;
  readonly learnt: LearntMap;
  /** Units whose last request got no answer: they are asked once before the rest is sent, or left alone for a while. */
  readonly silentUnits: UnitWatch;
  refused(): void;
}

/** One read of one plan: sends its blocks, splits what the device refuses, and fills one batch. */
export class ReadCycle implements BlockReader, SearchHost {
  readonly timeoutMs: number;
  readonly link: ModbusLink;
  readonly #plan: ModbusPlan;
  readonly #context: CycleContext;
  readonly #batch: ReturnType<typeof createBatch>;
  readonly #search: RefusalSearch;
  /** Blocks that ask for what is refused, with what they ask for. */
  readonly #probes = new Map<Block, ReadonlySet<Hole>>();
  /** Units that let a request of this cycle time out. */
  readonly #gaveUp = new Set<number>();
  /** Blocks that wait for the first answer of a unit that was silent. */
  readonly #held = new Map<number, Block[]>();
  readonly #noAnswer = new Map<number, Reason>();
  readonly #startedMs: number;
  #open = 1;
  #timeouts = 0;
  #lost: Reason | undefined;
  #done: ((batch: ValueBatch) => void) | undefined;

  constructor(plan: ModbusPlan, timeoutMs: number, context: CycleContext) {
    this.timeoutMs = timeoutMs;
    this.link = context.link;
    this.#plan = plan;
    this.#context = context;
    this.#batch = createBatch(plan.tags.length, context.clock.now(), { i64: plan.hasInt64, any: plan.hasOther }, plan.ids);
    this.#search = new RefusalSearch(this);
    this.#startedMs = context.clock.monotonicMs();
  }
  get timedOut(): boolean {
    return this.#timeouts > 0;
  }

  run(): Promise<ValueBatch> {
    return new Promise((resolve) => {
      this.#done = resolve;
      for (const { row, quality, reason } of this.#plan.rejected) this.#mark(row, quality, reason);
      for (const segment of this.#plan.segments) {
        const { blocks, refused } = segment.refresh();
        for (const block of blocks) this.submit(block, segment);
        if (refused.length > 0) this.#skip(segment, refused);
      }
      this.link.pump();
      this.release();
    });
  }

  /** What is refused keeps its reason; a few that are due are asked again, neighbours together at first. */
  #skip(segment: Segment, refused: readonly RefusedPoint[]): void {
    const now = this.#context.clock.monotonicMs();
    const limit = Math.min(limitOf(segment.learnt.area, this.#context.settings), segment.learnt.limit ?? Number.POSITIVE_INFINITY);
    let run: RefusedPoint[] = [];
    let start = 0;
    let end = 0;
    const flush = (): void => {
      if (run.length > 0) this.#probe(segment, run);
      run = [];
    };
    for (const entry of refused) {
      const { point, hole } = entry;
      const isWhole = hole === segment.learnt.whole;
      const isAsked = run.some((r) => r.hole === hole);
      const isDue = isAsked ? !isWhole : hole.dueAtMs <= now && !hole.probing && this.#probes.size < maxProbes;
      if (!isDue) {
        this.markRefused(entry);
        continue;
      }
      const pointEnd = point.start + point.count;
      const isApart = hole.apart || isWhole || run[0]?.hole.apart === true;
      const joins = run.length > 0 && point.start <= end && Math.max(end, pointEnd) - start <= limit && (isAsked || !isApart);
      if (!joins) {
        flush();
        start = point.start;
        end = pointEnd;
      }
      run.push(entry);
      end = Math.max(end, pointEnd);
    }
    flush();
  }
  #probe(segment: Segment, run: readonly RefusedPoint[]): void {
    const block = new Block(
      run.map((r) => r.point),
      segment.learnt.version,
    );
    const holes = new Set(run.map((r) => r.hole));
    for (const hole of holes) hole.probing = true;
    this.#probes.set(block, holes);
    this.submit(block, segment);
  }

  submit(block: Block, segment: Segment): void {
    const { silentUnits } = this.#context;
    const rest = silentUnits.size > 0 && this.link.isOpen ? silentUnits.resting(block.unit) : undefined;
    if (rest !== undefined) {
      for (const { row } of block.points) this.#mark(row, silentUnits.quality, rest);
      this.#fail(block);
      return;
    }
    this.#open++;
    block.segment = segment;
    if (silentUnits.size > 0 && silentUnits.has(block.unit)) {
      const held = this.#held.get(block.unit);
      if (held !== undefined) {
        held.push(block);
        return;
      }
      this.#held.set(block.unit, []);
    }
    this.#send(block);
  }
  #send(block: Block): void {
    block.reader = this;
    this.link.submit(block);
  }

  withdrawn(block: Block): boolean {
    return this.#gaveUp.has(block.unit);
  }

  settle(block: Block, outcome: Outcome, bytes: Uint8Array, start: number, end: number): void {
    block.reader = undefined;
    const segment = block.segment!;
    if (outcome === 'answer') this.#answered(block, segment, bytes, start, end);
    else {
      if (outcome === 'lost') this.#failLost(block);
      else {
        if (outcome === 'timeout') this.#silence(block.unit);
        else this.#drop(block.unit, (waiting) => this.#failTimeout(waiting));
        this.#failTimeout(block);
      }
      this.#fail(block);
    }
    this.release();
  }

  #answered(block: Block, segment: Segment, bytes: Uint8Array, start: number, end: number): void {
    this.#batch.receiveTime = this.#context.clock.now();
    this.#context.silentUnits.delete(block.unit);
    const code = modbus.exceptionIn(bytes, start);
    if (code !== 0) {
      this.#context.refused();
      const probed = this.#probes.get(block);
      if (probed === undefined) this.#search.refused(block, segment, code);
      else this.#stillRefused(block, segment, probed, code);
    } else {
      const fault = block.answerFault(bytes, start, end);
      if (fault === undefined) this.#read(block, segment, bytes, start + block.dataOffset);
      else {
        const { device } = this.#context;
        const wrong = (address: string): Reason => errors.DRIVERS_MODBUS_BAD_ANSWER({ device, address, detail: fault }).reason();
        this.#markAll(block, Quality.badDecoding, block.reasons(fault, wrong));
        this.#fail(block);
      }
    }
    this.#unhold(block.unit);
  }

  #read(block: Block, segment: Segment, bytes: Uint8Array, at: number): void {
    block.decode(bytes, at, this.#batch);
    this.#search.answered(block, segment);
    const probed = this.#probes.get(block);
    if (probed === undefined) return;
    for (const hole of probed) hole.probing = false;
    segment.learnt.heal(probed);
  }

  #stillRefused(block: Block, segment: Segment, holes: ReadonlySet<Hole>, code: number): void {
    for (const hole of holes) {
      hole.probing = false;
      if (holes.size === 1) segment.learnt.postpone(hole);
      else hole.apart = true;
    }
    this.refuse(block, code);
  }

  /** Nothing is learnt: the block's tags are marked already. */
  #fail(block: Block): void {
    this.#search.failed(block);
    for (const hole of this.#probes.get(block) ?? []) hole.probing = false;
  }

  refuse(block: Block, code: number): void {
    const reasons = block.reasons(`exception ${code}`, (address) => refusalReason(this.#context.device, 'read', address, code));
    this.#markAll(block, refusalQuality(code), reasons);
  }
  markRefused(entry: RefusedPoint): void {
    const { point, hole } = entry;
    entry.reason ??= refusalReason(this.#context.device, 'read', point.text, hole.code);
    this.#mark(point.row, refusalQuality(hole.code), entry.reason);
  }

  /** The unit answers: what waited for that goes out. */
  #unhold(unit: number): void {
    const held = this.#held.get(unit);
    if (held === undefined) return;
    this.#held.delete(unit);
    for (const block of held) this.#send(block);
  }

  #silence(unit: number): void {
    this.#timeouts++;
    this.#gaveUp.add(unit);
    this.#context.silentUnits.silent(unit, this.#startedMs);
    this.#drop(unit, (block) => this.#failTimeout(block));
  }
  /** What is held for a unit that does not come back in this cycle. */
  #drop(unit: number, fail: (block: Block) => void): void {
    const held = this.#held.get(unit);
    if (held === undefined) return;
    this.#held.delete(unit);
    for (const block of held) {
      fail(block);
      this.#fail(block);
      this.release();
    }
  }

  #failTimeout(block: Block): void {
    const { unit } = block;
    let reason = this.#noAnswer.get(unit);
    if (reason === undefined) {
      reason = errors.DRIVERS_MODBUS_NO_ANSWER({ unit, device: this.#context.device, ms: this.timeoutMs }).reason();
      this.#noAnswer.set(unit, reason);
    }
    for (const { row } of block.points) this.#mark(row, Quality.badTimeout, reason);
  }

  #failLost(block: Block): void {
    const { device } = this.#context;
    const reason = (this.#lost ??= this.link.fault ?? errors.DRIVERS_MODBUS_NOT_OPEN({ device }).reason());
    for (const { row } of block.points) this.#mark(row, Quality.badNoCommunication, reason);
    this.#drop(block.unit, (waiting) => this.#failLost(waiting));
  }

  #markAll(block: Block, quality: Quality, reasons: readonly Reason[]): void {
    for (let i = 0; i < block.points.length; i++) this.#mark(block.points[i]!.row, quality, reasons[i]);
  }

  #mark(row: number, quality: Quality, reason: Reason | undefined): void {
    this.#batch.quality[row] = quality;
    if (reason === undefined) return;
    this.#batch.reasons ??= new Array<Reason | undefined>(this.#batch.ids.length).fill(undefined);
    this.#batch.reasons[row] = reason;
  }

  /** The cycle stays open for what is under way. */
  hold(): void {
    this.#open++;
  }
  release(): void {
    if (--this.#open > 0) return;
    this.#search.close();
    this.#context.learnt.save();
    this.#done?.(this.#batch);
  }
}
