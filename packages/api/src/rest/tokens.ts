import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows, mayGrant, permissionsOf, type TokenInfo } from '@omh/access';
import { parseRfc3339, type Micros, type Principal } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, StrictObject, Time } from '../schemas.ts';
import { grantOf, Permissions, RoleWord } from './users.ts';

export const TokenRow = Type.Object({
  id: Type.String({ description: 'Names the token; opens nothing.' }),
  name: Type.String(),
  owner: Type.String({ description: "A user, or `hub` for tokens made with the hub's own keys." }),
  permissions: Permissions,
  created: Time,
  expires: Type.Optional(Time),
  expired: Type.Boolean(),
  lastUsed: Type.Optional(Type.String({ format: 'date', description: 'Day, UTC.' })),
});
export type TokenRow = Static<typeof TokenRow>;
export const TokensAnswer = Type.Object({ tokens: listOf(TokenRow, 'In order of owner and name.') });
export type TokensAnswer = Static<typeof TokensAnswer>;
export const TokenBody = StrictObject({
  name: Type.String({ minLength: 1, maxLength: 64 }),
  role: Type.Optional(RoleWord),
  permissions: Type.Optional(Permissions),
  expires: Type.Optional(Type.String({ maxLength: 50, description: 'RFC 3339; absent: until it is revoked.' })),
});
export type TokenBody = Static<typeof TokenBody>;
export const NewTokenAnswer = Type.Object({
  token: TokenRow,
  secret: Type.String({ description: '`omh_…`: what is sent as bearer token; told here and never again.' }),
});
export type NewTokenAnswer = Static<typeof NewTokenAnswer>;

const tokenToJson = (token: TokenInfo, now: Micros): TokenRow => ({
  id: token.id,
  name: token.name,
  owner: token.owner,
  permissions: [...token.permissions],
  created: token.created,
  ...(token.expires === undefined ? {} : { expires: token.expires }),
  expired: token.expires !== undefined && parseRfc3339(token.expires)! <= now,
  ...(token.lastUsed === undefined ? {} : { lastUsed: token.lastUsed }),
});

export function registerTokens(app: App, { hub, log }: ApiContext): void {
  const { access } = hub;
  // Whoever came by a link shares the hub's name with administrators, and sees no token there that reaches further.
  const maySee = (principal: Principal, token: TokenInfo): boolean =>
    allows(principal, 'access.write') ||
    (token.owner === access.ownerOf(principal) &&
      (access.people.get(token.owner) !== undefined || token.permissions.every((permission) => mayGrant(principal, permission))));

  app.get(
    '/api/v1/tokens',
    {
      config: { permission: 'tokens.write' },
      schema: {
        operationId: 'getTokens',
        tags: ['access'],
        summary: "One's own API tokens; with access.write everybody's.",
        response: { 200: TokensAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const now = hub.clock.now();
      const seen = access.tokens.list().filter((token) => maySee(signedIn(request), token));
      return { tokens: seen.map((token) => tokenToJson(token, now)) };
    },
  );

  app.post(
    '/api/v1/tokens',
    {
      config: { permission: 'tokens.write' },
      schema: {
        operationId: 'createToken',
        tags: ['access'],
        summary: 'Makes an API token with permissions that the maker has. It ends with its owner.',
        body: TokenBody,
        response: { 200: NewTokenAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { name, expires } = request.body;
      const grant = grantOf(request.body);
      if (grant === undefined) throw errors.API_ROLE_OR_PERMISSIONS();
      const permissions = permissionsOf(grant);
      request.audited = {
        what: `tokens/${name}`,
        detail: { permissions: permissions.join(', '), ...(expires === undefined ? {} : { expires }) },
      };
      const { info, secret } = access.createToken(signedIn(request), { name, permissions, ...(expires === undefined ? {} : { expires }) });
      log.info('a token was made', { by: signedIn(request).name, token: info.name, id: info.id });
      return { token: tokenToJson(info, hub.clock.now()), secret };
    },
  );

  app.delete(
    '/api/v1/tokens/:id',
    {
      config: { permission: 'tokens.write' },
      schema: {
        operationId: 'deleteToken',
        tags: ['access'],
        summary: 'Revokes a token.',
        params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) }),
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const token = access.tokens.get(id);
      if (token === undefined || !maySee(signedIn(request), token)) throw errors.API_UNKNOWN_NAME({ kind: 'token', name: id, hint: '' });
      request.audited = { what: `tokens/${token.name}`, detail: { owner: token.owner } };
      access.deleteToken(id);
      log.info('a token was revoked', { by: signedIn(request).name, token: token.name, owner: token.owner });
      return reply.code(204).send(null);
    },
  );
}
