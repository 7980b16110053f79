import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows } from '@omh/access';
import { rfc3339 } from '@omh/core';
import type { Hub, LastValue, ValueTrace } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { tagValueToJson } from '../json-value.ts';
import { demand, signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { AnyJson, listOf, QualityWordSchema, Time } from '../schemas.ts';
import { tagByKey } from './tag-target.ts';

const Ms = Type.Number({ description: 'Milliseconds.' });
export const TraceAnswer = Type.Object(
  {
    device: Type.String(),
    group: Type.String(),
    tag: Type.String(),
    path: Type.String(),
    address: Type.String(),
    time: Time,
    raw: AnyJson,
    value: AnyJson,
    quality: QualityWordSchema,
    reason: Type.Optional(Type.String()),
    endToEndMs: Type.Number({ description: 'From the moment the cycle was due to the last hop.' }),
    hops: listOf(
      Type.Object({ step: Type.String(), detail: Type.Optional(Type.String()), atMs: Ms, ms: Ms }),
      'In order of time; their `ms` add up to `endToEndMs`.',
    ),
    frames: listOf(
      Type.Object({
        direction: Type.Unsafe<'tx' | 'rx'>({ type: 'string', enum: ['tx', 'rx'] }),
        atMs: Ms,
        bytes: Type.Integer(),
        hex: Type.String({ description: 'The first 512 bytes.' }),
      }),
      "The link's frames meanwhile, for those who may see devices.",
    ),
    notCommitted: Type.Optional(Type.String({ description: 'Why history has no new row of it.' })),
  },
  { description: 'One value from the moment its cycle was due to the row in history.' },
);
export type TraceAnswer = Static<typeof TraceAnswer>;

export function registerTrace(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/trace',
    {
      config: { permission: 'values.read', narrowed: true },
      schema: {
        operationId: 'traceValue',
        tags: ['values'],
        summary: 'Follows the next value of a tag; answers when it is in history, or no cycle comes.',
        querystring: Type.Object({ tag: Type.String({ minLength: 1, maxLength: 2000, description: 'device/group/tag, or a path.' }) }),
        response: { 200: TraceAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const principal = signedIn(request);
      const { tag } = byKeyOrPath(hub, request.query.tag);
      demand(principal, 'values.read', tag.path);
      const trace = await hub.trace(tag);
      // A frame brings what stands beside the tag.
      return answerOf(trace, allows(principal, 'devices.read'));
    },
  );
}

const byKeyOrPath = (hub: Hub, text: string): LastValue => hub.values.byPath(text) ?? tagByKey(hub, text);

function answerOf(
  { tag, time, raw, value, quality, reason, hops, frames, endToEndMs, notCommitted }: ValueTrace,
  all: boolean,
): TraceAnswer {
  return {
    device: tag.device,
    group: tag.group,
    tag: tag.name,
    path: tag.path,
    address: tag.address,
    time: rfc3339(time),
    raw: tagValueToJson(raw),
    value: tagValueToJson(value),
    quality,
    ...(reason === undefined ? {} : { reason }),
    endToEndMs: round(endToEndMs),
    hops: hops.map(({ step, detail, atMs, ms }) => ({
      step,
      ...(detail === undefined ? {} : { detail }),
      atMs: round(atMs),
      ms: round(ms),
    })),
    frames: all ? frames.map(({ direction, atMs, bytes, hex }) => ({ direction, atMs: round(atMs), bytes, hex })) : [],
    ...(notCommitted === undefined ? {} : { notCommitted }),
  };
}
const round = (ms: number): number => Math.round(ms * 1000) / 1000;
