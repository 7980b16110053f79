import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import fastify from 'fastify';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { HealthState, isLoopback, OmhError, type Clock, type Health, type Logger, type MetricSample, type Part } from '@omh/core';
import type { Hub } from '@omh/hub';
import type { ApiContext, App } from './context.ts';
import { auditChanges } from './audited.ts';
import { longestName } from './broker-page.ts';
import { serveConsole } from './console-files.ts';
import { errors } from './errors.ts';
import { LiveServer } from './live/live-server.ts';
import { describeApi } from './openapi.ts';
import { guard } from './permission.ts';
import { problemOf } from './problem.ts';
import { registerApps } from './rest/apps.ts';
import { registerAudit } from './rest/audit.ts';
import { registerBackup } from './rest/backup.ts';
import { registerClients } from './rest/clients.ts';
import { registerBanned } from './rest/banned.ts';
import { registerDelayed } from './rest/delayed.ts';
import { registerRetained } from './rest/retained.ts';
import { registerSlowSubscriptions } from './rest/slow-subscriptions.ts';
import { registerSubscriptions } from './rest/subscriptions.ts';
import { registerTopicMetrics } from './rest/topic-metrics.ts';
import { registerTrace } from './rest/trace.ts';
import { registerTraces } from './rest/traces.ts';
import { registerConfig } from './rest/config.ts';
import { registerSchema } from './rest/schema.ts';
import { registerRevisions } from './rest/revisions.ts';
import { registerDashboards } from './rest/dashboards.ts';
import { registerDeviceCredentials } from './rest/device-credentials.ts';
import { registerDevices } from './rest/devices.ts';
import { registerFrameLog } from './rest/frame-log.ts';
import { registerHistory } from './rest/history.ts';
import { registerMetrics } from './rest/metrics.ts';
import { registerQueues } from './rest/queues.ts';
import { registerTagsExchange } from './rest/tags-exchange.ts';
import { registerNamespace } from './rest/namespace.ts';
import { registerRoles } from './rest/roles.ts';
import { registerProbe } from './rest/probe.ts';
import { registerRead } from './rest/read.ts';
import { registerRules } from './rest/rules.ts';
import { registerSession } from './rest/session.ts';
import { registerSessions } from './rest/sessions.ts';
import { registerSimulatorFaults } from './rest/simulator-faults.ts';
import { registerSimulatorSignals } from './rest/simulator-signals.ts';
import { registerSimulators } from './rest/simulators.ts';
import { registerSql } from './rest/sql.ts';
import { registerStatus } from './rest/status.ts';
import { registerTokens } from './rest/tokens.ts';
import { registerUsers } from './rest/users.ts';
import { registerValues } from './rest/values.ts';
import { registerWrite } from './rest/write.ts';
import { unreadBody } from './unread-body.ts';

export interface ApiLimits {
  readonly bodyBytes: number;
  /** From the first byte of a request to its last. */
  readonly requestMs: number;
  readonly sockets: number;
}
export interface ApiServerOptions {
  readonly hub: Hub;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The built console; without it only the API is served. */
  readonly consoleDir?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<ApiLimits>;
}

const defaultLimits: ApiLimits = { bodyBytes: 1024 * 1024, requestMs: 15_000, sockets: 1000 };

const registrations: readonly ((app: App, context: ApiContext) => void)[] = [
  registerStatus,
  registerSession,
  registerValues,
  registerNamespace,
  registerTrace,
  registerWrite,
  registerRead,
  registerProbe,
  registerSql,
  registerHistory,
  registerRules,
  registerMetrics,
  registerDevices,
  registerFrameLog,
  registerTagsExchange,
  registerApps,
  registerQueues,
  registerClients,
  registerSubscriptions,
  registerRetained,
  registerDelayed,
  registerBanned,
  registerTopicMetrics,
  registerSlowSubscriptions,
  registerTraces,
  registerSimulators,
  registerSimulatorFaults,
  registerSimulatorSignals,
  registerDashboards,
  registerConfig,
  registerSchema,
  registerRevisions,
  registerSessions,
  registerUsers,
  registerRoles,
  registerTokens,
  registerDeviceCredentials,
  registerAudit,
  registerBackup,
];

/** HTTP and live API of a hub, and the console's files. */
export class ApiServer implements Part {
  readonly id = 'api';
  readonly #options: ApiServerOptions;
  readonly #limits: ApiLimits;
  readonly #health: HealthState;
  readonly #live: LiveServer;
  readonly #answers = new Map<string, number>();
  #app: App | undefined;
  #port: number;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#health = new HealthState(() => options.clock.now());
    this.#live = new LiveServer({ hub: options.hub, clock: options.clock, log: options.log, maxSockets: this.#limits.sockets });
    this.#port = options.port;
  }

  health(): Health {
    return this.#health.get();
  }
  address(): string {
    return this.url();
  }
  /** Where a browser on this machine finds it: `http://127.0.0.1:7070`. */
  url(): string {
    const { host } = this.#options;
    const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
    return `http://${name}:${this.#port}`;
  }

  *metrics(): Iterable<MetricSample> {
    for (const [status, value] of this.#answers) yield { name: 'omh_api_requests_total', value, labels: { status } };
    yield* this.#live.metrics();
  }

  /** Rejects with API_PORT_TAKEN, API_PORT_FORBIDDEN, API_HOST_UNKNOWN or API_LISTEN_FAILED. A port taken by 0 is taken again after a stop. */
  async start(): Promise<void> {
    if (this.#app) return;
    const { host } = this.#options;
    this.#health.set('starting', 'Opening the port.');
    let app: App | undefined;
    try {
      app = await this.build();
      await app.listen({ host, port: this.#port });
    } catch (thrown) {
      await app?.close();
      const error = listenError(thrown, host, this.#port);
      this.#health.set('failed', error instanceof OmhError ? error.reason() : String(error));
      throw error;
    }
    this.#app = app;
    this.#port = (app.server.address() as AddressInfo).port;
    this.#live.start();
    if (isLoopback(host)) this.#health.set('running', `Serves ${this.url()}.`);
    else this.#health.set('running', `Serves ${this.url()} in plain HTTP to other machines: what is sent can be read on the way.`);
  }

  async stop(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    this.#live.stop();
    try {
      await app?.close();
    } catch (thrown) {
      this.#options.log.error('the API did not stop cleanly', { err: thrown });
    }
    this.#health.set('stopped', 'Stopped.');
  }

  /** The application without a port, for `inject` in tests and for writing the OpenAPI document. */
  async build(): Promise<App> {
    const { hub, clock, log, host, consoleDir } = this.#options;
    const app: App = fastify({
      logger: false,
      bodyLimit: this.#limits.bodyBytes,
      forceCloseConnections: true,
      routerOptions: { maxParamLength: longestName },
      requestTimeout: this.#limits.requestMs,
      return503OnClosing: false,
      exposeHeadRoutes: true,
      serverFactory: (handler, options) =>
        createServer(
          {
            ...(options as object),
            requestTimeout: this.#limits.requestMs,
            headersTimeout: Math.min(this.#limits.requestMs, 10_000),
            connectionsCheckingInterval: Math.min(1000, this.#limits.requestMs),
            keepAliveTimeout: 65_000,
            maxHeaderSize: 16_384,
          },
          handler,
        ),
      clientErrorHandler: (error, socket) => this.#refuse(error, socket),
    }).withTypeProvider<TypeBoxTypeProvider>();
    app.server.maxHeadersCount = 100;
    app.setValidatorCompiler(TypeBoxValidatorCompiler as never);
    // A client that always says JSON, also where there is nothing to send, is not wrong.
    const parseJson = app.getDefaultJsonParser('error', 'error');
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body === '') done(null, undefined);
      else void parseJson(request, body as string, done);
    });
    app.setErrorHandler((thrown, request, reply) => {
      const problem = problemOf(thrown, { bodyLimit: request.routeOptions.bodyLimit ?? this.#limits.bodyBytes, peer: request.ip });
      request.problem = problem;
      if (problem.status >= 500)
        log.error('a request failed', { method: request.method, url: request.url.split('?', 1)[0], code: problem.code, err: thrown });
      return reply
        .code(problem.status)
        .type('application/problem+json')
        .header('cache-control', 'no-store')
        .serializer(JSON.stringify)
        .send(problem);
    });
    app.addHook('onSend', async (request, reply) => {
      if (reply.getHeader('connection') === 'close') await unreadBody(request.raw, clock);
      if (request.url.startsWith('/api/') && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    });
    app.addHook('onResponse', async (_request, reply) => {
      const status = `${Math.floor(reply.statusCode / 100)}xx`;
      this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1);
    });
    await this.#live.prepare(app);
    auditChanges(app, hub.access.audit);
    guard(app, { access: hub.access, boundHost: host });
    await app.register(helmet, securityHeaders);
    await app.register(rateLimit, { global: false });
    await app.register(swagger, describeApi(hub.version));
    await app.register(async (scope) => {
      const inner = scope as unknown as App;
      const context: ApiContext = { hub, clock, log };
      for (const register of registrations) register(inner, context);
      inner.get('/api/v1/openapi.json', { config: { permission: 'none' }, schema: { hide: true } }, async () => app.swagger());
    });
    this.#live.register(app);
    await serveConsole(app, consoleDir);
    await app.ready();
    return app;
  }

  /** What is no HTTP, or comes too slowly, is answered once and the connection closed. */
  #refuse(error: Error & { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const slow =
      error.code === 'ERR_HTTP_REQUEST_TIMEOUT' || error.code === 'ERR_HTTP_HEADERS_TIMEOUT' || error.code === 'FST_ERR_REQUEST_TIMEOUT';
    const problem = problemOf(slow ? errors.API_REQUEST_SLOW() : errors.API_REQUEST_MALFORMED(), {
      bodyLimit: this.#limits.bodyBytes,
      peer: '',
    });
    const body = JSON.stringify(problem);
    socket.end(
      `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
}

/** Plain HTTP is allowed on a plant's network, so nothing here forces a browser to HTTPS. */
const securityHeaders = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      connectSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false as const,
  crossOriginOpenerPolicy: false as const,
  originAgentCluster: false as const,
  xFrameOptions: { action: 'deny' as const },
};

function listenError(thrown: unknown, host: string, port: number): unknown {
  switch ((thrown as NodeJS.ErrnoException | undefined)?.code) {
    case 'EADDRINUSE':
      return errors.API_PORT_TAKEN({ host, port }, { cause: thrown });
    case 'EACCES':
      return errors.API_PORT_FORBIDDEN({ port }, { cause: thrown });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return errors.API_HOST_UNKNOWN({ host }, { cause: thrown });
    case undefined:
      return thrown;
    default: {
      const { code, syscall } = thrown as NodeJS.ErrnoException;
      return syscall === undefined
        ? thrown
        : errors.API_LISTEN_FAILED({ host, port, cause: `${syscall} answers ${code}` }, { cause: thrown });
    }
  }
}
