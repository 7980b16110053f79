export * from './broker.ts';
export type { Authenticate, Authorize, MqttRefusal, SignIn } from './broker-context.ts';
export { errors } from './errors.ts';
export { defaultLimits, limitsSchema } from './limits.ts';
export type { BrokerLimits } from './limits.ts';
export { metrics } from './metrics.ts';
export type { BrokerStats, ClientInfo } from './stats.ts';
