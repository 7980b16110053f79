import type { DeviceControl, DeviceControls } from '../device-control.ts';
import type { DeviceOptions } from '../device-options.ts';
import { GroupPhases } from '../group-phases.ts';
import type { LastValues } from '../last-values.ts';
import { MemoryStaticValues } from '../static-values.ts';

export class MemoryControls implements DeviceControls {
  readonly #controls = new Map<string, DeviceControl>();
  get(device: string): DeviceControl | undefined {
    return this.#controls.get(device);
  }
  set(device: string, control: DeviceControl | undefined): void {
    if (control === undefined) this.#controls.delete(device);
    else this.#controls.set(device, control);
  }
}

/** What a device needs of the hub, for tests. */
export function surroundings(values: LastValues): Pick<DeviceOptions, 'around' | 'phases' | 'controls'> {
  return {
    phases: new GroupPhases(),
    controls: new MemoryControls(),
    around: {
      statics: new MemoryStaticValues(),
      lastValue(key) {
        const last = values.byKey(key);
        return last && { value: last.value, quality: last.qualityCode };
      },
      isExpired: (id) => values.isExpired(id),
    },
  };
}
