import type { JsonSchema, OmhError } from '@omh/core';
import Type from 'typebox';
import { errors } from './errors.ts';
import { modbusSimulatorSchema } from './modbus/settings.ts';
import { createSimulator, simulatorFaults, type SimulatorConfig } from './registry.ts';
import { integer, maybe, restart } from './schema-parts.ts';
import type { Simulator } from './simulator.ts';
import type { SimulatorDeps } from './modbus/modbus-simulator.ts';

/** A plant file: any number of simulated devices, each written as under `simulators:` of a hub file. */
export interface PlantFile {
  readonly version?: 1;
  /** Of the devices that have none of their own. */
  readonly seed?: number;
  readonly devices: Readonly<Record<string, Omit<SimulatorConfig, 'protocol'> & { readonly protocol?: 'modbus-tcp' }>>;
}

export const plantSchema = Type.Object(
  {
    version: maybe(Type.Literal(1, { title: 'Version', description: "Version of this file's format.", unit: '1', ...restart })),
    seed: maybe(integer(['Seed', 'Of the devices that have none of their own.'], { minimum: 0, maximum: 4294967295 })),
    devices: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      minProperties: 1,
      maxProperties: 1000,
      additionalProperties: modbusSimulatorSchema,
      title: 'Devices',
      description: 'The simulated devices, by name.',
      ...restart,
    }),
  },
  { additionalProperties: false, title: 'Plant', description: 'Simulated devices.', ...restart },
) as unknown as JsonSchema;

type Fault = { readonly path: readonly (string | number)[]; readonly error: OmhError };
const blockOf = (plant: PlantFile, name: string): SimulatorConfig => ({
  ...(plant.seed === undefined ? {} : { seed: plant.seed }),
  ...plant.devices[name]!,
  protocol: 'modbus-tcp',
});

/** What the schema cannot say of a plant that has passed it. */
export function plantFaults(plant: PlantFile): Fault[] {
  const owners = new Map<string, string>();
  return Object.keys(plant.devices).flatMap((name) => {
    const block = blockOf(plant, name);
    const out = simulatorFaults(block).map(({ path, error }): Fault => ({ path: ['devices', name, ...path], error }));
    const { transport = 'tcp', host = '127.0.0.1', port } = block;
    if (transport === 'serial' || port === 0) return out;
    const other = owners.get(`${transport} ${host}:${port}`);
    if (other === undefined) owners.set(`${transport} ${host}:${port}`, name);
    else out.push({ path: ['devices', name, 'port'], error: errors.SIMULATORS_SAME_PORT({ name, other, address: `${host}:${port}` }) });
    return out;
  });
}

/** Throws SIMULATORS_SETTINGS, SIMULATORS_CSV. */
export const plantSimulators = (plant: PlantFile, deps: SimulatorDeps): Simulator[] =>
  Object.keys(plant.devices).map((name) => createSimulator(name, blockOf(plant, name), deps));
