import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows } from '@omh/access';
import { rfc3339, type Principal } from '@omh/core';
import type { TraceLine, TraceRequest, TraceState } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, Ok, StrictObject, Time } from '../schemas.ts';

const By = Type.Unsafe<TraceRequest['by']>({ type: 'string', enum: ['client', 'topic', 'address'] });
const Shown = Type.Unsafe<TraceState['payload']>({ type: 'string', enum: ['hidden', 'text', 'hex'] });
export const TraceRow = Type.Object({
  name: Type.String(),
  by: By,
  value: Type.String(),
  payload: Shown,
  running: Type.Boolean(),
  since: Time,
  until: Type.String({ format: 'date-time', description: 'When it ends, or ended.' }),
  lines: Type.Integer(),
  lost: Type.Integer({ description: 'Older lines that had to go for newer ones.' }),
});
export type TraceRow = Static<typeof TraceRow>;
export const TracesAnswer = Type.Object({ traces: listOf(TraceRow, 'In the order in which they were started.') });
export type TracesAnswer = Static<typeof TracesAnswer>;
/** Begins with a letter or digit and makes the name of a file. */
const traceName = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';
export const TraceBody = StrictObject({
  name: Type.String({ pattern: traceName, description: 'Letters, digits and . _ -' }),
  by: By,
  value: Type.String({ minLength: 1, maxLength: 2000, description: 'A client id, a topic or filter, or an IP address.' }),
  payload: Type.Optional(Type.Unsafe<TraceState['payload']>({ ...Shown, description: 'How payloads are shown; hidden when absent.' })),
  seconds: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 86_400, description: 'It ends by itself after this time; an hour when absent.' }),
  ),
});
export type TraceBody = Static<typeof TraceBody>;
export const TraceLineRow = Type.Object({
  seq: Type.Integer({ description: '1, 2, 3 … since the trace was started.' }),
  time: Time,
  what: Type.String(),
  clientId: Type.String(),
  username: Type.Optional(Type.String()),
  peer: Type.Optional(Type.String()),
  topic: Type.Optional(Type.String()),
  qos: Type.Optional(Type.Integer()),
  retain: Type.Optional(Type.Boolean()),
  bytes: Type.Optional(Type.Integer()),
  payload: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
});
export type TraceLineRow = Static<typeof TraceLineRow>;
export const TraceLinesAnswer = Type.Object({
  trace: TraceRow,
  lines: listOf(TraceLineRow, 'The oldest first.'),
  more: Type.Boolean({ description: 'There are newer ones than these.' }),
});
export type TraceLinesAnswer = Static<typeof TraceLinesAnswer>;

const traceToJson = ({ since, until, ...rest }: TraceState): TraceRow => ({ ...rest, since: rfc3339(since), until: rfc3339(until) });
const lineToJson = ({ time, ...rest }: TraceLine, seq: number): TraceLineRow => ({ seq, time: rfc3339(time), ...rest });

/** Payloads of a topic are for who may read it; those of a client or an address may be of any. */
function demandPayload(principal: Principal, { by, value, payload }: Pick<TraceState, 'by' | 'value' | 'payload'>): void {
  if (payload === 'hidden' || allows(principal, 'mqtt.subscribe', by === 'topic' ? value : undefined)) return;
  throw errors.API_NOT_ALLOWED({ principal: principal.name, verb: by === 'topic' ? `mqtt.subscribe ${value}` : 'mqtt.subscribe' });
}

export function registerTraces(app: App, { hub, log }: ApiContext): void {
  const params = Type.Object({ name: Type.String({ pattern: traceName }) });
  const unknown = (name: string): Error => errors.API_UNKNOWN_NAME({ kind: 'trace', name, hint: '' });

  app.get(
    '/api/v1/traces',
    {
      config: { permission: 'traces.write' },
      schema: {
        operationId: 'getTraces',
        tags: ['broker'],
        summary: 'What is followed through the broker, and was.',
        response: { 200: TracesAnswer, ...problemResponses },
      },
    },
    async () => ({ traces: hub.brokerAdmin.features.traces.list().map(traceToJson) }),
  );

  app.post(
    '/api/v1/traces',
    {
      config: { permission: 'traces.write' },
      schema: {
        operationId: 'startTrace',
        tags: ['broker'],
        summary: 'Follows a client, a topic or an address for a time; its lines are kept in a bounded memory until it is deleted.',
        body: TraceBody,
        response: { 200: TraceRow, ...problemResponses },
      },
    },
    async (request) => {
      const { name, by, value, payload = 'hidden', seconds } = request.body;
      request.audited = { what: `traces/${name}`, detail: { by, value, payload, ...(seconds === undefined ? {} : { seconds }) } };
      demandPayload(signedIn(request), { by, value, payload });
      const forMs = seconds === undefined ? {} : { forMs: seconds * 1000 };
      const state = hub.brokerAdmin.features.traces.start({ name, by, value, payload, ...forMs });
      log.info('a trace was started', { by: signedIn(request).name, trace: name, of: by, value });
      return traceToJson(state);
    },
  );

  app.post(
    '/api/v1/traces/:name/stop',
    {
      config: { permission: 'traces.write' },
      schema: {
        operationId: 'stopTrace',
        tags: ['broker'],
        summary: 'Ends it; its lines stay.',
        params,
        response: { 200: Ok, ...problemResponses },
      },
    },
    async (request) => {
      if (!hub.brokerAdmin.features.traces.stop(request.params.name)) throw unknown(request.params.name);
      return { result: 'ok' as const };
    },
  );

  app.delete(
    '/api/v1/traces/:name',
    {
      config: { permission: 'traces.write' },
      schema: {
        operationId: 'deleteTrace',
        tags: ['broker'],
        summary: 'Ends it and forgets its lines.',
        params,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      if (!hub.brokerAdmin.features.traces.delete(request.params.name)) throw unknown(request.params.name);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/traces/:name/lines',
    {
      config: { permission: 'traces.write' },
      schema: {
        operationId: 'getTraceLines',
        tags: ['broker'],
        summary: 'What was seen; with `format=text` all of it as a file.',
        params,
        querystring: Type.Object({
          after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only lines with a larger seq.' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 })),
          format: Type.Optional(Type.Unsafe<'json' | 'text'>({ type: 'string', enum: ['json', 'text'] })),
        }),
        response: {
          200: {
            description: 'The lines.',
            content: { 'application/json': { schema: TraceLinesAnswer }, 'text/plain': { schema: Type.String() } },
          },
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { after = 0, limit = 200, format = 'json' } = request.query;
      const { traces } = hub.brokerAdmin.features;
      const trace = traces.get(name);
      if (trace === undefined) throw unknown(name);
      demandPayload(signedIn(request), trace);
      if (format === 'text') {
        return reply
          .type('text/plain; charset=utf-8')
          .header('content-disposition', `attachment; filename="${name}.log"`)
          .serializer((text: string) => text)
          .send(traces.download(name, 'text') ?? '');
      }
      const lines = traces.lines(name) ?? [];
      const from = Math.max(0, after - trace.lost);
      return {
        trace: traceToJson(trace),
        lines: lines.slice(from, from + limit).map((line, i) => lineToJson(line, trace.lost + from + i + 1)),
        more: lines.length > from + limit,
      };
    },
  );
}
