import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows } from '@omh/access';
import type { RetainedInfo } from '@omh/hub';
import { brokerPage, brokerPageQuery, BrokerName } from '../broker-page.ts';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { checkedFilter } from '../filter.ts';
import { payloadText } from '../payload-text.ts';
import { demand, signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf } from '../schemas.ts';

/** The pieces of a message's payload in an answer. */
export const payloadFields = {
  payload: Type.String(),
  encoding: Type.Unsafe<'utf8' | 'base64'>({ type: 'string', enum: ['utf8', 'base64'] }),
  size: Type.Integer({ description: 'Bytes of the whole payload.' }),
  truncated: Type.Optional(Type.Boolean({ description: 'Only its first bytes are here.' })),
};
/** Bytes of one payload that are shown when it is asked for alone. */
export const wholePayload = 256 * 1024;
const previewBytes = 256;

export const RetainedRow = Type.Object({
  topic: Type.String(),
  qos: Type.Integer(),
  expires: Type.Optional(Type.Number({ description: 'Seconds it is still kept; absent: for ever.' })),
  ...payloadFields,
});
export type RetainedRow = Static<typeof RetainedRow>;
export const RetainedAnswer = Type.Object({
  retained: listOf(RetainedRow, 'In order of topic, with the first bytes of each payload.'),
  cursor: Type.Optional(Type.String()),
});
export type RetainedAnswer = Static<typeof RetainedAnswer>;

const retainedToJson = ({ topic, qos, payload, expiry }: RetainedInfo, bytes: number): RetainedRow => ({
  topic,
  qos,
  ...(expiry < 0 ? {} : { expires: expiry }),
  ...payloadText(payload, bytes),
});
const unknownTopic = (topic: string): Error => errors.API_UNKNOWN_NAME({ kind: 'retained message', name: topic.slice(0, 300), hint: '' });

export function registerRetained(app: App, { hub, log }: ApiContext): void {
  app.get(
    '/api/v1/retained',
    {
      config: { permission: 'mqtt.subscribe', narrowed: true },
      schema: {
        operationId: 'getRetained',
        tags: ['broker'],
        summary: 'Retained messages below a filter, a page at a time.',
        querystring: Type.Object({ filter: Type.Optional(Type.String({ maxLength: 2000, default: '#' })), ...brokerPageQuery }),
        response: { 200: RetainedAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { filter = '#', cursor, limit = 100 } = request.query;
      const principal = signedIn(request);
      demand(principal, 'mqtt.subscribe', checkedFilter(filter));
      const page = await hub.brokerAdmin.retained(filter, cursor, limit);
      const { rows, cursor: next } = brokerPage(
        page,
        (r) => r.topic.length + Math.min(previewBytes, r.bytes),
        (r) => r.topic,
      );
      // `#` lists topics that begin with `$` too, which a permission for `#` does not cover.
      const seen = rows.filter((r) => !r.topic.startsWith('$') || allows(principal, 'mqtt.subscribe', r.topic));
      return { retained: seen.map((r) => retainedToJson(r, previewBytes)), ...(next === undefined ? {} : { cursor: next }) };
    },
  );

  const params = Type.Object({ topic: BrokerName });
  app.get(
    '/api/v1/retained/:topic',
    {
      config: { permission: 'mqtt.subscribe', narrowed: true },
      schema: {
        operationId: 'getRetainedMessage',
        tags: ['broker'],
        summary: 'The retained message of one topic, percent-encoded as one segment of the path.',
        params,
        response: { 200: RetainedRow, ...problemResponses },
      },
    },
    async (request) => {
      const { topic } = request.params;
      demand(signedIn(request), 'mqtt.subscribe', topic);
      if (/[+#]/.test(topic)) throw unknownTopic(topic);
      const found = (await hub.brokerAdmin.retained(topic, undefined, 1)).items[0];
      if (found === undefined) throw unknownTopic(topic);
      return retainedToJson(found, wholePayload);
    },
  );

  app.delete(
    '/api/v1/retained/:topic',
    {
      config: { permission: 'retained.write', narrowed: true },
      schema: {
        operationId: 'deleteRetained',
        tags: ['broker'],
        summary: 'Deletes the retained message of one topic; who subscribed already is told nothing.',
        params,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { topic } = request.params;
      demand(signedIn(request), 'retained.write', topic);
      request.audited = { what: `retained/${topic}` };
      if (!hub.brokerAdmin.deleteRetained(topic)) throw unknownTopic(topic);
      log.info('a retained message was deleted', { by: signedIn(request).name, topic });
      return reply.code(204).send(null);
    },
  );
}
