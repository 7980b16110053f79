import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { listOf, Time } from '../schemas.ts';

export const SlowRow = Type.Object({
  clientId: Type.String(),
  topic: Type.String(),
  tookMs: Type.Number({ description: "Longest time from a message's arrival to its acknowledgement." }),
  time: Time,
});
export type SlowRow = Static<typeof SlowRow>;
export const SlowAnswer = Type.Object({
  enabled: Type.Boolean({ description: 'broker.slowSubscriptions.enabled of the hub file.' }),
  thresholdMs: Type.Number({ description: 'Faster ones are not listed.' }),
  slow: listOf(SlowRow, 'The slowest first.'),
});
export type SlowAnswer = Static<typeof SlowAnswer>;

export function registerSlowSubscriptions(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/slow-subscriptions',
    {
      config: { permission: 'clients.read' },
      schema: {
        operationId: 'getSlowSubscriptions',
        tags: ['broker'],
        summary: 'The slowest pairs of client and topic, QoS 1 and 2.',
        response: { 200: SlowAnswer, ...problemResponses },
      },
    },
    async () => {
      const { slow, slowEnabled } = hub.brokerAdmin.features;
      return {
        enabled: slowEnabled,
        thresholdMs: slow.thresholdMs,
        slow: slow.list().map(({ clientId, topic, tookMs, time }) => ({ clientId, topic, tookMs, time: rfc3339(time) })),
      };
    },
  );

  app.delete(
    '/api/v1/slow-subscriptions',
    {
      config: { permission: 'clients.write' },
      schema: {
        operationId: 'clearSlowSubscriptions',
        tags: ['broker'],
        summary: 'Begins the list again.',
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (_request, reply) => {
      hub.brokerAdmin.features.slow.clear();
      return reply.code(204).send(null);
    },
  );
}
