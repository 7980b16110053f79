import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { DelayedMessage } from '@omh/hub';
import { brokerPage, brokerPageQuery, countedCursor } from '../broker-page.ts';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { checkedFilter } from '../filter.ts';
import { payloadText } from '../payload-text.ts';
import { demand, signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, Time } from '../schemas.ts';
import { payloadFields, wholePayload } from './retained.ts';

const message = {
  id: Type.Integer(),
  topic: Type.String({ description: 'Where it goes.' }),
  qos: Type.Integer(),
  retain: Type.Boolean(),
  bytes: Type.Integer(),
  time: Type.String({ format: 'date-time', description: 'When it came.' }),
  due: Time,
  clientId: Type.String(),
};
export const DelayedRow = Type.Object(message);
export type DelayedRow = Static<typeof DelayedRow>;
export const DelayedAnswer = Type.Object({
  enabled: Type.Boolean(),
  total: Type.Integer({ description: 'All that wait.' }),
  delayed: listOf(DelayedRow, 'In the order in which they came.'),
  cursor: Type.Optional(Type.String()),
});
export type DelayedAnswer = Static<typeof DelayedAnswer>;
export const DelayedMessageAnswer = Type.Object({ ...message, ...payloadFields });
export type DelayedMessageAnswer = Static<typeof DelayedMessageAnswer>;

const delayedToJson = ({ id, topic, qos, retain, bytes, time, due, clientId }: DelayedMessage): DelayedRow => ({
  id,
  topic,
  qos,
  retain,
  bytes,
  time: rfc3339(time),
  due: rfc3339(due),
  clientId,
});

export function registerDelayed(app: App, { hub, log }: ApiContext): void {
  const byId = (id: number) => {
    const found = hub.brokerAdmin.features.delayed.get(id);
    if (found === undefined) throw errors.API_UNKNOWN_NAME({ kind: 'delayed message', name: String(id), hint: '' });
    return found;
  };
  app.get(
    '/api/v1/delayed',
    {
      config: { permission: 'clients.read' },
      schema: {
        operationId: 'getDelayed',
        tags: ['broker'],
        summary: 'Messages of `$delayed/{seconds}/{topic}` that wait for their time.',
        querystring: Type.Object({ filter: Type.Optional(Type.String({ maxLength: 2000, default: '#' })), ...brokerPageQuery }),
        response: { 200: DelayedAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { filter = '#', cursor, limit = 100 } = request.query;
      const { delayed, options } = hub.brokerAdmin.features;
      const { messages, next } = delayed.list(checkedFilter(filter), countedCursor(cursor), limit);
      const { rows, cursor: after } = brokerPage(
        { items: messages, ...(next === undefined ? {} : { next: String(next) }) },
        (m) => m.topic.length + m.clientId.length,
        (m) => String(m.id),
      );
      return {
        enabled: options.delayed.enabled,
        total: delayed.size,
        delayed: rows.map(delayedToJson),
        ...(after === undefined ? {} : { cursor: after }),
      };
    },
  );

  const params = Type.Object({ id: Type.Integer({ minimum: 0 }) });
  app.get(
    '/api/v1/delayed/:id',
    {
      config: { permission: 'mqtt.subscribe', narrowed: true },
      schema: {
        operationId: 'getDelayedMessage',
        tags: ['broker'],
        summary: 'One of them, with its payload.',
        params,
        response: { 200: DelayedMessageAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { payload, ...found } = byId(request.params.id);
      demand(signedIn(request), 'mqtt.subscribe', found.topic);
      return { ...delayedToJson(found), ...payloadText(payload, wholePayload) };
    },
  );

  app.delete(
    '/api/v1/delayed/:id',
    {
      config: { permission: 'retained.write', narrowed: true },
      schema: {
        operationId: 'deleteDelayed',
        tags: ['broker'],
        summary: 'It will not be published.',
        params,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { id, topic } = byId(request.params.id);
      demand(signedIn(request), 'retained.write', topic);
      request.audited = { what: `delayed/${id}`, detail: { topic } };
      hub.brokerAdmin.features.delayed.delete(id);
      log.info('a delayed message was deleted', { by: signedIn(request).name, id, topic });
      return reply.code(204).send(null);
    },
  );
}
