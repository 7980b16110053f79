import type { Micros, QoS } from '@omh/core';

/** Counters since `start()` unless named otherwise. */
export interface BrokerStats {
  /** Clients that are connected now. */
  clients: number;
  /** Sockets that are open now, with those that have not said CONNECT yet. */
  connections: number;
  connectionsTotal: number;
  connectionsRefused: number;
  sessions: number;
  subscriptions: number;
  retained: number;
  retainedBytes: number;
  queued: number;
  queuedBytes: number;
  /** PUBLISH packets from and to clients. */
  messagesIn: number;
  messagesOut: number;
  /** Messages published in this process. */
  messagesLocal: number;
  bytesIn: number;
  bytesOut: number;
  /** Sum of all reasons below. */
  dropped: number;
  droppedSlow: number;
  droppedQueue: number;
  droppedExpired: number;
  droppedTooLarge: number;
  droppedRetained: number;
  protocolErrors: number;
  publishRefused: number;
  readerErrors: number;
}

export const zeroStats = (): BrokerStats => ({
  clients: 0,
  connections: 0,
  connectionsTotal: 0,
  connectionsRefused: 0,
  sessions: 0,
  subscriptions: 0,
  retained: 0,
  retainedBytes: 0,
  queued: 0,
  queuedBytes: 0,
  messagesIn: 0,
  messagesOut: 0,
  messagesLocal: 0,
  bytesIn: 0,
  bytesOut: 0,
  dropped: 0,
  droppedSlow: 0,
  droppedQueue: 0,
  droppedExpired: 0,
  droppedTooLarge: 0,
  droppedRetained: 0,
  protocolErrors: 0,
  publishRefused: 0,
  readerErrors: 0,
});

/** One session as people see it. */
export interface ClientInfo {
  readonly clientId: string;
  readonly username?: string;
  /** `ip:port` of its last socket. */
  readonly peer: string;
  readonly protocol: '3.1.1' | '5.0';
  readonly listener: 'tcp' | 'ws';
  readonly connected: boolean;
  /** Since when it is connected or, when it is not, gone. */
  readonly since: Micros;
  readonly keepAlive: number;
  readonly subscriptions: readonly { readonly filter: string; readonly qos: QoS }[];
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly queued: number;
  readonly dropped: number;
}
