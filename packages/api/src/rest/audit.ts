import { Type, type Static } from '@fastify/type-provider-typebox';
import type { AuditRecord, AuditVerdict } from '@omh/access';
import type { Micros } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { instantMs } from '../instant.ts';
import { problemResponses } from '../problem.ts';
import { AnyObject, listOf, Time } from '../schemas.ts';

const ResultWord = Type.Unsafe<AuditRecord['result']>({ type: 'string', enum: ['ok', 'refused', 'failed'] });
export const AuditRow = Type.Object({
  seq: Type.Integer({ description: '1, 2, 3 … without a gap.' }),
  at: Time,
  who: Type.String(),
  kind: Type.Unsafe<AuditRecord['kind']>({ type: 'string', enum: ['person', 'token', 'device', 'part', 'anonymous'] }),
  from: Type.Optional(Type.String({ description: 'Address of the peer.' })),
  verb: Type.String(),
  what: Type.String(),
  result: ResultWord,
  detail: Type.Optional(AnyObject),
});
export type AuditRow = Static<typeof AuditRow>;
export const AuditAnswer = Type.Object({
  records: listOf(AuditRow, 'The newest first.'),
  cursor: Type.Optional(Type.String({ description: 'Older records remain; a page of a filtered list may be short and have one.' })),
});
export type AuditAnswer = Static<typeof AuditAnswer>;
export const AuditVerifyAnswer = Type.Object({
  ok: Type.Boolean(),
  count: Type.Optional(Type.Integer({ description: 'Records that are sound.' })),
  at: Type.Optional(Type.Integer({ description: 'Number of the first record that is changed or missing.' })),
  reason: Type.Optional(Type.String()),
});
export type AuditVerifyAnswer = Static<typeof AuditVerifyAnswer>;

export function registerAudit(app: App, { hub }: ApiContext): void {
  const { audit } = hub.access;
  let verifying: Promise<AuditVerdict> | undefined;

  app.get(
    '/api/v1/audit',
    {
      config: { permission: 'audit.read' },
      schema: {
        operationId: 'getAudit',
        tags: ['access'],
        summary: 'Who did what: accepted changes, writes, sign-ins and refusals.',
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
          cursor: Type.Optional(Type.String({ maxLength: 20 })),
          who: Type.Optional(Type.String({ maxLength: 200, description: "A name; a person's tokens are found with the person." })),
          verb: Type.Optional(Type.String({ maxLength: 100 })),
          what: Type.Optional(Type.String({ maxLength: 200, description: 'A piece of what it was about.' })),
          result: Type.Optional(ResultWord),
          from: Type.Optional(Type.String({ maxLength: 50, description: 'From this instant on: RFC 3339, `now-24h` or milliseconds.' })),
          to: Type.Optional(Type.String({ maxLength: 50, description: 'Before this instant.' })),
        }),
        response: { 200: AuditAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { limit = 100, cursor, who, verb, what, result } = request.query;
      if (cursor !== undefined && !/^[1-9]\d{0,14}$/.test(cursor)) throw errors.API_CURSOR_INVALID();
      const nowMs = hub.clock.now() / 1000;
      const at = (name: 'from' | 'to'): Micros | undefined => {
        const text = request.query[name];
        return text === undefined ? undefined : (Math.floor(instantMs(name, text, nowMs) * 1000) as Micros);
      };
      const [from, to] = [at('from'), at('to')];
      const page = await audit.list({
        limit,
        ...(cursor === undefined ? {} : { cursor: Number(cursor) }),
        ...(who === undefined ? {} : { who }),
        ...(verb === undefined ? {} : { verb }),
        ...(what === undefined ? {} : { what }),
        ...(result === undefined ? {} : { result }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      });
      return { records: page.records.map(recordToJson), ...(page.cursor === undefined ? {} : { cursor: String(page.cursor) }) };
    },
  );

  app.get(
    '/api/v1/audit/verify',
    {
      config: { permission: 'audit.read' },
      schema: {
        operationId: 'verifyAudit',
        tags: ['access'],
        summary: 'Checks every byte of the audit log against its chain.',
        response: { 200: AuditVerifyAnswer, ...problemResponses },
      },
    },
    async () => {
      // The whole log is read, so those who ask at once share one answer.
      verifying ??= audit.verify().finally(() => {
        verifying = undefined;
      });
      return verifying;
    },
  );
}

const recordToJson = ({ seq, at, who, kind, from, verb, what, result, detail }: AuditRecord): AuditRow => ({
  seq,
  at,
  who,
  kind,
  ...(from === undefined ? {} : { from }),
  verb,
  what,
  result,
  ...(detail === undefined ? {} : { detail: { ...detail } }),
});
