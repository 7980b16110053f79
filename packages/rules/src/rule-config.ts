import type { Micros, PartState, QoS, Reason } from '@omh/core';

/** A rule as the hub file holds it. */
export interface RuleConfig {
  sql: string;
  description?: string;
  /** Absent means true. */
  enabled?: boolean;
  actions: RuleAction[];
}

export interface Republish {
  topic: string;
  /** Absent or empty is the whole output as JSON. */
  payload?: string;
  /** 0 when absent; a template such as `${qos}` is read as a number. */
  qos?: QoS | string;
  /** false when absent; a template such as `${flags.retain}` is read as true or false. */
  retain?: boolean | string;
}

export type RuleAction = { historian: string } | { republish: Republish } | { console: true };

export interface ActionStatus {
  readonly kind: 'historian' | 'republish' | 'console';
  /** What it does, for people: the statement, the topic, `log`. */
  readonly text: string;
  readonly success: number;
  readonly failed: number;
  readonly pending: number;
  readonly lastError?: Reason;
}

export interface RuleStatus {
  readonly name: string;
  readonly sql: string;
  readonly description?: string;
  readonly state: PartState;
  readonly reason: Reason;
  readonly matched: number;
  readonly passed: number;
  readonly failed: number;
  readonly noResult: number;
  readonly actions: readonly ActionStatus[];
  readonly lastOutput?: { readonly at: Micros; readonly value: unknown };
  readonly lastError?: { readonly at: Micros; readonly reason: Reason };
}
