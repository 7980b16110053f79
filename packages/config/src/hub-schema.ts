import Type from 'typebox';
import type { Static } from 'typebox';
import { authenticatorSchemas } from './authentication-schema.ts';
import type { AuthenticatorConfig } from './authentication-schema.ts';
import { externalBroker } from './external-broker.ts';
import type { ExternalBrokerConfig } from './external-broker.ts';
import { brokerFeatures } from './broker-features-schema.ts';
import type { BrokerFeaturesConfig } from './broker-features-schema.ts';
import { Flapping, Listeners } from './listener-schema.ts';
import type { ListenersConfig } from './listener-schema.ts';
import { maxNameLength, namePattern, pathPattern } from './names.ts';
import {
  addressBlock,
  count,
  description,
  duration,
  host,
  live,
  named,
  oneOf,
  port,
  reconnect,
  restart,
  strict,
  ui,
} from './schema-parts.ts';
import { Tag } from './tag-schema.ts';
import { Template, templateOfDevice, variablesOfDevice } from './template-schema.ts';

/** Checked by the schema that belongs to the driver, protocol or app type. */
const settings = (of: string, options: object) =>
  Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    title: 'Settings',
    description: `Settings of the ${of}; which ones there are depends on it.`,
    default: {},
    ...options,
  });

const Group = Type.Object(
  {
    interval: duration({ title: 'Interval', description: 'Time between two readings, 10ms to 24h.', ...live }),
    tags: named(Tag, { title: 'Tags', description: 'The values that are read together.', ...live }),
  },
  { ...strict, title: 'Group', description: 'Tags that are read together.', ...live },
);

const Device = Type.Object(
  {
    template: templateOfDevice,
    variables: variablesOfDevice,
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
        description:
          'Where the values are published; {app}, {device}, {group}, {site} and {hub} stand for the names, with {tag} each tag has a message of its own. When absent: /neuron/{app}/{device}/{group}.',
        minLength: 1,
        maxLength: 1024,
        ...live,
        ...ui({ widget: 'topic' }),
      }),
    ),
    qos: Type.Optional(
      Type.Integer({
        title: 'QoS',
        description: 'Quality of service of this group; absent: as the app has it.',
        minimum: 0,
        maximum: 2,
        enum: [0, 1, 2],
        ...count,
        ...live,
        ...ui({ advanced: true }),
      }),
    ),
    retain: Type.Optional(
      Type.Boolean({
        title: 'Retain',
        description: 'The broker keeps the newest message; absent: as the app has it.',
        ...live,
        ...ui({ advanced: true }),
      }),
    ),
    format: Type.Optional(
      oneOf(['values', 'tags', 'ecp', 'vqt', 'protobuf', 'custom'], {
        title: 'Payload',
        description: 'How the values of this group are written; absent: as the app has it.',
        ...live,
        ...ui({ advanced: true }),
      }),
    ),
    staticTags: Type.Optional(
      Type.Unsafe<Record<string, boolean | number | string>>({
        type: 'object',
        additionalProperties: { title: 'Value', type: ['boolean', 'number', 'string'], maxLength: 4096 },
        propertyNames: { pattern: namePattern, maxLength: maxNameLength },
        maxProperties: 100,
        title: 'Static tags',
        description: 'Constants that go with every message of this group, by name.',
        ...live,
        ...ui({ advanced: true }),
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
  templates: named(Template, { title: 'Templates', description: 'What several devices have in common.', ...live }),
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

const aclAction = (title: string, does: string) =>
  Type.Optional(oneOf(['publish', 'subscribe', 'all'], { title, description: `What the rule ${does}.`, ...restart }));
const AclRule = Type.Object(
  {
    allow: aclAction('Allow', 'allows'),
    deny: aclAction('Deny', 'refuses'),
    who: Type.Optional(
      Type.Object(
        {
          user: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 200,
              title: 'User',
              description: 'User name; * stands for any characters.',
              ...restart,
            }),
          ),
          client: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 200,
              title: 'Client',
              description: 'Client id; * stands for any characters.',
              ...restart,
            }),
          ),
          address: Type.Optional(
            addressBlock({ title: 'Address', description: 'IP address or block of addresses, 192.168.10.0/24.', ...restart }),
          ),
        },
        { ...strict, title: 'Who', description: 'Everybody when absent; every key that is there must fit.', ...restart },
      ),
    ),
    topics: Type.Optional(
      Type.Array(Type.String({ title: 'Topic filter', minLength: 1, maxLength: 1000 }), {
        title: 'Topics',
        description:
          'Topic filters; ${clientid} and ${username} stand for the client that asks, "eq " before a filter takes it literally. Every topic when absent.',
        minItems: 1,
        maxItems: 1000,
        ...restart,
      }),
    ),
    qos: Type.Optional(
      Type.Array(Type.Unsafe<0 | 1 | 2>({ type: 'integer', title: 'QoS', enum: [0, 1, 2] }), {
        title: 'QoS',
        description: 'Only messages or subscriptions of these levels.',
        minItems: 1,
        maxItems: 3,
        ...restart,
      }),
    ),
    retain: Type.Optional(Type.Boolean({ title: 'Retain', description: 'Only messages with, or without, the retain flag.', ...restart })),
  },
  {
    ...strict,
    title: 'Access rule',
    description: 'One line of the access list: allow or deny, never both.',
    oneOf: [{ required: ['allow'] }, { required: ['deny'] }],
  },
);

/** What else stands in an entry is checked by the schema of its type. */
const Authenticator = Type.Unsafe<AuthenticatorConfig>({
  type: 'object',
  title: 'Authenticator',
  required: ['type'],
  properties: {
    type: oneOf([...authenticatorSchemas.keys()], { title: 'Type', description: 'Who decides.', ...restart }),
  },
});

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
          'Further files with devices, templates, apps, rules, dashboards and simulators: a pattern like devices/*.yaml or a list of them, relative to the folder of this file; * and ? match inside one name.',
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
        ...externalBroker,
        listeners: Type.Optional(Listeners),
        flapping: Type.Optional(Flapping),
        durability: oneOf(['memory', 'os', 'strict'], {
          title: 'Durability',
          description:
            'What an acknowledged message of a kept session and a retained one outlive. memory: nothing. os: the end of this process; a power cut costs at most the last second. strict: a power cut too.',
          default: 'os',
          ...restart,
        }),
        limits: Type.Optional(
          Type.Unsafe<Record<string, number>>({
            type: 'object',
            additionalProperties: { type: 'number', minimum: 0, ...count },
            title: 'Limits',
            description: 'Bounds that protect the broker.',
            ...restart,
          }),
        ),
        ...brokerFeatures,
        authentication: Type.Array(Authenticator, {
          title: 'Authentication',
          description:
            'Who decides who a client is, in this order: the first that knows the client decides, for it or against it. Whom nobody knows is anonymous where the listener says so, and refused elsewhere.',
          default: [{ type: 'device-credentials' }, { type: 'tokens' }, { type: 'people' }],
          maxItems: 20,
          ...restart,
        }),
        acl: Type.Array(AclRule, {
          title: 'Access list',
          description: 'Rules for topics in their order: the first that fits decides; where none fits, permissions do.',
          default: [],
          maxItems: 1000,
          ...restart,
        }),
      },
      { ...strict, title: 'Broker', description: 'The MQTT broker inside, or with url one elsewhere.', default: {}, ...restart },
    ),
    templates: sections.templates,
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
  description: 'Part of a hub file: devices, templates, apps, rules, dashboards and simulators.',
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

export type { ListenerConfig } from './listener-schema.ts';
export type SimulatorConfig = SimulatorBlock;
export type HistorianConfig = File['historian'];
export type { TagConfig } from './tag-schema.ts';
export type { TemplateConfig } from './template-schema.ts';
export type GroupConfig = Static<typeof Group>;
/** `path` is always there after parsing, and `template` filled in: what the template says stands in the device as if it were written there. */
export type DeviceConfig = Static<typeof Device>;
export type AppConfig = Static<typeof App>;
export type RuleConfig = Static<typeof Rule>;
export type AclRuleConfig = Static<typeof AclRule>;

/** The hub file with all defaults filled in. */
export interface HubConfig extends Omit<File, 'broker'> {
  broker: ExternalBrokerConfig & {
    listeners: ListenersConfig;
    flapping?: { disconnects: number; window: string; ban: string };
    durability: 'memory' | 'os' | 'strict';
    limits?: Record<string, number>;
    authentication: AuthenticatorConfig[];
    acl: AclRuleConfig[];
  } & BrokerFeaturesConfig;
}
