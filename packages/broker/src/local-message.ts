import type { Clock, Message, MessageProperties, Micros, Principal, QoS, ValueBatch } from '@omh/core';
import { PacketType, varintSize, writeVarint } from './codec/protocol.ts';
import { encodeProperties, readProperties } from './codec/properties.ts';
import { ByteReader } from './codec/reader.ts';
import type { Publish } from './publish.ts';

/** Who published: a client's connection or a part of the hub. */
export interface Publisher {
  readonly principal: Principal;
  readonly clientId: string;
  readonly peer: string | undefined;
  readonly payload: Payload | undefined;
  readonly batch: ValueBatch | undefined;
}

/** The faces of a payload that was born here, each made at most once. */
export class Payload {
  readonly #source: Uint8Array | string | (() => unknown);
  #value: unknown;
  #called = false;
  #bytes: Buffer | undefined;

  constructor(source: Uint8Array | string | (() => unknown)) {
    this.#source = source;
  }
  bytes(): Buffer {
    return (this.#bytes ??= this.#encode());
  }
  #encode(): Buffer {
    const s = this.#source;
    if (typeof s === 'string') return Buffer.from(s);
    if (typeof s !== 'function') return Buffer.from(s.buffer, s.byteOffset, s.byteLength);
    return Buffer.from(JSON.stringify(this.json()) ?? '');
  }
  json(): unknown {
    if (this.#called) return this.#value;
    const s = this.#source;
    this.#value = typeof s === 'function' ? s() : parse(typeof s === 'string' ? s : this.bytes().toString());
    this.#called = true;
    return this.#value;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A publication as in-process readers see it; made only when one matches. */
export class LocalMessage implements Message {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly time: Micros;
  readonly principal: Principal;
  readonly clientId: string;
  readonly peer: string | undefined;
  readonly batch: ValueBatch | undefined;
  #source: Publish | null;
  #payload: Payload | undefined;
  #bytes: Buffer | undefined;
  #json: unknown;
  #parsed = false;
  #properties: MessageProperties | undefined;
  #propertiesRead = false;

  constructor(p: Publish, from: Publisher, clock: Clock, retain: boolean) {
    this.topic = p.topic;
    this.qos = p.qos;
    this.retain = retain;
    this.time = clock.now();
    this.principal = from.principal;
    this.clientId = from.clientId;
    this.peer = from.peer;
    this.batch = from.batch;
    this.#source = p;
    this.#payload = from.payload;
  }
  get properties(): MessageProperties | undefined {
    if (!this.#propertiesRead && this.#source !== null) {
      this.#properties = messageProperties(this.#source);
      this.#propertiesRead = true;
    }
    return this.#properties;
  }
  bytes(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes;
    if (this.#payload !== undefined) return (this.#bytes = this.#payload.bytes());
    const p = this.#source!;
    return (this.#bytes = p.payload.subarray(p.payloadStart, p.payloadEnd));
  }
  json(): unknown {
    if (this.#payload !== undefined) return this.#payload.json();
    if (!this.#parsed) {
      this.#json = parse((this.bytes() as Buffer).toString());
      this.#parsed = true;
    }
    return this.#json;
  }
  keep(): Message {
    if (this.#source === null) return this;
    void this.properties;
    if (this.#payload === undefined) this.#bytes = this.#source.owned ? (this.bytes() as Buffer) : Buffer.from(this.bytes());
    this.#source = null;
    return this;
  }
}

function messageProperties(p: Publish): MessageProperties | undefined {
  const n = p.propsEnd - p.propsStart;
  if (n === 0 && p.expiry < 0) return undefined;
  const block = Buffer.allocUnsafe(varintSize(n) + n);
  p.props.copy(block, writeVarint(block, 0, n), p.propsStart, p.propsEnd);
  const read = readProperties(new ByteReader(block, 0, block.length), PacketType.publish);
  return (p.expiry < 0 ? read : { ...read, messageExpiryInterval: p.expiry }) as MessageProperties;
}

/** The encoded block a `Publish` carries: everything but the expiry, which counts down. */
export function propertyBlock(properties: MessageProperties): Buffer {
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = properties;
  return encodeProperties({
    ...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
    ...(userProperties === undefined ? {} : { userProperties: [...userProperties] }),
  });
}
