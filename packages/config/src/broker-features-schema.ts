import Type from 'typebox';
import type { Static } from 'typebox';
import { count, duration, oneOf, restart, strict } from './schema-parts.ts';

const qos = (options: object) => Type.Unsafe<0 | 1 | 2>({ type: 'integer', enum: [0, 1, 2], default: 0, ...count, ...restart, ...options });
const topic = (options: object) => Type.String({ minLength: 1, maxLength: 1000, ...restart, ...options });
const yes = (options: object) => Type.Boolean({ ...restart, ...options });
const number = (options: object) => Type.Integer({ ...count, ...restart, ...options });
const strategies = ['round_robin', 'random', 'sticky', 'hash_clientid', 'hash_topic'] as const;
const strategy = (options: object) => oneOf(strategies, { title: 'Strategy', ...restart, ...options });

const RewriteRule = Type.Object(
  {
    action: oneOf(['publish', 'subscribe', 'all'], {
      title: 'Action',
      description: 'Whose topics it changes.',
      default: 'all',
      ...restart,
    }),
    source: topic({ title: 'Source', description: 'Filter that the topic must match, e.g. old/#.' }),
    pattern: topic({
      title: 'Pattern',
      description: 'Regular expression that is looked for in the topic, without look-around and back-references, e.g. ^old/(.+)$.',
      maxLength: 256,
    }),
    target: topic({ title: 'Target', description: 'The topic instead, with $1 to $9, ${clientid} and ${username}, e.g. new/$1.' }),
  },
  { ...strict, title: 'Rewriting', description: 'Gives topics another name; of the rows that match the last one counts.' },
);

const AutoSubscription = Type.Object(
  {
    filter: topic({ title: 'Filter', description: 'With ${clientid}, ${username}, ${host} and ${port}, e.g. commands/${clientid}.' }),
    qos: qos({ title: 'QoS', description: 'Highest quality of service of what it brings.' }),
    noLocal: yes({ title: 'No local', description: "Leaves out the client's own messages.", default: false }),
    retainAsPublished: yes({ title: 'Retain as published', description: 'Keeps the retain flag of messages.', default: false }),
    retainHandling: qos({
      title: 'Retained messages',
      description: '0 sends them each time, 1 only for a subscription that is new, 2 never.',
    }),
  },
  { ...strict, title: 'Automatic subscription', description: 'What every client is subscribed to when it connects.' },
);

/** The keys of `broker:` beside MQTT itself; each is absent where the file says nothing. */
export const brokerFeatures = {
  rewrite: Type.Optional(
    Type.Array(RewriteRule, {
      title: 'Topic rewriting',
      description: 'Other names for topics. Permissions are about the topic as the client names it.',
      maxItems: 100,
      ...restart,
    }),
  ),
  autoSubscribe: Type.Optional(
    Type.Array(AutoSubscription, {
      title: 'Automatic subscriptions',
      description: 'Subscriptions that every client gets when it connects; no permission is asked for them.',
      maxItems: 30,
      ...restart,
    }),
  ),
  shared: Type.Optional(
    Type.Object(
      {
        strategy: strategy({ description: 'Who of a shared subscription gets the next message.', default: 'round_robin' }),
        groups: Type.Unsafe<Record<string, (typeof strategies)[number]>>({
          type: 'object',
          additionalProperties: strategy({ description: 'For the group of this name.' }),
          title: 'Groups',
          description: 'Another strategy for the groups named here; $queue/… is the group $queue.',
          default: {},
          ...restart,
        }),
      },
      { ...strict, title: 'Shared subscriptions', description: '$share/{group}/{filter} and $queue/{filter}.', ...restart },
    ),
  ),
  delayed: Type.Optional(
    Type.Object(
      {
        enabled: yes({ title: 'On', description: 'Off, $delayed/… is a topic like others.', default: true }),
        maxMessages: number({
          title: 'Messages',
          description: 'So many may wait at once.',
          minimum: 1,
          maximum: 10_000_000,
          default: 100_000,
        }),
        maxBytes: Type.Integer({
          title: 'Bytes',
          description: 'Their size together.',
          minimum: 1024,
          unit: 'By',
          default: 256 * 2 ** 20,
          ...restart,
        }),
      },
      { ...strict, title: 'Delayed messages', description: '$delayed/{seconds}/{topic}: published after so many seconds.', ...restart },
    ),
  ),
  exclusive: Type.Optional(
    Type.Object(
      { enabled: yes({ title: 'On', description: 'Off, such a subscription is refused with 0x8F.', default: false }) },
      { ...strict, title: 'Exclusive subscriptions', description: '$exclusive/{topic}: one subscriber at a time.', ...restart },
    ),
  ),
  sys: Type.Optional(
    Type.Object(
      {
        enabled: yes({ title: 'On', description: 'They are made only while somebody subscribes.', default: true }),
        node: Type.String({
          title: 'Node',
          description: 'Stands in $SYS/brokers/{node}/….',
          pattern: '^[^/+#\\s]+$',
          maxLength: 100,
          expects: 'a name without blanks, /, + and #',
          default: 'omh@127.0.0.1',
          ...restart,
        }),
        heartbeat: duration({ title: 'Heartbeat', description: 'Time between two of uptime and datetime.', default: '30s', ...restart }),
        interval: duration({ title: 'Interval', description: 'Time between two rounds of statistics.', default: '1m', ...restart }),
      },
      { ...strict, title: '$SYS topics', description: "The broker's own topics, under EMQX's names.", ...restart },
    ),
  ),
  slowSubscriptions: Type.Optional(
    Type.Object(
      {
        enabled: yes({
          title: 'On',
          description: 'Measures from the arrival of a message to its acknowledgement, QoS 1 and 2.',
          default: false,
        }),
        threshold: duration({ title: 'Threshold', description: 'From here on it is slow.', default: '500ms', ...restart }),
        top: number({ title: 'Top', description: 'So many of the slowest are listed.', minimum: 1, maximum: 1000, default: 10 }),
        expiry: duration({
          title: 'Expiry',
          description: 'An entry goes when it was not slow again for so long.',
          default: '5m',
          ...restart,
        }),
      },
      { ...strict, title: 'Slow subscriptions', description: 'Which clients are slow with which topics.', ...restart },
    ),
  ),
  topicMetrics: Type.Optional(
    Type.Object(
      {
        topics: Type.Array(topic({ title: 'Topic', description: 'A topic or a filter.' }), {
          title: 'Topics',
          description: 'Counted from the start on; others can be added while the hub runs.',
          default: [],
          maxItems: 512,
          ...restart,
        }),
        maxTopics: number({ title: 'Most', description: 'So many can be counted at once.', minimum: 1, maximum: 10_000, default: 512 }),
      },
      { ...strict, title: 'Topic metrics', description: 'Counts messages of single topics and filters.', ...restart },
    ),
  ),
};

type Of<K extends keyof typeof brokerFeatures> = Static<(typeof brokerFeatures)[K]>;
export interface BrokerFeaturesConfig {
  rewrite?: Of<'rewrite'>;
  autoSubscribe?: Of<'autoSubscribe'>;
  shared?: Of<'shared'>;
  delayed?: Of<'delayed'>;
  exclusive?: Of<'exclusive'>;
  sys?: Of<'sys'>;
  slowSubscriptions?: Of<'slowSubscriptions'>;
  topicMetrics?: Of<'topicMetrics'>;
}
