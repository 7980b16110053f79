import { Type, type Static } from '@fastify/type-provider-typebox';
import { roleNames, roleOf, type Role } from '@omh/access';
import type { Principal } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import { serialiseCookie, sessionCookie } from '../cookie.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { StrictObject } from '../schemas.ts';

export const MeAnswer = Type.Object({
  name: Type.String(),
  kind: Type.Unsafe<Principal['kind']>({ type: 'string', enum: ['person', 'token', 'device', 'part', 'anonymous'] }),
  role: Type.Optional(
    Type.String({ description: 'viewer, operator, engineer or admin; absent when the permissions are those of no role.' }),
  ),
  permissions: Type.Array(Type.String()),
});
export type MeAnswer = Static<typeof MeAnswer>;
export const LoginAnswer = Type.Object({ principal: MeAnswer });
export type LoginAnswer = Static<typeof LoginAnswer>;
export const SignInCodeAnswer = Type.Object({ code: Type.String() });
export type SignInCodeAnswer = Static<typeof SignInCodeAnswer>;

export function principalToJson(principal: Principal): MeAnswer {
  const role = roleOf(principal);
  return { name: principal.name, kind: principal.kind, ...(role === undefined ? {} : { role }), permissions: [...principal.permissions] };
}

/** Wrong codes per minute and address before the door stays shut. */
const wrongCodes = 5;

/** Longer than a session: the hub ends that itself, and use prolongs it without a new cookie. */
const cookieLifeSeconds = 30 * 86_400;

export function registerSession(app: App, { hub, log }: ApiContext): void {
  const attempts = app.createRateLimit({ max: wrongCodes, timeWindow: 60_000 });

  app.post(
    '/api/v1/login',
    {
      config: { permission: 'none' },
      schema: {
        operationId: 'login',
        tags: ['session'],
        summary: 'Redeems a one-time sign-in code for a session cookie.',
        description: `Five wrong codes per minute and address; then 429.`,
        body: StrictObject({ code: Type.String({ minLength: 1, maxLength: 256 }) }),
        response: { 200: LoginAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const before = await attempts(request, { increment: false });
      if (!before.isAllowed && before.remaining === 0) {
        reply.header('retry-after', before.ttlInSeconds);
        throw errors.API_TOO_MANY_REQUESTS({ peer: request.ip });
      }
      const signed = hub.access.redeem(request.body.code);
      if (!signed) {
        await attempts(request);
        log.warn('sign-in refused', { peer: request.ip });
        throw errors.API_SIGN_IN_REFUSED();
      }
      reply.header(
        'set-cookie',
        serialiseCookie(sessionCookie, signed.session, { maxAgeSeconds: cookieLifeSeconds, secure: request.protocol === 'https' }),
      );
      log.info('signed in', { principal: signed.principal.name, peer: request.ip });
      return { principal: principalToJson(signed.principal) };
    },
  );

  app.post(
    '/api/v1/sign-in-codes',
    {
      config: { permission: 'access.write' },
      schema: {
        operationId: 'createSignInCode',
        tags: ['session'],
        summary: 'Makes a code that signs in once, within ten minutes; the console takes it as /#sign-in=CODE.',
        body: StrictObject({
          role: Type.Optional(
            Type.Unsafe<Role>({ type: 'string', enum: [...roleNames], default: 'admin', description: 'Role of the session.' }),
          ),
        }),
        response: { 200: SignInCodeAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const code = hub.access.createSignInCode(request.body.role ?? 'admin');
      log.info('a sign-in code was made', { by: signedIn(request).name, role: request.body.role ?? 'admin' });
      return { code };
    },
  );

  app.post(
    '/api/v1/logout',
    {
      config: { permission: 'any' },
      schema: {
        operationId: 'logout',
        tags: ['session'],
        summary: 'Ends the session of the cookie.',
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      if (request.credential?.kind === 'session') hub.access.endSession(request.credential.secret);
      return reply
        .header('set-cookie', serialiseCookie(sessionCookie, '', { maxAgeSeconds: 0, secure: request.protocol === 'https' }))
        .code(204)
        .send(null);
    },
  );

  app.get(
    '/api/v1/me',
    {
      config: { permission: 'any' },
      schema: { operationId: 'getMe', tags: ['session'], summary: 'Who is signed in.', response: { 200: MeAnswer, ...problemResponses } },
    },
    async (request) => principalToJson(signedIn(request)),
  );
}
