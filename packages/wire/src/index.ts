export * as modbus from './modbus/index.ts';
export * as neuron from './neuron/index.ts';
export { errors as wireErrors } from './errors.ts';
