import websocket from '@fastify/websocket';
import type { WebSocket } from 'ws';
import type { FastifyRequest } from 'fastify';
import type { Cancel, Clock, Logger, MetricSample } from '@omh/core';
import type { Hub } from '@omh/hub';
import type { App } from '../context.ts';
import { errors } from '../errors.ts';
import { principalOf, signedIn } from '../permission.ts';
import { LiveSocket } from './live-socket.ts';
import { Snapshots } from './snapshots.ts';
import { ticksPerSecond } from './subscription.ts';
import { upgradeGate } from './upgrade-gate.ts';

const tickMs = 1000 / ticksPerSecond;
const pingTicks = 30 * ticksPerSecond;
const maxMessageBytes = 64 * 1024;
/** A close code of the private range (RFC 6455, 7.4.2) that says: sign in again. */
export const sessionEnded = 4401;
/** What the principal may do has changed since the socket opened. */
export const permissionsChanged = 4403;

export interface LiveServerOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxSockets: number;
}

/** All sockets of the live API and the one clock that drives them; it stands still while nobody looks. */
export class LiveServer {
  readonly #o: LiveServerOptions;
  readonly #sockets = new Set<LiveSocket>();
  readonly #snapshots: Snapshots;
  #cancel: Cancel | undefined;
  #running = false;
  #tick = 0;
  #numbers = 0;
  /** Of sockets that are gone. */
  #frames = 0;
  #dropped = 0;

  constructor(options: LiveServerOptions) {
    this.#o = options;
    this.#snapshots = new Snapshots(options.hub);
  }

  start(): void {
    this.#running = true;
  }
  stop(): void {
    this.#running = false;
    this.#cancel?.();
    this.#cancel = undefined;
    for (const socket of this.#sockets) socket.end(1001, 'the hub stops');
  }

  *metrics(): Iterable<MetricSample> {
    let subscriptions = 0;
    let frames = this.#frames;
    let dropped = this.#dropped;
    for (const s of this.#sockets) {
      subscriptions += s.subscriptions;
      frames += s.stats.frames;
      dropped += s.stats.dropped;
    }
    yield { name: 'omh_api_sockets', value: this.#sockets.size };
    yield { name: 'omh_api_subscriptions', value: subscriptions };
    yield { name: 'omh_api_frames_total', value: frames };
    yield { name: 'omh_api_dropped_total', value: dropped };
  }

  /** Before any hook of ours: the plugin marks a request as an upgrade first, so that a refused one closes its connection. */
  async prepare(app: App): Promise<void> {
    const server = upgradeGate(app.server, (request, response) => app.routing(request, response));
    await app.register(websocket, {
      options: { maxPayload: maxMessageBytes, perMessageDeflate: false, server: server as never },
      errorHandler: (_error, socket) => socket.terminate(),
      preClose: (done: () => void) => {
        for (const socket of this.#sockets) socket.terminate();
        done();
      },
    });
  }

  register(app: App): void {
    app.route({
      method: 'GET',
      url: '/api/v1/live',
      config: { permission: 'any', upgrade: true },
      schema: { hide: true },
      exposeHeadRoute: false,
      preHandler: async () => {
        if (this.#sockets.size >= this.#o.maxSockets) throw errors.API_SOCKETS_FULL({ limit: this.#o.maxSockets });
      },
      handler: async () => {
        throw errors.API_UPGRADE_NEEDED();
      },
      wsHandler: (socket: WebSocket, request: FastifyRequest) => this.#open(socket, request),
    });
  }

  #open(ws: WebSocket, request: FastifyRequest): void {
    const { hub, log } = this.#o;
    const socket = new LiveSocket({
      socket: ws,
      number: ++this.#numbers,
      principal: signedIn(request),
      credential: request.credential!,
      hub,
      snapshots: this.#snapshots,
      log,
      tick: () => this.#tick,
    });
    this.#sockets.add(socket);
    ws.on('close', () => {
      socket.release();
      this.#sockets.delete(socket);
      this.#frames += socket.stats.frames;
      this.#dropped += socket.stats.dropped;
    });
    if (!this.#running) socket.end(1001, 'the hub stops');
    else if (this.#cancel === undefined) this.#wait();
  }

  #wait(): void {
    this.#cancel = this.#o.clock.after(tickMs, () => {
      this.#cancel = undefined;
      this.#tick++;
      if (this.#tick % ticksPerSecond === 0) this.#checkSessions();
      for (const socket of this.#sockets) {
        socket.flush(this.#tick);
        if (this.#tick % pingTicks === 0) socket.ping();
      }
      if (this.#sockets.size > 0 && this.#running) this.#wait();
    });
  }

  #checkSessions(): void {
    for (const socket of this.#sockets) {
      const principal = principalOf(this.#o.hub.access, socket.credential);
      if (!principal) socket.end(sessionEnded, 'the session has ended');
      // Subscriptions were opened with other permissions; the client comes back and opens those it still may.
      else if (principal !== socket.principal) socket.end(permissionsChanged, 'the permissions have changed');
    }
  }
}
