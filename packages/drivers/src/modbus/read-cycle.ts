import { createBatch, Quality, type Clock, type Reason, type ValueBatch } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import type { Block, BlockReader } from './block.ts';
import type { ModbusLink, Outcome } from './link.ts';
import type { ModbusPlan } from './plan.ts';
import { concernsOnePoint, isLasting, refusalQuality, refusalReason } from './refusal.ts';

/** A refused tag is asked again this often, and no more than `maxProbes` of them in one cycle. */
const probeEveryMs = 60_000;
const maxProbes = 8;
/** Splits in one cycle; the next cycle goes on where this one stopped. */
const maxSplits = 64;

export interface CycleContext {
  readonly device: string;
  readonly clock: Clock;
  readonly link: ModbusLink;
  /** Units whose last request got no answer: they are asked once before the rest is sent. */
  readonly silentUnits: Set<number>;
  refused(): void;
}

/** One read of one plan: sends its blocks, splits what the device refuses, and fills one batch. */
export class ReadCycle implements BlockReader {
  readonly timeoutMs: number;
  readonly #plan: ModbusPlan;
  readonly #context: CycleContext;
  readonly #batch: ReturnType<typeof createBatch>;
  /** Units that let a request of this cycle time out. */
  readonly #gaveUp = new Set<number>();
  /** Blocks that wait for the first answer of a unit that was silent. */
  readonly #held = new Map<number, Block[]>();
  readonly #rejoin = new Set<Block>();
  readonly #regroup = new Set<Block>();
  readonly #noAnswer = new Map<number, Reason>();
  #open = 1;
  #splits = 0;
  #probes = 0;
  #timeouts = 0;
  #lost: Reason | undefined;
  #done: ((batch: ValueBatch) => void) | undefined;

  constructor(plan: ModbusPlan, timeoutMs: number, context: CycleContext) {
    this.timeoutMs = timeoutMs;
    this.#plan = plan;
    this.#context = context;
    this.#batch = createBatch(plan.tags.length, context.clock.now(), { i64: plan.hasInt64, any: plan.hasOther });
    this.#batch.ids.set(plan.ids);
  }
  get timedOut(): boolean {
    return this.#timeouts > 0;
  }

  run(): Promise<ValueBatch> {
    return new Promise((resolve) => {
      this.#done = resolve;
      for (const { row, quality, reason } of this.#plan.rejected) this.#mark(row, quality, reason);
      const now = this.#context.clock.monotonicMs();
      for (const block of [...this.#plan.blocks]) this.#begin(block, now);
      this.#context.link.pump();
      this.#close();
    });
  }

  #begin(block: Block, now: number): void {
    const { refusal } = block;
    const isProbe = refusal !== undefined && refusal.retryAtMs > 0;
    if (isProbe && (now < refusal.retryAtMs || this.#probes >= maxProbes)) {
      this.#markAll(block, refusal.quality, refusal.reasons);
      return;
    }
    if (isProbe) this.#probes++;
    this.#open++;
    if (this.#context.silentUnits.has(block.unit)) {
      const held = this.#held.get(block.unit);
      if (held !== undefined) {
        held.push(block);
        return;
      }
      this.#held.set(block.unit, []);
    }
    this.#submit(block);
  }

  #submit(block: Block): void {
    block.reader = this;
    this.#context.link.submit(block);
  }

  withdrawn(block: Block): boolean {
    return this.#gaveUp.has(block.unit);
  }

  settle(block: Block, outcome: Outcome, bytes: Uint8Array, start: number, end: number): void {
    block.reader = undefined;
    if (outcome === 'answer') this.#answered(block, bytes, start, end);
    else if (outcome === 'lost') this.#failLost(block);
    else {
      if (outcome === 'timeout') this.#silence(block.unit);
      this.#failTimeout(block);
    }
    this.#close();
  }

  #answered(block: Block, bytes: Uint8Array, start: number, end: number): void {
    this.#batch.receiveTime = this.#context.clock.now();
    this.#context.silentUnits.delete(block.unit);
    const code = modbus.exceptionIn(bytes, start);
    if (code !== 0) this.#refused(block, code);
    else {
      const fault = modbus.readResponseFault(bytes, start, end, block.function, block.count);
      if (fault === undefined) {
        block.decode(bytes, start + 2, this.#batch);
        if (block.refusal !== undefined) {
          block.refusal = undefined;
          this.#rejoin.add(block.origin);
        }
      } else {
        const { device } = this.#context;
        const wrong = (address: string): Reason => errors.DRIVERS_MODBUS_BAD_ANSWER({ device, address, detail: fault }).reason();
        this.#markAll(block, Quality.badDecoding, block.reasons(fault, wrong));
      }
    }
    this.#release(block.unit);
  }

  #refused(block: Block, code: number): void {
    const { device, clock, refused } = this.#context;
    refused();
    if (concernsOnePoint(code)) block.noteRefusedRange();
    if (concernsOnePoint(code) && this.#splits < maxSplits) {
      const halves = block.halves();
      if (halves !== undefined) {
        this.#splits++;
        this.#regroup.add(block.origin);
        this.#plan.split(block, halves);
        for (const half of halves) {
          this.#open++;
          this.#submit(half);
        }
        return;
      }
    }
    const quality = refusalQuality(code);
    const reasons = block.reasons(`exception ${code}`, (address) => refusalReason(device, 'read', address, code));
    const isAlone = concernsOnePoint(code) && block.halves() === undefined;
    if (isAlone) block.refusal = { quality, reasons, retryAtMs: isLasting(code) ? clock.monotonicMs() + probeEveryMs : 0 };
    this.#markAll(block, quality, reasons);
  }

  /** The unit answers: what waited for that goes out. */
  #release(unit: number): void {
    const held = this.#held.get(unit);
    if (held === undefined) return;
    this.#held.delete(unit);
    for (const block of held) this.#submit(block);
  }

  #silence(unit: number): void {
    this.#timeouts++;
    this.#gaveUp.add(unit);
    this.#context.silentUnits.add(unit);
    const held = this.#held.get(unit);
    if (held === undefined) return;
    this.#held.delete(unit);
    for (const block of held) {
      this.#failTimeout(block);
      this.#close();
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
    const { device, link } = this.#context;
    const reason = (this.#lost ??= link.fault ?? errors.DRIVERS_MODBUS_NOT_OPEN({ device }).reason());
    for (const { row } of block.points) this.#mark(row, Quality.badNoCommunication, reason);
    const held = this.#held.get(block.unit);
    this.#held.delete(block.unit);
    for (const waiting of held ?? []) {
      this.#failLost(waiting);
      this.#close();
    }
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

  #close(): void {
    if (--this.#open > 0) return;
    for (const origin of this.#regroup) this.#plan.regroup(origin);
    for (const origin of this.#rejoin) this.#plan.rejoin(origin);
    this.#done?.(this.#batch);
  }
}
