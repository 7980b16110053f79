import Type from 'typebox';
import type { Static } from 'typebox';
import { AclRule } from './acl-schema.ts';
import type { AclRuleConfig } from './acl-schema.ts';
import { App } from './app-schema.ts';
import { authenticatorSchemas } from './authentication-schema.ts';
import type { AuthenticatorConfig } from './authentication-schema.ts';
import { externalBroker } from './external-broker.ts';
import type { ExternalBrokerConfig } from './external-broker.ts';
import { brokerFeatures } from './broker-features-schema.ts';
import type { BrokerFeaturesConfig } from './broker-features-schema.ts';
import { Flapping, Listeners } from './listener-schema.ts';
import type { ListenersConfig } from './listener-schema.ts';
import { maxNameLength, namePattern, pathPattern } from './names.ts';
import { Rule } from './rule-schema.ts';
import { count, duration, host, live, named, oneOf, port, reconnect, restart, settings, strict, ui } from './schema-parts.ts';
import { Tag } from './tag-schema.ts';
import { Template, templateOfDevice, variablesOfDevice } from './template-schema.ts';

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

type File = Static<typeof HubSchema>;

export type { AclRuleConfig } from './acl-schema.ts';
export type { AppConfig } from './app-schema.ts';
export type { RuleAction, RuleConfig } from './rule-schema.ts';
export type { ListenerConfig } from './listener-schema.ts';
export type SimulatorConfig = SimulatorBlock;
export type HistorianConfig = File['historian'];
export type { TagConfig } from './tag-schema.ts';
export type { TemplateConfig } from './template-schema.ts';
export type GroupConfig = Static<typeof Group>;
/** `path` is always there after parsing, and `template` filled in: what the template says stands in the device as if it were written there. */
export type DeviceConfig = Static<typeof Device>;

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
