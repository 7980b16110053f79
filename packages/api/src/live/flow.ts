import type { Outlet, Subscription } from './subscription.ts';
import { ticksPerSecond } from './subscription.ts';
import type { Snapshots } from './snapshots.ts';

/** The rates of the whole hub, once a second. */
export class FlowSubscription implements Subscription {
  readonly #id: number;
  readonly #snapshots: Snapshots;
  readonly #out: Outlet;
  #next = 0;

  constructor(id: number, snapshots: Snapshots, out: Outlet) {
    this.#id = id;
    this.#snapshots = snapshots;
    this.#out = out;
  }
  close(): void {}

  flush(tick: number): void {
    if (tick < this.#next || this.#out.congested) return;
    this.#next = tick + ticksPerSecond;
    this.#out.send(`{"id":${this.#id},"flow":${this.#snapshots.flow(tick)}}`);
  }
}
