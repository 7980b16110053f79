import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { ClientInfo } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { Time } from '../schemas.ts';

export const ClientRow = Type.Object({
  clientId: Type.String(),
  username: Type.Optional(Type.String()),
  peer: Type.String(),
  protocol: Type.Unsafe<'3.1.1' | '5.0'>({ type: 'string', enum: ['3.1.1', '5.0'] }),
  listener: Type.String(),
  connected: Type.Boolean(),
  since: Time,
  keepAlive: Type.Number({ description: 'Seconds; 0 is none.' }),
  subscriptions: Type.Array(Type.Object({ filter: Type.String(), qos: Type.Integer() })),
  messagesIn: Type.Number(),
  messagesOut: Type.Number(),
  queued: Type.Number(),
  dropped: Type.Number(),
});
export type ClientRow = Static<typeof ClientRow>;
export const ClientsAnswer = Type.Object({ clients: Type.Array(ClientRow) });
export type ClientsAnswer = Static<typeof ClientsAnswer>;

export const clientToJson = (client: ClientInfo): ClientRow => ({
  ...client,
  since: rfc3339(client.since),
  subscriptions: client.subscriptions.map(({ filter, qos }) => ({ filter, qos })),
});

export function registerClients(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/clients',
    {
      config: { permission: 'clients.read' },
      schema: {
        operationId: 'getClients',
        tags: ['broker'],
        summary: 'MQTT clients and their sessions.',
        response: { 200: ClientsAnswer, ...problemResponses },
      },
    },
    async () => ({ clients: hub.clients().map(clientToJson) }),
  );
}
