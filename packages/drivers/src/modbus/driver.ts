import {
  Quality,
  type Driver,
  type DriverContext,
  type DriverStats,
  type ReadOptions,
  type ReadPlan,
  type Tag,
  type ValueBatch,
  type WriteItem,
  type WriteResult,
} from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { ModbusLink, type Exchange, type Outcome } from './link.ts';
import { ModbusPlan, Places } from './plan.ts';
import { ReadCycle, type CycleContext } from './read-cycle.ts';
import { refusalQuality, refusalReason } from './refusal.ts';
import { resolveSettings, type ModbusTcpSettings, type ResolvedSettings } from './settings.ts';
import { planWrites, type WriteRequest } from './write-request.ts';

/** Reads in a row without a single frame after which the connection is given up. */
const silentReadsAllowed = 3;
const connectTimeoutMs = 3000;
/** So many addresses are read in about two milliseconds. */
const sliceTags = 1000;

/** A Modbus TCP client for one device or gateway. */
export class ModbusDriver implements Driver {
  readonly #settings: ResolvedSettings;
  readonly #context: DriverContext;
  readonly #link: ModbusLink;
  readonly #plans = new Set<WeakRef<ModbusPlan>>();
  readonly #cycleContext: CycleContext;
  #refusals = 0;
  #silentReads = 0;
  /** Monotonic; reads that overlap count as one. */
  #silentSinceMs = 0;

  constructor(settings: ModbusTcpSettings, context: DriverContext) {
    this.#settings = resolveSettings(settings);
    this.#context = context;
    const { host, port, window, interRequestDelay, timeoutMs } = this.#settings;
    this.#link = new ModbusLink({
      host,
      port,
      window,
      interRequestDelay,
      connectTimeoutMs: Math.max(connectTimeoutMs, timeoutMs ?? 0),
      clock: context.clock,
      onLost: (reason) => context.onLost(reason),
      watcher: context,
    });
    this.#cycleContext = {
      device: context.device,
      clock: context.clock,
      link: this.#link,
      silentUnits: new Set(),
      refused: () => {
        this.#refusals++;
      },
    };
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#link.open(signal);
    this.#silentReads = 0;
    this.#cycleContext.silentUnits.clear();
    for (const ref of this.#plans) {
      const plan = ref.deref();
      if (plan === undefined) this.#plans.delete(ref);
      else plan.forget();
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  compile(tags: readonly Tag[]): ReadPlan {
    const places = new Places(this.#settings, this.#context.device);
    for (let row = 0; row < tags.length; row++) places.add(tags[row]!, row);
    return this.#kept(new ModbusPlan(tags, places));
  }

  async compileInSlices(tags: readonly Tag[], pause: () => Promise<void>): Promise<ReadPlan> {
    const places = new Places(this.#settings, this.#context.device);
    for (let row = 0; row < tags.length; row++) {
      places.add(tags[row]!, row);
      if (row % sliceTags === sliceTags - 1) await pause();
    }
    places.sort();
    await pause();
    return this.#kept(new ModbusPlan(tags, places));
  }
  #kept(plan: ModbusPlan): ModbusPlan {
    this.#plans.add(new WeakRef(plan));
    return plan;
  }

  async read(plan: ReadPlan, options: ReadOptions): Promise<ValueBatch> {
    const own = plan as ModbusPlan;
    while (own.running !== undefined) await own.running;
    const cycle = new ReadCycle(own, this.#settings.timeoutMs ?? options.timeoutMs, this.#cycleContext);
    const startedMs = this.#context.clock.monotonicMs();
    const heard = this.#link.heard;
    const done = cycle.run();
    own.running = done;
    const batch = await done;
    own.running = undefined;
    if (this.#link.heard !== heard) this.#silentReads = 0;
    else if (cycle.timedOut && startedMs >= this.#silentSinceMs) this.#wasSilent();
    return batch;
  }

  #wasSilent(): void {
    this.#silentSinceMs = this.#context.clock.monotonicMs();
    if (++this.#silentReads < silentReadsAllowed) return;
    const { host, port } = this.#settings;
    this.#link.abandon(errors.DRIVERS_MODBUS_SILENT({ host, port, reads: this.#silentReads }));
    this.#silentReads = 0;
  }

  /** Requests go out one after the other, in the order of the items. */
  async write(items: readonly WriteItem[], options: ReadOptions): Promise<readonly WriteResult[]> {
    const { requests, unwritable } = planWrites(items, this.#settings);
    const results = Array.from(items, (): WriteResult => ({ quality: Quality.bad }));
    for (const { item, quality, error } of unwritable) results[item] = { quality, reason: error.reason() };
    const timeoutMs = this.#settings.timeoutMs ?? options.timeoutMs;
    for (const request of requests) await this.#writeOne(request, items, timeoutMs, results);
    return results;
  }

  async #writeOne(request: WriteRequest, items: readonly WriteItem[], timeoutMs: number, results: WriteResult[]): Promise<void> {
    const answer = await this.#exchange(request, timeoutMs);
    const device = this.#context.device;
    const set = (make: (address: string) => WriteResult): void => {
      for (const item of request.items) results[item] = make(items[item]!.tag.address);
    };
    if (typeof answer === 'number') {
      this.#refusals++;
      // Refused together may be allowed alone: the refusal says that nothing was written.
      if (request.alone.length > 0 && answer <= 3) {
        for (const part of request.alone) await this.#writeOne(part, items, timeoutMs, results);
      } else set((address) => ({ quality: refusalQuality(answer), reason: refusalReason(device, 'write', address, answer) }));
    } else if (answer === 'confirmed') set(() => ({ quality: Quality.good }));
    else if (answer === 'wrong') {
      set((address) => ({
        quality: Quality.badDecoding,
        reason: errors.DRIVERS_MODBUS_BAD_ANSWER({ device, address, detail: 'it does not repeat the write' }).reason(),
      }));
    } else if (answer === 'lost') {
      const reason = this.#link.fault ?? errors.DRIVERS_MODBUS_NOT_OPEN({ device }).reason();
      set(() => ({ quality: Quality.badNoCommunication, reason }));
    } else {
      set((address) => ({
        quality: Quality.badTimeout,
        reason: errors.DRIVERS_MODBUS_WRITE_NO_ANSWER({ device, address, ms: timeoutMs }).reason(),
      }));
    }
  }

  /** The exception code where the device refuses. */
  #exchange(request: WriteRequest, timeoutMs: number): Promise<number | 'confirmed' | 'wrong' | Exclude<Outcome, 'answer'>> {
    return new Promise((resolve) => {
      const exchange: Exchange = {
        unit: request.unit,
        timeoutMs,
        transaction: 0,
        sentAt: 0,
        deadline: 0,
        frame: modbus.frameOf(0, request.unit, request.pdu),
        withdrawn: () => false,
        settle(outcome, bytes, start, end) {
          if (outcome !== 'answer') {
            resolve(outcome);
            return;
          }
          const code = modbus.exceptionIn(bytes, start);
          resolve(code !== 0 ? code : modbus.confirmsWrite(bytes, start, end, request.pdu) ? 'confirmed' : 'wrong');
        },
      };
      this.#link.submit(exchange, true);
      this.#link.pump();
    });
  }

  stats(): DriverStats {
    return { ...this.#link.count, refusals: this.#refusals, lastRttMs: this.#link.lastRttMs };
  }
}
