export { ApiServer, type ApiLimits, type ApiServerOptions } from './api-server.ts';
export { errors as apiErrors } from './errors.ts';
export { metrics as apiMetrics } from './metrics.ts';
export * from './types.ts';
