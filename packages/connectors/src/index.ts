import type { JsonSchema } from '@omh/core';
import { MqttAppSettings } from './mqtt/settings.ts';

export { errors as connectorErrors } from './errors.ts';
export { metrics as connectorMetrics } from './metrics.ts';
export { defaultTopic, MqttApp, topicFor, type AppStatus, type MqttAppOptions } from './mqtt/mqtt-app.ts';
export { MqttAppSettings } from './mqtt/settings.ts';
export { valuesPayload, type ValuesPayload } from './mqtt/values-payload.ts';

/** Settings schema of each app type. */
export const appSchemas: ReadonlyMap<string, JsonSchema> = new Map([['mqtt', MqttAppSettings as unknown as JsonSchema]]);
