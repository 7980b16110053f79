import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { Hub } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { healthFields, healthToJson, PartStateWord, Time } from '../schemas.ts';

export const StatusAnswer = Type.Object({
  hub: Type.Object({
    name: Type.String(),
    site: Type.Optional(Type.String()),
    version: Type.String(),
    startedAt: Time,
    dataDir: Type.String(),
    revision: Type.Integer({ description: 'The revision of the configuration that runs.' }),
    drift: Type.Boolean({ description: 'The files on disk differ from that revision.' }),
    time: Time,
  }),
  state: PartStateWord,
  sentence: Type.String(),
  parts: Type.Array(Type.Object({ id: Type.String(), ...healthFields, address: Type.Optional(Type.String()) })),
});
export type StatusAnswer = Static<typeof StatusAnswer>;

const rates = { state: PartStateWord, sentence: Type.String() };
/** Live rates over the last 10 s. */
export const FlowAnswer = Type.Object({
  time: Time,
  devices: Type.Array(
    Type.Object({
      name: Type.String(),
      driver: Type.String(),
      endpoint: Type.String(),
      ...rates,
      valuesPerSecond: Type.Number(),
      tags: Type.Number(),
      good: Type.Number(),
      uncertain: Type.Number(),
      bad: Type.Number(),
    }),
  ),
  apps: Type.Array(Type.Object({ name: Type.String(), type: Type.String(), ...rates, messagesPerSecond: Type.Number() })),
  broker: Type.Object({
    ...rates,
    clients: Type.Number(),
    messagesInPerSecond: Type.Number(),
    messagesOutPerSecond: Type.Number(),
    subscriptions: Type.Number(),
    retained: Type.Number(),
    dropped: Type.Number(),
  }),
  rules: Type.Array(
    Type.Object({
      name: Type.String(),
      ...rates,
      matchedPerSecond: Type.Number(),
      passedPerSecond: Type.Number(),
      failedPerSecond: Type.Number(),
    }),
  ),
  historian: Type.Object({
    ...rates,
    samplesPerSecond: Type.Number(),
    rowsPerSecond: Type.Number(),
    commitP50Ms: Type.Number(),
    queued: Type.Number(),
    bytesOnDisk: Type.Number(),
  }),
  simulators: Type.Array(Type.Object({ name: Type.String(), state: PartStateWord, requestsPerSecond: Type.Number() })),
  loop: Type.Object({ p99Ms: Type.Number() }),
  rssMb: Type.Number(),
});
export type FlowAnswer = Static<typeof FlowAnswer>;

export function statusToJson(hub: Hub): StatusAnswer {
  const status = hub.status();
  const { name, site } = hub.config.hub;
  return {
    hub: {
      name,
      ...(site === undefined ? {} : { site }),
      version: hub.version,
      startedAt: rfc3339(hub.startedAt),
      dataDir: hub.dataDir,
      revision: hub.revision,
      drift: hub.drifted,
      time: rfc3339(hub.clock.now()),
    },
    state: status.state,
    sentence: status.sentence,
    parts: status.parts.map((p) => ({ id: p.id, ...healthToJson(p.health), ...(p.address === undefined ? {} : { address: p.address }) })),
  };
}

export function flowToJson(hub: Hub): FlowAnswer {
  const flow = hub.flow();
  return { ...flow, time: rfc3339(flow.time) } as unknown as FlowAnswer;
}

const Ready = Type.Object({ ready: Type.Boolean(), parts: Type.Array(Type.Object({ id: Type.String(), state: PartStateWord })) });

export function registerStatus(app: App, { hub }: ApiContext): void {
  app.get(
    '/healthz',
    {
      config: { permission: 'none' },
      schema: {
        operationId: 'getHealth',
        tags: ['status'],
        summary: 'The process serves.',
        response: { 200: Type.Object({ status: Type.String() }), ...problemResponses },
      },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    '/readyz',
    {
      config: { permission: 'none' },
      schema: {
        operationId: 'getReadiness',
        tags: ['status'],
        summary: '200 when every part that is asked to work does its work, else 503.',
        response: { 200: Ready, 503: Ready, '4xx': problemResponses['4xx'] },
      },
    },
    async (_request, reply) => {
      const parts = hub.status().parts.map((p) => ({ id: p.id, state: p.health.state }));
      const ready = parts.every((p) => p.state === 'running' || p.state === 'stopped' || p.state === 'degraded' || isRemote(p.id));
      return reply.code(ready ? 200 : 503).send({ ready, parts });
    },
  );

  app.get(
    '/api/v1/status',
    {
      config: { permission: 'status.read' },
      schema: {
        operationId: 'getStatus',
        tags: ['status'],
        summary: 'Every part with state, reason and address.',
        response: { 200: StatusAnswer, ...problemResponses },
      },
    },
    async () => statusToJson(hub),
  );

  app.get(
    '/api/v1/flow',
    {
      config: { permission: 'status.read' },
      schema: {
        operationId: 'getFlow',
        tags: ['status'],
        summary: 'Rates of everything that flows, over the last 10 s.',
        response: { 200: FlowAnswer, ...problemResponses },
      },
    },
    async () => flowToJson(hub),
  );
}

/** A device or a remote broker that is away is its own trouble; the hub is ready to serve. */
const isRemote = (id: string): boolean => id.startsWith('device/') || id.startsWith('app/') || id.startsWith('simulator/');
