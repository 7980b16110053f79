export * as modbus from './modbus/index.ts';
export { errors as wireErrors } from './errors.ts';
