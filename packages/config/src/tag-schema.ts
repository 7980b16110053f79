import Type from 'typebox';
import type { Static } from 'typebox';
import { dataTypes, tagAccess } from '@omh/core';
import { count, description, duration, live, oneOf, strict, ui } from './schema-parts.ts';

const more = (group: 'Report' | 'Limits' | 'Value') => ui({ advanced: true, group });

export const Tag = Type.Object(
  {
    address: Type.Optional(
      Type.String({
        title: 'Address',
        description:
          'Where the value stands in the device, in the grammar of its driver, e.g. 1!40001. Absent for a tag with a value or an expression of its own.',
        minLength: 1,
        maxLength: 512,
        ...live,
      }),
    ),
    type: oneOf(dataTypes, { title: 'Type', description: 'How the device encodes the value.', ...live }),
    access: oneOf(tagAccess, { title: 'Access', description: 'What may be done with it.', default: 'read', ...live }),
    count: Type.Optional(
      Type.Integer({
        title: 'Elements',
        description: 'Makes it an array: so many values of the type, one after the other from the address on.',
        minimum: 1,
        maximum: 2000,
        ...count,
        ...live,
        ...more('Value'),
      }),
    ),
    value: Type.Optional(
      Type.Unsafe<string | number | boolean>({
        type: ['string', 'number', 'boolean'],
        title: 'Value',
        description: 'Makes it a static tag: it has this value and stands in no device. With access readwrite it can be set.',
        expects: 'a number, a text, true or false',
        ...live,
        ...more('Value'),
      }),
    ),
    expression: Type.Optional(
      Type.String({
        title: 'Expression',
        description:
          'Makes it a derived tag: computed each cycle from other tags, e.g. temperature * 1.8 + 32. A tag of another group or device stands in quotes, "group/tag" or "device/group/tag".',
        minLength: 1,
        maxLength: 4000,
        ...live,
        ...more('Value'),
      }),
    ),
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
    clampMin: Type.Optional(
      Type.Number({
        title: 'Clamp below',
        description: 'A smaller engineering value is reported as this one, with quality uncertain.',
        ...count,
        ...live,
        ...more('Value'),
      }),
    ),
    clampMax: Type.Optional(
      Type.Number({
        title: 'Clamp above',
        description: 'A larger engineering value is reported as this one, with quality uncertain.',
        ...count,
        ...live,
        ...more('Value'),
      }),
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
    labels: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        additionalProperties: { type: 'string', title: 'Word', maxLength: 200 },
        maxProperties: 1000,
        title: 'Labels',
        description: 'Words for values, e.g. { 0: stopped, 1: running }. The value itself stays a number.',
        expects: 'a mapping of values to words like { 0: stopped, 1: running }',
        ...live,
        ...more('Value'),
      }),
    ),
    report: Type.Optional(
      oneOf(['cycle', 'change'], {
        title: 'Report',
        description: 'cycle: every value is passed on. change: only one that differs from the last reported one. When absent: cycle.',
        ...live,
        ...more('Report'),
      }),
    ),
    deadband: Type.Optional(
      Type.Unsafe<string | number>({
        type: ['string', 'number'],
        pattern: '^(door\\s+)?\\d+(\\.\\d+)?%?$',
        minimum: 0,
        title: 'Deadband',
        description:
          'With report: change, how far the value moves before it is passed on: 0.5 in its unit, 2% of the last reported value, or door 0.5 for a swinging door that follows straight slopes.',
        expects: 'a width like 0.5, 2% or door 0.5',
        ...live,
        ...more('Report'),
      }),
    ),
    heartbeat: Type.Optional(
      duration({
        title: 'Heartbeat',
        description: 'With report: change, an unchanged value is passed on again after this time.',
        expects: 'a duration like 60s',
        ...live,
        ...more('Report'),
      }),
    ),
    expire: Type.Optional(
      duration({
        title: 'Expires after',
        description: 'A value older than this is no longer shown as usable. When absent: 60 intervals of its group.',
        expects: 'a duration like 10min',
        ...live,
        ...more('Report'),
      }),
    ),
    writeMin: Type.Optional(
      Type.Number({
        title: 'Smallest write',
        description: 'A write below this engineering value is refused.',
        ...count,
        ...live,
        ...more('Limits'),
      }),
    ),
    writeMax: Type.Optional(
      Type.Number({
        title: 'Largest write',
        description: 'A write above this engineering value is refused.',
        ...count,
        ...live,
        ...more('Limits'),
      }),
    ),
    writeStep: Type.Optional(
      Type.Number({
        title: 'Largest step',
        description: 'A write further from the present value than this is refused.',
        exclusiveMinimum: 0,
        ...count,
        ...live,
        ...more('Limits'),
      }),
    ),
    writeRole: Type.Optional(
      oneOf(['operator', 'engineer', 'admin'], {
        title: 'Role to write',
        description: 'Least role that may write the tag; the permission tag.write is needed besides.',
        ...live,
        ...more('Limits'),
      }),
    ),
    writeReason: Type.Optional(
      Type.Boolean({
        title: 'Ask for a reason',
        description: 'A write must say why; the reason stands in the audit. When absent: false.',
        ...live,
        ...more('Limits'),
      }),
    ),
    readBack: Type.Optional(
      Type.Boolean({
        title: 'Read back',
        description: 'After the device confirmed a write the tag is read and must show the written value. When absent: false.',
        ...live,
        ...more('Limits'),
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
        'CSV file beside the hub file with one row per tag: name, address, type and, where needed, further properties of a tag, a column each. Relative to the folder of the hub file.',
      minLength: 1,
      maxLength: 1000,
      ...live,
      ...ui({ widget: 'file' }),
    }),
  },
  { ...strict, title: 'Tags in a table', description: 'The values that are read together, from a CSV file.', ...live },
);

export type TagConfig = Static<typeof Tag>;
