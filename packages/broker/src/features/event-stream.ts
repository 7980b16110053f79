import { reasonOf } from '@omh/core';
import type { BusEvent, BusEventOf, BusEvents, BusEventType, Logger } from '@omh/core';
import type { BrokerStats } from '../stats.ts';

type Listener = (event: BusEvent) => void;

/** Events of clients, sessions and deliveries, made only for those who asked for their type. */
export class EventStream implements BusEvents {
  readonly #listeners = new Map<BusEventType, readonly Listener[]>();
  readonly #stats: BrokerStats;
  readonly #log: Logger;
  /** Someone began or ceased to ask for a type. */
  onDemand: () => void = () => {};

  constructor(stats: BrokerStats, log: Logger) {
    this.#stats = stats;
    this.#log = log;
  }
  wants(type: BusEventType): boolean {
    return this.#listeners.size > 0 && this.#listeners.has(type);
  }
  /** `make` is called when somebody asked for the type. */
  emit<T extends BusEventType>(type: T, make: () => BusEventOf<T>): void {
    const listeners = this.#listeners.size === 0 ? undefined : this.#listeners.get(type);
    if (listeners === undefined) return;
    const event = make() as BusEvent;
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (thrown) {
        this.#stats.readerErrors++;
        this.#log.debug('a listener for events failed', { type, reason: reasonOf(thrown) });
      }
    }
  }
  subscribe<T extends BusEventType>(types: readonly T[], listener: (event: BusEventOf<T>) => void): { close(): void } {
    const own: Listener = (event) => listener(event as BusEventOf<T>);
    for (const type of types) this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), own]);
    this.onDemand();
    return {
      close: () => {
        for (const type of types) {
          const rest = (this.#listeners.get(type) ?? []).filter((one) => one !== own);
          if (rest.length > 0) this.#listeners.set(type, rest);
          else this.#listeners.delete(type);
        }
        this.onDemand();
      },
    };
  }
}
