import { Type, type Static, type TSchema } from 'typebox';
import { formatNames, type FormatName } from './formats/format-of.ts';
import { templateVariables, type Template } from './formats/template.ts';

const live = { effect: 'live' } as const;
const reconnect = { effect: 'reconnect' } as const;
/** Asked for only where the app has an external broker. */
const external = { group: 'External broker', showIf: { url: true } } as const;
const requests = { group: 'Requests', showIf: { requests: true } } as const;
const states = { group: 'State reports', showIf: { stateReports: true } } as const;

const duration = (options: object) =>
  Type.String({ pattern: '^\\d+(\\.\\d+)?\\s*(us|ms|s|min|m|h|d|w)$', expects: 'a duration like 10s', unit: 'duration', ...options });
const pem = (title: string, description: string, more: object = {}) =>
  Type.String({
    title,
    description: `${description} Give it by !file.`,
    maxLength: 200_000,
    pattern: '-----BEGIN [A-Z ]+-----',
    expects: 'text in PEM; !file certs/ca.pem reads it from a file',
    'x-ui': { ...external, advanced: true },
    ...reconnect,
    ...more,
  });
const topic = (title: string, description: string, usual: string, group: object) =>
  Type.Optional(
    Type.String({
      title,
      description: `${description} {app}, {site} and {hub} stand for the names.`,
      default: usual,
      minLength: 1,
      maxLength: 1024,
      pattern: '^[^+#\\u0000]+$',
      expects: 'a topic without + and #',
      'x-ui': { ...group, widget: 'topic', advanced: true },
      ...live,
    }),
  );
const qos = (title: string) => ({
  title,
  description: 'Quality of service of each message.',
  minimum: 0,
  maximum: 2,
  enum: [0, 1, 2],
  enumDescriptions: ['0, at most once', '1, at least once', '2, exactly once'],
  default: 0,
  unit: '1',
  ...live,
});

/** Text, number, yes or no, or a block of these, three deep. A text that begins with ${ names a variable, so a slip of the pen is found. */
const templatePart = (depth: number): object => ({
  title: 'Member',
  type: ['string', 'number', 'boolean', 'null', ...(depth > 0 ? ['object'] : [])],
  pattern: `^(?!\\$\\{(?!(${templateVariables.join('|')})\\}$))`,
  expects: `a value, or one of ${templateVariables.map((name) => `\${${name}}`).join(' ')}`,
  ...(depth > 0 ? { additionalProperties: templatePart(depth - 1) } : {}),
});

const formatDescriptions: Readonly<Record<FormatName, string>> = {
  values: "Neuron's group object {timestamp,node,group,values,errors,metas}",
  tags: '{timestamp,node,group,tags:[{name,value}]}',
  ecp: "tags with a type number, for EMQ's ECP",
  vqt: 'value, quality and time of each tag',
  protobuf: "Neuron's DataReport, binary",
  custom: 'the template below',
};

export const StoreAndForward = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({
        title: 'Store and forward',
        description: 'Messages wait on disk until the broker has acknowledged them, over outages and restarts.',
        default: true,
        ...reconnect,
      }),
    ),
    maxSize: Type.Optional(
      Type.String({
        title: 'Disk',
        description: 'What may wait on the disk.',
        pattern: '^\\d+(\\.\\d+)?\\s*(kB|MB|GB|TB)$',
        expects: 'a size like 1GB or 500MB',
        default: '1GB',
        ...reconnect,
      }),
    ),
    rate: Type.Optional(
      Type.Number({
        title: 'Replay rate',
        description: 'Most messages per second that are sent late, beside those of now.',
        minimum: 1,
        maximum: 1_000_000,
        default: 1000,
        unit: '/s',
        ...reconnect,
      }),
    ),
    onFull: Type.Optional(
      Type.Unsafe<'dropOldest' | 'refuse'>({
        type: 'string',
        enum: ['dropOldest', 'refuse'],
        enumDescriptions: ['the oldest messages make room', 'new messages are not taken'],
        title: 'When full',
        description: 'Which messages are lost, and counted, when the disk allowance is used up.',
        default: 'dropOldest',
        ...reconnect,
      }),
    ),
    mark: Type.Optional(
      Type.Boolean({
        title: 'Mark in the payload',
        description: 'Messages sent late carry "replayed":true in JSON formats; readers of MQTT 5.0 see the user property replay always.',
        default: false,
        ...reconnect,
      }),
    ),
  },
  {
    title: 'Store and forward',
    description: 'What happens to messages while an external broker is away.',
    additionalProperties: false,
    'x-ui': { ...external, group: 'Store and forward' },
    ...reconnect,
  },
);
export type StoreAndForward = Static<typeof StoreAndForward>;

const Writes = Type.Object(
  {
    allow: Type.Array(
      Type.String({ title: 'Path', description: 'A namespace path, + and # allowed.', minLength: 1, maxLength: 512, ...live }),
      {
        title: 'Paths',
        description: 'Tags below these namespace paths may be written by whoever publishes to the request topic; nobody may when empty.',
        default: [],
        maxItems: 1000,
        ...live,
      },
    ),
  },
  {
    title: 'Writes from outside',
    description: "What may be written through a broker that is not this hub's; there the permissions of the publisher are not known.",
    additionalProperties: false,
    'x-ui': requests,
    ...live,
  },
);

const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);

/** `settings` of an app of type `mqtt`. */
export const MqttAppSettings = Type.Object(
  {
    url: optional(
      Type.String({
        title: 'Broker',
        description: "Address of an external broker, e.g. mqtt://10.0.0.5:1883 or mqtts://…; absent: this hub's own broker.",
        pattern: '^(mqtt|mqtts|tcp|ws|wss)://.+',
        expects: 'an address like mqtt://10.0.0.5:1883',
        'x-ui': { group: 'External broker' },
        ...reconnect,
      }),
    ),
    clientId: optional(
      Type.String({
        title: 'Client id',
        description: 'MQTT client id at an external broker; absent: omh-{app}.',
        maxLength: 128,
        'x-ui': external,
        ...reconnect,
      }),
    ),
    username: optional(
      Type.String({ title: 'User name', description: 'User name at an external broker.', 'x-ui': external, ...reconnect }),
    ),
    password: optional(
      Type.String({
        title: 'Password',
        description: 'Password at an external broker; write it as !env NAME or !file PATH.',
        format: 'secret',
        'x-ui': { ...external, widget: 'password' },
        ...reconnect,
      }),
    ),
    ca: optional(pem('Authorities', 'Certificates of the authorities to trust for mqtts, PEM; those of Node when absent.')),
    cert: optional(pem('Certificate', 'Certificate of this app for mqtts, PEM.')),
    key: optional(
      pem('Private key', 'Key of that certificate, PEM.', {
        format: 'secret',
        'x-ui': { ...external, widget: 'password', advanced: true },
      }),
    ),
    protocol: optional(
      Type.Union([Type.Literal('3.1.1'), Type.Literal('5.0')], {
        title: 'MQTT version',
        description: 'Spoken to an external broker.',
        default: '5.0',
        'x-ui': external,
        ...reconnect,
      }),
    ),
    qos: optional(Type.Integer(qos('QoS'))),
    retain: optional(
      Type.Boolean({
        title: 'Retain',
        description: 'The broker keeps the newest message of each topic for those who subscribe later.',
        default: false,
        ...live,
      }),
    ),
    format: optional(
      Type.Unsafe<FormatName>({
        type: 'string',
        enum: formatNames,
        enumDescriptions: formatNames.map((name) => formatDescriptions[name]),
        title: 'Payload',
        description: 'How the values of a group are written.',
        default: 'values',
        ...live,
      }),
    ),
    template: optional(
      Type.Unsafe<Template>({
        type: 'object',
        minProperties: 1,
        title: 'Template',
        description: `The payload of format custom; as a value stands ${templateVariables.map((name) => `\${${name}}`).join(' ')} for a part of it.`,
        additionalProperties: templatePart(3),
        'x-ui': { showIf: { format: 'custom' } },
        ...live,
      }),
    ),
    reportErrors: optional(
      Type.Boolean({
        title: 'Report errors',
        description: 'Tags without a value are sent with their code; false leaves them out.',
        default: true,
        ...live,
      }),
    ),
    labels: optional(
      Type.Boolean({
        title: 'Labels',
        description: 'Where a tag has a word for its value, the word stands beside the value.',
        default: false,
        ...live,
      }),
    ),
    requests: optional(
      Type.Boolean({
        title: 'Read and write requests',
        description: 'Answers read and write requests that come over MQTT.',
        default: false,
        'x-ui': { group: 'Requests' },
        ...live,
      }),
    ),
    readRequestTopic: topic('Read requests', 'Where read requests come in.', '/neuron/{app}/read/req', requests),
    readResponseTopic: topic('Read answers', 'Where they are answered.', '/neuron/{app}/read/resp', requests),
    writeRequestTopic: topic('Write requests', 'Where write requests come in.', '/neuron/{app}/write/req', requests),
    writeResponseTopic: topic('Write answers', 'Where they are answered.', '/neuron/{app}/write/resp', requests),
    writes: optional(Writes),
    stateReports: optional(
      Type.Boolean({
        title: 'State reports',
        description: 'Tells which devices are connected, on every change and from time to time.',
        default: false,
        'x-ui': { group: 'State reports' },
        ...live,
      }),
    ),
    stateTopic: topic('Topic of state reports', 'Where they are published.', '/neuron/{app}/state/update', states),
    stateInterval: optional(
      duration({
        title: 'State interval',
        description: 'Time between two reports when nothing changes; 1s at least.',
        default: '10s',
        'x-ui': states,
        ...live,
      }),
    ),
    storeAndForward: optional(StoreAndForward),
  },
  {
    title: 'MQTT app',
    description: 'Publishes device groups to MQTT topics.',
    additionalProperties: false,
    if: { properties: { format: { const: 'custom' } }, required: ['format'] },
    then: { required: ['template'] },
  },
);
export type MqttAppSettings = Static<typeof MqttAppSettings>;

/** One group of the app's `subscriptions`; what is absent is as the settings say. */
export interface MqttSubscription {
  readonly device: string;
  readonly group: string;
  readonly topic?: string;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly format?: string;
  readonly staticTags?: Readonly<Record<string, boolean | number | string>>;
}

const units: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** `1GB` in bytes; `undefined` when it is no size. */
export function sizeInBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(kB|MB|GB|TB)$/.exec(text.trim());
  return match === null ? undefined : Math.floor(Number(match[1]) * units[match[2]!]!);
}
