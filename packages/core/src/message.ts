import type { Micros } from './time.ts';
import type { Principal } from './principal.ts';
import type { ValueBatch } from './value-batch.ts';

export type QoS = 0 | 1 | 2;

/** MQTT 5 PUBLISH properties (MQTT 5.0, 3.3.2.3) that travel with a message; topic alias and subscription ids are the link's own. */
export interface MessageProperties {
  readonly payloadFormatIndicator?: 0 | 1;
  /** Seconds that were left when the message arrived. */
  readonly messageExpiryInterval?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  /** In order, names may repeat. */
  readonly userProperties?: readonly (readonly [string, string])[];
}

/**
 * One publication as an in-process reader sees it. The three faces of the payload are made on first demand and kept, so ten rules
 * parse once. Valid only during the synchronous call that hands it over; `keep()` returns one that outlives it.
 */
export interface Message {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** When the hub took it, µs UTC. */
  readonly time: Micros;
  readonly properties: MessageProperties | undefined;
  readonly principal: Principal;
  /** MQTT client id of the publisher, or the part's id when it was born here. */
  readonly clientId: string;
  /** `ip:port` of the publisher's socket; undefined when it was born here. */
  readonly peer: string | undefined;
  bytes(): Uint8Array;
  /** The payload as JSON, parsed at most once; `undefined` when it is not JSON. Readers never change the result. */
  json(): unknown;
  /** The device cycle this message was made from, when it was born here. */
  readonly batch: ValueBatch | undefined;
  keep(): Message;
}

/** What a publisher in this process hands to the bus. `payload` as a function returns the JSON value and is called at most once, only if somebody reads it. */
export interface Publication {
  readonly topic: string;
  readonly payload: Uint8Array | string | (() => unknown);
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: MessageProperties;
  readonly principal: Principal;
  /** Defaults to the principal's name. */
  readonly clientId?: string;
  readonly batch?: ValueBatch;
}
