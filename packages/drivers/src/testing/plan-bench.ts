import assert from 'node:assert/strict';
import { Quality, type DataType, type DriverMemory, type Tag, type ValueBatch } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import { LearntMap } from '../modbus/holes.ts';
import type { Exchange, ModbusLink } from '../modbus/link.ts';
import { Places } from '../modbus/places.ts';
import { ModbusPlan } from '../modbus/plan.ts';
import { ReadCycle } from '../modbus/read-cycle.ts';
import { resolveSettings, type CommonSettings } from '../modbus/settings.ts';
import { UnitWatch } from '../modbus/unit-watch.ts';
import { tag } from './tag.ts';

export interface Asked {
  readonly function: number;
  readonly start: number;
  readonly end: number;
}
/** The exception for a read, or undefined for an answer in which register n holds n. */
export type Rule = (asked: Asked) => number | undefined | 'silent';

/** A device without a wire: it answers in the order of the requests and counts them. */
export class PlanBench {
  readonly clock = new VirtualClock();
  readonly asked: Asked[] = [];
  rule: Rule = () => undefined;
  saved: unknown = undefined;
  readonly memory: DriverMemory = {
    get: () => this.saved,
    put: (value) => void (this.saved = JSON.parse(JSON.stringify(value)) as unknown),
  };
  readonly settings;
  learnt: LearntMap;
  readonly #queue: Exchange[] = [];
  #isPumping = false;

  constructor(settings: CommonSettings = {}) {
    this.settings = resolveSettings(settings);
    this.learnt = new LearntMap(this.clock, this.memory);
  }
  restart(): void {
    this.learnt = new LearntMap(this.clock, this.memory);
  }
  compile(tags: readonly Tag[]): ModbusPlan {
    const places = new Places(this.settings, 'demo');
    tags.forEach((t, row) => places.add(t, row));
    return new ModbusPlan(tags, places, this.learnt);
  }
  async read(plan: ModbusPlan): Promise<ValueBatch> {
    const link = {
      fault: undefined,
      submit: (exchange: Exchange) => void this.#queue.push(exchange),
      pump: () => this.#pump(),
    } as unknown as ModbusLink;
    const cycle = new ReadCycle(plan, 1000, {
      device: 'demo',
      clock: this.clock,
      link,
      settings: this.settings,
      learnt: this.learnt,
      silentUnits: new UnitWatch('demo', this.clock, this.settings, link),
      refused: () => {},
    });
    return cycle.run();
  }
  /** Requests of the next read. */
  async count(plan: ModbusPlan): Promise<number> {
    this.asked.length = 0;
    await this.read(plan);
    return this.asked.length;
  }
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.withdrawn()) next.settle('skipped', new Uint8Array(0), 0, 0);
      else this.#answer(next);
    }
    this.#isPumping = false;
  }
  #answer(exchange: Exchange): void {
    const request = modbus.decodeRequest(exchange.frame.subarray(modbus.headerLength));
    assert.ok(request.kind === 'read');
    const asked = { function: request.function, start: request.start, end: request.start + request.count };
    this.asked.push(asked);
    const code = this.rule(asked);
    if (code === 'silent') {
      exchange.settle('timeout', new Uint8Array(0), 0, 0);
      return;
    }
    const data = new Uint8Array(modbus.readByteCount(request.function, request.count));
    for (let i = 0; i < request.count; i++) {
      const at = request.start + i;
      if (request.function > 2) new DataView(data.buffer).setUint16(i * 2, at);
      else if (at % 3 === 0) data[i >> 3]! |= 1 << (i & 7);
    }
    const pdu = code === undefined ? modbus.encodeReadResponse(request.function, data) : modbus.encodeException(request.function, code);
    exchange.settle('answer', pdu, 0, pdu.length);
  }
}

/** Refuses a request that touches one of these registers. */
export const missing =
  (holes: readonly number[], code = 2): Rule =>
  ({ start, end }) =>
    holes.some((h) => h >= start && h < end) ? code : undefined;
export const registers = (from: number, n: number, step = 1, type: DataType = 'uint16'): Tag[] =>
  Array.from({ length: n }, (_, i) => tag(i + 1, `1!4${String(from + i * step + 1).padStart(5, '0')}`, type));
export const bound = (n: number): number => 1 + 2 * Math.log2(n);
export const good = (batch: ValueBatch): number[] => [...batch.quality.keys()].filter((row) => batch.quality[row] === Quality.good);
export const others = (n: number, bad: readonly number[]): number[] =>
  Array.from({ length: n }, (_, i) => i).filter((i) => !bad.includes(i));
export const spans = (plan: ModbusPlan): string[] => plan.requests.map((r) => `${r.start}+${r.count}`);
