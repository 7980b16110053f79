/** What the broker allows one client and all together; every one is a bound, none means unlimited by being 0. */
export interface BrokerLimits {
  /** Largest packet in either direction towards us, bytes. */
  readonly maxPacketSize: number;
  /** Largest packet before CONNECT is accepted, and what may wait while a sign-in is checked, bytes. */
  readonly maxPacketSizeBeforeConnect: number;
  readonly maxConnections: number;
  /** Sessions, connected or not. */
  readonly maxSessions: number;
  readonly connectTimeoutMs: number;
  /** Largest keep-alive in seconds; longer wishes and none at all get this one from 5.0 clients. 0 = the client decides. */
  readonly maxKeepAlive: number;
  readonly maxTopicLevels: number;
  readonly maxSubscriptionsPerClient: number;
  /** QoS 1 and 2 publications we take at once from one client. */
  readonly receiveMaximum: number;
  /** Most QoS 1 and 2 publications on their way to one client, whatever it offers. */
  readonly maxInflight: number;
  readonly topicAliasMaximum: number;
  /** Most aliases we use towards one client, whatever it offers. */
  readonly maxOutboundAliases: number;
  /** Seconds a v3.1.1 session with clean session 0 is kept. */
  readonly sessionExpiryV3: number;
  /** Longest session expiry, seconds. */
  readonly maxSessionExpiry: number;
  /** Messages that wait for one session. */
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  /** The same for all sessions together. */
  readonly maxQueuedBytesTotal: number;
  /** Bytes that wait for one socket; QoS 0 beyond is dropped and counted. */
  readonly maxOutBytes: number;
  readonly maxRetained: number;
  readonly maxRetainedBytes: number;
}

export const defaultLimits: BrokerLimits = {
  maxPacketSize: 1 << 20,
  maxPacketSizeBeforeConnect: 1 << 16,
  maxConnections: 10_000,
  maxSessions: 100_000,
  connectTimeoutMs: 10_000,
  maxKeepAlive: 0,
  maxTopicLevels: 128,
  maxSubscriptionsPerClient: 1000,
  receiveMaximum: 100,
  maxInflight: 1000,
  topicAliasMaximum: 32,
  maxOutboundAliases: 16,
  sessionExpiryV3: 7200,
  maxSessionExpiry: 7 * 86_400,
  maxQueuedMessages: 1000,
  maxQueuedBytes: 8 << 20,
  maxQueuedBytesTotal: 256 << 20,
  maxOutBytes: 1 << 20,
  maxRetained: 1_000_000,
  maxRetainedBytes: 1 << 30,
};
