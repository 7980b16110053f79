import { Type, type Static } from '@fastify/type-provider-typebox';
import { deviceTemplate, probe, registerAddress, survey, type ProbeAnswer as Probed, type Survey } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { DeviceVisits, visitFields } from '../device-visits.ts';
import { tagValueToJson } from '../json-value.ts';
import { problemResponses } from '../problem.ts';
import { AnyJson, listOf, StrictObject } from '../schemas.ts';

export const ProbeBody = StrictObject({
  ...visitFields,
  address: Type.String({ minLength: 1, maxLength: 200, description: 'Where the value should be; it may be one register off.' }),
  value: Type.Optional(Type.Number({ description: 'What it is, as a display shows it.' })),
  tolerance: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'How exact that is; 0.01 when absent.' })),
  samples: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: '10 when absent.' })),
  everyMs: Type.Optional(Type.Integer({ minimum: 10, maximum: 10_000, description: '500 when absent.' })),
  span: Type.Optional(Type.Boolean({ description: 'Also find what the unit lets be read, and its limits.' })),
});
export type ProbeBody = Static<typeof ProbeBody>;

const Candidate = Type.Object({
  address: Type.String({ description: 'As a tag writes it.' }),
  type: Type.String(),
  order: Type.String({ description: 'ABCD and so on; AB or BA for 16 bits.' }),
  offset: Type.Integer({ minimum: -1, maximum: 1 }),
  share: Type.Number({ description: 'All candidates together make 1.' }),
  decimal: Type.Optional(Type.Number()),
  alike: Type.Optional(Type.Unsafe<'numbers' | 'digits' | 'place'>({ type: 'string', enum: ['numbers', 'digits', 'place'] })),
  values: listOf(AnyJson, 'What it reads, one of each sample.'),
  why: listOf(Type.String(), 'Sentences.'),
});
const SurveyAnswer = Type.Object({
  unit: Type.Integer(),
  identity: Type.Optional(Type.Unsafe<Record<string, string>>({ type: 'object', additionalProperties: { type: 'string' } })),
  spans: listOf(
    Type.Object({ area: Type.String(), from: Type.Integer(), to: Type.Integer(), whole: Type.Boolean() }),
    'What can be read, by wire address, both ends included.',
  ),
  maxRegisters: Type.Optional(Type.Integer()),
  maxBits: Type.Optional(Type.Integer()),
  window: Type.Optional(Type.Integer()),
  requests: Type.Integer(),
  remarks: listOf(Type.String(), 'Sentences.'),
});
export const ProbeAnswer = Type.Object({
  unit: Type.Integer(),
  area: Type.String(),
  first: Type.Integer({ description: 'Wire address of the first register of samples.' }),
  samples: listOf(Type.Array(Type.Union([Type.Integer(), Type.Null()])), 'Registers as read; null where one is refused.'),
  candidates: listOf(Candidate, 'Best first.'),
  remarks: listOf(Type.String(), 'What cannot be decided, in sentences.'),
  survey: Type.Optional(SurveyAnswer),
  template: Type.String({ description: 'What was found, as the block templates of a hub file.' }),
});
export type ProbeAnswer = Static<typeof ProbeAnswer>;

export function registerProbe(app: App, { hub, clock }: ApiContext): void {
  const visits = new DeviceVisits(hub, clock);
  app.post(
    '/api/v1/probe',
    {
      config: { permission: 'config.write' },
      schema: {
        operationId: 'probeDevice',
        tags: ['devices'],
        summary: 'Finds type, byte order and exact address of a value in a device; reads only.',
        body: ProbeBody,
        response: { 200: ProbeAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { address, value, tolerance, samples, everyMs, span } = request.body;
      request.audited = { what: request.body.device ?? request.body.driver ?? '', detail: { address } };
      return visits.run(request.body, reply, async (module, settings, options) => {
        const found = await probe(
          module,
          settings,
          {
            address,
            ...(value === undefined ? {} : { hint: { value, ...(tolerance === undefined ? {} : { tolerance }) } }),
            ...(samples === undefined ? {} : { samples }),
            ...(everyMs === undefined ? {} : { everyMs }),
          },
          options,
        );
        const { area, start } = registerAddress(address, settings);
        const wide = span ? await survey(module, settings, { unit: found.unit, near: { area, at: start } }, options) : undefined;
        return answerOf(found, wide, module.id, settings);
      });
    },
  );
}

function answerOf(found: Probed, wide: Survey | undefined, driver: string, settings: Readonly<Record<string, unknown>>): ProbeAnswer {
  const { unit, area, first, samples, candidates, remarks } = found;
  const [best] = candidates;
  return {
    unit,
    area,
    first,
    samples: samples.map((row) => row.map((register) => register ?? null)),
    candidates: candidates.map(({ address, type, order, offset, share, decimal, alike, values, why }) => ({
      address,
      type,
      order,
      offset,
      share,
      ...(decimal === undefined ? {} : { decimal }),
      ...(alike === undefined ? {} : { alike }),
      values: values.map((v) => tagValueToJson(v)),
      why: [...why],
    })),
    remarks: [...remarks],
    ...(wide === undefined ? {} : { survey: surveyOf(wide) }),
    template: deviceTemplate({
      driver,
      settings,
      ...(wide === undefined ? {} : { survey: wide }),
      ...(best === undefined ? {} : { candidate: best }),
    }),
  };
}

const surveyOf = ({
  unit,
  identity,
  spans,
  maxRegisters,
  maxBits,
  window,
  requests,
  remarks,
}: Survey): NonNullable<ProbeAnswer['survey']> => ({
  unit,
  ...(identity === undefined ? {} : { identity: { ...identity } }),
  spans: spans.map((s) => ({ ...s })),
  ...(maxRegisters === undefined ? {} : { maxRegisters }),
  ...(maxBits === undefined ? {} : { maxBits }),
  ...(window === undefined ? {} : { window }),
  requests,
  remarks: [...remarks],
});
