import { Type, type Static } from '@fastify/type-provider-typebox';
import type { DeviceStatus } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { healthFields, healthToJson } from '../schemas.ts';

export const DeviceRow = Type.Object({
  name: Type.String(),
  driver: Type.String(),
  endpoint: Type.String(),
  path: Type.String(),
  ...healthFields,
  groups: Type.Array(
    Type.Object({
      name: Type.String(),
      intervalMs: Type.Number(),
      tags: Type.Number(),
      cycles: Type.Number(),
      missed: Type.Number(),
      skipped: Type.Number(),
      lastCycleMs: Type.Optional(Type.Number({ description: 'How long the last cycle took.' })),
    }),
  ),
  tags: Type.Number(),
  good: Type.Number(),
  uncertain: Type.Number(),
  bad: Type.Number(),
  stats: Type.Object({
    requests: Type.Number(),
    responses: Type.Number(),
    refusals: Type.Number(),
    timeouts: Type.Number(),
    strays: Type.Number(),
    bytesIn: Type.Number(),
    bytesOut: Type.Number(),
    connects: Type.Number(),
    lastRttMs: Type.Optional(Type.Number()),
  }),
});
export type DeviceRow = Static<typeof DeviceRow>;
export const DevicesAnswer = Type.Object({ devices: Type.Array(DeviceRow) });
export type DevicesAnswer = Static<typeof DevicesAnswer>;

export function deviceToJson(device: DeviceStatus): DeviceRow {
  const { lastRttMs, ...stats } = device.stats;
  return {
    name: device.name,
    driver: device.driver,
    endpoint: device.endpoint,
    path: device.path,
    ...healthToJson(device.health),
    groups: device.groups.map(({ lastCycleMs, ...g }) => ({ ...g, ...(lastCycleMs === undefined ? {} : { lastCycleMs }) })),
    tags: device.tags,
    ...device.counts,
    stats: { ...stats, ...(lastRttMs === undefined ? {} : { lastRttMs }) },
  };
}

export function registerDevices(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/devices',
    {
      config: { permission: 'devices.read' },
      schema: {
        operationId: 'getDevices',
        tags: ['devices'],
        summary: 'Devices with groups, counts and link statistics.',
        response: { 200: DevicesAnswer, ...problemResponses },
      },
    },
    async () => ({ devices: hub.devices().map(deviceToJson) }),
  );
}
