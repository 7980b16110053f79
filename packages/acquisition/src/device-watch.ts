import type { Clock, DriverContext } from '@omh/core';
import type { CycleProbe } from './cycle-probe.ts';
import { FrameLog } from './frame-log.ts';

/** Who looks at a device's frames and cycles: the frame log, and a probe. While nobody does the driver has no one to tell. */
export class DeviceWatch {
  readonly frames: FrameLog;
  readonly #device: string;
  readonly #clock: Clock;
  readonly #context: { trace?: DriverContext['trace'] };
  #probe: CycleProbe | undefined;

  /** `context` is the driver's; its `trace` comes and goes. */
  constructor(device: string, clock: Clock, context: { trace?: DriverContext['trace'] }) {
    this.#device = device;
    this.#clock = clock;
    this.#context = context;
    this.frames = new FrameLog(clock, () => this.#changed());
  }
  get probe(): CycleProbe | undefined {
    return this.#probe;
  }
  set probe(probe: CycleProbe | undefined) {
    this.#probe = probe;
    this.#changed();
  }

  #changed(): void {
    const frame = this.#probe?.frame;
    if (!this.frames.on && frame === undefined) {
      delete this.#context.trace;
      return;
    }
    this.#context.trace = (direction, bytes) => {
      frame?.(this.#device, direction, bytes, this.#clock.monotonicMs() * 1000);
      if (this.frames.on) this.frames.add(direction, bytes);
    };
  }
}
