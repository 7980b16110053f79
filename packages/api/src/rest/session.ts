import { Type, type Static } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  demandGrant,
  maxPasswordLength,
  minPasswordLength,
  restrictionOf,
  roleNames,
  roleOf,
  roles,
  type RestrictedPrincipal,
  type Role,
  type SignedIn,
} from '@omh/access';
import { OmhError, type Principal } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import { serialiseCookie, sessionCookie } from '../cookie.ts';
import { errors } from '../errors.ts';
import { originOf, signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { StrictObject } from '../schemas.ts';

export const MeAnswer = Type.Object({
  name: Type.String(),
  kind: Type.Unsafe<Principal['kind']>({ type: 'string', enum: ['person', 'token', 'device', 'part', 'anonymous'] }),
  role: Type.Optional(
    Type.String({ description: 'viewer, operator, engineer or admin; absent when the permissions are those of no role.' }),
  ),
  permissions: Type.Array(Type.String()),
  only: Type.Optional(
    Type.Unsafe<RestrictedPrincipal['only']>({
      type: 'string',
      enum: ['change-password', 'create-first-admin'],
      description: 'The one thing to do before anything else: POST /api/v1/password or /api/v1/first-admin.',
    }),
  ),
});
export type MeAnswer = Static<typeof MeAnswer>;
export const LoginAnswer = Type.Object({
  principal: MeAnswer,
  mustChange: Type.Boolean({ description: 'The password was handed out; nothing is open before it is changed.' }),
});
export type LoginAnswer = Static<typeof LoginAnswer>;
export const SignInCodeAnswer = Type.Object({ code: Type.String() });
export type SignInCodeAnswer = Static<typeof SignInCodeAnswer>;

const Password = Type.String({ minLength: 1, maxLength: 1024 });
const Name = Type.String({ minLength: 1, maxLength: 100 });
const NewPassword = Type.String({
  minLength: 1,
  maxLength: 1024,
  description: `${minPasswordLength} to ${maxPasswordLength} characters, not the name and nothing that is guessed first.`,
});
export const LoginBody = Type.Union(
  [StrictObject({ name: Name, password: Password }), StrictObject({ code: Type.String({ minLength: 1, maxLength: 256 }) })],
  {
    description: 'Name and password, or a one-time sign-in code.',
  },
);
export type LoginBody = Static<typeof LoginBody>;

export function principalToJson(principal: Principal): MeAnswer {
  const role = roleOf(principal);
  const only = restrictionOf(principal);
  return {
    name: principal.name,
    kind: principal.kind,
    ...(role === undefined ? {} : { role }),
    permissions: [...principal.permissions],
    ...(only === undefined ? {} : { only }),
  };
}

/** Wrong codes per minute and address before the door stays shut. */
const wrongCodes = 5;

/** Longer than a session: the hub ends that itself, and use prolongs it without a new cookie. */
const cookieLifeSeconds = 30 * 86_400;

/** A new session replaces the one that the request came with: its id was known before the sign-in. */
function enter(request: FastifyRequest, reply: FastifyReply, signed: SignedIn, end: (session: string) => void): LoginAnswer {
  if (request.credential?.kind === 'session') end(request.credential.secret);
  reply.header(
    'set-cookie',
    serialiseCookie(sessionCookie, signed.session, { maxAgeSeconds: cookieLifeSeconds, secure: request.protocol === 'https' }),
  );
  return { principal: principalToJson(signed.principal), mustChange: restrictionOf(signed.principal) === 'change-password' };
}

export function registerSession(app: App, { hub, log }: ApiContext): void {
  const attempts = app.createRateLimit({ max: wrongCodes, timeWindow: 60_000 });
  const { access } = hub;
  const end = (session: string): void => access.endSession(session);

  const byCode = async (request: FastifyRequest, reply: FastifyReply, code: string): Promise<SignedIn> => {
    const before = await attempts(request, { increment: false });
    if (!before.isAllowed && before.remaining === 0) {
      reply.header('retry-after', before.ttlInSeconds);
      throw errors.API_TOO_MANY_REQUESTS({ peer: request.ip });
    }
    const signed = access.redeem(code, originOf(request));
    if (signed) return signed;
    await attempts(request);
    throw errors.API_SIGN_IN_REFUSED();
  };
  const byPassword = async (request: FastifyRequest, reply: FastifyReply, name: string, password: string): Promise<SignedIn> => {
    const known = access.people.get(name.trim().toLowerCase())?.name;
    // People type passwords where names belong, so a name that nobody has is not written down.
    request.audited = { who: known ?? 'unknown name', what: 'login' };
    return access.login(name, password, originOf(request)).catch(tellWait(reply));
  };

  app.post(
    '/api/v1/login',
    {
      config: { permission: 'none', audit: 'login' },
      schema: {
        operationId: 'login',
        tags: ['session'],
        summary: 'Opens a session, as a cookie, for a name and password or for a one-time sign-in code.',
        description:
          'Wrong ones wait longer and longer, by person and by address: 429 with Retry-After. Five wrong codes per minute and address.',
        body: LoginBody,
        response: { 200: LoginAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { body } = request;
      let signed: SignedIn;
      try {
        signed = 'code' in body ? await byCode(request, reply, body.code) : await byPassword(request, reply, body.name, body.password);
      } catch (thrown) {
        log.warn('sign-in refused', { peer: request.ip, code: thrown instanceof OmhError ? thrown.code : 'UNEXPECTED' });
        throw thrown;
      }
      request.audited = { who: signed.principal.name, what: 'login', detail: { by: 'code' in body ? 'code' : 'password' } };
      log.info('signed in', { principal: signed.principal.name, peer: request.ip });
      return enter(request, reply, signed, end);
    },
  );

  app.post(
    '/api/v1/password',
    {
      config: { permission: 'any', whileRestricted: true, audit: 'password' },
      schema: {
        operationId: 'changePassword',
        tags: ['session'],
        summary: "Changes one's own password. All sessions of the person end; the answer opens a new one.",
        body: StrictObject({ password: Password, newPassword: NewPassword }),
        response: { 200: LoginAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { password, newPassword } = request.body;
      if (request.credential?.kind !== 'session') throw errors.API_SESSION_NEEDED();
      const signed = await access
        .changePassword(request.credential.secret, password, newPassword, originOf(request))
        .catch(tellWait(reply));
      log.info('a password was changed', { principal: signed.principal.name, peer: request.ip });
      return enter(request, reply, signed, end);
    },
  );

  app.post(
    '/api/v1/first-admin',
    {
      config: { permission: 'any', whileRestricted: true, audit: 'first-admin' },
      schema: {
        operationId: 'createFirstAdmin',
        tags: ['session'],
        summary: 'The first person of a hub, an administrator, for the session of the one-time link; signs the person in.',
        body: StrictObject({ name: Name, displayName: Type.Optional(Type.String({ maxLength: 100 })), password: NewPassword }),
        response: { 200: LoginAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      if (request.credential?.kind !== 'session') throw errors.API_SESSION_NEEDED();
      const signed = await access.createFirstAdmin(request.credential.secret, request.body, originOf(request));
      request.audited = { detail: { name: signed.principal.name } };
      log.info('the first administrator was made', { principal: signed.principal.name, peer: request.ip });
      return enter(request, reply, signed, end);
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
      const { role = 'admin' } = request.body;
      request.audited = { detail: { role } };
      demandGrant(signedIn(request), roles[role]);
      const code = access.createSignInCode(role);
      log.info('a sign-in code was made', { by: signedIn(request).name, role });
      return { code };
    },
  );

  app.post(
    '/api/v1/logout',
    {
      config: { permission: 'any', whileRestricted: true, audit: 'logout' },
      schema: {
        operationId: 'logout',
        tags: ['session'],
        summary: 'Ends the session of the cookie.',
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      if (request.credential?.kind === 'session') access.endSession(request.credential.secret);
      return reply
        .header('set-cookie', serialiseCookie(sessionCookie, '', { maxAgeSeconds: 0, secure: request.protocol === 'https' }))
        .code(204)
        .send(null);
    },
  );

  app.get(
    '/api/v1/me',
    {
      config: { permission: 'any', whileRestricted: true },
      schema: { operationId: 'getMe', tags: ['session'], summary: 'Who is signed in.', response: { 200: MeAnswer, ...problemResponses } },
    },
    async (request) => principalToJson(signedIn(request)),
  );
}

/** How long a locked door stays shut, for programs too. */
const tellWait =
  (reply: FastifyReply) =>
  (thrown: unknown): never => {
    if (thrown instanceof OmhError && thrown.code === 'ACCESS_LOGIN_LOCKED') reply.header('retry-after', thrown.params['seconds']!);
    if (thrown instanceof OmhError && thrown.code === 'ACCESS_LOGIN_BUSY') reply.header('retry-after', 2);
    throw thrown;
  };
