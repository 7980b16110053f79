import { Type, type Static } from '@fastify/type-provider-typebox';
import { roleMeanings, roleNames, roles, verbs, verbTable } from '@omh/access';
import type { App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { listOf } from '../schemas.ts';
import { Permissions, RoleWord } from './users.ts';

export const RolesAnswer = Type.Object({
  roles: listOf(
    Type.Object({ name: RoleWord, meaning: Type.String({ description: 'One sentence.' }), permissions: Permissions }),
    'Each may do what the one before may, and more.',
  ),
  verbs: listOf(Type.Object({ verb: Type.String(), meaning: Type.String() }), 'What permissions are made of.'),
});
export type RolesAnswer = Static<typeof RolesAnswer>;

const answer: RolesAnswer = {
  roles: roleNames.map((name) => ({ name, meaning: roleMeanings[name], permissions: [...roles[name]] })),
  verbs: verbs.map((verb) => ({ verb, meaning: verbTable[verb] })),
};

export function registerRoles(app: App): void {
  app.get(
    '/api/v1/roles',
    {
      config: { permission: 'any' },
      schema: {
        operationId: 'getRoles',
        tags: ['access'],
        summary: 'The roles with what they may do, and every verb.',
        response: { 200: RolesAnswer, ...problemResponses },
      },
    },
    async () => answer,
  );
}
