/** The answers of the API as the console and other programs read them. */
export type { Problem } from './problem.ts';
export type { HealthFields } from './schemas.ts';
export type { JsonScalar, JsonValue } from './json-value.ts';
export type { StatusAnswer, FlowAnswer } from './rest/status.ts';
export type { LoginAnswer, LoginBody, MeAnswer } from './rest/session.ts';
export type { SessionRow, SessionsAnswer } from './rest/sessions.ts';
export type { RolesAnswer } from './rest/roles.ts';
export type { UserAnswer, UserBody, UserRow, UsersAnswer } from './rest/users.ts';
export type { NewTokenAnswer, TokenBody, TokenRow, TokensAnswer } from './rest/tokens.ts';
export type {
  DeviceCredentialAnswer,
  DeviceCredentialBody,
  DeviceCredentialRow,
  DeviceCredentialsAnswer,
} from './rest/device-credentials.ts';
export type { AuditAnswer, AuditRow, AuditVerifyAnswer } from './rest/audit.ts';
export type { VerifyAnswer } from './rest/backup.ts';
export type { ValueRow, ValuesAnswer } from './rest/values.ts';
export type { NamespaceAnswer, NamespaceRow } from './rest/namespace.ts';
export type { TraceAnswer } from './rest/trace.ts';
export type { ProbeAnswer, ProbeBody } from './rest/probe.ts';
export type { ReadAnswer, ReadBody } from './rest/read.ts';
export type { WriteAnswer, WriteBody } from './rest/write.ts';
export type { SqlAnswer, SqlBody } from './rest/sql.ts';
export type { HistoryAnswer } from './rest/history.ts';
export type { RuleRow, RulesAnswer, RuleTestAnswer, RuleTestBody } from './rest/rules.ts';
export type { DeviceRow, HeldRow } from './rest/device-row.ts';
export type { DeviceControlBody, DevicesAnswer, HolesAnswer, IdentityAnswer } from './rest/devices.ts';
export type { FrameLogBody, FrameLogState, FrameRow, FramesAnswer } from './rest/frame-log.ts';
export type { DeadLetterRow, DeadLettersAnswer, QueueRow, QueuesAnswer } from './rest/queues.ts';
export type { TagImportAnswer } from './rest/tags-exchange.ts';
export type { AppRow, AppsAnswer } from './rest/apps.ts';
export type { ClientAnswer, ClientRow, ClientsAnswer, DepartureRow } from './rest/clients.ts';
export type { SubscriptionRow, SubscriptionsAnswer } from './rest/subscriptions.ts';
export type { RetainedAnswer, RetainedRow } from './rest/retained.ts';
export type { DelayedAnswer, DelayedMessageAnswer, DelayedRow } from './rest/delayed.ts';
export type { BanBody, BannedAnswer, BanRow } from './rest/banned.ts';
export type { TopicMetricsAnswer, TopicMetricsBody, TopicMetricsRow } from './rest/topic-metrics.ts';
export type { SlowAnswer, SlowRow } from './rest/slow-subscriptions.ts';
export type { TraceBody, TraceLineRow, TraceLinesAnswer, TraceRow, TracesAnswer } from './rest/traces.ts';
export type { FaultRow, RequestRow, SignalRow, SimulatorRow } from './rest/simulator-rows.ts';
export type { FaultBody, FaultKindRow, FaultKindsAnswer, FaultsAnswer } from './rest/simulator-faults.ts';
export type { HoldBody, SignalsAnswer } from './rest/simulator-signals.ts';
export type { SimulatorLogAnswer, SimulatorsAnswer } from './rest/simulators.ts';
export type { DashboardsAnswer } from './rest/dashboards.ts';
export type { ConfigAnswer, ConfigFileAnswer, RevisionAnswer } from './rest/config.ts';
export type { DiffAnswer, DriftAnswer, PlanAnswer, RevisionsAnswer } from './rest/revisions.ts';
export type {
  LiveAnswer,
  LiveError,
  LiveFlowFrame,
  LiveMessage,
  LiveRequest,
  LiveSimulatorFrame,
  LiveStatusFrame,
  LiveTagFrame,
  LiveTagKey,
  LiveTagKeys,
  LiveTopicFrame,
} from './live/messages.ts';
