import {
  type DeviceIdentity,
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
import { errors } from '../errors.ts';
import { LearntMap } from './holes.ts';
import { identify } from './identify.ts';
import { ModbusLink } from './link.ts';
import { lineOf, type LinePlan } from './open-line.ts';
import { Places } from './places.ts';
import { ModbusPlan } from './plan.ts';
import { ReadCycle, type CycleContext } from './read-cycle.ts';
import type { ResolvedSettings } from './settings.ts';
import { UnitWatch } from './unit-watch.ts';
import { WriteSender } from './write-request-sender.ts';

/** Reads in a row without a single frame after which the connection is given up. */
const silentReadsAllowed = 3;
/** So many addresses are read in about two milliseconds. */
const sliceTags = 1000;

/** A Modbus client for one device or gateway, whatever the way to it. */
export class ModbusDriver implements Driver {
  readonly #settings: ResolvedSettings;
  readonly #context: DriverContext;
  readonly #link: ModbusLink;
  /** A line that other devices may share is never given up because this one is silent: its units are left alone instead. */
  readonly #isAlone: boolean;
  readonly #learnt: LearntMap;
  readonly #cycleContext: CycleContext;
  readonly #sender: WriteSender;
  #refusals = 0;
  #silentReads = 0;
  /** Monotonic; reads that overlap count as one. */
  #silentSinceMs = 0;

  constructor(settings: ResolvedSettings, line: LinePlan, context: DriverContext) {
    this.#settings = settings;
    this.#context = context;
    this.#isAlone = line.key === undefined;
    let own: ReturnType<typeof lineOf> | undefined;
    this.#link = new ModbusLink({
      device: context.device,
      line: () => (line.key === undefined || context.shared === undefined ? (own ??= line.make()) : lineOf(line, context.shared)),
      signature: line.signature,
      onLost: (reason) => context.onLost(reason),
      watcher: context,
    });
    this.#learnt = new LearntMap(context.clock, context.memory);
    this.#cycleContext = {
      device: context.device,
      clock: context.clock,
      link: this.#link,
      settings,
      learnt: this.#learnt,
      silentUnits: new UnitWatch(context.device, context.clock, settings, this.#link),
      refused: () => this.#refused(),
    };
    this.#sender = new WriteSender({ device: context.device, link: this.#link, settings, refused: () => this.#refused() });
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#link.open(signal);
    this.#silentReads = 0;
    this.#cycleContext.silentUnits.clear();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  compile(tags: readonly Tag[]): ReadPlan {
    const places = new Places(this.#settings, this.#context.device);
    for (let row = 0; row < tags.length; row++) places.add(tags[row]!, row);
    return new ModbusPlan(tags, places, this.#learnt);
  }

  async compileInSlices(tags: readonly Tag[], pause: () => Promise<void>): Promise<ReadPlan> {
    const places = new Places(this.#settings, this.#context.device);
    for (let row = 0; row < tags.length; row++) {
      places.add(tags[row]!, row);
      if (row % sliceTags === sliceTags - 1) await pause();
    }
    places.sort();
    await pause();
    return new ModbusPlan(tags, places, this.#learnt);
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
    if (++this.#silentReads < silentReadsAllowed || !this.#isAlone) return;
    this.#link.abandon(errors.DRIVERS_MODBUS_SILENT({ place: this.#link.place ?? this.#context.device, reads: this.#silentReads }));
    this.#silentReads = 0;
  }
  #refused(): void {
    this.#refusals++;
    this.#link.noteFault(errors.DRIVERS_MODBUS_REFUSES.code);
  }

  /** Requests go out one after the other. */
  write(items: readonly WriteItem[], options: ReadOptions): Promise<readonly WriteResult[]> {
    return this.#sender.write(items, this.#settings.timeoutMs ?? options.timeoutMs);
  }

  forgetLearnt(): void {
    this.#learnt.forget();
    this.#sender.forget();
  }

  /** Basic and regular objects of FC 2B/0E (V1.1b3, section 6.21), by their names; else the server id of FC 11. */
  async identify(unit: number, options: ReadOptions): Promise<DeviceIdentity> {
    const timeoutMs = this.#settings.timeoutMs ?? options.timeoutMs;
    const identity = await identify(this.#link, { unit, device: this.#context.device, timeoutMs });
    const { VendorName, ProductCode, MajorMinorRevision, ServerId } = identity;
    this.#learnt.identified(
      unit,
      JSON.stringify([VendorName, ProductCode, MajorMinorRevision, ...(ServerId === undefined ? [] : [ServerId])]),
    );
    return identity;
  }

  stats(): DriverStats {
    const { count, faults, roundTrips, window } = this.#link;
    return {
      ...count,
      refusals: this.#refusals,
      lastRttMs: roundTrips.last,
      ...roundTrips.quantiles(),
      faults: Object.fromEntries(faults),
      ...(window !== undefined && { window }),
      holes: this.#learnt.holes(),
      limits: this.#learnt.limits(),
    };
  }
}
