import { Type, type Static } from '@fastify/type-provider-typebox';
import type { DeviceCredentialInfo } from '@omh/access';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { pageAfter, pageQuery } from '../page.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, NameParams, StrictObject, Time } from '../schemas.ts';

const Filters = Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), { maxItems: 200, description: 'MQTT topic filters.' });

export const DeviceCredentialRow = Type.Object({
  name: Type.String({ description: 'The MQTT user name.' }),
  description: Type.String(),
  publish: Filters,
  subscribe: Filters,
  enabled: Type.Boolean(),
  created: Time,
  secretSet: Time,
});
export type DeviceCredentialRow = Static<typeof DeviceCredentialRow>;
export const DeviceCredentialsAnswer = Type.Object({
  credentials: listOf(DeviceCredentialRow, 'In order of name.'),
  cursor: Type.Optional(Type.String()),
});
export type DeviceCredentialsAnswer = Static<typeof DeviceCredentialsAnswer>;
export const DeviceCredentialBody = StrictObject({
  description: Type.Optional(Type.String({ maxLength: 200 })),
  publish: Type.Optional(Filters),
  subscribe: Type.Optional(Filters),
  enabled: Type.Optional(Type.Boolean()),
  newSecret: Type.Optional(Type.Boolean({ description: 'Make a new secret; the old one ends.' })),
});
export type DeviceCredentialBody = Static<typeof DeviceCredentialBody>;
export const DeviceCredentialAnswer = Type.Object({
  credential: DeviceCredentialRow,
  secret: Type.Optional(Type.String({ description: 'The MQTT password, when one was made; told here and never again.' })),
});
export type DeviceCredentialAnswer = Static<typeof DeviceCredentialAnswer>;

const credentialToJson = (info: DeviceCredentialInfo): DeviceCredentialRow => ({
  name: info.name,
  description: info.description,
  publish: [...info.publish],
  subscribe: [...info.subscribe],
  enabled: info.enabled,
  created: info.created,
  secretSet: info.secretSet,
});

export function registerDeviceCredentials(app: App, { hub, log }: ApiContext): void {
  const { access } = hub;
  const known = (name: string): DeviceCredentialInfo => {
    const found = access.devices.get(name);
    if (found === undefined) throw errors.API_UNKNOWN_NAME({ kind: 'device credential', name, hint: '' });
    return found;
  };

  app.get(
    '/api/v1/device-credentials',
    {
      config: { permission: 'users.read' },
      schema: {
        operationId: 'getDeviceCredentials',
        tags: ['access'],
        summary: 'MQTT user names and what they may do.',
        querystring: Type.Object(pageQuery),
        response: { 200: DeviceCredentialsAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { rows, cursor } = pageAfter(access.devices.list(), ({ name }) => name, request.query);
      return { credentials: rows.map(credentialToJson), ...(cursor === undefined ? {} : { cursor }) };
    },
  );

  app.get(
    '/api/v1/device-credentials/:name',
    {
      config: { permission: 'users.read' },
      schema: {
        operationId: 'getDeviceCredential',
        tags: ['access'],
        summary: 'One MQTT user name.',
        params: NameParams,
        response: { 200: DeviceCredentialAnswer, ...problemResponses },
      },
    },
    async (request) => ({ credential: credentialToJson(known(request.params.name)) }),
  );

  app.put(
    '/api/v1/device-credentials/:name',
    {
      config: { permission: 'access.write' },
      schema: {
        operationId: 'putDeviceCredential',
        tags: ['access'],
        summary: 'Adds an MQTT user name, with a secret told once, or changes what is given.',
        params: NameParams,
        body: DeviceCredentialBody,
        response: { 200: DeviceCredentialAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { body } = request;
      const { name } = request.params;
      request.audited = {
        detail: {
          ...(body.publish === undefined ? {} : { publish: body.publish.join(', ') }),
          ...(body.subscribe === undefined ? {} : { subscribe: body.subscribe.join(', ') }),
          ...(body.enabled === undefined ? {} : { enabled: body.enabled }),
          ...(body.newSecret === true ? { newSecret: true } : {}),
        },
      };
      const { info, secret } = access.putDeviceCredential(signedIn(request), name, body);
      log.info('a device credential was changed', { by: signedIn(request).name, name });
      return { credential: credentialToJson(info), ...(secret === undefined ? {} : { secret }) };
    },
  );

  app.delete(
    '/api/v1/device-credentials/:name',
    {
      config: { permission: 'access.write' },
      schema: {
        operationId: 'deleteDeviceCredential',
        tags: ['access'],
        summary: 'Removes an MQTT user name.',
        params: NameParams,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { name } = known(request.params.name);
      access.deleteDeviceCredential(name);
      log.info('a device credential was removed', { by: signedIn(request).name, name });
      return reply.code(204).send(null);
    },
  );
}
