import Type from 'typebox';
import type { Static } from 'typebox';
import { pathPattern } from './names.ts';
import { description, live, named, reconnect, strict, ui } from './schema-parts.ts';
import { Tag } from './tag-schema.ts';

const scalar = (options: object) =>
  Type.Unsafe<string | number | boolean>({
    type: ['string', 'number', 'boolean'],
    maxLength: 10_000,
    expects: 'a number, a text, true or false',
    ...options,
  });

const Variable = Type.Object(
  {
    default: Type.Optional(
      scalar({
        title: 'Default',
        description: 'What it stands for where a device says nothing. When absent: each device must say it.',
        ...live,
      }),
    ),
    description,
  },
  { ...strict, title: 'Variable', description: 'What differs between the devices of a template.', ...live },
);

const variableName = '^[A-Za-z_][A-Za-z0-9_]*$';

/** What a device says of its template's variables. */
export const variablesOfDevice = Type.Optional(
  Type.Unsafe<Record<string, string | number | boolean>>({
    type: 'object',
    additionalProperties: scalar({ title: 'Variable', description: 'What the variable stands for in this device.', ...reconnect }),
    title: 'Variables',
    description: "What the template's variables stand for in this device.",
    ...reconnect,
  }),
);
export const templateOfDevice = Type.Optional(
  Type.String({
    title: 'Template',
    description: 'Template whose driver, settings and groups it takes; what stands here besides is added or wins, null removes.',
    minLength: 1,
    maxLength: 128,
    ...reconnect,
  }),
);

/** In a template any value may be a text with `{variable}`: the devices made from it are checked in full. */
const loose = Object.fromEntries(
  Object.entries(Tag.properties as unknown as Record<string, { title: string; description: string }>).map(([key, property]) => [
    key,
    { title: property.title, description: property.description, ...live },
  ]),
);

const TemplateGroup = Type.Object(
  {
    interval: Type.String({
      title: 'Interval',
      description: 'Time between two readings, 10ms to 24h, or a variable.',
      minLength: 1,
      ...live,
    }),
    tags: named(
      Type.Unsafe<Record<string, unknown>>({ type: 'object', properties: loose, title: 'Tag', description: 'One value of each device.' }),
      {
        title: 'Tags',
        description: 'The values that are read together.',
        ...live,
      },
    ),
  },
  { ...strict, title: 'Group', description: 'Tags that are read together.', ...live },
);

export const Template = Type.Object(
  {
    description,
    variables: Type.Unsafe<Record<string, Static<typeof Variable>>>({
      type: 'object',
      additionalProperties: Variable,
      propertyNames: { pattern: variableName, maxLength: 64, expects: 'letters, digits and _, a letter first' },
      default: {},
      title: 'Variables',
      description: 'Names that stand in braces, like {unit}, in any text of the template.',
      ...live,
    }),
    driver: Type.String({ title: 'Driver', description: 'The protocol the devices speak, e.g. modbus-tcp.', minLength: 1, ...reconnect }),
    settings: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      title: 'Settings',
      description: 'Settings of the driver; a device may say its own.',
      default: {},
      ...reconnect,
    }),
    path: Type.Optional(
      Type.String({
        title: 'Namespace path',
        description: "Where the devices' tags stand in the namespace, with a variable that tells them apart.",
        pattern: pathPattern,
        maxLength: 512,
        expects: 'a path like acme/dallas/press{n} without + and # and without empty levels',
        ...live,
        ...ui({ widget: 'topic' }),
      }),
    ),
    groups: named(TemplateGroup, { title: 'Groups', description: 'Tags that share one interval.', ...live }),
  },
  { ...strict, title: 'Template', description: 'What several devices have in common.', ...live },
);
export type TemplateConfig = Static<typeof Template>;
