import type { Clock, Message, MessageProperties, Micros, Principal, QoS } from '@omh/core';
import type { IncomingPublish } from './client-packets.ts';
import { hopsOf } from './hops.ts';

/** MQTT does not say who published: a message from an external broker comes from nobody in particular. */
const nobody: Principal = { kind: 'anonymous', name: 'external', permissions: [] };
/** A payload smaller than this is copied out of the read buffer when it is kept, so that a few bytes do not hold 64 KB. */
const worthCopying = 16_384;

export class ExternalMessage implements Message {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly time: Micros;
  readonly properties: MessageProperties | undefined;
  readonly principal = nobody;
  readonly clientId = '';
  readonly peer = undefined;
  readonly batch = undefined;
  readonly hops: number;
  #bytes: Buffer;
  #json: unknown;
  #parsed = false;
  #kept = false;

  constructor(packet: IncomingPublish, clock: Clock) {
    this.topic = packet.topic;
    this.qos = packet.qos;
    this.retain = packet.retain;
    this.time = clock.now();
    const { subscriptionIdentifier: _link, ...all } = packet.properties;
    const { hops, properties } = hopsOf(all as MessageProperties);
    this.hops = hops;
    this.properties = Object.keys(properties).length === 0 ? undefined : properties;
    this.#bytes = packet.payload;
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }
  json(): unknown {
    if (!this.#parsed) {
      this.#parsed = true;
      try {
        this.#json = JSON.parse(this.#bytes.toString()) as unknown;
      } catch {
        this.#json = undefined;
      }
    }
    return this.#json;
  }
  keep(): Message {
    if (!this.#kept && this.#bytes.length < worthCopying) this.#bytes = Buffer.from(this.#bytes);
    this.#kept = true;
    return this;
  }
}
