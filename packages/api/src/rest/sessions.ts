import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows } from '@omh/access';
import { rfc3339 } from '@omh/core';
import type { FastifyRequest } from 'fastify';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, Time } from '../schemas.ts';

export const SessionRow = Type.Object({
  id: Type.String({ description: 'Names the session; opens nothing.' }),
  user: Type.String(),
  since: Time,
  lastUse: Time,
  address: Type.String(),
  userAgent: Type.String(),
  current: Type.Boolean({ description: 'The session of this request.' }),
});
export type SessionRow = Static<typeof SessionRow>;
export const SessionsAnswer = Type.Object({ sessions: listOf(SessionRow, 'The latest used first.') });
export type SessionsAnswer = Static<typeof SessionsAnswer>;
export const EndedAnswer = Type.Object({ ended: Type.Integer() });

export function registerSessions(app: App, { hub }: ApiContext): void {
  const { access } = hub;
  const currentId = (request: FastifyRequest): string | undefined =>
    request.credential?.kind === 'session' ? access.sessionInfo(request.credential.secret)?.id : undefined;

  app.get(
    '/api/v1/sessions',
    {
      config: { permission: 'any' },
      schema: {
        operationId: 'getSessions',
        tags: ['access'],
        summary: "One's own sessions; with users.read everybody's.",
        response: { 200: SessionsAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const principal = signedIn(request);
      const all = allows(principal, 'users.read');
      const current = currentId(request);
      return {
        sessions: access
          .sessions()
          .filter(({ name }) => all || (principal.kind === 'person' && name === principal.name))
          .map(({ id, name, since, lastUse, address, userAgent }) => ({
            id,
            user: name,
            since: rfc3339(since),
            lastUse: rfc3339(lastUse),
            address,
            userAgent,
            current: id === current,
          })),
      };
    },
  );

  app.delete(
    '/api/v1/sessions/:id',
    {
      config: { permission: 'any', audit: 'sessions.end' },
      schema: {
        operationId: 'endSession',
        tags: ['access'],
        summary: "Ends one of one's own sessions; with users.write anybody's.",
        params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) }),
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const principal = signedIn(request);
      const { id } = request.params;
      const may = (name: string): boolean => allows(principal, 'users.write') || (principal.kind === 'person' && name === principal.name);
      const found = access.sessions().find((session) => session.id === id);
      // Whose it is remains untold to those who may not see it.
      if (found === undefined || !may(found.name)) throw errors.API_UNKNOWN_NAME({ kind: 'session', name: id, hint: '' });
      request.audited = { detail: { user: found.name } };
      access.endSessions((session) => session.id === id);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/sessions',
    {
      config: { permission: 'any', audit: 'sessions.end' },
      schema: {
        operationId: 'endSessions',
        tags: ['access'],
        summary: "Ends all of one's own sessions but this one; with users.write and `user` all of that person.",
        querystring: Type.Object({ user: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })) }),
        response: { 200: EndedAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const principal = signedIn(request);
      const user = request.query.user ?? principal.name;
      const own = principal.kind === 'person' && user === principal.name;
      if (!own && !allows(principal, 'users.write')) throw errors.API_NOT_ALLOWED({ principal: principal.name, verb: 'users.write' });
      request.audited = { detail: { user } };
      const current = currentId(request);
      return { ended: access.endSessions((session) => session.name === user && session.id !== current) };
    },
  );
}
