import type { Hub } from '@omh/hub';
import { flowToJson, statusToJson } from '../rest/status.ts';
import { ticksPerSecond } from './subscription.ts';

/** What many sockets show alike is made once: the text of the flow per second, the text of the status when asked at most twice a second. */
export class Snapshots {
  readonly #hub: Hub;
  #flow = { tick: -Infinity, text: '' };
  #status = { tick: -Infinity, version: 0, text: '', compared: '' };

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  flow(tick: number): string {
    if (tick - this.#flow.tick >= ticksPerSecond / 2) this.#flow = { tick, text: JSON.stringify(flowToJson(this.#hub)) };
    return this.#flow.text;
  }

  /** `version` changes when anything but the clock changed. */
  status(tick: number): { version: number; text: string } {
    const former = this.#status;
    if (tick - former.tick < ticksPerSecond / 2) return former;
    const status = statusToJson(this.#hub);
    const compared = JSON.stringify({ ...status, hub: { ...status.hub, time: '' } });
    this.#status = {
      tick,
      version: compared === former.compared ? former.version : former.version + 1,
      text: JSON.stringify(status),
      compared,
    };
    return this.#status;
  }
}
