import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

/** The OpenAPI 3.1 document is made from the same schemas that check requests; each operation names its permission. */
export const describeApi = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Open Manufacturing Hub',
      version,
      description: 'Values, writes, history, SQL, rules and configuration of a hub. Errors are RFC 9457 problems.',
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token.' },
        session: { type: 'apiKey', in: 'cookie', name: 'omh_session', description: 'The cookie of POST /api/v1/login.' },
      },
    },
  },
  transform: ({ schema, url, route }) => {
    const permission = route.config?.permission ?? 'none';
    return {
      url,
      schema: {
        ...schema,
        'x-omh-permission': permission,
        security: permission === 'none' ? [] : [{ token: [] }, { session: [] }],
      } as typeof schema,
    };
  },
});
