import type { JsonSchema } from '@omh/core';
import { MqttAppSettings } from './mqtt/settings.ts';

export { errors as connectorErrors } from './errors.ts';
export { metrics as connectorMetrics } from './metrics.ts';
export { formatNames, formatOf, type FormatName } from './mqtt/formats/format-of.ts';
export type { FormatOptions, PayloadFormat, StaticTags } from './mqtt/formats/payload-format.ts';
export { defaultTopic, topicFor, type Names } from './mqtt/group-publisher.ts';
export { MqttApp, type AppStatus, type MqttAppOptions } from './mqtt/mqtt-app.ts';
export { MqttAppSettings, type MqttSubscription } from './mqtt/settings.ts';
export { decodeStored, type StoredMessage } from './mqtt/stored-message.ts';
export type { DeviceLink, TagGate, TagReading, TagWrite } from './mqtt/tag-gate.ts';
export type { Sender } from './mqtt/uplink.ts';

/** Settings schema of each app type. */
export const appSchemas: ReadonlyMap<string, JsonSchema> = new Map([['mqtt', MqttAppSettings as unknown as JsonSchema]]);
