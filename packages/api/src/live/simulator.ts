import type { Hub } from '@omh/hub';
import { readersOf, requestToJson, simulatorByName, simulatorToJson } from '../rest/simulator-rows.ts';
import type { Outlet, Subscription } from './subscription.ts';
import { ticksPerSecond } from './subscription.ts';

/** A simulator's signals, faults and registers, and its new requests, once a second; the first frame brings the requests it remembers. */
export class SimulatorSubscription implements Subscription {
  readonly #id: number;
  readonly #name: string;
  readonly #hub: Hub;
  readonly #out: Outlet;
  #next = 0;
  #after: number | undefined;

  /** Throws API_UNKNOWN_NAME. */
  constructor(id: number, name: string, hub: Hub, out: Outlet) {
    this.#id = id;
    this.#name = simulatorByName(hub, name).name;
    this.#hub = hub;
    this.#out = out;
  }
  close(): void {}

  flush(tick: number): void {
    if (tick < this.#next || this.#out.congested) return;
    this.#next = tick + ticksPerSecond;
    const simulator = simulatorToJson(simulatorByName(this.#hub, this.#name), readersOf(this.#hub), 'one');
    const requests = this.#hub.simulatorLog(this.#name, this.#after).map(requestToJson);
    for (const { seq } of requests) if (this.#after === undefined || seq > this.#after) this.#after = seq;
    this.#out.send(JSON.stringify({ id: this.#id, simulator, requests }));
  }
}
