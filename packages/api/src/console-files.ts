import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './context.ts';
import { errors } from './errors.ts';

/** Names with a content hash, as the bundler writes them, never change their content. */
const hashed = /-[\w-]{8,}\.\w+$/;
const noConsole =
  '<!doctype html><meta charset="utf-8"><title>Open Manufacturing Hub</title><p>The console is not built. The API is at <a href="/api/v1/openapi.json">/api/v1</a>.';

/**
 * The console's files. Every other GET that is no API and no asset answers index.html, because the console's own router knows the
 * address. Precompressed neighbours (.br, .gz) are sent where the browser takes them.
 */
export async function serveConsole(app: App, dir: string | undefined): Promise<void> {
  const built = dir !== undefined && existsSync(join(dir, 'index.html'));
  await app.register(fastifyStatic, {
    ...(built ? { root: dir } : {}),
    serve: false,
    preCompressed: true,
    dotfiles: 'ignore',
    index: false,
    cacheControl: false,
  });

  // These handlers return nothing: a returned reply is awaited with a listener on the response, once per handler that it passes.
  app.get('/*', { config: { permission: 'none' }, schema: { hide: true } }, (request, reply) => {
    const path = (request.params as { '*': string })['*'];
    if (!built) answerWithoutConsole(request, reply, path);
    else if (path === '' || path === 'index.html' || path.endsWith('/')) index(reply);
    else if (/[\0\\]|(?:^|\/)\.\.(?:\/|$)/.test(path)) throw noRoute(request);
    else void reply.header('cache-control', hashed.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache').sendFile(path);
  });

  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request);
    const page = (request.method === 'GET' || request.method === 'HEAD') && built && !isApi(path) && !path.startsWith('/assets/');
    if (!page || reply.getHeader('x-omh-index') !== undefined) throw noRoute(request);
    index(reply);
  });
}

function index(reply: FastifyReply): void {
  // A missing index must not fall back to itself for ever.
  void reply.header('cache-control', 'no-cache').header('x-omh-index', '1').sendFile('index.html');
}

function answerWithoutConsole(request: FastifyRequest, reply: FastifyReply, path: string): void {
  if (path !== '' || isApi(pathOf(request))) throw noRoute(request);
  void reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(noConsole);
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0]!;
/** Paths of programs, never of pages: a typing error there must not answer with a page. */
const isApi = (path: string): boolean => /^\/(?:api|metrics|healthz|readyz|prometheus)(?:\/|$)/.test(path);
const noRoute = (request: FastifyRequest): Error => errors.API_NO_ROUTE({ method: request.method, path: pathOf(request).slice(0, 200) });
