import { Type, type Static } from '@fastify/type-provider-typebox';
import { aggregates, microsFromMs, msFromMicros, rfc3339, tagKey, type Aggregate } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { instantMs } from '../instant.ts';
import type { JsonScalar } from '../json-value.ts';
import { demand, signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { QualityWordSchema, Time } from '../schemas.ts';
import { tagByKey, tagByPath } from './tag-target.ts';

export const HistoryAnswer = Type.Object({
  tag: Type.String({ description: 'device/group/tag' }),
  path: Type.String(),
  unit: Type.Optional(Type.String()),
  from: Time,
  to: Time,
  bucketMs: Type.Number({ description: '0 when every stored sample is here as it is.' }),
  samples: Type.Integer({ description: 'Stored samples that the answer stands for.' }),
  time: Type.Array(Type.Number({ description: 'Milliseconds since 1970, with fraction.' })),
  value: Type.Array(Type.Unsafe<JsonScalar>({ description: 'null where the sample has no value.' })),
  quality: Type.Array(QualityWordSchema, { description: 'The worst quality in the bucket.' }),
  gaps: Type.Array(Type.Object({ from: Time, to: Time, quality: QualityWordSchema, reason: Type.String() }), {
    description: 'Spans without good data.',
  }),
});
export type HistoryAnswer = Static<typeof HistoryAnswer>;

export function registerHistory(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/history',
    {
      config: { permission: 'history.read', narrowed: true },
      schema: {
        operationId: 'getHistory',
        tags: ['history'],
        summary: 'One tag over time, downsampled without losing peaks, with gaps.',
        querystring: Type.Object({
          tag: Type.Optional(Type.String({ description: 'device/group/tag; or `path`' })),
          path: Type.Optional(Type.String()),
          from: Type.Optional(Type.String({ default: 'now-1h', description: 'RFC 3339, milliseconds since 1970, now, now-15m.' })),
          to: Type.Optional(Type.String({ default: 'now' })),
          points: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 })),
          agg: Type.Optional(
            Type.Unsafe<Aggregate>({ type: 'string', enum: [...aggregates], description: 'Absent: minimum and maximum of each bucket.' }),
          ),
        }),
        response: { 200: HistoryAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { tag: key, path, from: fromText = 'now-1h', to: toText = 'now', points = 1000, agg } = request.query;
      if ((key === undefined) === (path === undefined))
        throw errors.API_INVALID_REQUEST({ where: 'query', fault: 'it names either "tag" or "path"' });
      const { tag } = key === undefined ? tagByPath(hub, path!) : tagByKey(hub, key);
      demand(signedIn(request), 'history.read', tag.path);
      const now = hub.clock.now();
      const from = microsFromMs(instantMs('from', fromText, msFromMicros(now)));
      const to = microsFromMs(instantMs('to', toText, msFromMicros(now)));
      if (from >= to) throw errors.API_RANGE_EMPTY();
      const series = await hub.historian.history({ tag: tag.id, from, to, points, ...(agg === undefined ? {} : { agg }) });
      const out: HistoryAnswer = {
        tag: tagKey(tag),
        path: tag.path,
        from: rfc3339(from),
        to: rfc3339(to),
        bucketMs: series.bucketMs,
        samples: series.samples,
        time: series.time.map((t) => t / 1000),
        value: series.value.map((v) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v)),
        quality: [...series.quality],
        gaps: series.gaps.map((g) => ({ from: rfc3339(g.from), to: rfc3339(g.to), quality: g.quality, reason: g.reason })),
      };
      if (tag.unit !== undefined) out.unit = tag.unit;
      return out;
    },
  );
}
