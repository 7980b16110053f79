export { EmbeddedHistorian } from './embedded-historian.ts';
export type { EmbeddedHistorianOptions } from './embedded-historian.ts';
export { errors as historianErrors } from './errors.ts';
export { metrics as historianMetrics } from './metrics.ts';
