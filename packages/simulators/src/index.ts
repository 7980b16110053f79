export { createSimulator, simulatorFaults, simulatorSchemas, type SimulatorConfig } from './registry.ts';
export type { SimulatorDeps } from './modbus/modbus-simulator.ts';
export { plantFaults, plantSchema, plantSimulators, type PlantFile } from './plant.ts';
export type { Area, RegisterView, RequestLogEntry, SignalView, Simulator, SimulatorStats } from './simulator.ts';
export type { FaultView } from './faults/board.ts';
export { faultOfText } from './faults/parse.ts';
export { faultCatalogue, faultKinds } from './faults/schema.ts';
export { errors as simulatorErrors } from './errors.ts';
export { metrics as simulatorMetrics } from './metrics.ts';
