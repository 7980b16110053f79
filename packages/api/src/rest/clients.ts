import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { ClientDetail, ClientInfo, Departure } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { brokerPage, brokerPageQuery, BrokerName } from '../broker-page.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, StrictObject, Time } from '../schemas.ts';

const client = {
  clientId: Type.String(),
  username: Type.Optional(Type.String()),
  peer: Type.String({ description: '`ip:port` of its last socket.' }),
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
};
export const ClientRow = Type.Object({
  ...client,
  subscriptionCount: Type.Integer({ description: '`subscriptions` are the first of them.' }),
});
export type ClientRow = Static<typeof ClientRow>;
export const ClientsAnswer = Type.Object({
  clients: listOf(ClientRow, 'In order of their ids.'),
  total: Type.Integer({ description: 'All that are like that, on every page.' }),
  connected: Type.Integer(),
  cursor: Type.Optional(Type.String()),
});
export type ClientsAnswer = Static<typeof ClientsAnswer>;

export const DepartureRow = Type.Object({
  time: Time,
  reason: Type.String({ description: '`normal`, `tcp_closed`, `keepalive_timeout`, `kicked`, `takenover` and the like.' }),
  peer: Type.String(),
  username: Type.Optional(Type.String()),
});
export type DepartureRow = Static<typeof DepartureRow>;
export const ClientAnswer = Type.Object({
  clientId: Type.String(),
  client: Type.Optional(
    Type.Object({
      ...client,
      subscriptionCount: Type.Integer(),
      inflight: Type.Integer({ description: 'Messages on their way and not acknowledged.' }),
      awaitingRelease: Type.Integer({ description: 'QoS 2 messages whose PUBREL has not come.' }),
      sessionExpiry: Type.Number({ description: 'Seconds the session outlives its connection.' }),
      principal: Type.Optional(Type.String()),
      outBytes: Type.Integer({ description: 'Bytes that wait for its socket.' }),
    }),
  ),
  departure: Type.Optional(DepartureRow),
});
export type ClientAnswer = Static<typeof ClientAnswer>;

/** A page shows the first of these; a client has them all in its detail, up to a bound. */
const shownSubscriptions = 1000;
const fieldsOf = ({ clientId, username, peer, protocol, listener, connected, since, ...more }: ClientInfo) => ({
  clientId,
  ...(username === undefined ? {} : { username }),
  peer,
  protocol,
  listener,
  connected,
  since: rfc3339(since),
  keepAlive: more.keepAlive,
  subscriptions: more.subscriptions.slice(0, shownSubscriptions).map(({ filter, qos }) => ({ filter, qos })),
  messagesIn: more.messagesIn,
  messagesOut: more.messagesOut,
  queued: more.queued,
  dropped: more.dropped,
});
const departureToJson = ({ time, reason, peer, username }: Departure): DepartureRow => ({
  time: rfc3339(time),
  reason,
  peer,
  ...(username === undefined ? {} : { username }),
});
const detailToJson = (detail: ClientDetail): NonNullable<ClientAnswer['client']> => ({
  ...fieldsOf(detail),
  subscriptionCount: detail.subscriptions.length,
  inflight: detail.inflight,
  awaitingRelease: detail.awaitingRelease,
  sessionExpiry: detail.sessionExpiry,
  ...(detail.principal === undefined ? {} : { principal: detail.principal }),
  outBytes: detail.outBytes,
});

export function registerClients(app: App, { hub, log }: ApiContext): void {
  app.get(
    '/api/v1/clients',
    {
      config: { permission: 'clients.read' },
      schema: {
        operationId: 'getClients',
        tags: ['broker'],
        summary: 'MQTT clients and their sessions, a page at a time.',
        querystring: Type.Object({
          find: Type.Optional(Type.String({ maxLength: 200, description: 'Piece of the id, user name or address, in any case.' })),
          state: Type.Optional(Type.Unsafe<'connected' | 'away'>({ type: 'string', enum: ['connected', 'away'] })),
          ...brokerPageQuery,
        }),
        response: { 200: ClientsAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { find, state, cursor, limit = 100 } = request.query;
      const page = await hub.brokerAdmin.clientPage({
        find,
        connected: state === undefined ? undefined : state === 'connected',
        cursor,
        limit,
      });
      const { rows, cursor: next } = brokerPage(
        page,
        (c) => c.clientId.length + c.subscriptions.reduce((sum, { filter }) => sum + filter.length, 0),
        (c) => c.clientId,
      );
      const clients = rows.map((c) => ({ ...fieldsOf(c), subscriptionCount: c.subscriptionCount }));
      return { clients, total: page.total, connected: page.connected, ...(next === undefined ? {} : { cursor: next }) };
    },
  );

  const params = Type.Object({ id: BrokerName });
  app.get(
    '/api/v1/clients/:id',
    {
      config: { permission: 'clients.read' },
      schema: {
        operationId: 'getClient',
        tags: ['broker'],
        summary: 'One client: its session, its queue, and why it went the last time, for an hour.',
        params,
        response: { 200: ClientAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { id } = request.params;
      const found = hub.brokerAdmin.client(id);
      if (found === undefined) throw errors.API_UNKNOWN_NAME({ kind: 'client', name: id.slice(0, 300), hint: '' });
      return {
        clientId: id,
        ...('clientId' in found ? { client: detailToJson(found) } : {}),
        ...(found.departure === undefined ? {} : { departure: departureToJson(found.departure) }),
      };
    },
  );

  app.delete(
    '/api/v1/clients/:id',
    {
      config: { permission: 'clients.write' },
      schema: {
        operationId: 'disconnectClient',
        tags: ['broker'],
        summary: 'Sends a client away; a 5.0 client hears DISCONNECT 0x98 with the reason. It may come back: a ban keeps it out.',
        params,
        querystring: StrictObject({
          reason: Type.Optional(Type.String({ maxLength: 1000 })),
          session: Type.Optional(
            Type.Unsafe<'keep' | 'end'>({
              type: 'string',
              enum: ['keep', 'end'],
              description: 'Whether its session ends too; default keep.',
            }),
          ),
        }),
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { reason, session = 'keep' } = request.query;
      request.audited = { what: `clients/${id}`, detail: { session, ...(reason === undefined ? {} : { reason }) } };
      if (!hub.brokerAdmin.disconnect(id, reason ?? 'sent away by an administrator', session === 'end'))
        throw errors.API_UNKNOWN_NAME({ kind: 'client', name: id.slice(0, 300), hint: '' });
      log.info('a client was sent away', { by: signedIn(request).name, client: id, session });
      return reply.code(204).send(null);
    },
  );
}
