import { rangeFault } from '../faults/parse.ts';
import type { ModbusSimulatorConfig } from './config.ts';
import { planUnits } from './device.ts';
import { errors } from '../errors.ts';
import type { Tell } from './unit-plan.ts';

/** Tells what a schema cannot say of a block that has passed it: addresses, inputs and values, each with its path. */
export function checkModbusSimulator(config: ModbusSimulatorConfig, tell: Tell): void {
  if (config.transport === 'serial' && config.path === undefined) tell(['transport'], errors.SIMULATORS_NO_LINE());
  if (config.transport === 'serial' && config.framing === 'mbap') tell(['framing'], errors.SIMULATORS_FRAMING());
  if (config.units !== undefined && config.preset !== undefined) tell(['preset'], errors.SIMULATORS_PRESET());
  for (const key of ['holes', 'faults'] as const)
    for (const [i, one] of (config[key] ?? []).entries()) {
      const fault = rangeFault(one);
      if (fault !== undefined) tell([key, i, 'to'], fault);
    }
  planUnits(config, tell);
}
