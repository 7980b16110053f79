import { Type, type Static } from '@fastify/type-provider-typebox';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf, NameParams, StrictObject } from '../schemas.ts';
import { DeviceRow, deviceToJson } from './device-row.ts';
import { deviceNamed } from './device-target.ts';

export const DevicesAnswer = Type.Object({
  devices: listOf(DeviceRow, 'In the order of the file.'),
  cursor: Type.Optional(Type.String({ description: 'Hand it back for the next page.' })),
});
export type DevicesAnswer = Static<typeof DevicesAnswer>;

const Action = Type.Unsafe<'start' | 'stop' | 'pause' | 'resume'>({ type: 'string', enum: ['start', 'stop', 'pause', 'resume'] });
export const DeviceControlBody = StrictObject({
  action: Action,
  group: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Only this group is paused or resumed.' })),
  comment: Type.Optional(Type.String({ maxLength: 500, description: 'Why; shown wherever the device is.' })),
});
export type DeviceControlBody = Static<typeof DeviceControlBody>;
export const IdentityAnswer = Type.Object({
  unit: Type.Integer(),
  identity: Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Names as the protocol gives them: VendorName, ProductCode, MajorMinorRevision.',
  }),
});
export type IdentityAnswer = Static<typeof IdentityAnswer>;
export const HolesAnswer = Type.Object({
  holes: listOf(
    Type.Object({
      unit: Type.Integer(),
      area: Type.String(),
      start: Type.Integer({ description: 'As on the wire, from 0.' }),
      count: Type.Integer(),
      code: Type.Integer({ description: "The protocol's own: for Modbus the exception code." }),
      gap: Type.Optional(Type.Boolean({ description: 'It lies between values, and only some of it need be refused.' })),
    }),
    'Ranges that the device refuses, by unit, area and start.',
  ),
  limits: listOf(
    Type.Object({ unit: Type.Integer(), area: Type.String(), count: Type.Integer() }),
    'Most points in one request, where the device gives fewer than the protocol allows.',
  ),
  cursor: Type.Optional(Type.String({ description: 'Hand it back for the next page of holes.' })),
});
export type HolesAnswer = Static<typeof HolesAnswer>;

export function registerDevices(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/devices',
    {
      config: { permission: 'devices.read' },
      schema: {
        operationId: 'getDevices',
        tags: ['devices'],
        summary: 'Devices with groups, counts and link statistics.',
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 1000 })),
          cursor: Type.Optional(Type.String({ maxLength: 200, description: 'Of the page before.' })),
        }),
        response: { 200: DevicesAnswer, ...problemResponses },
      },
    },
    async ({ query: { limit = 1000, cursor } }) => {
      const names = hub.deviceAdmin.names();
      const from = cursor === undefined ? 0 : names.indexOf(cursor) + 1;
      if (cursor !== undefined && from === 0) throw errors.API_CURSOR_INVALID();
      const page = names.slice(from, from + limit);
      return {
        devices: page.map((name) => deviceToJson(hub.deviceAdmin.status(name))),
        ...(from + limit < names.length ? { cursor: page.at(-1)! } : {}),
      };
    },
  );

  app.get(
    '/api/v1/devices/:name',
    {
      config: { permission: 'devices.read' },
      schema: {
        operationId: 'getDevice',
        tags: ['devices'],
        summary: 'One device: its link, its groups, and who switched what off.',
        params: NameParams,
        response: { 200: DeviceRow, ...problemResponses },
      },
    },
    async ({ params }) => deviceToJson(hub.deviceAdmin.status(deviceNamed(hub, params.name))),
  );

  app.post(
    '/api/v1/devices/:name/control',
    {
      config: { permission: 'devices.control' },
      schema: {
        operationId: 'controlDevice',
        tags: ['devices'],
        summary: 'Stops or starts the link, pauses or resumes reading; kept over a restart. Answers with the device.',
        params: NameParams,
        body: DeviceControlBody,
        response: { 200: DeviceRow, ...problemResponses },
      },
    },
    async (request) => {
      const name = deviceNamed(hub, request.params.name);
      const { action, group, comment } = request.body;
      request.audited = {
        what: group === undefined ? `devices/${name}` : `devices/${name}/${group}`,
        detail: { action, ...(comment === undefined ? {} : { comment }) },
      };
      await hub.deviceAdmin.control(name, { action, group, comment }, signedIn(request));
      return deviceToJson(hub.deviceAdmin.status(name));
    },
  );

  app.post(
    '/api/v1/devices/:name/identify',
    {
      config: { permission: 'devices.control' },
      schema: {
        operationId: 'identifyDevice',
        tags: ['devices'],
        summary: 'Asks a unit of the device who it is.',
        params: NameParams,
        body: StrictObject({ unit: Type.Integer({ minimum: 0, maximum: 255 }) }),
        response: { 200: IdentityAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const name = deviceNamed(hub, request.params.name);
      const { unit } = request.body;
      request.audited = { what: `devices/${name}`, detail: { action: 'identify', unit } };
      return { unit, identity: { ...(await hub.deviceAdmin.identify(name, unit)) } };
    },
  );

  app.get(
    '/api/v1/devices/:name/holes',
    {
      config: { permission: 'devices.read' },
      schema: {
        operationId: 'getDeviceHoles',
        tags: ['devices'],
        summary: 'What was learnt: ranges that the device refuses, and its limits.',
        params: NameParams,
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 1000 })),
          cursor: Type.Optional(Type.String({ pattern: '^\\d{1,6}$', description: 'Of the page before.' })),
        }),
        response: { 200: HolesAnswer, ...problemResponses },
      },
    },
    async ({ params, query: { limit = 1000, cursor = '0' } }) => {
      const { holes = [], limits = [] } = hub.deviceAdmin.status(deviceNamed(hub, params.name)).stats;
      const end = Number(cursor) + limit;
      return {
        holes: holes.slice(Number(cursor), end).map((hole) => ({ ...hole })),
        limits: limits.map((each) => ({ ...each })),
        ...(end < holes.length ? { cursor: String(end) } : {}),
      };
    },
  );

  app.post(
    '/api/v1/devices/:name/forget-learnt',
    {
      config: { permission: 'devices.control' },
      schema: {
        operationId: 'forgetLearnt',
        tags: ['devices'],
        summary: 'Forgets which ranges the device refuses, so that all are asked for again.',
        params: NameParams,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const name = deviceNamed(hub, request.params.name);
      request.audited = { what: `devices/${name}`, detail: { action: 'forget-learnt' } };
      hub.deviceAdmin.forgetLearnt(name);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/devices/:name/template',
    {
      config: { permission: 'config.read' },
      schema: {
        operationId: 'getDeviceTemplate',
        tags: ['devices'],
        summary: 'The device and what was learnt of it as a `templates:` block of a hub file, from which a second one starts.',
        params: NameParams,
        response: {
          200: { description: 'YAML.', content: { 'application/yaml': { schema: Type.String() } } },
          ...problemResponses,
        },
      },
    },
    async ({ params }, reply) => {
      const name = deviceNamed(hub, params.name);
      return reply.type('application/yaml; charset=utf-8').send(await hub.tagExchange.template(name, hub.deviceAdmin.status(name).stats));
    },
  );
}
