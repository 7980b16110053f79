export { createSimulator, simulatorSchemas, type SimulatorConfig } from './registry.ts';
export type { Area, RegisterView, RequestLogEntry, Simulator, SimulatorStats } from './simulator.ts';
export { errors as simulatorErrors } from './errors.ts';
export { metrics as simulatorMetrics } from './metrics.ts';
