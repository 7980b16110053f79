import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { RetrySchedule, type Clock, type Cancel, type QoS, type Reason } from '@omh/core';
import { errors } from '../errors.ts';
import type { Uplink } from './uplink.ts';

export interface ExternalUplinkOptions {
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly protocol: '3.1.1' | '5.0';
  readonly clock: Clock;
}

/** Messages on their way to the broker that it did not take yet. */
const maxPending = 1000;
const endWithinMs = 1000;

/** MQTT.js towards a broker elsewhere; our own back-off instead of its fixed period. */
export class ExternalUplink implements Uplink {
  readonly target: string;
  readonly #options: ExternalUplinkOptions;
  readonly #retry = new RetrySchedule({ firstMs: 500, maxMs: 30_000 });
  #client: MqttClient | undefined;
  #cancel: Cancel = () => {};
  #stopped = false;
  /** Of the present connection. */
  #onTheWay = { count: 0 };

  constructor(options: ExternalUplinkOptions) {
    this.#options = options;
    this.target = withoutCredentials(options.url);
  }

  start(onState: (state: { up: boolean; reason: Reason }) => void): void {
    this.#stopped = false;
    this.#connect(onState);
  }

  #connect(onState: (state: { up: boolean; reason: Reason }) => void): void {
    const { clientId, username, password, protocol, clock } = this.#options;
    const url = this.target;
    let fault: Reason | undefined;
    const client = this.#create(onState, {
      clientId,
      protocolVersion: protocol === '5.0' ? 5 : 4,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      queueQoSZero: false,
      keepalive: 30,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    if (client === undefined) return;
    this.#client = client;
    this.#onTheWay = { count: 0 };
    client.on('connect', () => {
      this.#retry.reset();
      onState({ up: true, reason: { code: 'APP_PUBLISHES', params: { url }, text: `Publishes to ${url}.` } });
    });
    client.on('error', (error: Error & { code?: number | string }) => {
      // A numeric code is the broker's CONNACK; everything else is the network.
      fault = (typeof error.code === 'number' ? errors.APP_BROKER_REFUSED : errors.APP_BROKER_UNREACHABLE)({
        url,
        detail: detail(error),
      }).reason();
    });
    client.on('close', () => {
      if (this.#stopped || this.#client !== client) return;
      this.#client = undefined;
      client.end(true);
      onState({ up: false, reason: fault ?? errors.APP_BROKER_UNREACHABLE({ url, detail: 'the connection was closed' }).reason() });
      this.#cancel = clock.after(this.#retry.next(), () => this.#connect(onState));
    });
  }

  /** Tells of an address that is none; there is nothing to try again then. */
  #create(onState: (state: { up: boolean; reason: Reason }) => void, options: IClientOptions): MqttClient | undefined {
    try {
      return mqtt.connect(this.#options.url, options);
    } catch (thrown) {
      const detail = thrown instanceof Error ? thrown.message : String(thrown);
      onState({ up: false, reason: errors.APP_BROKER_UNREACHABLE({ url: this.target, detail }).reason() });
      return undefined;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    // A polite end waits for acknowledgements, which a broker may owe for ever.
    let cancel: Cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(endWithinMs, resolve);
    });
    await Promise.race([client.endAsync(false).catch(() => {}), late]);
    cancel();
    client.stream.destroy();
  }

  async publish(topic: string, payload: () => unknown, qos: QoS): Promise<void> {
    const client = this.#client;
    if (!client?.connected) throw errors.APP_BROKER_UNREACHABLE({ url: this.target, detail: 'it is not connected now' });
    const onTheWay = this.#onTheWay;
    if (onTheWay.count >= maxPending) throw errors.APP_BROKER_SLOW({ url: this.target, pending: onTheWay.count });
    onTheWay.count++;
    try {
      await client.publishAsync(topic, JSON.stringify(payload()), { qos });
    } finally {
      onTheWay.count--;
    }
  }
}

/** What people may see of an address that carries a user name and a password. */
const withoutCredentials = (url: string): string => url.replace(/\/\/[^/]*@/, '//');

function detail(error: Error & { code?: number | string }): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ETIMEDOUT':
      return 'it does not answer';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name is not known';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to it';
    default:
      return error.message.replace(/^Connection refused: /, '').replace(/\.$/, '');
  }
}
