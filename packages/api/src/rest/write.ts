import { Type, type Static } from '@fastify/type-provider-typebox';
import type { ApiContext, App } from '../context.ts';
import { demand, signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { AnyJson, Ok, StrictObject } from '../schemas.ts';
import { tagByKey, tagByPath } from './tag-target.ts';

export const WriteBody = Type.Union(
  [
    StrictObject({ device: Type.String(), group: Type.String(), tag: Type.String(), value: AnyJson }),
    StrictObject({ path: Type.String({ minLength: 1 }), value: AnyJson }),
  ],
  { description: 'The tag by name or by path, and its engineering value. 64-bit integers beyond 2^53 as decimal strings.' },
);
export type WriteBody = Static<typeof WriteBody>;
export const WriteAnswer = Ok;
export type WriteAnswer = Static<typeof WriteAnswer>;

export function registerWrite(app: App, { hub }: ApiContext): void {
  app.post(
    '/api/v1/write',
    {
      config: { permission: 'tag.write', narrowed: true },
      schema: {
        operationId: 'writeTag',
        tags: ['values'],
        summary: 'Writes one tag; answers after the device confirmed.',
        body: WriteBody,
        response: { 200: WriteAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const principal = signedIn(request);
      const { body } = request;
      const { tag } = 'path' in body ? tagByPath(hub, body.path) : tagByKey(hub, `${body.device}/${body.group}/${body.tag}`);
      request.audited = { what: tag.path, detail: typeof body.value === 'object' ? {} : { value: body.value } };
      demand(principal, 'tag.write', tag.path);
      await hub.write({ device: tag.device, group: tag.group, tag: tag.name }, body.value, principal);
      return { result: 'ok' as const };
    },
  );
}
