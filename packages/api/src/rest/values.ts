import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows } from '@omh/access';
import { dataTypes, rfc3339, tagAccess, type DataType, type Micros, type TagAccess } from '@omh/core';
import type { LastValue } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { tagValueToJson } from '../json-value.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { AnyJson, listOf, QualityWordSchema, Time } from '../schemas.ts';

export const ValueRow = Type.Object({
  device: Type.String(),
  group: Type.String(),
  tag: Type.String(),
  path: Type.String({ description: 'Namespace path.' }),
  type: Type.Unsafe<DataType>({ type: 'string', enum: [...dataTypes] }),
  address: Type.String(),
  access: Type.Unsafe<TagAccess>({ type: 'string', enum: [...tagAccess] }),
  value: AnyJson,
  quality: QualityWordSchema,
  reason: Type.Optional(Type.String({ description: 'Why the quality is not good.' })),
  time: Type.Union([Time, Type.Null()], { description: "The value's own time; null before the first usable value." }),
  age: Type.Union([Type.Number(), Type.Null()], { description: 'Seconds since `time`.' }),
  since: Type.String({ format: 'date-time', description: 'Since when this quality holds.' }),
  unit: Type.Optional(Type.String({ description: 'UCUM.' })),
  precision: Type.Optional(Type.Integer({ description: 'Digits shown after the point.' })),
  label: Type.Optional(Type.String({ description: 'The word that the tag has for this value.' })),
});
export type ValueRow = Static<typeof ValueRow>;
export const ValuesAnswer = Type.Object({
  values: listOf(ValueRow, 'The last usable value of each tag, with its own time.'),
  cursor: Type.Optional(Type.String({ description: 'Hand it back for the next page.' })),
});
export type ValuesAnswer = Static<typeof ValuesAnswer>;

const wordFor = (labels: Readonly<Record<string, string>> | undefined, value: unknown): string | undefined =>
  labels === undefined || value === null || value === undefined
    ? undefined
    : (labels[String(value)] ?? (typeof value === 'boolean' ? labels[value ? '1' : '0'] : undefined));

export function valueToJson(last: LastValue, now: Micros): ValueRow {
  const { tag } = last;
  const out: ValueRow = {
    device: tag.device,
    group: tag.group,
    tag: tag.name,
    path: tag.path,
    type: tag.type,
    address: tag.address,
    access: tag.access,
    value: tagValueToJson(last.value),
    quality: last.quality,
    time: last.valueTime === undefined ? null : rfc3339(last.valueTime),
    age: last.valueTime === undefined ? null : Math.max(0, Math.round((now - last.valueTime) / 1000) / 1000),
    since: rfc3339(last.since),
  };
  if (last.reason !== undefined) out.reason = last.reason;
  if (tag.unit !== undefined) out.unit = tag.unit;
  if (tag.precision !== undefined) out.precision = tag.precision;
  const label = wordFor(tag.labels, last.value);
  if (label !== undefined) out.label = label;
  return out;
}

const maxLimit = 5000;

export function registerValues(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/values',
    {
      config: { permission: 'values.read', narrowed: true },
      schema: {
        operationId: 'getValues',
        tags: ['values'],
        summary: 'Last values of tags.',
        querystring: Type.Object({
          device: Type.Optional(Type.String()),
          group: Type.Optional(Type.String()),
          path: Type.Optional(Type.String({ description: 'A path, or the beginning of paths up to a slash.' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: maxLimit, default: 1000 })),
          cursor: Type.Optional(Type.String({ maxLength: 20 })),
        }),
        response: { 200: ValuesAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { device, group, path, limit = 1000, cursor } = request.query;
      const principal = signedIn(request);
      const all = allows(principal, 'values.read', '#');
      const after = cursor === undefined ? 0 : cursorId(cursor);
      const now = hub.clock.now();
      const prefix = path?.replace(/\/+$/, '');
      const values: ValueRow[] = [];
      let lastId = 0;
      // The list is in the order of the file; a cursor is the id of the last tag shown, so an edit in between does not shift pages.
      const tags = hub.values.tags();
      let i = after === 0 ? 0 : tags.findIndex((t) => t.id === after) + 1;
      if (after !== 0 && i === 0) throw errors.API_CURSOR_INVALID();
      for (; i < tags.length; i++) {
        const tag = tags[i]!;
        if (device !== undefined && tag.device !== device) continue;
        if (group !== undefined && tag.group !== group) continue;
        if (prefix !== undefined && prefix !== '' && tag.path !== prefix && !tag.path.startsWith(`${prefix}/`)) continue;
        if (!all && !allows(principal, 'values.read', tag.path)) continue;
        if (values.length === limit) return { values, cursor: String(lastId) };
        const last = hub.values.get(tag.id);
        if (!last) continue;
        values.push(valueToJson(last, now));
        lastId = tag.id;
      }
      return { values };
    },
  );
}

function cursorId(text: string): number {
  const id = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(id) || id === 0) throw errors.API_CURSOR_INVALID();
  return id;
}
