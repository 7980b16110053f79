import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339, type Micros } from '@omh/core';
import type { Ban, BanKind } from '@omh/hub';
import { brokerPage, brokerPageQuery, BrokerName, countedCursor } from '../broker-page.ts';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { instantMs } from '../instant.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, StrictObject, Time } from '../schemas.ts';

const Kind = Type.Unsafe<BanKind>({ type: 'string', enum: ['client', 'user', 'address'] });
export const BanRow = Type.Object({
  kind: Kind,
  value: Type.String({ description: 'Client id or user name, where `*` stands for any characters, or an address or a block of them.' }),
  reason: Type.String(),
  by: Type.String({ description: 'Who said so, or `flapping`.' }),
  at: Time,
  until: Type.Optional(Time),
});
export type BanRow = Static<typeof BanRow>;
export const BannedAnswer = Type.Object({
  banned: listOf(BanRow, 'The newest first.'),
  total: Type.Integer(),
  cursor: Type.Optional(Type.String()),
});
export type BannedAnswer = Static<typeof BannedAnswer>;
export const BanBody = StrictObject({
  kind: Kind,
  value: Type.String({ minLength: 1, maxLength: 1000 }),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  until: Type.Optional(Type.String({ maxLength: 50, description: 'RFC 3339 or `now+2h`; absent: until it is lifted.' })),
});
export type BanBody = Static<typeof BanBody>;

const banToJson = ({ kind, value, reason, by, at, until }: Ban): BanRow => ({
  kind,
  value,
  reason,
  by,
  at: rfc3339(at),
  ...(until === undefined ? {} : { until: rfc3339(until) }),
});

export function registerBanned(app: App, { hub, log }: ApiContext): void {
  app.get(
    '/api/v1/banned',
    {
      config: { permission: 'clients.read' },
      schema: {
        operationId: 'getBanned',
        tags: ['broker'],
        summary: 'Who may not connect over MQTT.',
        querystring: Type.Object({
          find: Type.Optional(Type.String({ maxLength: 200, description: 'Piece of what is banned or why, in any case.' })),
          ...brokerPageQuery,
        }),
        response: { 200: BannedAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { find = '', cursor, limit = 100 } = request.query;
      const from = countedCursor(cursor);
      const text = find.toLowerCase();
      const all = hub.brokerAdmin.bans
        .list()
        .filter(({ value, reason, by }) => text === '' || `${value}\n${reason}\n${by}`.toLowerCase().includes(text));
      const { rows, cursor: next } = brokerPage(
        { items: all.slice(from, from + limit), ...(all.length > from + limit ? { next: String(from + limit) } : {}) },
        (b) => b.value.length + b.reason.length,
        (_b, count) => String(from + count),
      );
      return { banned: rows.map(banToJson), total: all.length, ...(next === undefined ? {} : { cursor: next }) };
    },
  );

  app.post(
    '/api/v1/banned',
    {
      config: { permission: 'bans.write' },
      schema: {
        operationId: 'ban',
        tags: ['broker'],
        summary: 'Keeps somebody out from now on, and sends away who is in. In place of an earlier ban of the same.',
        body: BanBody,
        response: { 200: BanRow, ...problemResponses },
      },
    },
    async (request) => {
      const { kind, value, reason = '', until } = request.body;
      const by = signedIn(request).name;
      request.audited = {
        what: `banned/${kind}/${value}`,
        detail: { ...(reason === '' ? {} : { reason }), ...(until === undefined ? {} : { until }) },
      };
      const ends = until === undefined ? undefined : instantMs('until', until, hub.clock.now() / 1000);
      if (ends !== undefined && ends * 1000 <= hub.clock.now()) throw errors.API_UNTIL_PAST({ until: until! });
      const ban = hub.brokerAdmin.ban({
        kind,
        value,
        reason,
        by,
        ...(ends === undefined ? {} : { until: Math.floor(ends * 1000) as Micros }),
      });
      log.info('somebody was banned from the broker', { by, kind, value });
      return banToJson(ban);
    },
  );

  app.delete(
    '/api/v1/banned/:kind/:value',
    {
      config: { permission: 'bans.write' },
      schema: {
        operationId: 'liftBan',
        tags: ['broker'],
        summary: 'Lifts a ban.',
        params: Type.Object({ kind: Kind, value: BrokerName }),
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { kind, value } = request.params;
      request.audited = { what: `banned/${kind}/${value}` };
      if (!hub.brokerAdmin.bans.remove(kind, value))
        throw errors.API_UNKNOWN_NAME({ kind: `ban of the ${kind}`, name: value.slice(0, 300), hint: '' });
      log.info('a ban was lifted', { by: signedIn(request).name, kind, value });
      return reply.code(204).send(null);
    },
  );
}
