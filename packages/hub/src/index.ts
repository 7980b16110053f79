export type { Backup } from './backup.ts';
export { backupDirectory, verifyDirectory } from './closed-directory.ts';
export { ConfigFile, InvalidHubFile } from './config-file.ts';
export { errors as hubErrors } from './errors.ts';
export type { PlanAnswer, PlanRequest } from './configuration.ts';
export type { Drift } from './drift.ts';
export type { FileDiff } from './file-diff.ts';
export { recoverHubFiles, type Revision } from './revisions.ts';
export type { FlowSnapshot } from './flow.ts';
export type { HubOptions } from './composition.ts';
export { Hub } from './hub.ts';
export type { Finding, Inspection } from './inspect-directory.ts';
export { restoreBackup, type Restored, type RestoreRequest } from './restore.ts';
export { metrics as hubMetrics, roomMetrics } from './metrics.ts';
export type { BrokerAdmin } from './broker-admin.ts';
export { brokerDoors } from './broker-doors.ts';
export { brokerFeatures } from './broker-features.ts';
export { brokerLog } from './broker-log.ts';
export { MqttAccess } from './mqtt-access.ts';
export { authenticationChain } from './mqtt-sign-in.ts';
export { type PortOverrides } from './overrides.ts';
export { loadPlugins } from './plugins.ts';
export { driverModule, registry } from './registry.ts';
export { deviceTemplate, probe, registerAddress, survey, visitDevice } from '@omh/drivers';
export type { ProbeAnswer, Survey, VisitOptions } from '@omh/drivers';
export { type HubStatus, type PartStatus } from './status.ts';
export type { TraceFrame, TraceHop, ValueTrace } from './trace.ts';
export type { ControlRequest, DeviceAdmin } from './device-admin.ts';
export type { ImportMade, ImportRequest } from './exchange-work.ts';
export type { QueueAdmin, ShownLetter, ShownQueue } from './queue-admin.ts';
export type { TagExchange } from './tag-exchange.ts';
export type { AppStatus } from '@omh/connectors';
export type {
  Ban,
  BanKind,
  ClientBrief,
  ClientDetail,
  ClientInfo,
  DelayedMessage,
  Departure,
  RetainedInfo,
  SlowSubscription,
  SubscriptionInfo,
  TopicCounts,
  TraceLine,
  TraceRequest,
  TraceState,
} from '@omh/broker';
export type { ControlAction, DeviceControl, DeviceStatus, FrameLog, Held, LastValue, LastValues, LoggedFrame } from '@omh/acquisition';
export { TopicIndex, type ChildRow, type Sight } from '@omh/namespace';
export type { RuleStatus } from '@omh/rules';
export { faultCatalogue, type FaultView, type RequestLogEntry, type SignalView, type Simulator } from '@omh/simulators';
export { testRule } from '@omh/rules';
