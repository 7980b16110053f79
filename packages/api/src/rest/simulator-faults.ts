import { Type, type Static } from '@fastify/type-provider-typebox';
import { faultCatalogue } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { AnyObject, listOf, NameParams } from '../schemas.ts';
import { faultToJson, FaultRow, simulatorByName } from './simulator-rows.ts';

export const FaultKindRow = Type.Object({
  fault: Type.String(),
  about: Type.String({ description: 'What the device does.' }),
  effect: Type.String({ description: 'What a driver makes of it.' }),
  settings: Type.Unsafe<Record<string, unknown>>({ ...AnyObject, description: 'JSON Schema of its settings.' }),
});
export type FaultKindRow = Static<typeof FaultKindRow>;
export const FaultKindsAnswer = Type.Object({ kinds: Type.Array(FaultKindRow) });
export type FaultKindsAnswer = Static<typeof FaultKindsAnswer>;
export const FaultsAnswer = Type.Object({
  faults: listOf(FaultRow, 'Those that hold or will, and those that are over until another is switched on.'),
});
export type FaultsAnswer = Static<typeof FaultsAnswer>;

const duration = (description: string) =>
  Type.Optional(Type.String({ maxLength: 40, description: `${description} A duration like 10s or 250ms.` }));
const whole = (description: string) => Type.Optional(Type.Integer({ description }));
/** The simulator checks what belongs to which kind, and answers with a sentence. */
export const FaultBody = Type.Object(
  {
    fault: Type.String({ maxLength: 40, description: faultCatalogue.map(({ fault, about }) => `${fault}: ${about}`).join(' ') }),
    for: duration('How long; for good when absent. It ends by itself.'),
    at: duration('When it begins, from now; at once when absent.'),
    every: duration('Again after this time.'),
    unit: whole('Only this unit.'),
    function: whole('Only requests of this function code.'),
    area: Type.Optional(Type.String({ maxLength: 40, description: 'Only points of this area: coil, discrete, input or holding.' })),
    from: whole('Only addresses from here on, as on the wire.'),
    to: whole('Last of these addresses; the first when absent.'),
    share: Type.Optional(Type.Number({ description: 'How many of the requests, 0 to 1.' })),
  },
  { additionalProperties: true, description: 'With the settings of its kind, as GET /api/v1/simulator-faults tells them.' },
);
export type FaultBody = Static<typeof FaultBody>;

export function registerSimulatorFaults(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/simulator-faults',
    {
      config: { permission: 'simulators.read' },
      schema: {
        operationId: 'getSimulatorFaultKinds',
        tags: ['simulators'],
        summary: 'What can go wrong with a simulated device, and what a driver makes of it.',
        response: { 200: FaultKindsAnswer, ...problemResponses },
      },
    },
    async () => ({ kinds: faultCatalogue.map((kind) => ({ ...kind, settings: { ...kind.settings } })) }),
  );

  app.get(
    '/api/v1/simulators/:name/faults',
    {
      config: { permission: 'simulators.read' },
      schema: {
        operationId: 'getSimulatorFaults',
        tags: ['simulators'],
        summary: 'What goes wrong with it, and how many requests that has hit.',
        params: NameParams,
        response: { 200: FaultsAnswer, ...problemResponses },
      },
    },
    async ({ params }) => ({ faults: simulatorByName(hub, params.name).faults().map(faultToJson) }),
  );

  app.post(
    '/api/v1/simulators/:name/faults',
    {
      config: { permission: 'simulators.control' },
      schema: {
        operationId: 'addSimulatorFault',
        tags: ['simulators'],
        summary: 'Switches a fault on, as {"fault":"silent","for":"10s"}.',
        params: NameParams,
        body: FaultBody,
        response: { 200: FaultRow, ...problemResponses },
      },
    },
    async (request) => {
      const simulator = simulatorByName(hub, request.params.name);
      const fault = simulator.addFault(request.body);
      request.audited = { what: `simulators/${simulator.name}/faults/${fault.id}`, detail: { settings: JSON.stringify(fault.settings) } };
      return faultToJson(fault);
    },
  );

  app.delete(
    '/api/v1/simulators/:name/faults/:id',
    {
      config: { permission: 'simulators.control' },
      schema: {
        operationId: 'removeSimulatorFault',
        tags: ['simulators'],
        summary: 'Switches a fault off.',
        params: Type.Object({ ...NameParams.properties, id: Type.Integer({ minimum: 1 }) }),
        response: { 204: Type.Null({ description: 'It is off.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      simulatorByName(hub, request.params.name).removeFault(request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/simulators/:name/faults',
    {
      config: { permission: 'simulators.control' },
      schema: {
        operationId: 'clearSimulatorFaults',
        tags: ['simulators'],
        summary: 'Switches all its faults off, those of the file too, until it is made again.',
        params: NameParams,
        response: { 200: Type.Object({ removed: Type.Integer() }), ...problemResponses },
      },
    },
    async (request) => ({ removed: simulatorByName(hub, request.params.name).clearFaults() }),
  );
}
