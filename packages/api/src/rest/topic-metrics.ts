import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { TopicCounts } from '@omh/hub';
import { BrokerName } from '../broker-page.ts';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, StrictObject, Time } from '../schemas.ts';

const PerSecond = Type.Number({ description: 'Messages a second, over the last ten seconds.' });
const ByQos = Type.Array(Type.Number(), { description: 'By QoS 0, 1, 2.' });
export const TopicMetricsRow = Type.Object({
  topic: Type.String({ description: 'A topic, or a filter.' }),
  since: Time,
  in: Type.Number(),
  out: Type.Number(),
  dropped: Type.Number(),
  inQos: ByQos,
  outQos: ByQos,
  rateIn: PerSecond,
  rateOut: PerSecond,
  rateDropped: PerSecond,
});
export type TopicMetricsRow = Static<typeof TopicMetricsRow>;
export const TopicMetricsAnswer = Type.Object({
  topics: listOf(TopicMetricsRow, 'In the order in which they were added.'),
  max: Type.Integer({ description: 'So many at most.' }),
});
export type TopicMetricsAnswer = Static<typeof TopicMetricsAnswer>;
export const TopicMetricsBody = StrictObject({ topic: Type.String({ minLength: 1, maxLength: 2000 }) });
export type TopicMetricsBody = Static<typeof TopicMetricsBody>;

const countsToJson = ({ since, inQos, outQos, ...rest }: TopicCounts): TopicMetricsRow => ({
  ...rest,
  since: rfc3339(since),
  inQos: [...inQos],
  outQos: [...outQos],
});

export function registerTopicMetrics(app: App, { hub, log }: ApiContext): void {
  const answer = (): TopicMetricsAnswer => {
    const { topicMetrics, options } = hub.brokerAdmin.features;
    return { topics: topicMetrics.list().map(countsToJson), max: options.topicMetrics.maxTopics };
  };
  app.get(
    '/api/v1/topic-metrics',
    {
      config: { permission: 'clients.read' },
      schema: {
        operationId: 'getTopicMetrics',
        tags: ['broker'],
        summary: 'Counts and rates of chosen topics.',
        response: { 200: TopicMetricsAnswer, ...problemResponses },
      },
    },
    async () => answer(),
  );

  app.post(
    '/api/v1/topic-metrics',
    {
      config: { permission: 'clients.write' },
      schema: {
        operationId: 'addTopicMetrics',
        tags: ['broker'],
        summary: 'Counts a topic, or all topics under a filter, until the hub stops; those of the hub file are counted from its start.',
        body: TopicMetricsBody,
        response: { 200: TopicMetricsAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { topic } = request.body;
      request.audited = { what: `topic-metrics/${topic}` };
      hub.brokerAdmin.features.topicMetrics.add(topic, hub.clock.now());
      log.info('a topic is counted', { by: signedIn(request).name, topic });
      return answer();
    },
  );

  app.delete(
    '/api/v1/topic-metrics/:topic',
    {
      config: { permission: 'clients.write' },
      schema: {
        operationId: 'deleteTopicMetrics',
        tags: ['broker'],
        summary: 'Counts it no more.',
        params: Type.Object({ topic: BrokerName }),
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { topic } = request.params;
      request.audited = { what: `topic-metrics/${topic}` };
      if (!hub.brokerAdmin.features.topicMetrics.remove(topic))
        throw errors.API_UNKNOWN_NAME({ kind: 'counted topic', name: topic.slice(0, 300), hint: '' });
      log.info('a topic is counted no more', { by: signedIn(request).name, topic });
      return reply.code(204).send(null);
    },
  );
}
