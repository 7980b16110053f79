import { defaultLimits } from './limits.ts';
import type { BrokerLimits } from './limits.ts';

interface Row {
  readonly title: string;
  readonly description: string;
  /** UCUM; a plain count when absent. */
  readonly unit?: string;
  /** 1 when absent. */
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly number[];
}

const longest = 4_294_967_295;
const bytes = { unit: 'By', minimum: 1024 } as const;
const seconds = { unit: 's', minimum: 0, maximum: longest } as const;

const rows: Readonly<Partial<Record<keyof BrokerLimits, Row>>> = {
  maxPacketSize: {
    title: 'Largest packet',
    description: 'Largest packet taken from a client; 268435460 is what the protocol allows, and CONNACK does not mention it.',
    ...bytes,
    maximum: 268_435_460,
  },
  maxPacketSizeBeforeConnect: {
    title: 'Largest first packet',
    description: 'Largest CONNECT, and what may wait while a sign-in is checked.',
    ...bytes,
    maximum: 268_435_460,
  },
  maxConnections: { title: 'Connections', description: 'Connections at once; more are refused.' },
  maxUnconfirmedPerAddress: {
    title: 'Unconfirmed connections of an address',
    description: 'Connections of one address, other than those of this machine, that have not signed in yet.',
  },
  descriptorsReserved: {
    title: 'Reserved descriptors',
    description: 'File descriptors kept free for everything that is no MQTT connection.',
    minimum: 0,
  },
  memoryBudgetBytes: {
    title: 'Memory',
    description:
      'Memory this process may use: from 70 % on nobody new comes in, from 85 % on the longest QoS 0 queues are cut; 0 takes 80 % of what the machine has.',
    unit: 'By',
    minimum: 0,
  },
  maxSessions: { title: 'Sessions', description: 'Sessions, connected or not; more are refused.' },
  connectTimeoutMs: {
    title: 'Time for CONNECT',
    description: 'A connection that does not sign in within this time is closed.',
    unit: 'ms',
    minimum: 100,
  },
  maxKeepAlive: {
    title: 'Longest keep-alive',
    description: 'MQTT 5.0 clients that ask for longer, or for none, are given this one; 0 leaves it to them.',
    unit: 's',
    minimum: 0,
    maximum: 65_535,
  },
  maxTopicLevels: { title: 'Topic levels', description: 'Levels a topic or filter may have.', maximum: 65_535 },
  maxSubscriptionsPerClient: { title: 'Subscriptions of a client', description: 'Subscriptions one client may have.' },
  refusedSubscription: {
    title: 'Refused subscription',
    description: 'Reason code MQTT 5.0 clients get for a filter they may not subscribe to: 135 says so, 128 keeps it to itself.',
    enum: [0x80, 0x87],
  },
  receiveMaximum: {
    title: 'Receive maximum',
    description: 'QoS 1 and 2 messages taken at once from one client; 65535 is not mentioned in CONNACK.',
    maximum: 65_535,
  },
  maxInflight: {
    title: 'In flight',
    description: 'QoS 1 and 2 messages on their way to one client, whatever it offers.',
    maximum: 65_535,
  },
  topicAliasMaximum: {
    title: 'Topic aliases of clients',
    description: 'Topic aliases a client may use.',
    minimum: 0,
    maximum: 65_535,
  },
  maxOutboundAliases: {
    title: 'Topic aliases to clients',
    description: 'Topic aliases used towards one client, whatever it offers.',
    minimum: 0,
    maximum: 65_535,
  },
  sessionExpiryV3: {
    title: 'Session of MQTT 3.1.1',
    description: 'How long the session of a 3.1.1 client without clean session is kept.',
    ...seconds,
  },
  maxSessionExpiry: {
    title: 'Longest session',
    description: 'Longest session expiry; clients that ask for more are told this one.',
    ...seconds,
  },
  maxQueuedMessages: { title: 'Waiting messages', description: 'Messages that wait for one session; the oldest go first.' },
  maxQueuedBytes: { title: 'Waiting bytes', description: 'Bytes that wait for one session.', ...bytes },
  maxQueuedBytesTotal: { title: 'Waiting bytes in all', description: 'Bytes that wait for all sessions together.', ...bytes },
  maxOutBytes: {
    title: 'Bytes for a socket',
    description: 'Bytes that wait for one socket; QoS 0 messages beyond are dropped and counted.',
    ...bytes,
  },
  maxRetained: { title: 'Retained messages', description: 'Retained messages that are kept.', minimum: 0 },
  maxRetainedBytes: { title: 'Retained bytes', description: 'Bytes of all retained messages.', ...bytes },
  logHighBytes: {
    title: 'Bytes before the disk',
    description: 'Bytes the disk has not taken yet; above, publishers of what is logged are not read from.',
    ...bytes,
  },
  logSnapshotBytes: {
    title: 'Growth of the log',
    description: 'The log is written anew when it grew by this much, and by four times what is alive.',
    ...bytes,
  },
};

/** Schema of `broker.limits` in the hub file: the names of `BrokerLimits` and no others. */
export const brokerLimitsSchema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    (Object.keys(defaultLimits) as (keyof BrokerLimits)[]).map((name) => [
      name,
      {
        type: 'integer',
        minimum: rows[name] === undefined ? 0 : 1,
        unit: '1',
        default: defaultLimits[name],
        effect: 'restart',
        ...rows[name],
      },
    ]),
  ),
};
