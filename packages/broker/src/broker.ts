import { HealthState, reasonOf } from '@omh/core';
import type { Cancel, Clock, Health, Logger, MessageBus, MetricSample, Part, Principal } from '@omh/core';
import type { Authenticate, Authorize, BrokerContext, MqttRefusal } from './broker-context.ts';
import { Client } from './client.ts';
import { Code } from './codec/protocol.ts';
import { FlushLoop } from './flush-loop.ts';
import { defaultLimits } from './limits.ts';
import type { BrokerLimits } from './limits.ts';
import { listenTcp, listenWs } from './listeners.ts';
import type { OpenListener } from './listeners.ts';
import { LocalBus } from './local-bus.ts';
import { samples } from './metrics.ts';
import { openness } from './openness.ts';
import { PermissionCheck } from './permission-check.ts';
import { Router } from './router.ts';
import { SessionStore } from './session-store.ts';
import { zeroStats } from './stats.ts';
import type { BrokerStats, ClientInfo } from './stats.ts';
import { TimerWheel } from './timer-wheel.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** `port` 0 takes any free one. `anonymous` lets in clients without credentials. */
export interface BrokerListener {
  readonly host: string;
  readonly port: number;
  readonly anonymous: boolean;
}

export interface BrokerOptions {
  readonly listeners: { readonly tcp?: BrokerListener; readonly ws?: BrokerListener & { readonly path: string } };
  readonly limits?: Partial<BrokerLimits>;
  /** undefined = refused (CONNACK 0x87, in 3.1.1 code 5). */
  readonly authenticate: Authenticate;
  /** Synchronous; asked once per connection and topic until `permissionsChanged()`. */
  readonly authorize: Authorize;
  /**
   * Who a principal of before is now: the same object while nothing changed, undefined when its credential is gone. Asked of every
   * session at `permissionsChanged()`, and of connected clients in turn, some each second. Without it principals stay what they were.
   */
  readonly current?: (principal: Principal) => Principal | undefined;
  /** Hears of each refusal; returns at once. */
  readonly refused?: (refusal: MqttRefusal) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Packets of a WebSocket frame are unpacked by the codec; a frame may hold some of them. */
const wsFrameSlack = 65_536;
const stopGraceMs = 500;
const sweepSlice = 2000;
const stallCheckSeconds = 5;
const stallSeconds = 60;

/** MQTT 3.1.1 and 5.0 broker over TCP and WebSocket, and the bus of this process. */
export class Broker implements Part {
  readonly id = 'broker';
  readonly bus: MessageBus;
  readonly #options: BrokerOptions;
  readonly #health: HealthState;
  readonly #context: BrokerContext;
  readonly #clients = new Set<Client>();
  readonly #check: PermissionCheck | undefined;
  #tcp: OpenListener | undefined;
  #ws: OpenListener | undefined;
  #cancelTick: Cancel | undefined;
  #numbers = 0;
  #full = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: BrokerOptions) {
    this.#options = options;
    const { clock, log } = options;
    const limits = { ...defaultLimits, ...options.limits };
    const stats = zeroStats();
    const wheel = new TimerWheel();
    const router = new Router(limits, stats, clock, log);
    this.#health = new HealthState(() => clock.now());
    this.#context = {
      limits,
      stats,
      log,
      wheel,
      router,
      loop: new FlushLoop(),
      sessions: new SessionStore(router, wheel, clock, limits, stats),
      authenticate: options.authenticate,
      authorize: (principal, action, topic) => {
        try {
          return options.authorize(principal, action, topic);
        } catch (thrown) {
          log.error('a permission cannot be checked', { principal: principal.name, action, topic, reason: reasonOf(thrown) });
          return false;
        }
      },
      refused: (refusal) => {
        try {
          options.refused?.(refusal);
        } catch (thrown) {
          log.error('a refusal cannot be told', { reason: reasonOf(thrown) });
        }
      },
      aclEpoch: 0,
      gone: (client) => {
        this.#clients.delete(client);
        stats.connections--;
        if (this.#clients.size === 0) this.#onEmpty?.();
      },
    };
    this.#check = options.current && new PermissionCheck(this.#context, options.current);
    this.bus = new LocalBus(router);
  }

  /** Rejects with BROKER_PORT_TAKEN, BROKER_PORT_DENIED, BROKER_ADDRESS_UNKNOWN or BROKER_LISTEN_FAILED; nothing stays open then. */
  async start(): Promise<void> {
    if (this.#cancelTick !== undefined) return;
    const { listeners, clock, log } = this.#options;
    this.#health.set('starting', 'Opens its listeners.');
    this.#context.sessions.closing = false;
    try {
      if (listeners.tcp) this.#tcp = await listenTcp(listeners.tcp, (t) => this.#accept(t, listeners.tcp!.anonymous), clock, log);
      if (listeners.ws) {
        const maxPayload = this.#context.limits.maxPacketSize + wsFrameSlack;
        this.#ws = await listenWs(listeners.ws, maxPayload, (t) => this.#accept(t, listeners.ws!.anonymous), clock, log);
      }
    } catch (thrown) {
      this.#closeListeners();
      this.#health.set('failed', reasonOf(thrown));
      throw thrown;
    }
    this.#tick();
    this.#sayServing();
  }
  #sayServing(): void {
    const { tcp, ws } = this.addresses();
    const where = [tcp, ws].filter(Boolean).join(' and ') || 'the bus only';
    this.#health.set('running', `Serves MQTT on ${where}.${openness(this.#options.listeners)}`);
  }
  #tick(): void {
    this.#cancelTick = this.#options.clock.after(1000, () => {
      this.#tick();
      this.#context.wheel.advance();
      this.#sweep(this.#context.wheel.tick);
      this.#check?.some(this.#clients);
    });
  }

  /** Expired retained messages go; clients that take nothing for a minute are let go with their session kept. */
  #sweep(tick: number): void {
    this.#context.router.retained.sweep(this.#options.clock.monotonicMs(), sweepSlice);
    if (tick % stallCheckSeconds !== 0) return;
    for (const client of this.#clients) {
      if (client.connected && client.conn.stalled(tick, stallSeconds)) client.kick(Code.quotaExceeded);
    }
  }

  /** 5.0 clients hear 0x8B; sessions and retained messages are in memory and end here. */
  async stop(): Promise<void> {
    if (this.#cancelTick === undefined) return;
    this.#cancelTick();
    this.#cancelTick = undefined;
    this.#closeListeners();
    this.#context.sessions.closing = true;
    for (const client of [...this.#clients]) {
      if (client.connected) client.kick(Code.serverShuttingDown);
      else client.destroy();
    }
    if (this.#clients.size > 0) await this.#gone();
    for (const client of [...this.#clients]) client.destroy();
    this.#context.sessions.endAll();
    this.#health.set('stopped', 'Stopped.');
  }
  /** Waits until all connections closed by themselves, at most `stopGraceMs`. */
  async #gone(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(stopGraceMs, resolve);
      this.#onEmpty = () => {
        cancel();
        resolve();
      };
    });
    this.#onEmpty = undefined;
  }
  #closeListeners(): void {
    this.#tcp?.close();
    this.#ws?.close();
    this.#tcp = undefined;
    this.#ws = undefined;
  }

  #accept(transport: Transport, anonymous: boolean): TransportEvents | undefined {
    const { stats, limits, log } = this.#context;
    if (this.#clients.size >= limits.maxConnections) {
      stats.connectionsRefused++;
      if (!this.#full) log.warn('no more MQTT connections fit', { limit: limits.maxConnections });
      this.#full = true;
      this.#health.set('degraded', `Refuses new clients: all ${limits.maxConnections} connections are taken.`);
      return undefined;
    }
    if (this.#full) {
      this.#full = false;
      this.#sayServing();
    }
    const client = new Client(this.#context, transport, ++this.#numbers, anonymous);
    this.#clients.add(client);
    stats.connections++;
    stats.connectionsTotal++;
    return client.conn;
  }

  health(): Health {
    return this.#health.get();
  }
  address(): string | undefined {
    return this.addresses().tcp ?? this.addresses().ws;
  }
  /** Where clients reach it, e.g. `mqtt://127.0.0.1:1883` and `ws://127.0.0.1:8083/mqtt`; empty while stopped. */
  addresses(): { tcp?: string; ws?: string } {
    const { ws } = this.#options.listeners;
    return {
      ...(this.#tcp ? { tcp: `mqtt://${hostText(this.#tcp.host)}:${this.#tcp.port}` } : {}),
      ...(this.#ws && ws ? { ws: `ws://${hostText(this.#ws.host)}:${this.#ws.port}${ws.path}` } : {}),
    };
  }
  /**
   * A rule of access changed: every verdict is asked for again. Clients whose credential is gone are closed at once (5.0 hears 0x87) and
   * their sessions end, without their wills; others lose the subscriptions they may no longer have, and what waits for them of those.
   */
  permissionsChanged(): void {
    this.#context.aclEpoch++;
    this.#check?.all();
  }

  stats(): BrokerStats {
    const { stats, sessions, router } = this.#context;
    return {
      ...stats,
      sessions: sessions.size,
      retained: router.retained.size,
      retainedBytes: router.retained.bytes,
      dropped: stats.droppedSlow + stats.droppedQueue + stats.droppedExpired + stats.droppedTooLarge + stats.droppedRetained,
    };
  }
  clients(): ClientInfo[] {
    const out: ClientInfo[] = [];
    for (const s of this.#context.sessions.all()) {
      out.push({
        clientId: s.clientId,
        ...(s.username === undefined ? {} : { username: s.username }),
        peer: s.peer,
        protocol: s.version === 5 ? '5.0' : '3.1.1',
        listener: s.listener,
        connected: s.conn !== null,
        since: s.since,
        keepAlive: s.keepAlive,
        subscriptions: [...s.subscriptions.values()].map(({ filter, qos }) => ({ filter, qos })),
        messagesIn: s.messagesIn,
        messagesOut: s.messagesOut,
        queued: s.queued,
        dropped: s.dropped,
      });
    }
    return out;
  }
  metrics(): Iterable<MetricSample> {
    return samples(this.stats());
  }
}

const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);
