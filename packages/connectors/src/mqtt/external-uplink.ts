import mqtt, { type IClientOptions, type IClientPublishOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { RetrySchedule, type Cancel, type Clock, type Logger, type MessageProperties, type Reason } from '@omh/core';
import { errors } from '../errors.ts';
import { clientProperties, messageProperties } from './client-properties.ts';
import type { Incoming, Outgoing, Uplink, UplinkState } from './uplink.ts';

export interface ExternalUplinkOptions {
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM, for addresses with TLS. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly protocol: '3.1.1' | '5.0';
  readonly clock: Clock;
  readonly log: Logger;
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
  #onTheWay = new OnTheWay(maxPending);
  #listener: { topics: readonly string[]; receive: (message: Incoming) => void } | undefined;

  constructor(options: ExternalUplinkOptions) {
    this.#options = options;
    this.target = withoutCredentials(options.url);
  }

  listen(topics: readonly string[], receive: (message: Incoming) => void): void {
    this.#listener = { topics, receive };
  }

  start(onState: (state: UplinkState) => void): void {
    this.#stopped = false;
    this.#connect(onState);
  }

  #connect(onState: (state: UplinkState) => void): void {
    const { clientId, username, password, ca, cert, key, protocol, clock } = this.#options;
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
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    if (client === undefined) return;
    this.#client = client;
    client.on('connect', ({ properties }) => {
      this.#retry.reset();
      // A message must not wait in the kernel for the acknowledgement of the one before.
      (client.stream as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true);
      this.#onTheWay = new OnTheWay(properties?.receiveMaximum ?? maxPending);
      this.#subscribe(client);
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
  #create(onState: (state: UplinkState) => void, options: IClientOptions): MqttClient | undefined {
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

  async publish({ topic, payload, qos, retain, properties }: Outgoing): Promise<void> {
    const client = this.#client;
    if (!client?.connected) throw errors.APP_BROKER_UNREACHABLE({ url: this.target, detail: 'it is not connected now' });
    const onTheWay = this.#onTheWay;
    if (onTheWay.count >= maxPending) throw errors.APP_BROKER_SLOW({ url: this.target, pending: onTheWay.count });
    const options: IClientPublishOptions = { qos, retain: retain ?? false };
    if (properties !== undefined && this.#options.protocol === '5.0') options.properties = clientProperties(properties);
    const bytes = typeof payload === 'function' ? JSON.stringify(payload()) : asBuffer(payload);
    await onTheWay.run(qos > 0, async () => {
      if (this.#client !== client) throw errors.APP_BROKER_UNREACHABLE({ url: this.target, detail: 'the connection was closed' });
      try {
        await client.publishAsync(topic, bytes, options);
      } catch (thrown) {
        // A numeric code is what the broker answered.
        if (typeof (thrown as { code?: unknown }).code === 'number') throw thrown;
        throw errors.APP_CONNECTION_ENDED({ url: this.target }, { cause: thrown });
      }
    });
  }

  #subscribe(client: MqttClient): void {
    if (this.#listener === undefined) return;
    const { topics, receive } = this.#listener;
    client.on('message', (topic: string, payload: Buffer, packet: IPublishPacket) => {
      const properties: MessageProperties | undefined = packet.properties && messageProperties(packet.properties);
      if (!packet.retain) receive({ topic, payload, properties, from: undefined });
    });
    const options = this.#options.protocol === '5.0' ? { qos: 1 as const, nl: true, rh: 2 } : { qos: 1 as const };
    client.subscribe([...topics], options, (fault) => {
      if (fault)
        this.#options.log.warn('the broker does not let the app subscribe to its request topics', { url: this.target, err: fault });
    });
  }
}

/** What the broker owes an acknowledgement for, never more than it takes at a time (MQTT 5.0, 3.3.4); the others wait in their order. */
class OnTheWay {
  count = 0;
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #unacknowledged = 0;

  constructor(most: number) {
    this.#most = Math.max(1, most);
  }

  async run(acknowledged: boolean, send: () => Promise<void>): Promise<void> {
    this.count++;
    try {
      if (!acknowledged) {
        await send();
        return;
      }
      if (this.#unacknowledged >= this.#most)
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      else this.#unacknowledged++;
      try {
        await send();
      } finally {
        // Whoever waits takes the place over.
        const next = this.#waiting.shift();
        if (next === undefined) this.#unacknowledged--;
        else next();
      }
    } finally {
      this.count--;
    }
  }
}

const asBuffer = (payload: Uint8Array | string): string | Buffer =>
  typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);

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
