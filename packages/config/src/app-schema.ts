import Type from 'typebox';
import type { Static } from 'typebox';
import { maxNameLength, namePattern } from './names.ts';
import { count, live, oneOf, reconnect, restart, settings, strict, ui } from './schema-parts.ts';

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

/** `apps.*` of a hub file. */
export const App = Type.Object(
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

export type AppConfig = Static<typeof App>;
