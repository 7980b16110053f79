import { HealthState, reasonOf } from '@omh/core';
import type { Cancel, Clock, Health, Logger, MessageBus, MetricSample, Part, Principal } from '@omh/core';
import { guarded } from './authorization.ts';
import type { Authenticate, Authorize, BrokerContext, MqttRefusal } from './broker-context.ts';
import type { Ban, Bans, NewBan } from './bans.ts';
import { Client } from './client.ts';
import { Code } from './codec/protocol.ts';
import type { BrokerLog } from './durable/broker-log.ts';
import { openStore } from './durable/open-store.ts';
import { Doors } from './doors.ts';
import type { DoorOptions } from './doors.ts';
import type { BeginAuth } from './enhanced-auth.ts';
import { FlushLoop } from './flush-loop.ts';
import { clientDetail, clientInfo, kick, retainedPage, subscriptionPage } from './features/broker-admin.ts';
import type { ClientDetail, Page, RetainedInfo, SubscriptionInfo } from './features/broker-admin.ts';
import { clientPage } from './features/client-page.ts';
import type { ClientPage, ClientQuery } from './features/client-page.ts';
import type { Departure } from './features/departed.ts';
import { defaultFeatures } from './features/feature-options.ts';
import type { FeatureOptions } from './features/feature-options.ts';
import { BrokerFeatures } from './features/features.ts';
import { defaultLimits } from './limits.ts';
import type { BrokerLimits } from './limits.ts';
import type { ListenerInfo } from './listen/listener.ts';
import type { BrokerListeners } from './listen/listener-options.ts';
import { LocalBus } from './local-bus.ts';
import { listenerSamples, logSamples, samples } from './metrics.ts';
import { openness } from './openness.ts';
import { PermissionCheck } from './permission-check.ts';
import { Router } from './router.ts';
import { SessionStore } from './session-store.ts';
import { zeroStats } from './stats.ts';
import type { BrokerStats, ClientInfo } from './stats.ts';
import { TimerWheel } from './timer-wheel.ts';
import type { Transport, TransportEvents } from './transport.ts';

export interface BrokerOptions extends DoorOptions {
  readonly listeners: BrokerListeners;
  readonly limits?: Partial<BrokerLimits>;
  /** undefined = refused (CONNACK 0x87, in 3.1.1 code 5). */
  readonly authenticate: Authenticate;
  /** Enhanced authentication (MQTT 5.0, 4.12): the methods that are offered. Without it every method is refused with 0x8C. */
  readonly beginAuth?: BeginAuth;
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
  /**
   * Opens the log of retained messages, kept sessions and their messages, at each start; its mode says what a PUBACK promises. Without
   * it all is gone with the process.
   */
  readonly durable?: () => Promise<BrokerLog>;
  /** Each part that is given replaces the default of the same name. */
  readonly features?: Partial<FeatureOptions>;
}

const stopGraceMs = 500;
const sweepSlice = 2000;
const stallCheckSeconds = 5;
const stallSeconds = 60;
/** By the listener's name. */
export interface BrokerAddresses {
  readonly tcp?: string;
  readonly ws?: string;
  readonly [name: string]: string | undefined;
}

/** What waits for one socket, in bytes, before it may be cut when memory is short. */
const cutAbove = 65_536;

/** MQTT 3.1.1 and 5.0 broker over TCP and WebSocket, with TLS and without, and the bus of this process. */
export class Broker implements Part {
  readonly id = 'broker';
  readonly bus: MessageBus;
  /** Delayed messages, topic metrics, slow subscriptions, traces, events. */
  readonly features: BrokerFeatures;
  readonly #options: BrokerOptions;
  readonly #health: HealthState;
  readonly #context: BrokerContext;
  readonly #clients = new Set<Client>();
  readonly #check: PermissionCheck | undefined;
  readonly #doors: Doors;
  #listeners: BrokerListeners;
  #cancelTick: Cancel | undefined;
  #numbers = 0;
  #onEmpty: (() => void) | undefined;
  /** What was found in the log, as a sentence. */
  #found = '';

  constructor(options: BrokerOptions) {
    this.#options = options;
    const { clock, log } = options;
    const limits = { ...defaultLimits, ...options.limits };
    const stats = zeroStats();
    const wheel = new TimerWheel();
    const router = new Router(limits, stats, clock, log);
    this.#health = new HealthState(() => clock.now());
    this.#listeners = options.listeners;
    const accept = (transport: Transport): TransportEvents => this.#accept(transport);
    this.#doors = new Doors(options, { limits, stats, wheel, clock, log, accept, changed: () => this.#sayServing() });
    const sessions = new SessionStore(router, wheel, clock, limits, stats);
    this.features = new BrokerFeatures(
      { ...defaultFeatures, ...options.features },
      { router, sessions, stats, wheel, clock, log, fullStats: () => this.stats() },
    );
    this.#context = {
      limits,
      stats,
      log,
      wheel,
      router,
      loop: new FlushLoop(),
      sessions,
      features: this.features,
      admission: this.#doors.admission,
      authenticate: options.authenticate,
      beginAuth: options.beginAuth,
      authorize: guarded(options.authorize, log),
      refused: (refusal) => {
        try {
          options.refused?.(refusal);
        } catch (thrown) {
          log.error('a refusal cannot be told', { reason: reasonOf(thrown) });
        }
      },
      store: null,
      aclEpoch: 0,
      gone: (client) => {
        this.#clients.delete(client);
        if (this.#clients.size === 0) this.#onEmpty?.();
      },
    };
    this.#check = options.current && new PermissionCheck(this.#context, options.current);
    this.bus = new LocalBus(router, this.features);
  }

  /**
   * Rejects with BROKER_PORT_TAKEN, BROKER_PORT_DENIED, BROKER_ADDRESS_UNKNOWN, BROKER_LISTEN_FAILED, BROKER_LOG_NEWER or what opening the
   * log throws; nothing stays open then.
   */
  async start(): Promise<void> {
    if (this.#cancelTick !== undefined) return;
    this.#health.set('starting', 'Opens its listeners.');
    this.#context.sessions.closing = false;
    try {
      if (this.#options.durable !== undefined) await this.#openStore(this.#options.durable);
      await this.#doors.open(this.#listeners);
    } catch (thrown) {
      await this.#closeStore();
      this.#health.set('failed', reasonOf(thrown));
      throw thrown;
    }
    this.features.begin();
    this.#tick();
    this.#sayServing();
  }
  async #openStore(durable: () => Promise<BrokerLog>): Promise<void> {
    this.#health.set('starting', 'Reads what it kept.');
    const { sessions, router, limits, log } = this.#context;
    const { delayed } = this.features;
    const rooms = { sessions, retained: router.retained, delayed, clock: this.#options.clock, log, limits };
    const { store, found } = await openStore(durable, rooms);
    this.#context.store = store;
    this.#found = found;
  }
  /** What was in memory is in the log, and comes back from there. */
  async #closeStore(): Promise<void> {
    const { store, sessions, router } = this.#context;
    if (store === null) return;
    await store.close();
    this.#context.store = sessions.store = router.retained.store = this.features.delayed.store = null;
    this.features.delayed.clear();
    sessions.endAll();
    router.retained.clear();
  }
  #sayServing(): void {
    if (this.#cancelTick === undefined) return;
    const trouble = this.#doors.trouble();
    if (trouble !== undefined) {
      this.#health.set('degraded', trouble);
      return;
    }
    const where = sentenceList(Object.values(this.#doors.addresses())) || 'the bus only';
    this.#health.set('running', `Serves MQTT on ${where}.${openness(this.#listeners)}${this.#doors.note()}${this.#found}`);
  }
  #tick(): void {
    this.#cancelTick = this.#options.clock.after(1000, () => {
      this.#tick();
      this.#context.wheel.advance();
      this.features.tick();
      this.#sweep(this.#context.wheel.tick);
      this.#doors.tick();
      if (this.#doors.memory.critical) this.#cutQueues();
      this.#check?.some(this.#clients);
    });
  }

  /** Expired retained messages go; clients that take nothing for a minute are let go with their session kept. */
  #sweep(tick: number): void {
    this.#context.router.retained.sweep(this.#options.clock.monotonicMs(), sweepSlice);
    this.#context.store?.tick();
    if (tick % stallCheckSeconds !== 0) return;
    for (const client of this.#clients) {
      if (client.connected && client.conn.stalled(tick, stallSeconds)) client.kick(Code.quotaExceeded);
    }
  }

  /** 5.0 clients hear 0x8B. What is logged is safe then; all else ends here. */
  async stop(): Promise<void> {
    if (this.#cancelTick === undefined) return;
    this.#cancelTick();
    this.#cancelTick = undefined;
    this.#doors.close();
    this.#context.sessions.closing = true;
    if (this.#context.store !== null) this.#context.store.stopping = true;
    for (const client of [...this.#clients]) {
      if (client.connected) client.kick(Code.serverShuttingDown);
      else client.destroy();
    }
    if (this.#clients.size > 0) await this.#gone();
    for (const client of [...this.#clients]) client.destroy();
    await this.#closeStore();
    this.features.delayed.clear();
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
  /** QoS 0 that waits for slow clients, where most of it waits. */
  #cutQueues(): void {
    const slow = [...this.#clients].filter((client) => client.conn.outBytes > cutAbove);
    for (const client of slow) this.#context.stats.droppedSlow += client.conn.cutQos0();
  }
  #accept(transport: Transport): TransportEvents {
    const client = new Client(this.#context, transport, ++this.#numbers);
    client.conn.meter = this.#doors.meter(transport.place);
    this.#clients.add(client);
    return client.conn;
  }

  // ---- the doors

  /**
   * Other listeners from now on: new ones are open before old ones close, clients of closed ones hear 0x98. Rejects, and leaves all as it
   * was, where one cannot be opened (BROKER_PORT_TAKEN and its like, BROKER_CERTIFICATE_UNREADABLE, BROKER_CERTIFICATE_BAD).
   */
  async setListeners(next: BrokerListeners): Promise<void> {
    if (this.#cancelTick !== undefined) {
      const closed = await this.#doors.set(next);
      for (const client of [...this.#clients]) if (closed.has(client.conn.transport.place.door)) client.kick(Code.administrative);
    }
    this.#listeners = next;
    this.#sayServing();
  }
  listeners(): ListenerInfo[] {
    return this.#doors.infos();
  }
  /** Reads the certificates of all listeners now; where a new one cannot be used the old one stays and `health` says so. */
  reloadCertificates(): void {
    this.#doors.reloadCertificates();
  }
  get bans(): Pick<Bans, 'list' | 'remove'> {
    return this.#doors.bans;
  }
  /** Keeps somebody out from now on, and sends away who is in. Throws BROKER_BAN_INVALID, BROKER_BANS_FULL and what the store throws. */
  ban(ban: NewBan): Ban {
    const added = this.#doors.bans.add(ban);
    for (const client of [...this.#clients]) {
      const { address } = client.conn.transport.place;
      const banned =
        client.session === null
          ? this.#doors.bans.findAddress(address)
          : this.#doors.bans.find(client.session.clientId, client.session.username, address);
      if (banned !== undefined) client.kick(Code.administrative);
    }
    return added;
  }

  /**
   * For a look at single messages: `received` is told of each in-process reader's time in monotonic ms until the answer is called;
   * `written` once, when what was published before is with the sockets.
   */
  watchReaders(received: (reader: string, topic: string, fromMs: number, toMs: number) => void): () => void {
    const { router } = this.#context;
    router.onReceive = received;
    return () => {
      if (router.onReceive === received) router.onReceive = undefined;
    };
  }
  afterNextWrite(written: () => void): void {
    this.#context.loop.afterNext = written;
  }

  health(): Health {
    const health = this.#health.get();
    const trouble = health.state === 'running' || health.state === 'degraded' ? this.#context.store?.trouble() : undefined;
    return trouble === undefined ? health : { ...health, state: 'degraded', reason: trouble };
  }
  address(): string | undefined {
    return Object.values(this.addresses())[0];
  }
  /** Where clients reach it, e.g. `mqtt://127.0.0.1:1883` and `ws://127.0.0.1:8083/mqtt`; empty while stopped. */
  addresses(): BrokerAddresses {
    return this.#doors.addresses();
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
      delayed: this.features.delayed.size,
      topics: router.filters,
      packetsIn: stats.packetsIn.slice(),
      packetsOut: stats.packetsOut.slice(),
      dropped: stats.droppedSlow + stats.droppedQueue + stats.droppedExpired + stats.droppedTooLarge + stats.droppedRetained,
    };
  }
  clients(): ClientInfo[] {
    return Array.from(this.#context.sessions.all(), (s) => clientInfo(s));
  }
  /** Clients and kept sessions by client id, a page at a time, each with its first subscriptions. */
  clientPage(query: ClientQuery): Promise<ClientPage> {
    return clientPage(this.#context, query);
  }
  /** One client with all there is to say; only its departure when it went; undefined when it was never here, or long ago. */
  client(clientId: string): ClientDetail | { readonly departure: Departure } | undefined {
    return clientDetail(this.#context, clientId);
  }
  /** Sends a client away, 5.0 ones with 0x98 and the reason. Its session is kept unless `endSession`. False when there is none. */
  disconnect(clientId: string, reason = 'by an order', endSession = false): boolean {
    return kick(this.#context, clientId, reason, endSession);
  }
  /** Subscriptions of all clients, a page at a time; `filter` keeps the same filter and those it matches. */
  subscriptions(filter?: string, cursor?: string, limit?: number): Page<SubscriptionInfo> {
    return subscriptionPage(this.#context, filter, cursor, limit);
  }
  /** Retained messages by topic, a page at a time. */
  retained(filter?: string, cursor?: string, limit?: number): Promise<Page<RetainedInfo>> {
    return retainedPage(this.#context, this.#options.clock.monotonicMs(), filter, cursor, limit);
  }
  /** False when nothing is retained there. */
  deleteRetained(topic: string): boolean {
    return this.#context.router.retained.delete(topic);
  }
  *metrics(): Iterable<MetricSample> {
    yield* samples(this.stats());
    yield* listenerSamples(this.listeners());
    if (this.#context.store !== null) yield* logSamples(this.#context.store);
  }
}

const sentenceList = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
