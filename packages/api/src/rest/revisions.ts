import { dirname, relative, resolve } from 'node:path';
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
  files: Type.Optional(
    Type.Record(Type.String({ maxLength: 1000 }), Type.String(), {
      maxProperties: 1000,
      description: 'Whole texts of files of the configuration by name.',
    }),
  ),
  disk: Type.Optional(Type.Literal(true, { description: 'What stands on disk: takes over a hand edit.' })),
  revision: Type.Optional(Type.Integer({ minimum: 1, description: 'What an earlier revision had.' })),
});
export const PlanAnswer = Type.Object({
  planId: Type.String(),
  base: Type.Integer(),
  changes: Type.Array(Change),
  warnings: Type.Array(Type.Object({ code: Type.String(), path: Type.String(), text: Type.String() })),
  files: Type.Array(Type.String(), { description: 'Files whose text changes, also where only comments or order do.' }),
});
export type PlanAnswer = Static<typeof PlanAnswer>;
export const RevisionsAnswer = Type.Object({
  revisions: Type.Array(
    Type.Object({ revision: Type.Integer(), at: Type.String(), by: Type.String(), comment: Type.String(), changes: Type.Array(Change) }),
  ),
  cursor: Type.Optional(Type.Integer()),
});
export type RevisionsAnswer = Static<typeof RevisionsAnswer>;
const FileDiff = { file: Type.String(), kind: Type.String(), diff: Type.String() };
export const DriftAnswer = Type.Object({ files: Type.Array(Type.Object(FileDiff)) });
export type DriftAnswer = Static<typeof DriftAnswer>;
export const DiffAnswer = Type.Object({
  files: Type.Array(
    Type.Object({ ...FileDiff, truncated: Type.Optional(Type.Boolean({ description: 'Only the beginning of the diff is told.' })) }),
  ),
});
export type DiffAnswer = Static<typeof DiffAnswer>;

/** Plan, apply, rollback and what was applied before. */
export function registerRevisions(app: App, { hub }: ApiContext): void {
  app.post(
    '/api/v1/config/plan',
    {
      config: { permission: 'config.write', audit: false },
      schema: {
        operationId: 'planConfig',
        tags: ['config'],
        summary: 'What a change would do; nothing happens yet. Exactly one of ops, text, files, disk and revision.',
        body: PlanBody,
        response: { 200: PlanAnswer, ...problemResponses },
      },
    },
    async ({ body }) => {
      if ([body.ops, body.text, body.files, body.disk, body.revision].filter((given) => given !== undefined).length !== 1)
        throw errors.API_PLAN_SOURCE();
      try {
        const { planId, base, changes, warnings, files } = await hub.plan(body as PlanRequest);
        return { planId, base, changes: [...changes], warnings: [...warnings], files: [...files] };
      } catch (thrown) {
        throw withPlaces(thrown, dirname(hub.configFile));
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
    '/api/v1/config/diff',
    {
      config: { permission: 'config.read' },
      schema: {
        operationId: 'getConfigDiff',
        tags: ['config'],
        summary: 'Unified text of each file that a plan would change, or that a revision changed.',
        querystring: Type.Object({
          plan: Type.Optional(Type.String({ maxLength: 200 })),
          revision: Type.Optional(Type.Integer({ minimum: 1 })),
          against: Type.Optional(Type.Integer({ minimum: 0, description: 'The revision before when absent.' })),
        }),
        response: { 200: DiffAnswer, ...problemResponses },
      },
    },
    async ({ query: { plan, revision, against } }) => {
      if ((plan === undefined) === (revision === undefined)) throw errors.API_DIFF_SOURCE();
      return { files: plan === undefined ? hub.revisionDiff(revision!, against) : hub.planDiff(plan) };
    },
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

/** Every fault of the planned files with its place; files are named from the hub file's folder. */
export function withPlaces(thrown: unknown, folder: string): unknown {
  const issues = (thrown as { issues?: readonly (Issue & { file: string; line: number; column: number })[] } | undefined)?.issues;
  if (!Array.isArray(issues) || !(thrown instanceof OmhError)) return thrown;
  return new FieldsError(
    thrown,
    issues.map((issue) => ({
      pointer: issue.path === '' ? '' : `/${issue.path}`,
      message: `${issue.file}:${issue.line}:${issue.column} ${sentenceOf(issue)}`,
      file: relative(folder, resolve(folder, issue.file)),
      line: issue.line,
      column: issue.column,
    })),
  );
}
