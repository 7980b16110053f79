import type { Properties } from './codec/properties.ts';

/** What the broker allows one client and all together; every one is a bound, none means unlimited by being 0. */
export interface BrokerLimits {
  /** Largest packet in either direction towards us, bytes; at 268,435,460 and above, which no packet can have, nothing is told. */
  readonly maxPacketSize: number;
  /** Largest packet before CONNECT is accepted, and what may wait while a sign-in is checked, bytes. */
  readonly maxPacketSizeBeforeConnect: number;
  /** Fewer where the system gives this process too few descriptors. */
  readonly maxConnections: number;
  /** Connections from one address other than loopback on which no client signed in yet. */
  readonly maxUnconfirmedPerAddress: number;
  /** Descriptors that stay free for files, devices and the API. */
  readonly descriptorsReserved: number;
  /** Bytes of memory this process may use: from 70 % on nobody new comes in, from 85 % on the longest QoS 0 queues are cut. 0 = 80 % of what the machine or its container has. */
  readonly memoryBudgetBytes: number;
  /** Sessions, connected or not. */
  readonly maxSessions: number;
  readonly connectTimeoutMs: number;
  /** Largest keep-alive in seconds; longer wishes and none at all get this one from 5.0 clients. 0 = the client decides. */
  readonly maxKeepAlive: number;
  readonly maxTopicLevels: number;
  readonly maxSubscriptionsPerClient: number;
  /** Reason code 5.0 clients get for a filter they may not subscribe to: 0x87 says so, 0x80 keeps it to itself. */
  readonly refusedSubscription: number;
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
  /** Bytes that the log holds and the disk has not taken; above, publishers of what is logged are not read from. */
  readonly logHighBytes: number;
  /** The log is written anew when it grew by this much, and by four times what is alive. */
  readonly logSnapshotBytes: number;
}

export const defaultLimits: BrokerLimits = {
  maxPacketSize: 1 << 20,
  maxPacketSizeBeforeConnect: 1 << 16,
  maxConnections: 10_000,
  maxUnconfirmedPerAddress: 1000,
  descriptorsReserved: 256,
  memoryBudgetBytes: 0,
  maxSessions: 100_000,
  connectTimeoutMs: 10_000,
  maxKeepAlive: 0,
  maxTopicLevels: 128,
  maxSubscriptionsPerClient: 1000,
  refusedSubscription: 0x87,
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
  logHighBytes: 32 << 20,
  logSnapshotBytes: 64 << 20,
};

/** Largest packet that the remaining length can say (MQTT 5.0, 2.1.4). */
const largestPacket = 268_435_460;

/** The bounds CONNACK tells 5.0 clients: those that differ from what holds unsaid. */
export const announced = ({ receiveMaximum, maxPacketSize, topicAliasMaximum }: BrokerLimits): Properties => ({
  ...(receiveMaximum < 65_535 ? { receiveMaximum } : {}),
  ...(maxPacketSize < largestPacket ? { maximumPacketSize: maxPacketSize } : {}),
  ...(topicAliasMaximum > 0 ? { topicAliasMaximum } : {}),
});
