import type { MessageProperties, Principal, QoS, Reason, ValueBatch } from '@omh/core';

/** A message on its way north. */
export interface Outgoing {
  readonly topic: string;
  /** As a function: the JSON value, made only if somebody reads it. */
  readonly payload: Uint8Array | string | (() => unknown);
  readonly qos: QoS;
  readonly retain?: boolean;
  readonly properties?: MessageProperties;
  readonly batch?: ValueBatch;
}

/** A message that came for the app. Valid during the call that hands it over. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly properties: MessageProperties | undefined;
  /** Undefined where the broker does not tell who published. */
  readonly from: Sender | undefined;
}
export interface Sender {
  readonly principal: Principal;
  readonly clientId: string;
  /** `ip:port`; undefined when it was born in this process. */
  readonly peer: string | undefined;
}

export interface UplinkState {
  readonly up: boolean;
  readonly reason: Reason;
}

/** Where an app's messages go: the hub's own bus, or a broker elsewhere. Two implementations, `BusUplink` and `ExternalUplink`. */
export interface Uplink {
  /** For people: `this hub`, `mqtt://10.0.0.5:1883`. */
  readonly target: string;
  start(onState: (state: UplinkState) => void): void;
  stop(): Promise<void>;
  /** Resolves when handed over (QoS 0: to the bus or the socket; QoS 1, 2: acknowledged); rejects when it was not. */
  publish(message: Outgoing): Promise<void> | undefined;
  /** What is published to these topics from now on; called before `start`, at most once. */
  listen(topics: readonly string[], receive: (message: Incoming) => void): void;
}
