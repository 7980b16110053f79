import type { Micros, QoS } from '@omh/core';

/** Counters since `start()` unless named otherwise. */
export interface BrokerStats {
  /** Clients that are connected now. */
  clients: number;
  /** Sockets that are open now, with those that have not said CONNECT yet. */
  connections: number;
  connectionsTotal: number;
  connectionsRefused: number;
  /** Kept out by a ban. */
  connectionsBanned: number;
  /** Came faster than `connectRate` lets in, and waited. */
  connectionsDelayed: number;
  /** TLS handshakes that failed, client certificates that are not trusted. */
  tlsFailures: number;
  /** Connections without a good PROXY header from a trusted proxy. */
  proxyFailures: number;
  /** Times a connection was not read from for sending faster than it may. */
  ratePauses: number;
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
  /** PUBLISH packets by QoS; the rest has QoS 0. */
  messagesInQos1: number;
  messagesInQos2: number;
  messagesOutQos1: number;
  messagesOutQos2: number;
  /** PUBACK and PUBCOMP of clients. */
  messagesAcked: number;
  /** Messages that were delayed, ever, and those that wait now. */
  messagesDelayed: number;
  delayed: number;
  /** Messages that nobody was subscribed to. */
  droppedNoSubscribers: number;
  /** Packets by type, without PUBLISH. */
  packetsIn: Float64Array;
  packetsOut: Float64Array;
  clientsConnected: number;
  clientsDisconnected: number;
  signInsRefused: number;
  sessionsCreated: number;
  sessionsResumed: number;
  sessionsTakenOver: number;
  sessionsDiscarded: number;
  sessionsTerminated: number;
  sharedSubscriptions: number;
  /** Different filters that are subscribed to. */
  topics: number;
  /** The most there were since the start, looked at once a second. */
  clientsMax: number;
  sessionsMax: number;
  subscriptionsMax: number;
  topicsMax: number;
  retainedMax: number;
}

export const zeroStats = (): BrokerStats => ({
  clients: 0,
  connections: 0,
  connectionsTotal: 0,
  connectionsRefused: 0,
  connectionsBanned: 0,
  connectionsDelayed: 0,
  tlsFailures: 0,
  proxyFailures: 0,
  ratePauses: 0,
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
  messagesInQos1: 0,
  messagesInQos2: 0,
  messagesOutQos1: 0,
  messagesOutQos2: 0,
  messagesAcked: 0,
  messagesDelayed: 0,
  delayed: 0,
  droppedNoSubscribers: 0,
  packetsIn: new Float64Array(16),
  packetsOut: new Float64Array(16),
  clientsConnected: 0,
  clientsDisconnected: 0,
  signInsRefused: 0,
  sessionsCreated: 0,
  sessionsResumed: 0,
  sessionsTakenOver: 0,
  sessionsDiscarded: 0,
  sessionsTerminated: 0,
  sharedSubscriptions: 0,
  topics: 0,
  clientsMax: 0,
  sessionsMax: 0,
  subscriptionsMax: 0,
  topicsMax: 0,
  retainedMax: 0,
});

/** One session as people see it. */
export interface ClientInfo {
  readonly clientId: string;
  readonly username?: string;
  /** `ip:port` of its last socket. */
  readonly peer: string;
  readonly protocol: '3.1.1' | '5.0';
  /** Name of the listener it came through. */
  readonly listener: string;
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
