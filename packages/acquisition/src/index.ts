export { Cycles } from './cycles.ts';
export { Device, type DeviceOptions, type DeviceStatus } from './device.ts';
export { errors as acquisitionErrors } from './errors.ts';
export { LastValues, type LastValue } from './last-values.ts';
export { metrics as acquisitionMetrics } from './metrics.ts';
export { type GroupStatus } from './polling-group.ts';
export { TagRegistry } from './tag-registry.ts';
