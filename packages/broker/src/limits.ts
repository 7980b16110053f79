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

const limit = (unit: string, title: string, description: string, minimum = 1) => ({
  type: 'integer',
  title,
  description,
  minimum,
  maximum: Number.MAX_SAFE_INTEGER,
  unit,
  effect: 'restart',
});

const described: Readonly<Record<keyof BrokerLimits, Readonly<Record<string, unknown>>>> = {
  maxPacketSize: {
    ...limit('By', 'Largest packet', 'Largest packet in either direction; a client that sends more is disconnected.', 128),
    maximum: 268_435_460,
  },
  maxPacketSizeBeforeConnect: limit(
    'By',
    'Largest first packet',
    'Largest packet before a client is signed in, and what may wait meanwhile.',
    128,
  ),
  maxConnections: limit('1', 'Connections', 'Clients that are connected at once; more are refused.'),
  maxSessions: limit('1', 'Sessions', 'Sessions that are kept, connected or not.'),
  connectTimeoutMs: limit('ms', 'Time to connect', 'A socket that sends no CONNECT for so long is closed.'),
  maxKeepAlive: {
    ...limit('s', 'Longest keep-alive', 'Clients that ask for a longer one get this one; 0 lets them decide.', 0),
    maximum: 65_535,
  },
  maxTopicLevels: limit('1', 'Topic levels', 'Levels a topic or filter may have.'),
  maxSubscriptionsPerClient: limit('1', 'Subscriptions per client', 'Subscriptions one client may have.'),
  receiveMaximum: { ...limit('1', 'Receive maximum', 'QoS 1 and 2 messages taken at once from one client.'), maximum: 65_535 },
  maxInflight: { ...limit('1', 'In flight', 'QoS 1 and 2 messages on their way to one client at once.'), maximum: 65_535 },
  topicAliasMaximum: {
    ...limit('1', 'Topic aliases', 'Aliases one client may use towards the broker; 0 allows none.', 0),
    maximum: 65_535,
  },
  maxOutboundAliases: {
    ...limit('1', 'Topic aliases outward', 'Aliases the broker uses towards one client at most; 0 uses none.', 0),
    maximum: 65_535,
  },
  sessionExpiryV3: limit('s', 'Session expiry, MQTT 3', 'How long the session of a v3.1.1 client with clean session 0 is kept.', 0),
  maxSessionExpiry: { ...limit('s', 'Longest session expiry', 'How long a session is kept at most.', 0), maximum: 4_294_967_295 },
  maxQueuedMessages: limit('1', 'Waiting messages', 'Messages that wait for one session; beyond it the oldest goes and is counted.'),
  maxQueuedBytes: limit('By', 'Waiting bytes', 'Bytes that wait for one session.'),
  maxQueuedBytesTotal: limit('By', 'Waiting bytes in all', 'Bytes that wait for all sessions together.'),
  maxOutBytes: limit('By', 'Socket backlog', 'Bytes that wait for one socket; QoS 0 messages beyond are dropped and counted.'),
  maxRetained: limit('1', 'Retained messages', 'Retained messages that are kept.', 0),
  maxRetainedBytes: limit('By', 'Retained bytes', 'Bytes of all retained messages together.', 0),
};

/** The one source of validation, form and docs for `broker.limits`. */
export const limitsSchema = {
  type: 'object',
  title: 'Limits',
  description: 'Bounds that protect the broker.',
  effect: 'restart',
  additionalProperties: false,
  properties: Object.fromEntries(
    Object.entries(described).map(([name, one]) => [name, { ...one, default: defaultLimits[name as keyof BrokerLimits] }]),
  ),
} as const;
