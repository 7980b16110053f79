import { Readable } from 'node:stream';
import { Type } from '@fastify/type-provider-typebox';
import { roomMetrics } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { Exposition } from '../exposition.ts';
import { metrics } from '../metrics.ts';
import { problemResponses } from '../problem.ts';

export function registerMetrics(app: App, { hub }: ApiContext): void {
  const exposition = new Exposition({ ...roomMetrics, ...metrics });
  app.get(
    '/metrics',
    {
      config: { permission: 'metrics.read', anonymousFromLoopback: true },
      schema: {
        operationId: 'getMetrics',
        tags: ['status'],
        summary: "Prometheus' text format; from this machine without a credential.",
        response: { 200: { description: 'Text format 0.0.4.', content: { 'text/plain': { schema: Type.String() } } }, ...problemResponses },
      },
    },
    async (_request, reply) => {
      const text = Readable.from(exposition.render(hub.metrics(), hub.tagMetrics()));
      return reply.type(exposition.contentType).send(text as unknown as string);
    },
  );
}
