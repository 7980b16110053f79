import { createHash } from 'node:crypto';
import { Type } from '@fastify/type-provider-typebox';
import { hubJsonSchema } from '@omh/config';
import { registry } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { AnyObject } from '../schemas.ts';

type Kind = 'hub' | 'included';

/** The schema of the hub file: what forms are made from, what editors complete with. It changes only with the program. */
export function registerSchema(app: App, _context: ApiContext): void {
  const made = new Map<Kind, { text: string; etag: string }>();
  const schemaOf = (kind: Kind): { text: string; etag: string } => {
    let known = made.get(kind);
    if (known === undefined) {
      const text = JSON.stringify(hubJsonSchema(registry, kind));
      known = { text, etag: `"${createHash('sha256').update(text).digest('base64url')}"` };
      made.set(kind, known);
    }
    return known;
  };
  app.get(
    '/api/v1/config/schema',
    {
      config: { permission: 'config.read' },
      schema: {
        operationId: 'getConfigSchema',
        tags: ['config'],
        summary: 'JSON Schema of the hub file with the settings of every driver, app and simulator.',
        description: 'Answers 304 without a body where If-None-Match names the ETag of the present schema.',
        querystring: Type.Object({
          kind: Type.Optional(
            Type.Unsafe<Kind>({
              type: 'string',
              enum: ['hub', 'included'],
              description: 'hub, or included for a file that include names.',
            }),
          ),
        }),
        response: { 200: { description: 'The schema.', content: { 'application/json': { schema: AnyObject } } }, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { text, etag } = schemaOf(request.query.kind ?? 'hub');
      reply.header('etag', etag).header('cache-control', 'private, no-cache');
      const asked = request.headers['if-none-match'] ?? '';
      if (asked.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)) return reply.code(304 as 200).send();
      // It is JSON already.
      return reply.type('application/json; charset=utf-8').send(text as never);
    },
  );
}
