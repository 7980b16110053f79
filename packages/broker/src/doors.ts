import type { Clock, Logger } from '@omh/core';
import { Admission } from './admission.ts';
import type { Door, Place } from './admission.ts';
import { Bans } from './bans.ts';
import type { BanStore } from './bans.ts';
import { descriptorLimit } from './descriptors.ts';
import type { FlappingLimits } from './flapping.ts';
import type { BrokerLimits } from './limits.ts';
import { Listener } from './listen/listener.ts';
import type { ListenContext, ListenerInfo } from './listen/listener.ts';
import type { BrokerListener, BrokerListeners } from './listen/listener-options.ts';
import { memoryUse, MemoryWatch } from './memory-watch.ts';
import { RateLimits } from './rate-limit.ts';
import type { Meter } from './rate-limit.ts';
import type { BrokerStats } from './stats.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** What guards the doors beside the listeners' own settings. */
export interface DoorOptions {
  /** Keeps bans; without it they end with the process. */
  readonly banStore?: BanStore;
  /** Bans clients that come and go; off when absent. */
  readonly flapping?: FlappingLimits;
  /** Share of the memory budget in use, 0 to 1; measured when absent. */
  readonly memoryUse?: () => number;
  /** Descriptors this process may have open; read from the system when absent. */
  readonly descriptors?: number;
}

export interface DoorContext {
  readonly limits: BrokerLimits;
  readonly stats: BrokerStats;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly log: Logger;
  readonly accept: (transport: Transport) => TransportEvents;
  /** The state of the doors, as `trouble` and `note` tell it, may be another. */
  readonly changed: () => void;
}

const pollSeconds = 5;

/** All listeners, and who may come in through them. */
export class Doors {
  readonly admission: Admission;
  readonly bans: Bans;
  readonly memory: MemoryWatch;
  readonly #rates: RateLimits;
  readonly #context: DoorContext;
  readonly #listen: ListenContext;
  readonly #listeners = new Map<string, Listener>();
  #banFault: string | undefined;
  #seconds = 0;
  /** Sets of listeners are taken one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DoorOptions, context: DoorContext) {
    const { limits, stats, clock, log, changed } = context;
    this.#context = context;
    this.bans = new Bans(clock, options.banStore);
    this.memory = new MemoryWatch(options.memoryUse ?? memoryUse(limits.memoryBudgetBytes));
    this.#rates = new RateLimits(clock, () => stats.ratePauses++);
    this.admission = new Admission({
      limits,
      stats,
      bans: this.bans,
      flapping: options.flapping,
      memory: this.memory,
      descriptors: options.descriptors ?? descriptorLimit(),
      clock,
      log,
      changed,
    });
    this.#listen = { ...context, admission: this.admission, rates: this.#rates };
  }

  /** Rejects with what the first listener that cannot be opened says; then none is open. */
  async open(listeners: BrokerListeners): Promise<void> {
    this.bans.load();
    try {
      for (const [name, options] of Object.entries(listeners)) if (options !== undefined) await this.#openOne(name, options);
    } catch (thrown) {
      this.close();
      throw thrown;
    }
  }
  async #openOne(name: string, options: BrokerListener): Promise<void> {
    const listener = new Listener(name, options, this.#listen);
    await listener.open();
    this.#listeners.set(name, listener);
  }
  close(): void {
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    this.#rates.stop();
  }

  /**
   * Other listeners from now on, all or none: where one cannot be opened, or a certificate cannot be read, everything stays as it was and
   * the promise rejects with the reason. Returns the doors that are closed; their clients are still connected.
   */
  set(next: BrokerListeners): Promise<ReadonlySet<Door>> {
    const done = this.#turn.then(() => this.#set(next));
    this.#turn = done.catch(() => {});
    return done;
  }
  async #set(next: BrokerListeners): Promise<ReadonlySet<Door>> {
    const before = new Map(this.#listeners);
    const former = new Map([...before.values()].map((listener) => [listener, listener.door.options]));
    const fresh: Listener[] = [];
    const leaving = new Set(before.values());
    const kept: Listener[] = [];
    try {
      for (const [name, options] of Object.entries(next)) {
        if (options === undefined) continue;
        const known = before.get(name);
        if (known?.takes(options)) {
          known.adjust(options);
          leaving.delete(known);
          kept.push(known);
        } else fresh.push(new Listener(name, options, this.#listen));
      }
      for (const listener of fresh) {
        for (const old of leaving) if (old.holds(listener.door.options.port)) old.close();
        await listener.open();
      }
    } catch (thrown) {
      for (const listener of fresh) listener.close();
      for (const listener of before.values()) {
        if (!listener.closed) listener.adjust(former.get(listener)!);
        else await this.#openOne(listener.name, { ...former.get(listener)!, port: listener.port });
      }
      throw thrown;
    }
    this.#listeners.clear();
    for (const listener of [...kept, ...fresh]) this.#listeners.set(listener.name, listener);
    for (const listener of leaving) listener.close();
    this.#context.changed();
    return new Set([...leaving].map((listener) => listener.door));
  }

  meter(place: Place): Meter | null {
    const { rates } = place.door;
    return rates === undefined ? null : this.#rates.meter(rates);
  }
  /** By name: `mqtt://127.0.0.1:1883`, `wss://0.0.0.0:8084/mqtt`. */
  addresses(): Record<string, string> {
    return Object.fromEntries([...this.#listeners.values()].map((listener) => [listener.name, listener.address]));
  }
  infos(): ListenerInfo[] {
    return [...this.#listeners.values()].map((listener) => listener.info());
  }

  /** Each second. */
  tick(): void {
    this.memory.look();
    this.#seconds++;
    if (this.#seconds % pollSeconds === 0) void this.#poll();
    try {
      this.bans.tick();
      this.#banFault = undefined;
    } catch (thrown) {
      this.#banFault = `Bans are in force but cannot be kept: ${(thrown as Error).message}`;
    }
    this.#context.changed();
  }
  async #poll(): Promise<void> {
    const found = await Promise.all([...this.#listeners.values()].map((listener) => listener.poll()));
    if (found.includes(true)) this.#context.changed();
  }
  /** Reads all certificates again now. */
  reloadCertificates(): void {
    for (const listener of this.#listeners.values()) listener.reload();
    this.#context.changed();
  }

  /** What is wrong at the doors, as a sentence. */
  trouble(): string | undefined {
    for (const listener of this.#listeners.values()) {
      const trouble = listener.trouble();
      if (trouble !== undefined) return trouble;
    }
    return this.admission.trouble() ?? this.#banFault;
  }
  /** What people should know though nothing is wrong; empty when there is nothing. */
  note(): string {
    return [...this.#listeners.values()].map((listener) => listener.note()).join('');
  }
}
