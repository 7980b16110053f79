/** Answers of the hub's REST and live API (version 1). Times are RFC 3339 in REST, milliseconds in live frames. */

import type { QueueRow } from '@omh/api';

export type PartState = 'starting' | 'running' | 'degraded' | 'lost' | 'failed' | 'stopped';
export type QualityWord = 'good' | 'uncertain' | 'bad';

export interface Reason {
  code: string;
  params?: Record<string, unknown>;
  text: string;
}

export interface Me {
  name: string;
  kind: string;
  /** Absent when the permissions are those of no role. */
  role?: string;
  permissions: string[];
  /** The one thing to do before anything else is open. */
  only?: 'change-password' | 'create-first-admin';
}

export interface PartStatus {
  id: string;
  state: PartState;
  reason: Reason;
  since: string;
  nextTry?: string;
  address?: string;
}

export interface HubStatus {
  hub: {
    name: string;
    site?: string;
    version: string;
    startedAt: string;
    dataDir: string;
    /** The revision of the configuration that runs, and whether the files on disk differ from it. */
    revision: number;
    drift: boolean;
    time: string;
  };
  state: PartState;
  sentence: string;
  parts: PartStatus[];
}

export interface FlowDevice {
  name: string;
  driver: string;
  endpoint?: string;
  state: PartState;
  sentence: string;
  valuesPerSecond: number;
  tags: number;
  good: number;
  uncertain: number;
  bad: number;
}

export interface FlowSnapshot {
  time: string;
  devices: FlowDevice[];
  apps: { name: string; type: string; state: PartState; sentence: string; messagesPerSecond: number }[];
  broker: {
    state: PartState;
    sentence: string;
    clients: number;
    messagesInPerSecond: number;
    messagesOutPerSecond: number;
    subscriptions: number;
    retained: number;
    dropped: number;
  };
  rules: {
    name: string;
    state: PartState;
    sentence: string;
    matchedPerSecond: number;
    passedPerSecond: number;
    failedPerSecond: number;
  }[];
  historian: {
    state: PartState;
    sentence: string;
    samplesPerSecond: number;
    rowsPerSecond: number;
    commitP50Ms: number;
    queued: number;
    bytesOnDisk: number;
  };
  simulators: { name: string; state: PartState; requestsPerSecond: number }[];
  loop: { p99Ms: number };
  rssMb: number;
}

export interface TagKey {
  k: number;
  device: string;
  group: string;
  tag: string;
  path: string;
  type: string;
  unit?: string;
  address: string;
  access: string;
  precision?: number;
  /** What a write must keep to; bounds in the engineering unit. */
  guard?: {
    min?: number;
    max?: number;
    step?: number;
    role?: 'operator' | 'engineer' | 'admin';
    reason?: boolean;
    readBack?: boolean;
  };
  /** Words for values, by the value as text. */
  labels?: Record<string, string>;
}

/** One live frame of tags; all arrays have the length of `k`. */
export interface TagFrame {
  id: number;
  now: number;
  k: number[];
  v: unknown[];
  t: (number | null)[];
  q: QualityWord[];
  s: number[];
  r: (string | null)[];
}

export interface Message {
  topic: string;
  qos: number;
  retain: boolean;
  time: number;
  clientId?: string;
  payload: string;
  encoding: 'utf8' | 'base64';
  size: number;
}

export interface SqlAnswer {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  truncated: boolean;
  ms: number;
}

export interface HistoryAnswer {
  tag: string;
  path?: string;
  unit?: string;
  from: number | string;
  to: number | string;
  bucketMs: number;
  samples: number;
  time: number[];
  value: (number | string | boolean | null)[];
  quality: QualityWord[];
  gaps: { from: number | string; to: number | string; quality: QualityWord; reason: string }[];
}

export type RuleAction =
  | { historian: string }
  | { republish: { topic: string; payload?: string; qos?: 0 | 1 | 2; retain?: boolean } }
  | { console: true };

export interface RuleConfig {
  sql: string;
  description?: string;
  enabled?: boolean;
  actions: RuleAction[];
}

export interface RuleStatus {
  name: string;
  sql: string;
  description?: string;
  state: PartState;
  reason: Reason;
  matched: number;
  passed: number;
  failed: number;
  noResult: number;
  actions: {
    kind: 'historian' | 'republish' | 'console';
    text: string;
    success: number;
    failed: number;
    pending: number;
    lastError?: Reason;
  }[];
  lastOutput?: { at: string; value: unknown };
  lastError?: { at: string; reason: Reason };
}

export interface RuleTest {
  outputs?: unknown[];
  because?: string;
  error?: { line: number; column: number; message: string };
}

export interface AppStatus {
  name: string;
  type: string;
  state: PartState;
  reason: Reason;
  since: string;
  nextTry?: string;
  target?: string;
  subscriptions: { device: string; group: string; topic: string }[];
  messages: number;
  failed: number;
  /** What waits on the disk, where the app stores and forwards. */
  queue?: QueueRow;
  /** Requests over MQTT, where the app takes them. */
  requests?: { answered: number; refused: number };
}

/** Who switched something off, when and why. */
export interface Held {
  by: string;
  at: string;
  comment?: string;
}
export interface GroupStatus {
  name: string;
  intervalMs: number;
  tags: number;
  cycles: number;
  missed: number;
  /** Cycles left out because the one before was still running. */
  skipped: number;
  lastCycleMs?: number;
  jitterP99Ms?: number;
  overrun: boolean;
  paused?: Held;
}
export interface DeviceStatus {
  name: string;
  driver: string;
  endpoint: string;
  path: string;
  state: PartState;
  reason: Reason;
  since: string;
  nextTry?: string;
  stopped?: Held;
  paused?: Held;
  groups: GroupStatus[];
  tags: number;
  good: number;
  uncertain: number;
  bad: number;
  stats: {
    requests: number;
    responses: number;
    refusals: number;
    timeouts: number;
    strays: number;
    bytesIn: number;
    bytesOut: number;
    connects: number;
    lastRttMs?: number;
    rttP50Ms?: number;
    rttP99Ms?: number;
    /** Requests that may be under way at once now. */
    window?: number;
    holes: number;
    faults: { code: string; count: number }[];
  };
}

export type AlarmState = 'low' | 'medium' | 'high' | 'critical';
export type Target = { tag: string; legend?: string; agg?: string } | { rawSql: string; legend?: string };
export interface Panel {
  title: string;
  type: 'timeseries' | 'stat' | 'table';
  gridPos: { x: number; y: number; w: number; h: number };
  targets: Target[];
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  thresholds?: { value: number; state: AlarmState; label?: string }[];
  description?: string;
}
export interface Dashboard {
  name: string;
  title: string;
  description?: string;
  time?: { from: string; to: string };
  refresh?: string;
  panels: Panel[];
}

export interface ConfigAnswer {
  file: string;
  text: string;
  revision: number;
  config: { rules?: Record<string, RuleConfig> } & Record<string, unknown>;
  /** All files of the configuration, the main file first. */
  files: { name: string; kind: 'yaml' | 'table'; bytes: number }[];
  /** Applied changes that take effect at the next start, a sentence each. */
  pending: string[];
  /** Why the files cannot be changed from here. */
  readOnly?: string;
}
export interface ConfigFileAnswer {
  name: string;
  text: string;
  revision: number;
}
export interface ConfigChange {
  kind: 'add' | 'remove' | 'change';
  path: string;
  from?: unknown;
  to?: unknown;
  effect: 'live' | 'reconnect' | 'restart';
  sentence: string;
}
export interface Revision {
  revision: number;
  at: string;
  by: string;
  comment: string;
  changes: ConfigChange[];
}
export interface RevisionsAnswer {
  revisions: Revision[];
  cursor?: number;
}
/** Unified text from what was to what is. */
export interface FileDiff {
  file: string;
  kind: 'changed' | 'added' | 'removed';
  diff: string;
  truncated?: boolean;
}
export interface DiffAnswer {
  files: FileDiff[];
}

export interface ProblemField {
  pointer: string;
  message: string;
  /** Where in the files of the configuration the fault is; line and column from 1. */
  file?: string;
  line?: number;
  column?: number;
}
/** RFC 9457 problem with the hub's own `code`, next step and field errors. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  code?: string;
  next?: string;
  errors?: ProblemField[];
}
