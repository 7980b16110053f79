import { Type, type Static } from '@fastify/type-provider-typebox';
import { brokerPage, brokerPageQuery, countedCursor } from '../broker-page.ts';
import type { ApiContext, App } from '../context.ts';
import { checkedFilter } from '../filter.ts';
import { problemResponses } from '../problem.ts';
import { listOf } from '../schemas.ts';

export const SubscriptionRow = Type.Object({
  clientId: Type.String(),
  filter: Type.String(),
  qos: Type.Integer(),
  noLocal: Type.Boolean(),
  retainAsPublished: Type.Boolean(),
  id: Type.Optional(Type.Integer({ description: 'Subscription identifier.' })),
  connected: Type.Boolean(),
});
export type SubscriptionRow = Static<typeof SubscriptionRow>;
export const SubscriptionsAnswer = Type.Object({
  subscriptions: listOf(SubscriptionRow, 'Client by client.'),
  cursor: Type.Optional(Type.String()),
});
export type SubscriptionsAnswer = Static<typeof SubscriptionsAnswer>;

export function registerSubscriptions(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/subscriptions',
    {
      config: { permission: 'clients.read' },
      schema: {
        operationId: 'getSubscriptions',
        tags: ['broker'],
        summary: 'What MQTT clients are subscribed to, a page at a time.',
        querystring: Type.Object({
          filter: Type.Optional(Type.String({ maxLength: 2000, description: 'The same filter, and those that it matches.' })),
          ...brokerPageQuery,
        }),
        response: { 200: SubscriptionsAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { filter, cursor, limit = 100 } = request.query;
      const from = countedCursor(cursor);
      const page = hub.brokerAdmin.subscriptions(filter === undefined ? undefined : checkedFilter(filter), String(from), limit);
      const { rows, cursor: next } = brokerPage(
        page,
        (s) => s.clientId.length + s.filter.length,
        (_s, count) => String(from + count),
      );
      const subscriptions = rows.map(({ id, ...rest }) => ({ ...rest, ...(id === 0 ? {} : { id }) }));
      return { subscriptions, ...(next === undefined ? {} : { cursor: next }) };
    },
  );
}
