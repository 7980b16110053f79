import type { JsonSchema } from '@omh/core';
import { MqttAppSettings } from './mqtt/settings.ts';

export { errors as connectorErrors } from './errors.ts';
export { metrics as connectorMetrics } from './metrics.ts';
export { MqttApp, storesMessages, type AppStatus } from './mqtt/mqtt-app.ts';
export { decodeStored, type StoredMessage } from './mqtt/stored-message.ts';
export type { TagGate, TagWrites } from './mqtt/tag-gate.ts';

/** Settings schema of each app type. */
export const appSchemas: ReadonlyMap<string, JsonSchema> = new Map([['mqtt', MqttAppSettings as unknown as JsonSchema]]);
