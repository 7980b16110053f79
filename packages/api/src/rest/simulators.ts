import { Type, type Static } from '@fastify/type-provider-typebox';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { problemResponses } from '../problem.ts';
import { listOf, NameParams, Ok } from '../schemas.ts';
import { readersOf, RequestRow, requestToJson, simulatorByName, SimulatorRow, simulatorToJson } from './simulator-rows.ts';

export const SimulatorsAnswer = Type.Object({
  simulators: listOf(SimulatorRow, 'In the order of the file.'),
  cursor: Type.Optional(Type.String({ description: 'Hand it back for the next page.' })),
});
export type SimulatorsAnswer = Static<typeof SimulatorsAnswer>;
export const SimulatorLogAnswer = Type.Object({ requests: Type.Array(RequestRow) });
export type SimulatorLogAnswer = Static<typeof SimulatorLogAnswer>;

export function registerSimulators(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/simulators',
    {
      config: { permission: 'simulators.read' },
      schema: {
        operationId: 'getSimulators',
        tags: ['simulators'],
        summary: 'Simulated devices with their signals, faults and registers.',
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 100 })),
          cursor: Type.Optional(Type.String({ maxLength: 200, description: 'Of the page before.' })),
        }),
        response: { 200: SimulatorsAnswer, ...problemResponses },
      },
    },
    async ({ query: { limit = 100, cursor } }) => {
      const all = hub.simulators();
      const from = cursor === undefined ? 0 : all.findIndex(({ name }) => name === cursor) + 1;
      if (cursor !== undefined && from === 0) throw errors.API_CURSOR_INVALID();
      const page = all.slice(from, from + limit);
      const readers = readersOf(hub);
      return {
        simulators: page.map((simulator) => simulatorToJson(simulator, readers, 'list')),
        ...(from + limit < all.length ? { cursor: page.at(-1)!.name } : {}),
      };
    },
  );

  app.get(
    '/api/v1/simulators/:name',
    {
      config: { permission: 'simulators.read' },
      schema: {
        operationId: 'getSimulator',
        tags: ['simulators'],
        summary: 'One simulated device: who reads it, its signals with their present values, its faults.',
        params: NameParams,
        response: { 200: SimulatorRow, ...problemResponses },
      },
    },
    async ({ params }) => simulatorToJson(simulatorByName(hub, params.name), readersOf(hub), 'one'),
  );

  for (const verb of ['start', 'stop'] as const) {
    app.post(
      `/api/v1/simulators/:name/${verb}`,
      {
        config: { permission: 'simulators.control' },
        schema: {
          operationId: `${verb}Simulator`,
          tags: ['simulators'],
          summary: verb === 'start' ? 'Lets it answer again, on the port it had.' : 'Takes it away, as if it were switched off.',
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
