import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { Hub, RequestLogEntry, Simulator } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { healthFields, healthToJson, NameParams, Ok, Time } from '../schemas.ts';
import { unknown } from './tag-target.ts';

export const SimulatorRow = Type.Object({
  name: Type.String(),
  protocol: Type.String(),
  address: Type.Optional(Type.String({ description: 'host:port it listens on' })),
  ...healthFields,
  registers: Type.Array(
    Type.Object({
      unit: Type.Integer(),
      area: Type.String(),
      address: Type.Integer(),
      value: Type.Number(),
      label: Type.Optional(Type.String()),
      signal: Type.Optional(Type.String()),
    }),
  ),
  stats: Type.Object({ connections: Type.Number(), requests: Type.Number(), exceptions: Type.Number() }),
});
export type SimulatorRow = Static<typeof SimulatorRow>;
export const SimulatorsAnswer = Type.Object({ simulators: Type.Array(SimulatorRow) });
export type SimulatorsAnswer = Static<typeof SimulatorsAnswer>;

export const RequestRow = Type.Object({
  seq: Type.Integer(),
  at: Time,
  peer: Type.String(),
  unit: Type.Integer(),
  function: Type.Integer(),
  functionName: Type.String(),
  address: Type.Optional(Type.Integer()),
  count: Type.Optional(Type.Integer()),
  outcome: Type.String(),
});
export type RequestRow = Static<typeof RequestRow>;
export const SimulatorLogAnswer = Type.Object({ requests: Type.Array(RequestRow) });
export type SimulatorLogAnswer = Static<typeof SimulatorLogAnswer>;

export function simulatorToJson(s: Simulator): SimulatorRow {
  const address = s.address();
  return {
    name: s.name,
    protocol: s.protocol,
    ...(address === undefined ? {} : { address }),
    ...healthToJson(s.health()),
    registers: [...s.registers()],
    stats: { ...s.stats() },
  };
}
export const requestToJson = (e: RequestLogEntry): RequestRow => ({ ...e, at: rfc3339(e.at) });

export function simulatorByName(hub: Hub, name: string): Simulator {
  const all = hub.simulators();
  return (
    all.find((s) => s.name === name) ??
    unknown(
      'simulator',
      name,
      all.map((s) => s.name),
    )
  );
}

export function registerSimulators(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/simulators',
    {
      config: { permission: 'simulators.read' },
      schema: {
        operationId: 'getSimulators',
        tags: ['simulators'],
        summary: 'Simulated devices with their registers.',
        response: { 200: SimulatorsAnswer, ...problemResponses },
      },
    },
    async () => ({ simulators: hub.simulators().map(simulatorToJson) }),
  );

  for (const verb of ['start', 'stop'] as const) {
    app.post(
      `/api/v1/simulators/:name/${verb}`,
      {
        config: { permission: 'simulators.control' },
        schema: {
          operationId: `${verb}Simulator`,
          tags: ['simulators'],
          summary: verb === 'start' ? 'Lets it answer again, on the port it had.' : 'Lets it fall silent.',
          params: NameParams,
          response: { 200: Ok, ...problemResponses },
        },
      },
      async (request) => {
        const { name } = simulatorByName(hub, request.params.name);
        await (verb === 'start' ? hub.startSimulator(name) : hub.stopSimulator(name));
        return { result: 'ok' as const };
      },
    );
  }

  app.get(
    '/api/v1/simulators/:name/log',
    {
      config: { permission: 'simulators.read' },
      schema: {
        operationId: 'getSimulatorLog',
        tags: ['simulators'],
        summary: 'The newest requests it got, oldest first.',
        params: NameParams,
        querystring: Type.Object({ after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only those with a larger seq.' })) }),
        response: { 200: SimulatorLogAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { name } = simulatorByName(hub, request.params.name);
      return { requests: hub.simulatorLog(name, request.query.after).map(requestToJson) };
    },
  );
}
