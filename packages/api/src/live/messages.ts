import type { FlowAnswer, StatusAnswer } from '../rest/status.ts';
import type { RequestRow, SimulatorRow } from '../rest/simulator-rows.ts';
import type { LiveTagFrame, LiveTagKeys } from './tags.ts';
import type { LiveTopicFrame } from './topic.ts';

export type { LiveTagFrame, LiveTagKey, LiveTagKeys } from './tags.ts';
export type { LiveMessage, LiveTopicFrame } from './topic.ts';

/** What a client sends, as JSON text. */
export type LiveRequest =
  | { op: 'sub'; id: number; kind: 'tags'; device?: string; group?: string; tags?: readonly string[] }
  | { op: 'sub'; id: number; kind: 'topic'; filter: string }
  | { op: 'sub'; id: number; kind: 'flow' | 'status' }
  | { op: 'sub'; id: number; kind: 'simulator'; name: string }
  | { op: 'unsub'; id: number }
  | { op: 'ping' };

export interface LiveFlowFrame {
  readonly id: number;
  readonly flow: FlowAnswer;
}
export interface LiveStatusFrame {
  readonly id: number;
  readonly status: StatusAnswer;
}
export interface LiveSimulatorFrame {
  readonly id: number;
  readonly simulator: SimulatorRow;
  readonly requests: readonly RequestRow[];
}
/** `id` is null when the request named none. */
export interface LiveError {
  readonly id: number | null;
  readonly error: { readonly code: string; readonly text: string };
}
export type LiveAnswer =
  | LiveTagKeys
  | LiveTagFrame
  | LiveTopicFrame
  | LiveFlowFrame
  | LiveStatusFrame
  | LiveSimulatorFrame
  | LiveError
  | { readonly op: 'pong' };
