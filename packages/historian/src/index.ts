export { EmbeddedHistorian } from './embedded-historian.ts';
export type { EmbeddedHistorianOptions } from './embedded-historian.ts';
export { errors as historianErrors } from './errors.ts';
export { metrics as historianMetrics } from './metrics.ts';
export type { StoreCheck, StoreContents, StoreSnapshot } from './snapshot.ts';
