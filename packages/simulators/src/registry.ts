import type { JsonSchema, OmhError } from '@omh/core';
import { checkModbusSimulator } from './modbus/check.ts';
import type { ModbusSimulatorConfig } from './modbus/config.ts';
import { ModbusSimulator, type SimulatorDeps } from './modbus/modbus-simulator.ts';
import { modbusSimulatorSchema } from './modbus/settings.ts';
import type { Simulator } from './simulator.ts';

/** What the hub file or a plant file says about one simulator. */
export type SimulatorConfig = ModbusSimulatorConfig & { readonly protocol: 'modbus-tcp' };

/** Schema of `simulators.*`, by protocol. */
export const simulatorSchemas: ReadonlyMap<string, JsonSchema> = new Map([['modbus-tcp', modbusSimulatorSchema as unknown as JsonSchema]]);

/** What a schema cannot say of a block that has passed it. */
export function simulatorFaults(config: SimulatorConfig): { readonly path: readonly (string | number)[]; readonly error: OmhError }[] {
  const out: { path: readonly (string | number)[]; error: OmhError }[] = [];
  checkModbusSimulator(config, (path, error) => void out.push({ path, error }));
  return out;
}

/** Throws SIMULATORS_SETTINGS, SIMULATORS_CSV. */
export function createSimulator(name: string, config: SimulatorConfig, deps: SimulatorDeps): Simulator {
  return new ModbusSimulator(name, config, deps);
}
