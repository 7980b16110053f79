import { Type, type Static } from '@fastify/type-provider-typebox';
import { permissionsOf, roleNames, type Grant, type PersonInfo, type Role } from '@omh/access';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { nearest } from '@omh/core';
import { pageAfter, pageQuery } from '../page.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, NameParams, StrictObject, Time } from '../schemas.ts';

export const RoleWord = Type.Unsafe<Role>({ type: 'string', enum: [...roleNames] });
export const Permissions = Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), {
  maxItems: 500,
  description: '`verb`, or `verb subtree` such as `tag.write acme/line1/#`; `*` is every verb.',
});

export const UserRow = Type.Object({
  name: Type.String(),
  displayName: Type.String(),
  role: Type.Optional(RoleWord),
  permissions: Permissions,
  mustChange: Type.Boolean({ description: 'The password was handed out and is not changed yet.' }),
  disabled: Type.Boolean(),
  created: Time,
  passwordSet: Time,
});
export type UserRow = Static<typeof UserRow>;
export const UsersAnswer = Type.Object({ users: listOf(UserRow, 'In order of name.'), cursor: Type.Optional(Type.String()) });
export type UsersAnswer = Static<typeof UsersAnswer>;
export const UserBody = StrictObject({
  displayName: Type.Optional(Type.String({ maxLength: 100 })),
  role: Type.Optional(RoleWord),
  permissions: Type.Optional(Permissions),
  password: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: 'Handed out: changed at the first sign-in.' })),
  newPassword: Type.Optional(Type.Boolean({ description: 'Make a password to hand out and tell it once.' })),
  disabled: Type.Optional(Type.Boolean()),
});
export type UserBody = Static<typeof UserBody>;
export const UserAnswer = Type.Object({
  user: UserRow,
  password: Type.Optional(Type.String({ description: 'Made by the hub to be handed out; told here and never again.' })),
});
export type UserAnswer = Static<typeof UserAnswer>;

export const userToJson = ({ grant, ...rest }: PersonInfo): UserRow => ({
  name: rest.name,
  displayName: rest.displayName,
  ...('role' in grant ? { role: grant.role } : {}),
  permissions: [...permissionsOf(grant)],
  mustChange: rest.mustChange,
  disabled: rest.disabled,
  created: rest.created,
  passwordSet: rest.passwordSet,
});

/** A role or permissions, as bodies give them; undefined when neither is there. */
export function grantOf(body: { readonly role?: Role; readonly permissions?: readonly string[] }): Grant | undefined {
  if (body.role !== undefined && body.permissions !== undefined) throw errors.API_ROLE_OR_PERMISSIONS();
  if (body.role !== undefined) return { role: body.role };
  return body.permissions && { permissions: body.permissions };
}

export function registerUsers(app: App, { hub, log }: ApiContext): void {
  const { access } = hub;
  const known = (name: string): PersonInfo => {
    const person = access.people.get(name);
    if (person !== undefined) return person;
    const near = nearest(
      name,
      access.people.list().map((other) => other.name),
    );
    throw errors.API_UNKNOWN_NAME({ kind: 'user', name, hint: near === undefined ? '' : ` Is it "${near}"?` });
  };

  app.get(
    '/api/v1/users',
    {
      config: { permission: 'users.read' },
      schema: {
        operationId: 'getUsers',
        tags: ['access'],
        summary: 'People who may sign in.',
        querystring: Type.Object(pageQuery),
        response: { 200: UsersAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { rows, cursor } = pageAfter(access.people.list(), ({ name }) => name, request.query);
      return { users: rows.map(userToJson), ...(cursor === undefined ? {} : { cursor }) };
    },
  );

  app.get(
    '/api/v1/users/:name',
    {
      config: { permission: 'users.read' },
      schema: {
        operationId: 'getUser',
        tags: ['access'],
        summary: 'One person.',
        params: NameParams,
        response: { 200: UserAnswer, ...problemResponses },
      },
    },
    async (request) => ({ user: userToJson(known(request.params.name)) }),
  );

  app.put(
    '/api/v1/users/:name',
    {
      config: { permission: 'users.write' },
      schema: {
        operationId: 'putUser',
        tags: ['access'],
        summary: 'Adds a person or changes what is given. Without a password a new person gets one, told once.',
        params: NameParams,
        body: UserBody,
        response: { 200: UserAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { displayName, password, newPassword, disabled, role } = request.body;
      const { name } = request.params;
      const grant = grantOf(request.body);
      request.audited = {
        detail: {
          ...(role === undefined ? {} : { role }),
          ...(request.body.permissions === undefined ? {} : { permissions: request.body.permissions.join(', ') }),
          ...(disabled === undefined ? {} : { disabled }),
          ...(displayName === undefined ? {} : { displayName: true }),
          ...(password === undefined && newPassword !== true ? {} : { newPassword: true }),
        },
      };
      const { info, password: made } = await access.putPerson(signedIn(request), name, {
        ...(displayName === undefined ? {} : { displayName }),
        ...(grant === undefined ? {} : { grant }),
        ...(password === undefined ? {} : { password }),
        ...(newPassword === undefined ? {} : { newPassword }),
        ...(disabled === undefined ? {} : { disabled }),
      });
      log.info('a user was changed', { by: signedIn(request).name, user: name });
      return { user: userToJson(info), ...(made === undefined ? {} : { password: made }) };
    },
  );

  app.delete(
    '/api/v1/users/:name',
    {
      config: { permission: 'users.write' },
      schema: {
        operationId: 'deleteUser',
        tags: ['access'],
        summary: "Removes a person; the person's sessions and tokens end.",
        params: NameParams,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { name } = known(request.params.name);
      access.deletePerson(signedIn(request), name);
      log.info('a user was removed', { by: signedIn(request).name, user: name });
      return reply.code(204).send(null);
    },
  );
}
