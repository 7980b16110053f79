import {
  HealthState,
  parseDurationMs,
  reasonOf,
  type Clock,
  type DeliveryQueue,
  type DeliveryQueueOptions,
  type GroupCycle,
  type Health,
  type Logger,
  type MessageBus,
  type MetricSample,
  type Part,
  type QoS,
  type QueueStatus,
  type Reason,
} from '@omh/core';
import { neuron } from '@omh/wire';
import { errors } from '../errors.ts';
import { BusUplink } from './bus-uplink.ts';
import { ExternalUplink } from './external-uplink.ts';
import type { PayloadFormat } from './formats/payload-format.ts';
import { GroupPublisher, topicFor, type Names } from './group-publisher.ts';
import { Requests } from './requests.ts';
import type { MqttAppSettings, MqttSubscription } from './settings.ts';
import { StateReports, type StateReport } from './state-reports.ts';
import { StoreAndForward } from './store-and-forward.ts';
import type { TagGate } from './tag-gate.ts';
import type { Outgoing, Uplink, UplinkState } from './uplink.ts';

export interface MqttAppOptions {
  readonly name: string;
  readonly settings: MqttAppSettings;
  readonly subscriptions: readonly MqttSubscription[];
  readonly bus: MessageBus;
  readonly onGroup: (device: string, group: string, listener: (cycle: GroupCycle) => void) => () => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** What `{site}` and `{hub}` stand for. */
  readonly names?: Omit<Names, 'app'>;
  /** The hub's tags; without it there are no requests and no state reports. */
  readonly gate?: TagGate;
  /** Opens the app's queue on the disk; without it nothing is stored. */
  readonly queue?: (options: DeliveryQueueOptions) => Promise<DeliveryQueue>;
}

export interface AppStatus {
  readonly name: string;
  readonly type: 'mqtt';
  readonly health: Health;
  readonly target: string;
  readonly subscriptions: readonly { readonly device: string; readonly group: string; readonly topic: string }[];
  readonly messages: number;
  readonly failed: number;
  /** There with store and forward. */
  readonly queue?: QueueStatus;
  /** There when requests are answered: done, and refused or failed. */
  readonly requests?: { readonly answered: number; readonly refused: number };
}

const utf8 = new TextEncoder();

/** Whether an app of these settings keeps what its broker has not acknowledged on the disk. */
export const storesMessages = ({ url, storeAndForward }: MqttAppSettings): boolean =>
  url !== undefined && storeAndForward?.enabled !== false;

/** A north app: each cycle of a subscribed group becomes one message, or one per tag. */
export class MqttApp implements Part {
  readonly id: string;
  readonly name: string;
  readonly #options: MqttAppOptions;
  readonly #uplink: Uplink;
  readonly #groups: readonly GroupPublisher[];
  readonly #health: HealthState;
  readonly #store: StoreAndForward | undefined;
  readonly #requests: Requests | undefined;
  readonly #states: StateReports | undefined;
  #storeFault: Reason | undefined;
  #unsubscribe: (() => void)[] = [];
  #messages = 0;
  #failed = 0;
  #up = false;
  #running = false;
  /** Start and stop come one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: MqttAppOptions) {
    const { name, settings, clock, gate, queue } = options;
    const { storeAndForward } = settings;
    this.#options = options;
    this.name = name;
    this.id = `app/${name}`;
    this.#health = new HealthState(() => clock.now());
    const names: Names = { app: name, site: options.names?.site ?? '', hub: options.names?.hub ?? '' };
    this.#groups = options.subscriptions.map((subscription) => new GroupPublisher(subscription, settings, names));
    this.#uplink = this.#createUplink(settings);
    const topic = (template: string | undefined, usual: string): string => topicFor(template ?? usual, names);
    if (queue !== undefined && storesMessages(settings))
      this.#store = new StoreAndForward({
        settings: storeAndForward ?? {},
        uplink: this.#uplink,
        open: queue,
        onDone: () => this.#messages++,
      });
    if (settings.requests === true && gate !== undefined) this.#requests = this.#createRequests(settings, gate, topic);
    if (settings.stateReports === true && gate !== undefined) {
      const stateTopic = topic(settings.stateTopic, '/neuron/{app}/state/update');
      this.#states = new StateReports({
        devices: () => gate.devices(),
        intervalMs: Math.max(1000, parseDurationMs(settings.stateInterval ?? '10s')!),
        clock,
        publish: (report) => this.#report(stateTopic, report),
      });
    }
  }

  #createUplink({ url, clientId, protocol, username, password, ca, cert, key }: MqttAppSettings): Uplink {
    const { bus, clock, log, name } = this.#options;
    if (url === undefined) return new BusUplink(bus, this.id, name);
    return new ExternalUplink({
      url,
      clientId: clientId ?? `omh-${name}`,
      protocol: protocol ?? '5.0',
      clock,
      log,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  }

  #createRequests(settings: MqttAppSettings, gate: TagGate, topic: (template: string | undefined, usual: string) => string): Requests {
    const requests = new Requests({
      gate,
      topics: {
        readRequest: topic(settings.readRequestTopic, '/neuron/{app}/read/req'),
        readResponse: topic(settings.readResponseTopic, '/neuron/{app}/read/resp'),
        writeRequest: topic(settings.writeRequestTopic, '/neuron/{app}/write/req'),
        writeResponse: topic(settings.writeResponseTopic, '/neuron/{app}/write/resp'),
      },
      published: new Set(this.#groups.map(({ device, group }) => `${device}/${group}`)),
      stranger: { kind: 'part', name: this.id, permissions: (settings.writes?.allow ?? []).map((path) => `tag.write ${path}`) },
      target: this.#uplink.target,
      protobuf: settings.format === 'protobuf',
      qos: (settings.qos ?? 0) as QoS,
      publish: (message) => this.#send(message),
    });
    this.#uplink.listen(requests.topics, (message) => requests.receive(message));
    return requests;
  }

  /** Cycles are heard at once: one that takes over from its former self misses none. */
  start(): Promise<void> {
    this.#running = true;
    this.#health.set('starting', `Connects to ${this.#uplink.target}.`);
    this.#store?.expect();
    this.#unsubscribe = this.#groups.map((group) =>
      this.#options.onGroup(group.device, group.group, (cycle) =>
        group.publish(cycle, (topic, format, whole, from, to) => this.#publish(group, topic, format, whole, from, to)),
      ),
    );
    return this.#inTurn(() => this.#start());
  }
  async #start(): Promise<void> {
    if (!this.#running) {
      this.#store?.abandon();
      return;
    }
    await this.#openStore();
    this.#uplink.start((state) => this.#linkChanged(state));
    this.#states?.start();
  }

  /** A queue that cannot be opened costs what an outage of the broker takes, not the app. */
  async #openStore(): Promise<void> {
    this.#storeFault = undefined;
    try {
      await this.#store?.start();
    } catch (thrown) {
      this.#storeFault = errors.APP_QUEUE_UNUSABLE({ detail: reasonOf(thrown).text }, { cause: thrown }).reason();
      this.#options.log.error('the queue of the app cannot be opened', { app: this.name, err: thrown });
    }
  }

  /** A start that is under way ends first: a queue that is being opened is closed when it is there. */
  stop(): Promise<void> {
    this.#running = false;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
    return this.#inTurn(() => this.#stop());
  }
  async #stop(): Promise<void> {
    this.#states?.stop();
    await this.#store?.stop();
    this.#up = false;
    await this.#uplink.stop();
    if (!this.#running) this.#health.set('stopped', 'Stopped; nothing is published.');
  }
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  #linkChanged({ up, reason }: UplinkState): void {
    this.#up = up;
    this.#health.set(up ? 'running' : 'lost', reason);
    if (up) this.#store?.linkUp();
  }

  /** With what waits, and with what is wrong with the disk. */
  health(): Health {
    const health = this.#health.get();
    if (health.state !== 'running' && health.state !== 'lost') return health;
    const told = (text: string): Reason => ({ ...health.reason, text });
    if (this.#storeFault !== undefined) {
      const state = health.state === 'running' ? 'degraded' : health.state;
      return { ...health, state, reason: told(`${health.reason.text} ${this.#storeFault.text}`) };
    }
    const queue = this.#store?.status();
    if (queue === undefined) return health;
    const waiting = queue.counters.queuing;
    if (health.state === 'lost') {
      const hours = queue.capacity.hoursLeft;
      const room = hours === undefined ? '' : `, with room for ${hours < 10 ? hours.toFixed(1) : Math.round(hours)} h more`;
      return { ...health, reason: told(`${health.reason.text} ${count(waiting)} wait${waiting === 1 ? 's' : ''} on the disk${room}.`) };
    }
    if (queue.health.state === 'degraded' || queue.health.state === 'failed')
      return { ...health, state: 'degraded', reason: queue.health.reason };
    return waiting < 2 * smallBacklog
      ? health
      : { ...health, reason: told(`${health.reason.text} ${count(waiting)} of an outage follow.`) };
  }
  address(): string {
    return this.#uplink.target;
  }
  /** It has a queue on the disk, also while that cannot be opened. */
  get stores(): boolean {
    return this.#store !== undefined;
  }
  /** What waits for the broker; undefined where nothing is stored, and while the app does not run. */
  get queue(): DeliveryQueue | undefined {
    return this.#store?.queue;
  }
  /** Messages that were handed over. */
  get messages(): number {
    return this.#messages;
  }
  status(): AppStatus {
    const queue = this.#store?.status();
    const requests = this.#requests;
    return {
      name: this.name,
      type: 'mqtt',
      health: this.health(),
      target: this.#uplink.target,
      subscriptions: this.#groups.map(({ device, group, topic }) => ({ device, group, topic })),
      messages: this.#messages,
      failed: this.#failed + (this.#store?.lost ?? 0),
      ...(queue === undefined ? {} : { queue }),
      ...(requests === undefined ? {} : { requests: { answered: requests.answered, refused: requests.refused } }),
    };
  }
  *metrics(): Iterable<MetricSample> {
    const labels = { app: this.name };
    yield { name: 'omh_app_up', value: this.#up ? 1 : 0, labels };
    yield { name: 'omh_app_messages_total', value: this.#messages, labels };
    yield { name: 'omh_app_failed_total', value: this.#failed + (this.#store?.lost ?? 0), labels };
    if (this.#requests !== undefined) {
      yield { name: 'omh_app_requests_total', value: this.#requests.answered, labels: { ...labels, result: 'answered' } };
      yield { name: 'omh_app_requests_total', value: this.#requests.refused, labels: { ...labels, result: 'refused' } };
    }
    if (this.#store !== undefined) yield* this.#store.metrics();
  }

  #publish({ qos, retain }: GroupPublisher, topic: string, format: PayloadFormat, cycle: GroupCycle, from: number, to: number): void {
    const json = format.contentType === 'application/json';
    if (this.#store !== undefined && this.#storeFault === undefined) {
      const made = format.encode(cycle, from, to);
      const payload = made instanceof Uint8Array ? made : utf8.encode(JSON.stringify(made));
      const why = this.#store.offer({ topic, payload, qos, retain, json }, cycle.batch.receiveTime);
      if (why !== undefined) this.#notHandedOver(topic, why);
      return;
    }
    let made: unknown;
    const payload = json ? (): unknown => (made ??= format.encode(cycle, from, to)) : (format.encode(cycle, from, to) as Uint8Array);
    const whole = from === 0 && to === cycle.tags.length;
    this.#send({
      topic,
      payload,
      qos,
      retain,
      ...(whole && { batch: cycle.batch }),
      ...(json ? {} : { properties: { contentType: format.contentType } }),
    });
  }

  #send(message: Outgoing): void {
    const failed = (thrown: unknown): void => this.#notHandedOver(message.topic, thrown);
    try {
      const done = this.#uplink.publish(message);
      if (done === undefined) this.#messages++;
      else
        done.then(() => {
          this.#messages++;
        }, failed);
    } catch (thrown) {
      failed(thrown);
    }
  }
  #notHandedOver(topic: string, why: unknown): void {
    this.#failed++;
    this.#options.log.debug('a message was not handed over', { app: this.name, topic, err: why });
  }

  #report(topic: string, report: StateReport): Promise<void> | undefined {
    const { settings } = this.#options;
    const payload = settings.format === 'protobuf' ? neuron.encodeNodeStateReport(report.timestamp, report.states) : JSON.stringify(report);
    return this.#uplink.publish({ topic, payload, qos: (settings.qos ?? 0) as QoS, retain: settings.retain ?? false });
  }
}

/** What is on its way while all is well is no backlog. */
const smallBacklog = 100;
const count = (n: number): string => `${n.toLocaleString('en')} message${n === 1 ? '' : 's'}`;
