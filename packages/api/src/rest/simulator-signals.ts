import { Type, type Static } from '@fastify/type-provider-typebox';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { listOf, NameParams, StrictObject } from '../schemas.ts';
import { signalToJson, SignalRow, simulatorByName } from './simulator-rows.ts';

export const SignalsAnswer = Type.Object({
  signals: listOf(SignalRow, 'In the order of the file.'),
  total: Type.Integer(),
  cursor: Type.Optional(Type.String({ description: 'Hand it back for the next page.' })),
});
export type SignalsAnswer = Static<typeof SignalsAnswer>;

const Scalar = Type.Union([Type.Number(), Type.String({ maxLength: 500 }), Type.Boolean()]);
export const HoldBody = StrictObject({
  value: Type.Union([Scalar, Type.Array(Scalar, { maxItems: 65_536 })], {
    description: 'In engineering units; of a signal with count a list of them.',
  }),
});
export type HoldBody = Static<typeof HoldBody>;

const params = Type.Object({ ...NameParams.properties, signal: Type.String({ minLength: 1, maxLength: 200 }) });
const querystring = Type.Object({
  unit: Type.Optional(Type.Integer({ minimum: 0, maximum: 255, description: 'Needed where several units have a signal of this name.' })),
});

export function registerSimulatorSignals(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/simulators/:name/signals',
    {
      config: { permission: 'simulators.read' },
      schema: {
        operationId: 'getSimulatorSignals',
        tags: ['simulators'],
        summary: 'Its signals with their present values.',
        params: NameParams,
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 1000 })),
          cursor: Type.Optional(Type.String({ pattern: '^\\d{1,9}$', description: 'Of the page before.' })),
        }),
        response: { 200: SignalsAnswer, ...problemResponses },
      },
    },
    async ({ params: { name }, query: { limit = 1000, cursor = '0' } }) => {
      const simulator = simulatorByName(hub, name);
      const next = Number(cursor) + limit;
      return {
        signals: simulator.signals(Number(cursor), limit).map(signalToJson),
        total: simulator.signalCount,
        ...(next < simulator.signalCount ? { cursor: String(next) } : {}),
      };
    },
  );

  app.put(
    '/api/v1/simulators/:name/signals/:signal',
    {
      config: { permission: 'simulators.control' },
      schema: {
        operationId: 'holdSimulatorSignal',
        tags: ['simulators'],
        summary: 'Gives a signal a value that it keeps; a constant takes it as if it were written.',
        params,
        querystring,
        body: HoldBody,
        response: { 200: SignalRow, ...problemResponses },
      },
    },
    async (request) => {
      const { name, signal } = request.params;
      const { value } = request.body;
      const simulator = simulatorByName(hub, name);
      request.audited = {
        what: `simulators/${simulator.name}/signals/${signal}`,
        detail: { value: (JSON.stringify(value) ?? '').slice(0, 200) },
      };
      return signalToJson(simulator.holdSignal(request.query.unit, signal, value));
    },
  );

  app.delete(
    '/api/v1/simulators/:name/signals/:signal',
    {
      config: { permission: 'simulators.control' },
      schema: {
        operationId: 'releaseSimulatorSignal',
        tags: ['simulators'],
        summary: 'Lets a signal move again.',
        params,
        querystring,
        response: { 200: SignalRow, ...problemResponses },
      },
    },
    async (request) => {
      const { name, signal } = request.params;
      return signalToJson(simulatorByName(hub, name).releaseSignal(request.query.unit, signal));
    },
  );
}
