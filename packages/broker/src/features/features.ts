import { reasonOf } from '@omh/core';
import type { BusEventType, Clock, Logger, Micros, PublishStage, SessionLife } from '@omh/core';
import type { Client } from '../client.ts';
import type { ConnectPacket } from '../codec/decode.ts';
import { errors } from '../errors.ts';
import { LocalMessage } from '../local-message.ts';
import type { Publisher } from '../local-message.ts';
import type { Publish } from '../publish.ts';
import type { Route } from '../route.ts';
import type { Router } from '../router.ts';
import type { Session } from '../session.ts';
import type { SessionStore } from '../session-store.ts';
import type { BrokerStats } from '../stats.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import { Delayed, parseDelay } from './delayed.ts';
import { DeliveryWatch } from './delivery-watch.ts';
import type { DeliveryObserver } from './delivery-watch.ts';
import { Departed } from './departed.ts';
import { EventStream } from './event-stream.ts';
import type { FeatureOptions } from './feature-options.ts';
import { MessageTraces } from './message-trace.ts';
import { runHooks } from './publish-hooks.ts';
import type { Outcome, PublishObserver, RouteHooks } from './publish-hooks.ts';
import { SlowSubscriptions } from './slow-subscriptions.ts';
import { SysTopics } from './sys-topics.ts';
import { TopicMetrics } from './topic-metrics.ts';
import { TopicRewrite } from './topic-rewrite.ts';

interface Rooms {
  readonly router: Router;
  readonly sessions: SessionStore;
  readonly stats: BrokerStats;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly log: Logger;
  /** With what is counted only when somebody asks. */
  fullStats(): BrokerStats;
}

const lives = [
  'session.created',
  'session.resumed',
  'session.takenover',
  'session.discarded',
  'session.terminated',
] as const satisfies readonly BusEventType[];
const nobody = { kind: 'anonymous', name: 'unknown', permissions: [] } as const;

/** The broker's features, and which of them a topic or a delivery meets; those that are off cost a comparison with null. */
export class BrokerFeatures {
  readonly options: FeatureOptions;
  readonly events: EventStream;
  readonly delayed: Delayed;
  readonly topicMetrics: TopicMetrics;
  readonly slow: SlowSubscriptions;
  readonly traces: MessageTraces;
  readonly departed = new Departed();
  readonly rewrite: TopicRewrite;
  readonly #sys: SysTopics;
  readonly #rooms: Rooms;
  readonly #stages: PublishStage[] = [];
  #observers: readonly PublishObserver[] = [];
  #slowOn: boolean;

  /** Throws BROKER_REWRITE_INVALID and BROKER_FILTER_INVALID. */
  constructor(options: FeatureOptions, rooms: Rooms) {
    const { router, sessions, stats, wheel, clock, log } = rooms;
    this.options = options;
    this.#rooms = rooms;
    this.rewrite = new TopicRewrite(options.rewrite);
    this.events = new EventStream(stats, log);
    this.delayed = new Delayed(options.delayed, wheel, clock, (message, from) => this.#publishDue(message, from));
    this.topicMetrics = new TopicMetrics(options.topicMetrics.maxTopics, () => this.#refresh());
    this.slow = new SlowSubscriptions(options.slowSubscriptions);
    this.#slowOn = options.slowSubscriptions.enabled;
    this.traces = new MessageTraces(clock, this.events, () => this.#refresh());
    this.#sys = new SysTopics(options.sys, router, clock, this.events, () => rooms.fullStats());
    this.events.onDemand = () => this.#refresh();
    sessions.publish = (will, from) => void this.publish(will, from);
    router.hooksOf = (route) => this.#hooksOf(route);
    router.strategyOf = (group) => options.shared.groups[group] ?? options.shared.strategy;
    router.virtual = this.#sys;
    router.onSystem = (wanted) => this.#sys.wanted(wanted);
    for (const topic of options.topicMetrics.topics) this.topicMetrics.add(topic, clock.now());
    this.#refresh();
  }
  begin(): void {
    this.#sys.begin();
  }
  /** Once a second. */
  tick(): void {
    const { stats, clock, sessions, router } = this.#rooms;
    stats.clientsMax = Math.max(stats.clientsMax, stats.clients);
    stats.sessionsMax = Math.max(stats.sessionsMax, sessions.size);
    stats.subscriptionsMax = Math.max(stats.subscriptionsMax, stats.subscriptions);
    stats.topicsMax = Math.max(stats.topicsMax, router.filters);
    stats.retainedMax = Math.max(stats.retainedMax, router.retained.size);
    this.topicMetrics.tick();
    this.slow.expire(clock.monotonicMs());
    this.departed.expire(clock.now());
    this.traces.tick();
    this.#sys.tick();
  }

  // ---- what is on

  /** Throws BROKER_STAGE_EXISTS. */
  attach(stage: PublishStage): { close(): void } {
    if (this.#stages.some(({ name }) => name === stage.name)) throw errors.BROKER_STAGE_EXISTS({ stage: stage.name });
    this.#stages.push(stage);
    this.#rooms.router.hooksChanged();
    return {
      close: () => {
        const at = this.#stages.indexOf(stage);
        if (at < 0) return;
        this.#stages.splice(at, 1);
        this.#rooms.router.hooksChanged();
      },
    };
  }
  get slowEnabled(): boolean {
    return this.#slowOn;
  }
  setSlow(enabled: boolean): void {
    this.#slowOn = enabled;
    if (!enabled) this.slow.clear();
    this.#refresh();
  }
  #refresh(): void {
    const { router, sessions, clock } = this.#rooms;
    const publications: PublishObserver[] = [];
    const deliveries: DeliveryObserver[] = [];
    if (this.traces?.active) {
      publications.push(this.traces.publications);
      deliveries.push(this.traces.deliveries);
    }
    if (this.events.wants('message.dropped')) publications.push(this.#droppedEvents);
    if (this.topicMetrics.size > 0) deliveries.push(this.#counts);
    if (this.#slowOn) deliveries.push(this.#timed);
    const { delivered, acked, dropped } = this.#deliveryEvents;
    const wanted = {
      ...(this.events.wants('message.delivered') ? { delivered } : {}),
      ...(this.events.wants('message.acked') ? { acked, keeps: true } : {}),
      ...(this.events.wants('delivery.dropped') ? { dropped } : {}),
    };
    if (Object.keys(wanted).length > 0) deliveries.push(wanted);
    this.#observers = publications;
    // QoS 0 goes out in runs of packets unless somebody looks at each.
    const each = this.traces?.anyTopic || this.events.wants('message.delivered') || this.events.wants('delivery.dropped');
    router.eachDelivery = each;
    sessions.watch = deliveries.length === 0 ? null : new DeliveryWatch(deliveries, () => clock.monotonicMs());
    sessions.onLife = lives.some((type) => this.events.wants(type)) ? this.#life : null;
    router.hooksChanged();
  }
  #hooksOf(route: Route): RouteHooks | null {
    const { topic } = route;
    const delay = this.options.delayed.enabled && route.delayed ? (parseDelay(topic) ?? null) : null;
    const rewrite = this.rewrite.publishes && delay === null ? this.rewrite.forTopic(topic) : null;
    const stages = this.#stages.filter((stage) => this.#applies(stage, topic));
    const counters = this.topicMetrics.of(topic);
    const observers = this.#observers.filter((o) => o.watches?.(topic) ?? true);
    if (rewrite === null && delay === null && stages.length + counters.length + observers.length === 0) return null;
    return { rewrite, moved: null, delay, stages: delay === null ? stages : [], counters, observers };
  }
  /** One that cannot say so looks at it: what it is there to refuse must not pass. */
  #applies(stage: PublishStage, topic: string): boolean {
    try {
      return stage.appliesTo(topic);
    } catch (thrown) {
      this.#rooms.stats.readerErrors++;
      this.#rooms.log.warn('a publish stage failed on a topic', { stage: stage.name, topic, reason: reasonOf(thrown) });
      return true;
    }
  }
  /** What is between permission and takers of a topic that has hooks. */
  run(p: Publish, route: Route, from: Publisher): Outcome {
    return runHooks(this.#rooms.router, this.#rooms.log, p, route, from);
  }
  /** Keeps it until its time comes. False when no more fit. */
  delay(p: Publish, { delay, from }: Outcome): boolean {
    if (!this.delayed.fits(p)) return false;
    this.#rooms.stats.messagesDelayed++;
    this.delayed.add(p, delay!, Buffer.from(delay!.topic), from);
    return true;
  }
  #publishDue(message: Publish, from: Publisher): void {
    void this.publish(message, from);
  }
  /** A message that belongs to the broker itself: a will, or one whose time came. Undefined when nobody has to be waited for. */
  publish(p: Publish, from: Publisher): Promise<void> | undefined {
    const { router } = this.#rooms;
    const route = router.routes.find(p.topicBytes, 0, p.topicBytes.length);
    if (route === undefined || router.isVirtual(route)) return undefined;
    let set = router.resolve(route);
    let to = from;
    if (route.hooks !== null) {
      const outcome = this.run(p, route, from);
      if (outcome.code >= 0x80) return undefined;
      if (outcome.delay !== null) {
        this.delay(p, outcome);
        return undefined;
      }
      ({ set, from: to } = outcome);
    }
    if (p.retain) router.retain(p);
    const settled = router.dispatch(p, set, to);
    settled?.catch(() => {});
    return settled;
  }

  // ---- what clients do

  /** What every event about a session says. */
  about({ clientId, username, peer }: Session): { time: Micros; clientId: string; username: string | undefined; peer: string } {
    return { time: this.#rooms.clock.now(), clientId, username, peer };
  }
  readonly #life = (type: SessionLife['type'], session: Session): void => this.events.emit(type, () => ({ type, ...this.about(session) }));
  #connecting(client: Client, { username, version, clean, keepAlive, properties }: ConnectPacket, clientId: string) {
    return {
      time: this.#rooms.clock.now(),
      clientId,
      username,
      peer: client.peer,
      protocol: version === 5 ? ('5.0' as const) : ('3.1.1' as const),
      listener: client.conn.transport.place.door.name,
      keepAlive,
      cleanStart: clean,
      sessionExpiry: client.session?.expiry ?? 0,
      userProperties: properties.userProperties ?? [],
    };
  }
  connack(client: Client, packet: ConnectPacket, clientId: string, code: number): void {
    this.events.emit('client.connack', () => ({ type: 'client.connack', ...this.#connecting(client, packet, clientId), code }));
  }
  connected(client: Client, packet: ConnectPacket, clientId: string): void {
    this.events.emit('client.connected', () => ({ type: 'client.connected', ...this.#connecting(client, packet, clientId) }));
  }
  /** Before the session loses its connection. */
  disconnected(client: Client, session: Session, reason: string): void {
    const { clientId, username, since: connectedAt, version } = session;
    const time = this.#rooms.clock.now();
    this.#rooms.stats.clientsDisconnected++;
    this.departed.add(clientId, { time, reason, peer: client.peer, username });
    this.events.emit('client.disconnected', () => ({
      type: 'client.disconnected',
      time,
      clientId,
      username,
      peer: client.peer,
      protocol: version === 5 ? '5.0' : '3.1.1',
      reason,
      connectedAt,
    }));
  }

  // ---- what looks on

  readonly #counts: DeliveryObserver = {
    delivered: (_session, p, qos) => this.topicMetrics.delivered(p.topic, qos),
    dropped: (_session, p) => this.topicMetrics.dropped(p.topic),
  };
  readonly #timed: DeliveryObserver = {
    acked: (session, topic, _kept, tookMs) =>
      this.slow.acked(session.clientId, topic, tookMs, this.#rooms.clock.monotonicMs(), this.#rooms.clock.now()),
  };
  readonly #droppedEvents: PublishObserver = {
    dropped: (p, from, reason) =>
      this.events.emit('message.dropped', () => ({
        type: 'message.dropped',
        time: this.#rooms.clock.now(),
        clientId: from.clientId,
        username: p.origin?.username,
        peer: from.peer ?? '',
        reason,
        message: new LocalMessage(p, from, this.#rooms.clock, p.retain),
        fromUsername: p.origin?.username,
      })),
  };
  #about<T extends string>(type: T, { clientId, username, peer }: Session, p: Publish) {
    const { origin } = p;
    const from: Publisher = {
      principal: origin?.principal ?? nobody,
      clientId: origin?.clientId ?? '',
      peer: origin?.peer,
      payload: undefined,
      batch: undefined,
    };
    p.materialize();
    const message = new LocalMessage(p, from, this.#rooms.clock, p.retain);
    return { type, time: this.#rooms.clock.now(), clientId, username, peer, message, fromUsername: origin?.username };
  }
  readonly #deliveryEvents: Required<Omit<DeliveryObserver, 'keeps'>> = {
    delivered: (session, p) => this.events.emit('message.delivered', () => this.#about('message.delivered', session, p)),
    acked: (session, _topic, kept) => {
      if (kept !== null) this.events.emit('message.acked', () => this.#about('message.acked', session, kept));
    },
    dropped: (session, p, reason) =>
      this.events.emit('delivery.dropped', () => ({ ...this.#about('delivery.dropped', session, p), reason })),
  };
}
