import type { Outlet, Subscription } from './subscription.ts';
import { ticksPerSecond } from './subscription.ts';
import type { Snapshots } from './snapshots.ts';

/** The state of every part: when one changes, and every five seconds. */
export class StatusSubscription implements Subscription {
  readonly #id: number;
  readonly #snapshots: Snapshots;
  readonly #out: Outlet;
  #version = -1;
  #due = 0;

  constructor(id: number, snapshots: Snapshots, out: Outlet) {
    this.#id = id;
    this.#snapshots = snapshots;
    this.#out = out;
  }
  close(): void {}

  flush(tick: number): void {
    if (this.#out.congested) return;
    const { version, text } = this.#snapshots.status(tick);
    if (version === this.#version && tick < this.#due) return;
    this.#version = version;
    this.#due = tick + 5 * ticksPerSecond;
    this.#out.send(`{"id":${this.#id},"status":${text}}`);
  }
}
