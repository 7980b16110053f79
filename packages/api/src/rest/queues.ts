import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows } from '@omh/access';
import { rfc3339, type Principal, type QueueStatus } from '@omh/core';
import type { ShownLetter } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { payloadText } from '../payload-text.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { healthFields, healthToJson, listOf, NameParams, Ok, ReasonSchema, Time } from '../schemas.ts';
import { payloadFields } from './retained.ts';

const counterNames = [
  'matched',
  'received',
  'found',
  'success',
  'failed',
  'inflight',
  'queuing',
  'queuing_bytes',
  'dropped',
  'dropped.queue_full',
  'dropped.expired',
  'dropped.other',
  'retried',
  'retried.success',
  'retried.failed',
  'late_reply',
] as const;
type Counters = QueueStatus['counters'];

export const QueueRow = Type.Object({
  name: Type.String({ description: 'Whose it is: app/north.' }),
  orphan: Type.Optional(Type.Boolean({ description: 'Its app is gone, or stores nothing any more: what waits is sent by nobody.' })),
  ...healthFields,
  breaker: Type.Unsafe<QueueStatus['breaker']>({ type: 'string', enum: ['closed', 'open', 'halfOpen', 'idle'] }),
  counters: Type.Unsafe<Counters>({
    type: 'object',
    properties: Object.fromEntries(counterNames.map((name) => [name, { type: 'number' }])),
    required: [...counterNames],
    description: 'matched + found = success + failed + inflight + queuing + dropped, since the queue was opened.',
  }),
  capacity: Type.Object({
    bytes: Type.Number(),
    maxBytes: Type.Number(),
    bytesPerSecond: Type.Number({ description: 'What is offered, over ten minutes.' }),
    hours: Type.Optional(Type.Number({ description: 'From empty to full at that rate.' })),
    hoursLeft: Type.Optional(Type.Number({ description: 'Until it is full at that rate.' })),
    oldest: Type.Optional(Type.String({ format: 'date-time', description: 'Time of the oldest waiting entry.' })),
    hoursHeld: Type.Number({ description: 'Age of it.' }),
  }),
  deadLetters: Type.Object({ count: Type.Integer(), bytes: Type.Number(), dropped: Type.Integer() }),
});
export type QueueRow = Static<typeof QueueRow>;
export const QueuesAnswer = Type.Object({ queues: Type.Array(QueueRow) });
export type QueuesAnswer = Static<typeof QueuesAnswer>;

export const DeadLetterRow = Type.Object({
  position: Type.Integer({ description: 'Its place among the dead letters.' }),
  id: Type.String({ description: 'The id it was sent with.' }),
  time: Time,
  diedAt: Type.String({ format: 'date-time', description: 'When it was given up.' }),
  attempts: Type.Integer(),
  reason: ReasonSchema,
  bytes: Type.Integer(),
  topic: Type.Optional(Type.String()),
  payload: Type.Optional(payloadFields.payload),
  encoding: Type.Optional(payloadFields.encoding),
  size: Type.Optional(payloadFields.size),
  truncated: payloadFields.truncated,
});
export type DeadLetterRow = Static<typeof DeadLetterRow>;
export const DeadLettersAnswer = Type.Object({
  deadLetters: listOf(DeadLetterRow, 'Oldest first; payloads for those who may read their topic.'),
  cursor: Type.Optional(Type.String({ description: 'Hand it back for the next page.' })),
});
export type DeadLettersAnswer = Static<typeof DeadLettersAnswer>;

const shownBytes = 4096;

export function queueToJson({ name, health, breaker, counters, capacity, deadLetters }: QueueStatus): QueueRow {
  const { hours, hoursLeft, oldest, bytes, maxBytes, bytesPerSecond, hoursHeld } = capacity;
  return {
    name,
    ...healthToJson(health),
    breaker,
    counters: { ...counters },
    capacity: {
      bytes,
      maxBytes,
      bytesPerSecond,
      hoursHeld,
      ...(hours === undefined ? {} : { hours }),
      ...(hoursLeft === undefined ? {} : { hoursLeft }),
      ...(oldest === undefined ? {} : { oldest: rfc3339(oldest) }),
    },
    deadLetters: { ...deadLetters },
  };
}

function letterToJson({ position, id, time, diedAt, attempts, reason, record, message }: ShownLetter, principal: Principal): DeadLetterRow {
  const row: DeadLetterRow = {
    position,
    id,
    time: rfc3339(time),
    diedAt: rfc3339(diedAt),
    attempts,
    reason: { code: reason.code, params: { ...reason.params }, text: reason.text },
    bytes: record.length,
  };
  if (message === undefined) return row;
  row.topic = message.topic;
  return allows(principal, 'mqtt.subscribe', message.topic) ? { ...row, ...payloadText(message.payload, shownBytes) } : row;
}

export function registerQueues(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/queues',
    {
      config: { permission: 'apps.read' },
      schema: {
        operationId: 'getQueues',
        tags: ['apps'],
        summary: 'What waits on the disk to be delivered, and how long an outage may last.',
        response: { 200: QueuesAnswer, ...problemResponses },
      },
    },
    async () => ({ queues: hub.queues.list().map((queue) => ({ ...queueToJson(queue), orphan: queue.orphan })) }),
  );

  app.post(
    '/api/v1/queues/:name/hand-over',
    {
      config: { permission: 'queues.write' },
      schema: {
        operationId: 'handOverQueue',
        tags: ['apps'],
        summary:
          'Begins to hand what waits in a queue without an app to the queue of another app, oldest first; it is gone when it is empty.',
        params: NameParams,
        body: Type.Object({ to: Type.String({ minLength: 1, maxLength: 300, description: 'app/south' }) }, { additionalProperties: false }),
        response: { 200: Ok, ...problemResponses },
      },
    },
    async (request) => {
      hub.queues.handOver(request.params.name, request.body.to, signedIn(request));
      return { result: 'ok' as const };
    },
  );
  app.delete(
    '/api/v1/queues/:name',
    {
      config: { permission: 'queues.write' },
      schema: {
        operationId: 'discardQueue',
        tags: ['apps'],
        summary: 'Removes a queue without an app, with all that is in it.',
        params: NameParams,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      await hub.queues.discard(request.params.name, signedIn(request));
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/queues/:name/entries',
    {
      config: { permission: 'queues.write' },
      schema: {
        operationId: 'clearQueue',
        tags: ['apps'],
        summary: 'Drops all that waits and is not on its way.',
        params: NameParams,
        response: { 200: Type.Object({ dropped: Type.Integer() }), ...problemResponses },
      },
    },
    async (request) => ({ dropped: await hub.queues.clear(request.params.name, signedIn(request)) }),
  );

  app.get(
    '/api/v1/queues/:name/dead-letters',
    {
      config: { permission: 'apps.read' },
      schema: {
        operationId: 'getDeadLetters',
        tags: ['apps'],
        summary: 'What the target will never take, with the reason.',
        params: NameParams,
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
          cursor: Type.Optional(Type.String({ pattern: '^\\d{1,16}$', description: 'Of the page before.' })),
        }),
        response: { 200: DeadLettersAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { limit = 100, cursor } = request.query;
      const principal = signedIn(request);
      const from = cursor === undefined ? undefined : Number(cursor);
      const letters = await hub.queues.deadLetters(request.params.name, from, limit + 1);
      return {
        deadLetters: letters.slice(0, limit).map((letter) => letterToJson(letter, principal)),
        ...(letters.length > limit ? { cursor: String(letters[limit]!.position) } : {}),
      };
    },
  );

  const params = Type.Object({ ...NameParams.properties, position: Type.Integer({ minimum: 0 }) });
  app.post(
    '/api/v1/queues/:name/dead-letters/:position/replay',
    {
      config: { permission: 'queues.write' },
      schema: {
        operationId: 'replayDeadLetter',
        tags: ['apps'],
        summary: 'Puts it back to what waits.',
        params,
        response: { 200: Ok, ...problemResponses },
      },
    },
    async (request) => {
      const { name, position } = request.params;
      await hub.queues.replay(name, position, signedIn(request));
      return { result: 'ok' as const };
    },
  );
  app.delete(
    '/api/v1/queues/:name/dead-letters/:position',
    {
      config: { permission: 'queues.write' },
      schema: {
        operationId: 'removeDeadLetter',
        tags: ['apps'],
        summary: 'It will not be sent.',
        params,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { name, position } = request.params;
      await hub.queues.remove(name, position, signedIn(request));
      return reply.code(204).send(null);
    },
  );
}
