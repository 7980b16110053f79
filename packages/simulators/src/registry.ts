import type { Clock, JsonSchema, Logger } from '@omh/core';
import { modbusSimulatorSchema } from './modbus/settings.ts';
import { ModbusSimulator } from './modbus/modbus-simulator.ts';
import type { Simulator } from './simulator.ts';

/** What the hub file says about one simulator. */
export interface SimulatorConfig {
  readonly protocol: 'modbus-tcp';
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free port and keeps it over `stop`. */
  readonly port: number;
  /** `blueprint`: the values of the published demo. Absent: an empty device with 1000 points in each area. */
  readonly preset?: 'blueprint';
  /** Default 1. */
  readonly unit?: number;
}

/** Schema of `simulators.*`, by protocol. */
export const simulatorSchemas: ReadonlyMap<string, JsonSchema> = new Map([['modbus-tcp', modbusSimulatorSchema as unknown as JsonSchema]]);

export function createSimulator(name: string, config: SimulatorConfig, deps: { clock: Clock; log: Logger }): Simulator {
  return new ModbusSimulator(name, config, deps);
}
