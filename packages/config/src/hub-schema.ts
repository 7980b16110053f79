import Type from 'typebox';
import type { Static, TSchema } from 'typebox';
import { dataTypes, tagAccess } from '@omh/core';
import { maxNameLength, namePattern, pathPattern } from './names.ts';
import type { SchemaHints } from './schema-hints.ts';

const strict = { additionalProperties: false } as const;
/** `unit` is UCUM; 1 where a number counts, `duration` where a text carries its own, like 1s. */
const count = { unit: '1' } as const;
const ui = (hints: SchemaHints) => ({ 'x-ui': hints });
const live = { effect: 'live' } as const;
const reconnect = { effect: 'reconnect' } as const;
const restart = { effect: 'restart' } as const;

const oneOf = <const T extends readonly string[]>(values: T, options: object) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, ...options });
const named = <S extends TSchema>(entry: S, options: object) =>
  Type.Unsafe<Record<string, Static<S>>>({
    type: 'object',
    additionalProperties: entry,
    propertyNames: { pattern: namePattern, maxLength: maxNameLength },
    default: {},
    ...options,
  });
const duration = (options: object) =>
  Type.String({
    pattern: '^\\d+(\\.\\d+)?\\s*(us|ms|s|min|m|h|d|w)$',
    expects: 'a duration like 1s or 250ms',
    unit: 'duration',
    ...options,
  });
const port = (options: object) =>
  Type.Integer({ minimum: 0, maximum: 65535, expects: 'a port number from 0 to 65535', ...count, ...restart, ...options });
const host = (options: object) =>
  Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\s/]+$', expects: 'a host name or an IP address', ...restart, ...options });
const description = Type.Optional(
  Type.String({ title: 'Description', description: 'What it is for, in words.', maxLength: 2000, ...live, ...ui({ order: 90 }) }),
);
/** Checked by the schema that belongs to the driver, protocol or app type. */
const settings = (of: string, options: object) =>
  Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    title: 'Settings',
    description: `Settings of the ${of}; which ones there are depends on it.`,
    default: {},
    ...options,
  });

const listener = {
  host: Type.Optional(
    host({
      title: 'Host',
      description:
        'Address to listen on. When absent: 127.0.0.1 for a listener that admits anonymous clients, 0.0.0.0 (every network) for one that asks for credentials.',
    }),
  ),
  port: port({ title: 'Port', description: '0 takes any free port.' }),
  anonymous: Type.Boolean({
    title: 'Anonymous',
    description: 'Admits clients without user name and password.',
    default: false,
    ...restart,
  }),
};

const TcpListener = Type.Object(listener, {
  ...strict,
  title: 'MQTT over TCP',
  description: 'Where MQTT clients connect, usually port 1883.',
  ...restart,
});
const WsListener = Type.Object(
  {
    ...listener,
    path: Type.String({
      title: 'Path',
      description: 'Path of the WebSocket.',
      default: '/mqtt',
      pattern: '^/\\S*$',
      maxLength: 200,
      expects: 'a path that begins with /',
      ...restart,
    }),
  },
  { ...strict, title: 'MQTT over WebSocket', description: 'Where browsers connect, usually port 8083.', ...restart },
);

export const Tag = Type.Object(
  {
    address: Type.String({
      title: 'Address',
      description: 'Where the value stands in the device, in the grammar of its driver, e.g. 1!40001.',
      minLength: 1,
      maxLength: 512,
      ...live,
    }),
    type: oneOf(dataTypes, { title: 'Type', description: 'How the device encodes the value.', ...live }),
    access: oneOf(tagAccess, { title: 'Access', description: 'What may be done with it.', default: 'read', ...live }),
    decimal: Type.Optional(
      Type.Number({
        title: 'Factor',
        description: 'Engineering value = raw value × decimal + bias. When absent: 1.',
        not: { const: 0 },
        expects: 'a number other than 0',
        ...count,
        ...live,
      }),
    ),
    bias: Type.Optional(
      Type.Number({ title: 'Offset', description: 'Added after the factor, in the engineering unit. When absent: 0.', ...count, ...live }),
    ),
    unit: Type.Optional(
      Type.String({ title: 'Unit', description: 'UCUM unit of the engineering value, e.g. Cel, bar, %.', maxLength: 50, ...live }),
    ),
    precision: Type.Optional(
      Type.Integer({
        title: 'Precision',
        description: 'Digits shown after the point. When absent: as many as the value has.',
        minimum: 0,
        maximum: 17,
        ...count,
        ...live,
      }),
    ),
    description,
  },
  { ...strict, title: 'Tag', description: 'One value of the device.', ...live },
);

/** In place of a group's tags: the tags stand in a table. */
export const TagTable = Type.Object(
  {
    file: Type.String({
      title: 'Tag table',
      description:
        'CSV file beside the hub file with one row per tag: name, address, type and, where needed, access, decimal, bias, unit, precision, description. Relative to the folder of the hub file.',
      minLength: 1,
      maxLength: 1000,
      ...live,
      ...ui({ widget: 'file' }),
    }),
  },
  { ...strict, title: 'Tags in a table', description: 'The values that are read together, from a CSV file.', ...live },
);

const Group = Type.Object(
  {
    interval: duration({ title: 'Interval', description: 'Time between two readings, 10ms to 24h.', ...live }),
    tags: named(Tag, { title: 'Tags', description: 'The values that are read together.', ...live }),
  },
  { ...strict, title: 'Group', description: 'Tags that are read together.', ...live },
);

const Device = Type.Object(
  {
    driver: Type.String({ title: 'Driver', description: 'The protocol the device speaks, e.g. modbus-tcp.', ...reconnect }),
    settings: settings('driver', reconnect),
    path: Type.Optional(
      Type.String({
        title: 'Namespace path',
        description: "Where its tags stand in the namespace. When absent: the hub's site and the device's name.",
        pattern: pathPattern,
        maxLength: 512,
        expects: 'a path like acme/dallas/press without + and # and without empty levels',
        ...live,
        ...ui({ widget: 'topic' }),
      }),
    ),
    groups: named(Group, { title: 'Groups', description: 'Tags that share one interval.', ...live }),
  },
  { ...strict, title: 'Device', description: 'A device that is read and written through one link.', ...reconnect },
);

const Subscription = Type.Object(
  {
    device: Type.String({ title: 'Device', description: 'Name of a device of this file.', ...live }),
    group: Type.String({ title: 'Group', description: 'Name of one of its groups.', ...live }),
    topic: Type.Optional(
      Type.String({
        title: 'Topic',
        description: 'Where the values are published. When absent: /neuron/{app}/{device}/{group}.',
        minLength: 1,
        maxLength: 1024,
        ...live,
        ...ui({ widget: 'topic' }),
      }),
    ),
  },
  { ...strict, title: 'Subscription', description: 'One group whose values are sent on.', ...live },
);

const App = Type.Object(
  {
    type: Type.String({ title: 'Type', description: 'What the app speaks to the north, e.g. mqtt.', ...restart }),
    settings: settings('app type', reconnect),
    subscriptions: Type.Array(Subscription, {
      title: 'Subscriptions',
      description: 'The groups whose values it sends on.',
      default: [],
      maxItems: 10_000,
      ...live,
    }),
  },
  { ...strict, title: 'App', description: 'Sends the values of device groups to somebody.', ...reconnect },
);

const Republish = Type.Object(
  {
    topic: Type.String({
      title: 'Topic',
      description: 'Where the result is published; ${…} takes parts of the result.',
      minLength: 1,
      maxLength: 1024,
      ...live,
      ...ui({ widget: 'topic' }),
    }),
    payload: Type.Optional(
      Type.String({
        title: 'Payload',
        description: 'Text with ${…}; the whole result as JSON when absent.',
        maxLength: 1_000_000,
        ...live,
      }),
    ),
    qos: Type.Optional(
      Type.Unsafe<0 | 1 | 2>({
        type: 'integer',
        enum: [0, 1, 2],
        enumDescriptions: ['0, at most once', '1, at least once', '2, exactly once'],
        ...count,
        title: 'QoS',
        description: 'Quality of service of the message.',
        default: 0,
        ...live,
      }),
    ),
    retain: Type.Optional(
      Type.Boolean({ title: 'Retain', description: "Keeps the message as the topic's retained one.", default: false, ...live }),
    ),
  },
  { ...strict, title: 'Republish', description: 'Publishes the result.', ...live },
);

const actionKeys = ['historian', 'republish', 'console'] as const;
const Action = Type.Unsafe<RuleAction>({
  ...Type.Object(
    {
      historian: Type.Optional(
        Type.String({
          title: 'Historian',
          description: 'An INSERT with ${…} for parts of the result.',
          minLength: 1,
          maxLength: 100_000,
          ...live,
          ...ui({ widget: 'code-sql' }),
        }),
      ),
      republish: Type.Optional(Republish),
      console: Type.Optional(
        Type.Literal(true, { title: 'Console', description: 'Writes the result to the log.', expects: 'true', ...live }),
      ),
    },
    strict,
  ),
  oneOf: actionKeys.map((key) => ({ required: [key] })),
  title: 'Action',
  description: 'What happens with a result.',
  ...live,
});

const Rule = Type.Object(
  {
    sql: Type.String({
      title: 'SQL',
      description: 'SELECT … FROM "topic/filter" WHERE …',
      minLength: 1,
      maxLength: 100_000,
      ...live,
      ...ui({ widget: 'code-sql' }),
    }),
    description,
    enabled: Type.Optional(
      Type.Boolean({ title: 'Enabled', description: 'false leaves the rule in the file and out of the way.', default: true, ...live }),
    ),
    actions: Type.Array(Action, {
      title: 'Actions',
      description: 'What happens with each result, in this order.',
      default: [],
      maxItems: 100,
      ...live,
    }),
  },
  { ...strict, title: 'Rule', description: 'SQL over messages, and what happens with each result.', ...live },
);

/** What may stand in the main file and in included ones. */
const sections = {
  simulators: named(
    Type.Unsafe<SimulatorBlock>({
      type: 'object',
      required: ['protocol'],
      title: 'Simulator',
      description: 'A simulated device.',
      ...restart,
      properties: {
        protocol: { type: 'string', title: 'Protocol', description: 'What the simulated device speaks, e.g. modbus-tcp.', ...restart },
      },
    }),
    { title: 'Simulators', description: 'Simulated devices.', ...restart },
  ),
  devices: named(Device, { title: 'Devices', description: 'What is read and written.', ...live }),
  apps: named(App, { title: 'Apps', description: 'Who gets the values.', ...live }),
  rules: named(Rule, { title: 'Rules', description: 'SQL over messages, and what happens with the results.', ...live }),
  dashboards: named(Type.Unsafe<DashboardConfig>({ type: 'object' }), {
    title: 'Dashboards',
    description: 'Screens of the console.',
    ...live,
  }),
};

export const HubSchema = Type.Object(
  {
    version: Type.Literal(1, { title: 'Version', description: "Version of this file's format.", ...count, ...restart }),
    include: Type.Optional(
      Type.Unsafe<string | string[]>({
        type: ['string', 'array'],
        items: { type: 'string', title: 'Pattern', minLength: 1, maxLength: 1000, expects: 'a pattern like devices/*.yaml' },
        minLength: 1,
        maxLength: 1000,
        maxItems: 100,
        title: 'Include',
        description:
          'Further files with devices, apps, rules, dashboards and simulators: a pattern like devices/*.yaml or a list of them, relative to the folder of this file; * and ? match inside one name.',
        expects: 'a pattern like devices/*.yaml or a list of them',
        ...live,
      }),
    ),
    plugins: Type.Optional(
      Type.Array(
        Type.String({
          title: 'Plugin',
          description: 'Name of an installed package, or a path that begins with ./ or /.',
          minLength: 1,
          maxLength: 500,
          pattern: '^[^\\s\\\\]+$',
          expects: 'the name of a package or a path like ./plugins/press.js',
        }),
        {
          title: 'Plugins',
          description:
            'Packages with further drivers, installed in the folder of this file, or modules like ./plugins/press.js. They run inside the hub with all its rights, so this key is changed by hand only and takes effect when the hub starts.',
          maxItems: 100,
          ...restart,
        },
      ),
    ),
    hub: Type.Object(
      {
        name: Type.String({
          title: 'Name',
          description: 'Name of this hub.',
          pattern: namePattern,
          maxLength: maxNameLength,
          expects: 'a name without / + #, at most 128 characters',
          ...restart,
        }),
        site: Type.Optional(
          Type.String({
            title: 'Site',
            description: 'Where the plant stands, first part of the namespace, e.g. acme/dallas.',
            pattern: pathPattern,
            maxLength: 256,
            expects: 'a path like acme/dallas without + and # and without empty levels',
            ...restart,
          }),
        ),
      },
      { ...strict, title: 'Hub', description: 'Who this hub is.', ...restart },
    ),
    http: Type.Object(
      {
        host: host({
          title: 'Host',
          description: 'Address the console and the API listen on; 127.0.0.1 is this machine only.',
          default: '127.0.0.1',
        }),
        port: port({ title: 'Port', description: '0 takes any free port.', default: 7070 }),
      },
      { ...strict, title: 'HTTP', description: 'Console and API.', default: {}, ...restart },
    ),
    broker: Type.Object(
      {
        listeners: Type.Optional(
          Type.Object(
            { tcp: Type.Optional(TcpListener), ws: Type.Optional(WsListener) },
            {
              ...strict,
              title: 'Listeners',
              description:
                'Where MQTT clients connect. When absent: port 1883 and WebSocket port 8083, with credentials, on 127.0.0.1 only.',
              ...restart,
            },
          ),
        ),
        limits: Type.Optional(
          Type.Unsafe<Record<string, number>>({
            type: 'object',
            additionalProperties: { type: 'number', minimum: 0, ...count },
            title: 'Limits',
            description: 'Bounds that protect the broker.',
            ...restart,
          }),
        ),
      },
      { ...strict, title: 'Broker', description: 'The MQTT broker inside.', default: {}, ...restart },
    ),
    simulators: sections.simulators,
    historian: Type.Object(
      {
        retention: duration({
          title: 'Retention',
          description: 'How long samples are kept.',
          default: '90d',
          expects: 'a duration like 90d or 26w',
          ...restart,
        }),
        setup: Type.Array(Type.String({ title: 'Statement', minLength: 1, maxLength: 100_000, ...ui({ widget: 'code-sql' }) }), {
          title: 'Setup',
          description: 'SQL that runs at each start, e.g. CREATE TABLE IF NOT EXISTS.',
          default: [],
          maxItems: 1000,
          ...restart,
        }),
      },
      { ...strict, title: 'Historian', description: 'Where history is kept.', default: {}, ...restart },
    ),
    devices: sections.devices,
    apps: sections.apps,
    rules: sections.rules,
    dashboards: sections.dashboards,
  },
  { ...strict, title: 'Open Manufacturing Hub', description: 'The hub file, hub.yaml.' },
);

/** A file that `include` names. */
export const IncludedSchema = Type.Object(sections, {
  ...strict,
  title: 'Open Manufacturing Hub, included file',
  description: 'Part of a hub file: devices, apps, rules, dashboards and simulators.',
});

interface SimulatorBlock {
  protocol: string;
  [setting: string]: unknown;
}
/** Checked by the schema of package dashboards. */
export type DashboardConfig = Record<string, unknown>;
export type RuleAction =
  | { historian: string }
  | { republish: { topic: string; payload?: string; qos?: 0 | 1 | 2; retain?: boolean } }
  | { console: true };

type File = Static<typeof HubSchema>;
type WithHost<T> = Omit<T, 'host'> & { host: string };

export type ListenerConfig = WithHost<Static<typeof TcpListener>>;
export type SimulatorConfig = SimulatorBlock;
export type HistorianConfig = File['historian'];
export type TagConfig = Static<typeof Tag>;
export type GroupConfig = Static<typeof Group>;
/** `path` is always there after parsing. */
export type DeviceConfig = Static<typeof Device>;
export type AppConfig = Static<typeof App>;
export type RuleConfig = Static<typeof Rule>;

/** The hub file with all defaults filled in. */
export interface HubConfig extends Omit<File, 'broker'> {
  broker: {
    listeners: { tcp?: ListenerConfig; ws?: ListenerConfig & { path: string } };
    limits?: Record<string, number>;
  };
}
