import { Type, type Static } from '@fastify/type-provider-typebox';
import { OmhError, type Issue } from '@omh/core';
import type { PlanRequest } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { FieldsError, problemResponses } from '../problem.ts';
import { AnyObject, StrictObject } from '../schemas.ts';
import { RevisionAnswer, sentenceOf } from './config.ts';

const Comment = Type.Optional(Type.String({ maxLength: 2000, description: 'Why; kept with the revision.' }));
const Change = Type.Object({
  kind: Type.Unsafe<'add' | 'remove' | 'change'>({ type: 'string', enum: ['add', 'remove', 'change'] }),
  path: Type.String(),
  from: Type.Optional(Type.Unknown()),
  to: Type.Optional(Type.Unknown()),
  effect: Type.Unsafe<'live' | 'reconnect' | 'restart'>({ type: 'string', enum: ['live', 'reconnect', 'restart'] }),
  sentence: Type.String(),
});
export const PlanBody = StrictObject({
  base: Type.Integer({ minimum: 1, description: 'The revision the change was made on.' }),
  ops: Type.Optional(Type.Array(AnyObject, { maxItems: 10_000, description: '{op: add|replace|remove, path, value}.' })),
  text: Type.Optional(Type.String({ maxLength: 1_000_000, description: "The main file's whole text." })),
  disk: Type.Optional(Type.Literal(true, { description: 'What stands on disk: takes over a hand edit.' })),
  revision: Type.Optional(Type.Integer({ minimum: 1, description: 'What an earlier revision had.' })),
});
export const PlanAnswer = Type.Object({
  planId: Type.String(),
  base: Type.Integer(),
  changes: Type.Array(Change),
  warnings: Type.Array(Type.Object({ code: Type.String(), path: Type.String(), text: Type.String() })),
});
export type PlanAnswer = Static<typeof PlanAnswer>;
export const RevisionsAnswer = Type.Object({
  revisions: Type.Array(
    Type.Object({ revision: Type.Integer(), at: Type.String(), by: Type.String(), comment: Type.String(), changes: Type.Array(Change) }),
  ),
  cursor: Type.Optional(Type.Integer()),
});
export type RevisionsAnswer = Static<typeof RevisionsAnswer>;
export const DriftAnswer = Type.Object({
  files: Type.Array(Type.Object({ file: Type.String(), kind: Type.String(), diff: Type.String() })),
});
export type DriftAnswer = Static<typeof DriftAnswer>;

/** Plan, apply, rollback and what was applied before. */
export function registerRevisions(app: App, { hub }: ApiContext): void {
  app.post(
    '/api/v1/config/plan',
    {
      config: { permission: 'config.write', audit: false },
      schema: {
        operationId: 'planConfig',
        tags: ['config'],
        summary: 'What a change would do; nothing happens yet. Exactly one of ops, text, disk and revision.',
        body: PlanBody,
        response: { 200: PlanAnswer, ...problemResponses },
      },
    },
    async ({ body }) => {
      if ([body.ops, body.text, body.disk, body.revision].filter((given) => given !== undefined).length !== 1)
        throw errors.API_PLAN_SOURCE();
      try {
        const { planId, base, changes, warnings } = await hub.plan(body as PlanRequest);
        return { planId, base, changes: [...changes], warnings: [...warnings] };
      } catch (thrown) {
        throw withPlaces(thrown);
      }
    },
  );
  app.post(
    '/api/v1/config/apply',
    {
      config: { permission: 'config.write' },
      schema: {
        operationId: 'applyConfig',
        tags: ['config'],
        summary: 'Carries a plan out, whole or not at all.',
        body: StrictObject({ planId: Type.String({ maxLength: 200 }), comment: Comment }),
        response: { 200: RevisionAnswer, ...problemResponses },
      },
    },
    async (request) => hub.apply(request.body.planId, request.body.comment ?? '', signedIn(request)),
  );
  app.post(
    '/api/v1/config/rollback',
    {
      config: { permission: 'config.write' },
      schema: {
        operationId: 'rollbackConfig',
        tags: ['config'],
        summary: 'Makes the configuration of an earlier revision a new one.',
        body: StrictObject({ revision: Type.Integer({ minimum: 1 }), comment: Comment }),
        response: { 200: RevisionAnswer, ...problemResponses },
      },
    },
    async (request) => hub.rollback(request.body.revision, request.body.comment ?? '', signedIn(request)),
  );
  app.get(
    '/api/v1/config/drift',
    {
      config: { permission: 'config.read' },
      schema: {
        operationId: 'getDrift',
        tags: ['config'],
        summary: 'What was changed by hand in the files since the running revision; no files when nothing was.',
        response: { 200: DriftAnswer, ...problemResponses },
      },
    },
    async () => ({ files: [...(hub.drift()?.files ?? [])] }),
  );
  app.get(
    '/api/v1/revisions',
    {
      config: { permission: 'config.read' },
      schema: {
        operationId: 'listRevisions',
        tags: ['config'],
        summary: 'What was applied, by whom and why, newest first.',
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
          cursor: Type.Optional(Type.Integer({ minimum: 1 })),
        }),
        response: { 200: RevisionsAnswer, ...problemResponses },
      },
    },
    async ({ query }) => {
      const { revisions, cursor } = await hub.revisions(query.limit ?? 50, query.cursor);
      return {
        revisions: revisions.map(({ revision, at, by, comment, changes }) => ({ revision, at, by, comment, changes: [...changes] })),
        ...(cursor === undefined ? {} : { cursor }),
      };
    },
  );
}

/** Every fault of the planned files with its place. */
function withPlaces(thrown: unknown): unknown {
  const issues = (thrown as { issues?: readonly (Issue & { file: string; line: number; column: number })[] } | undefined)?.issues;
  if (!Array.isArray(issues) || !(thrown instanceof OmhError)) return thrown;
  return new FieldsError(
    thrown,
    issues.map((issue) => ({
      pointer: issue.path === '' ? '' : `/${issue.path}`,
      message: `${issue.file}:${issue.line}:${issue.column} ${sentenceOf(issue)}`,
    })),
  );
}
