import { HealthState, reasonOf, topicFilterFault, topicNameFault } from '@omh/core';
import type { BusCapabilities, BusReader, BusSubscription, Cancel, Clock, Health, Logger, MessageBus, MetricSample } from '@omh/core';
import type { Part, Publication } from '@omh/core';
import { encodeProperties } from '../codec/properties.ts';
import type { Properties } from '../codec/properties.ts';
import { errors } from '../errors.ts';
import { Payload } from '../local-message.ts';
import { zeroStats } from '../stats.ts';
import type { BrokerStats, ClientInfo } from '../stats.ts';
import { brokerAddress } from './broker-address.ts';
import { encodePublish } from './client-packets.ts';
import type { Connack, OutgoingPublish } from './client-packets.ts';
import { Hops } from './hops.ts';
import { Link } from './link.ts';
import type { LinkTls } from './link.ts';
import { Outbox } from './outbox.ts';
import { Reading } from './reading.ts';
import type { FilterMemory } from './reading.ts';

export interface ExternalBrokerOptions {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly url: string;
  /** The same at each start, no other client's: the broker keeps its session. A second connection appends `-live`. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: LinkTls;
  /** Readers that may be split share their messages with the hubs that name the same group. */
  readonly share?: string;
  /** How long the broker keeps what durable readers have not taken, seconds. */
  readonly sessionExpiry?: number;
  /** Messages of durable readers that are not acknowledged yet; the broker holds back more. */
  readonly receiveMaximum?: number;
  readonly maxPacketSize?: number;
  /** QoS 1 and 2 publications that the broker has not taken. */
  readonly maxWaiting?: number;
  readonly maxWaitingBytes?: number;
  /** Where the filters of durable readers are noted, so that what nobody reads after a restart is given up. */
  readonly memory?: FilterMemory;
  readonly clock: Clock;
  readonly log: Logger;
}

const liveSessionSeconds = 60;
const liveReceiveMaximum = 65_535;
const firstConnectMs = 3000;
const drainMs = 2000;
/** How long publications wait for the subscriptions of durable readers when only the one connection stands. */
const holdMs = 10_000;
/** Bytes that wait for the socket; QoS 0 beyond is dropped and counted. */
const maxSocketBacklog = 4 << 20;

/**
 * An MQTT 5 broker or cluster elsewhere behind the hub's bus. Two connections: one publishes and serves volatile readers, one has a kept
 * session for the durable ones, so that a slow durable reader holds back nobody else. What is published here is read here when the broker
 * delivers it. A QoS 1 or 2 publication is acknowledged when the broker has it; the session keeps it for each durable reader until that
 * one has taken it.
 */
export class ExternalBroker implements Part, MessageBus {
  readonly id = 'broker';
  readonly bus: MessageBus = this;
  /** Who published is not told, others' clients are not seen, no stage looks at what others publish, and no batch crosses the network. */
  readonly capabilities: BusCapabilities = { events: false, clients: false, retained: true, stages: false, batch: false, cursors: true };
  readonly #options: ExternalBrokerOptions;
  readonly #url: string;
  readonly #health: HealthState;
  readonly #live: Link;
  readonly #kept: Link;
  readonly #liveReading: Reading;
  readonly #keptReading: Reading;
  readonly #outbox: Outbox;
  readonly #names = new Set<string>();
  readonly #hops = new Hops();
  readonly #counts = { errors: 0, again: 0, refused: 0, received: 0, unclaimed: 0 };
  readonly #dropped = { offline: 0, slow: 0 };
  #published = 0;
  #maxPacket = Number.POSITIVE_INFINITY;
  #maxQos = 2;
  #retain = true;
  #running = false;
  #holdUntil = 0;
  #cancelHold: Cancel = () => {};

  /** Throws BROKER_URL_INVALID. */
  constructor(options: ExternalBrokerOptions) {
    this.#options = options;
    const { clock, log, clientId, tls = {}, sessionExpiry = 7 * 86_400, receiveMaximum = 1000, maxPacketSize = 16 << 20 } = options;
    const address = brokerAddress(options.url);
    this.#url = address.text;
    this.#health = new HealthState(() => clock.now());
    const username = options.username ?? address.username;
    const password = options.password ?? address.password;
    const common = { address, username, password, tls, maxPacketSize, clock };
    const progress = (): void => {
      this.#outbox.pump();
    };
    const reading = (durable: boolean, link: () => Link): Reading =>
      new Reading({
        durable,
        receiveMaximum: durable ? receiveMaximum : liveReceiveMaximum,
        memory: durable ? (options.memory ?? { load: () => [], save: () => {} }) : undefined,
        send: (bytes) => link().send(bytes),
        onSettled: progress,
        clock,
        log,
        hops: this.#hops,
        counts: this.#counts,
      });
    this.#liveReading = reading(false, () => this.#live);
    this.#keptReading = reading(true, () => this.#kept);
    this.#live = new Link(
      {
        ...common,
        clientId: `${clientId}-live`,
        freshStart: true,
        sessionExpiry: liveSessionSeconds,
        receiveMaximum: liveReceiveMaximum,
        log: log.child({ link: 'live' }),
      },
      {
        up: (connack) => this.#liveUp(connack),
        down: () => {
          this.#outbox.down();
          this.#liveReading.down();
        },
        publish: (packet) => this.#liveReading.publish(packet),
        acknowledged: (type, { packetId, code, properties }) => {
          this.#outbox.acknowledged(type, packetId, code, properties.reasonString);
        },
        answered: (type, answer) => this.#liveReading.answered(type, answer),
      },
    );
    this.#kept = new Link(
      {
        ...common,
        clientId,
        freshStart: false,
        sessionExpiry,
        receiveMaximum,
        log: log.child({ link: 'kept' }),
      },
      {
        up: ({ sessionPresent, properties }) => {
          if (!sessionPresent && this.#kept.connects > 1)
            log.warn('the external broker lost the session of this hub: what it kept for durable readers is gone', { url: this.#url });
          this.#live.hurry();
          const kept = properties.sessionExpiryInterval ?? sessionExpiry;
          if (kept < sessionExpiry)
            log.warn('the external broker keeps messages for this hub shorter than asked for', { seconds: kept, asked: sessionExpiry });
          this.#keptReading.up(sessionPresent, properties);
          progress();
        },
        down: () => this.#keptReading.down(),
        publish: (packet) => this.#keptReading.publish(packet),
        acknowledged: () => {},
        answered: (type, answer) => this.#keptReading.answered(type, answer),
      },
    );
    const limits = { messages: options.maxWaiting ?? 10_000, bytes: options.maxWaitingBytes ?? 64 << 20 };
    this.#outbox = new Outbox(
      limits,
      (bytes) => this.#live.send(bytes),
      () => this.#held(),
    );
  }

  /** Resolves when both connections stand, or the first try failed, within 3 s: a broker that is away is not a failure. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#live.start();
    this.#kept.start();
    await this.#until(firstConnectMs, () => [this.#live, this.#kept].every(({ state }) => state !== 'connecting'));
  }

  /** Resolves when what readers subscribed to has reached the broker, or it is away, within 3 s. */
  async settled(): Promise<void> {
    const open = (link: Link, reading: Reading): boolean => link.state === 'up' && reading.settling;
    await this.#until(firstConnectMs, () => !open(this.#live, this.#liveReading) && !open(this.#kept, this.#keptReading));
  }

  /** What waits is sent within 2 s when the broker is there; the rest is refused to its publishers. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    if (this.#live.state === 'up') await this.#until(drainMs, () => this.#outbox.size === 0);
    this.#cancelHold();
    this.#keptReading.stop();
    this.#liveReading.stop();
    await Promise.all([this.#live.stop(), this.#kept.stop()]);
    this.#outbox.close();
    this.#health.set('stopped', 'Stopped.');
  }

  publish(publication: Publication): Promise<void> | undefined {
    const wanted = publication.qos ?? 0;
    try {
      const qos = Math.min(wanted, this.#maxQos);
      const packet = this.#encode(publication, qos);
      this.#published++;
      if (qos > 0) return this.#outbox.add(publication.topic, packet);
      this.#sendNow(packet);
      return wanted === 0 ? undefined : Promise.resolve();
    } catch (thrown) {
      if (wanted > 0) return Promise.reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      this.#counts.errors++;
      this.#options.log.warn('a message of the hub was not published', { topic: publication.topic, reason: reasonOf(thrown).text });
      return undefined;
    }
  }
  #encode({ topic, payload, properties, retain }: Publication, qos: number): OutgoingPublish {
    const fault = topicNameFault(topic);
    if (fault !== undefined) throw errors.BROKER_TOPIC_INVALID({ topic: topic.slice(0, 200), fault });
    if (retain === true && !this.#retain) throw errors.BROKER_PUBLISH_REFUSED({ topic, detail: 'it keeps no retained messages' });
    const marked = this.#hops.mark(properties);
    if (marked === 'circle') throw errors.BROKER_LOOP({ topic });
    let packet: OutgoingPublish;
    try {
      const block = marked === undefined ? Buffer.alloc(0) : encodeProperties(marked as Properties);
      packet = encodePublish(topic, qos, retain === true, block, new Payload(payload).bytes());
    } catch (thrown) {
      throw errors.BROKER_PAYLOAD_INVALID({ topic, detail: thrown instanceof Error ? thrown.message : String(thrown) }, { cause: thrown });
    }
    const { length } = packet.bytes;
    if (length > this.#maxPacket) throw errors.BROKER_PACKET_TOO_LARGE({ topic, bytes: length, limit: this.#maxPacket });
    return packet;
  }
  #sendNow({ bytes }: OutgoingPublish): void {
    if (this.#live.state !== 'up') this.#dropped.offline++;
    else if (this.#live.backlog > maxSocketBacklog) this.#dropped.slow++;
    else this.#live.send(bytes);
  }

  subscribe(filters: readonly string[], reader: BusReader, options: { readonly retained?: boolean } = {}): BusSubscription {
    for (const filter of filters) {
      const fault = filter.startsWith('$share/') ? 'readers of the hub share by broker.share' : topicFilterFault(filter);
      if (fault !== undefined) throw errors.BROKER_FILTER_INVALID({ filter, fault });
    }
    if (this.#names.has(reader.name)) throw errors.BROKER_READER_EXISTS({ reader: reader.name });
    this.#names.add(reader.name);
    const { share } = this.#options;
    const texts = share !== undefined && reader.sharing === 'split' ? filters.map((filter) => `$share/${share}/${filter}`) : filters;
    const reading = reader.delivery === 'durable' ? this.#keptReading : this.#liveReading;
    const subscription = reading.add(texts, reader, options.retained === true);
    let open = true;
    return {
      close: () => {
        if (!open) return;
        open = false;
        this.#names.delete(reader.name);
        subscription.close();
      },
    };
  }

  /** A durable reader that subscribed before a publication finds it, although both take different connections. */
  #held(): boolean {
    if (this.#keptReading.filters === 0) return false;
    if (this.#kept.state === 'up') return this.#keptReading.settling;
    return this.#kept.fault?.row.blame !== 'config' && this.#options.clock.monotonicMs() < this.#holdUntil;
  }

  #liveUp({ sessionPresent, properties }: Connack): void {
    this.#maxPacket = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#maxQos = properties.maximumQoS ?? 2;
    this.#retain = properties.retainAvailable !== 0;
    this.#kept.hurry();
    this.#holdUntil = this.#options.clock.monotonicMs() + holdMs;
    this.#cancelHold();
    this.#cancelHold = this.#options.clock.after(holdMs + 1, () => this.#outbox.pump());
    this.#liveReading.up(sessionPresent, properties);
    this.#outbox.up(properties.receiveMaximum ?? 65_535, sessionPresent);
  }

  health(): Health {
    this.#judge();
    return this.#health.get();
  }
  #judge(): void {
    if (!this.#running) return;
    const away = [this.#live, this.#kept].find(({ state }) => state !== 'up');
    const waiting = this.#outbox.size === 0 ? '' : ` ${this.#outbox.size} messages wait for it.`;
    if (away !== undefined) {
      const { fault, nextTry } = away;
      if (fault === undefined) this.#health.set('starting', `Connects to ${this.#url}.`);
      else this.#health.set(fault.row.blame === 'config' ? 'failed' : 'lost', { ...fault.reason(), text: fault.text + waiting }, nextTry);
      return;
    }
    const trouble = this.#keptReading.trouble() ?? this.#liveReading.trouble();
    if (trouble !== undefined) {
      this.#health.set('degraded', { code: 'BROKER_LINK_DEGRADED', params: {}, text: trouble });
      return;
    }
    const shared = this.#options.share === undefined ? '' : ` Rules share their messages with the hubs of ${this.#options.share}.`;
    const text = `Uses the broker ${this.#url}; its clients, bans and traces are looked after there.${shared}`;
    this.#health.set('running', { code: 'BROKER_LINK_UP', params: { url: this.#url }, text });
  }

  address(): string {
    return this.#url;
  }
  addresses(): { tcp?: string; ws?: string } {
    return {};
  }
  clients(): ClientInfo[] {
    return [];
  }
  /** Of this hub's own traffic: what others do at the broker is not known here. */
  stats(): BrokerStats {
    return {
      ...zeroStats(),
      messagesLocal: this.#published,
      messagesOut: this.#counts.received,
      subscriptions: this.#liveReading.filters + this.#keptReading.filters,
      queued: this.#outbox.size,
      queuedBytes: this.#outbox.bytes,
      dropped: this.#dropped.offline + this.#dropped.slow + this.#outbox.refused,
      readerErrors: this.#counts.errors,
    };
  }
  *metrics(): Iterable<MetricSample> {
    for (const [name, link] of [
      ['live', this.#live],
      ['kept', this.#kept],
    ] as const) {
      yield { name: 'omh_broker_link_up', value: link.state === 'up' ? 1 : 0, labels: { link: name } };
      yield { name: 'omh_broker_link_connects_total', value: link.connects, labels: { link: name } };
    }
    yield { name: 'omh_broker_messages_local_total', value: this.#published };
    yield { name: 'omh_broker_link_received_total', value: this.#counts.received };
    yield { name: 'omh_broker_link_unclaimed_total', value: this.#counts.unclaimed };
    yield { name: 'omh_broker_link_unacknowledged', value: this.#keptReading.unacknowledged };
    yield { name: 'omh_broker_outbox_messages', value: this.#outbox.size };
    yield { name: 'omh_broker_outbox_bytes', value: this.#outbox.bytes };
    yield { name: 'omh_broker_outbox_dropped_total', value: this.#dropped.offline, labels: { reason: 'offline' } };
    yield { name: 'omh_broker_outbox_dropped_total', value: this.#dropped.slow, labels: { reason: 'slow' } };
    yield { name: 'omh_broker_outbox_dropped_total', value: this.#outbox.refused, labels: { reason: 'full' } };
    yield { name: 'omh_broker_reader_errors_total', value: this.#counts.errors };
    yield { name: 'omh_broker_redelivered_total', value: this.#counts.again };
    yield { name: 'omh_broker_given_up_total', value: this.#counts.refused };
  }

  async #until(withinMs: number, condition: () => boolean): Promise<void> {
    const { clock } = this.#options;
    for (const end = clock.monotonicMs() + withinMs; !condition() && clock.monotonicMs() < end; ) await clock.sleep(5);
  }
}
