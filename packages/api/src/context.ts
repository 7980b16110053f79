import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Clock, Logger } from '@omh/core';
import type { Hub } from '@omh/hub';

/** What every route file is given. */
export interface ApiContext {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Logger;
}

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;
