import { Type, type Static } from '@fastify/type-provider-typebox';
import { dataTypes, qualityWord, type DataType } from '@omh/core';
import { visitDevice } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { DeviceVisits, visitFields } from '../device-visits.ts';
import { tagValueToJson } from '../json-value.ts';
import { problemResponses } from '../problem.ts';
import { AnyJson, QualityWordSchema, StrictObject } from '../schemas.ts';

export const ReadBody = StrictObject({
  ...visitFields,
  address: Type.String({ minLength: 1, maxLength: 200 }),
  type: Type.Unsafe<DataType>({ type: 'string', enum: [...dataTypes] }),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 2000, description: 'Values of an array.' })),
});
export type ReadBody = Static<typeof ReadBody>;
export const ReadAnswer = Type.Object({
  value: AnyJson,
  quality: QualityWordSchema,
  reason: Type.Optional(Type.String({ description: 'A sentence, where the value is not good.' })),
});
export type ReadAnswer = Static<typeof ReadAnswer>;

export function registerRead(app: App, { hub, clock }: ApiContext): void {
  const visits = new DeviceVisits(hub, clock);
  app.post(
    '/api/v1/read',
    {
      config: { permission: 'config.write' },
      schema: {
        operationId: 'readDevice',
        tags: ['devices'],
        summary: 'Reads one address of a device once, whether a tag has it or not.',
        body: ReadBody,
        response: { 200: ReadAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { address, type, count } = request.body;
      request.audited = { what: request.body.device ?? request.body.driver ?? '', detail: { address } };
      const [reading] = await visits.run(request.body, reply, (module, settings, options) =>
        visitDevice(module, settings, options, (visit) => visit.read([{ address, type, ...(count === undefined ? {} : { count }) }])),
      );
      const { value, quality, reason } = reading!;
      return { value: tagValueToJson(value), quality: qualityWord(quality), ...(reason === undefined ? {} : { reason: reason.text }) };
    },
  );
}
