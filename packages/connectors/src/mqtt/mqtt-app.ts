import {
  HealthState,
  partPrincipal,
  type Clock,
  type GroupCycle,
  type Health,
  type Logger,
  type MessageBus,
  type MetricSample,
  type Part,
  type QoS,
} from '@omh/core';
import { ExternalUplink } from './external-uplink.ts';
import type { MqttAppSettings } from './settings.ts';
import { BusUplink, type Uplink } from './uplink.ts';
import { valuesPayload, type ValuesPayload } from './values-payload.ts';

export interface MqttAppOptions {
  readonly name: string;
  readonly settings: MqttAppSettings;
  readonly subscriptions: readonly { readonly device: string; readonly group: string; readonly topic?: string }[];
  readonly bus: MessageBus;
  readonly onGroup: (device: string, group: string, listener: (cycle: GroupCycle) => void) => () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface AppStatus {
  readonly name: string;
  readonly type: 'mqtt';
  readonly health: Health;
  readonly target: string;
  readonly subscriptions: readonly { readonly device: string; readonly group: string; readonly topic: string }[];
  readonly messages: number;
  readonly failed: number;
}

export const defaultTopic = '/neuron/{app}/{device}/{group}';

/** `{app}`, `{device}` and `{group}` stand for the names. */
export const topicFor = (template: string | undefined, names: { app: string; device: string; group: string }): string =>
  (template ?? defaultTopic).replace(/\{(app|device|group)\}/g, (_, key: 'app' | 'device' | 'group') => names[key]);

/** A north app: each cycle of a subscribed group becomes one message. */
export class MqttApp implements Part {
  readonly id: string;
  readonly name: string;
  readonly #options: MqttAppOptions;
  readonly #uplink: Uplink;
  readonly #subscriptions: AppStatus['subscriptions'];
  readonly #health: HealthState;
  #unsubscribe: (() => void)[] = [];
  #messages = 0;
  #failed = 0;
  #up = false;

  constructor(options: MqttAppOptions) {
    const { name, settings, bus, clock } = options;
    this.#options = options;
    this.name = name;
    this.id = `app/${name}`;
    this.#health = new HealthState(() => clock.now());
    this.#subscriptions = options.subscriptions.map(({ device, group, topic }) => ({
      device,
      group,
      topic: topicFor(topic, { app: name, device, group }),
    }));
    this.#uplink =
      settings.url === undefined
        ? new BusUplink(bus, { principal: partPrincipal(this.id), clientId: name })
        : new ExternalUplink({
            url: settings.url,
            clientId: settings.clientId ?? `omh-${name}`,
            protocol: settings.protocol ?? '5.0',
            clock,
            ...(settings.username === undefined ? {} : { username: settings.username }),
            ...(settings.password === undefined ? {} : { password: settings.password }),
          });
  }

  async start(): Promise<void> {
    this.#health.set('starting', `Connects to ${this.#uplink.target}.`);
    this.#uplink.start(({ up, reason }) => {
      this.#up = up;
      this.#health.set(up ? 'running' : 'lost', reason);
    });
    this.#unsubscribe = this.#subscriptions.map(({ device, group, topic }) =>
      this.#options.onGroup(device, group, (cycle) => this.#publish(topic, cycle)),
    );
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
    this.#up = false;
    await this.#uplink.stop();
    this.#health.set('stopped', 'Stopped; nothing is published.');
  }

  health(): Health {
    return this.#health.get();
  }
  address(): string {
    return this.#uplink.target;
  }
  status(): AppStatus {
    return {
      name: this.name,
      type: 'mqtt',
      health: this.health(),
      target: this.#uplink.target,
      subscriptions: this.#subscriptions,
      messages: this.#messages,
      failed: this.#failed,
    };
  }
  *metrics(): Iterable<MetricSample> {
    const labels = { app: this.name };
    yield { name: 'omh_app_up', value: this.#up ? 1 : 0, labels };
    yield { name: 'omh_app_messages_total', value: this.#messages, labels };
    yield { name: 'omh_app_failed_total', value: this.#failed, labels };
  }

  #publish(topic: string, cycle: GroupCycle): void {
    const { settings, log } = this.#options;
    let made: ValuesPayload | undefined;
    const payload = (): ValuesPayload => (made ??= valuesPayload(cycle, settings.reportErrors ?? true));
    const failed = (thrown: unknown): void => {
      this.#failed++;
      log.debug('a message was not handed over', { app: this.name, topic, err: thrown });
    };
    try {
      const done = this.#uplink.publish(topic, payload, (settings.qos ?? 0) as QoS, { batch: cycle.batch });
      if (done === undefined) this.#messages++;
      else
        done.then(() => {
          this.#messages++;
        }, failed);
    } catch (thrown) {
      failed(thrown);
    }
  }
}
