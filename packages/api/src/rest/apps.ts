import { Type, type Static } from '@fastify/type-provider-typebox';
import type { AppStatus } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { healthFields, healthToJson } from '../schemas.ts';
import { QueueRow, queueToJson } from './queues.ts';

export const AppRow = Type.Object({
  name: Type.String(),
  type: Type.String(),
  ...healthFields,
  target: Type.String(),
  subscriptions: Type.Array(Type.Object({ device: Type.String(), group: Type.String(), topic: Type.String() })),
  messages: Type.Number(),
  failed: Type.Number(),
  queue: Type.Optional(QueueRow),
  requests: Type.Optional(
    Type.Object({ answered: Type.Integer(), refused: Type.Integer() }, { description: 'Requests over MQTT, where the app takes them.' }),
  ),
});
export type AppRow = Static<typeof AppRow>;
export const AppsAnswer = Type.Object({ apps: Type.Array(AppRow) });
export type AppsAnswer = Static<typeof AppsAnswer>;

export const appToJson = (app: AppStatus): AppRow => ({
  name: app.name,
  type: app.type,
  ...healthToJson(app.health),
  target: app.target,
  subscriptions: app.subscriptions.map(({ device, group, topic }) => ({ device, group, topic })),
  messages: app.messages,
  failed: app.failed,
  ...(app.queue === undefined ? {} : { queue: queueToJson(app.queue) }),
  ...(app.requests === undefined ? {} : { requests: { ...app.requests } }),
});

export function registerApps(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/apps',
    {
      config: { permission: 'apps.read' },
      schema: {
        operationId: 'getApps',
        tags: ['apps'],
        summary: 'Applications that send values north.',
        response: { 200: AppsAnswer, ...problemResponses },
      },
    },
    async () => ({ apps: hub.apps().map(appToJson) }),
  );
}
