import type { MessageBus, Publication, QoS, Reason } from '@omh/core';

/** Where an app's messages go: the hub's own bus, or a broker elsewhere. Two implementations, `BusUplink` and `ExternalUplink`. */
export interface Uplink {
  /** For people: `this hub`, `mqtt://10.0.0.5:1883`. */
  readonly target: string;
  start(onState: (state: { up: boolean; reason: Reason }) => void): void;
  stop(): Promise<void>;
  /** Resolves when handed over (QoS 0: to the bus or the socket; QoS 1, 2: acknowledged); rejects when it was not. */
  publish(topic: string, payload: () => unknown, qos: QoS, cycle: Pick<Publication, 'batch'>): Promise<void> | undefined;
}

export class BusUplink implements Uplink {
  readonly target = 'this hub';
  readonly #bus: MessageBus;
  readonly #publication: Pick<Publication, 'principal' | 'clientId'>;

  constructor(bus: MessageBus, publication: Pick<Publication, 'principal' | 'clientId'>) {
    this.#bus = bus;
    this.#publication = publication;
  }
  start(onState: (state: { up: boolean; reason: Reason }) => void): void {
    onState({ up: true, reason: { code: 'APP_PUBLISHES', params: {}, text: "Publishes to this hub's broker." } });
  }
  async stop(): Promise<void> {}
  publish(topic: string, payload: () => unknown, qos: QoS, cycle: Pick<Publication, 'batch'>): Promise<void> | undefined {
    return this.#bus.publish({ ...this.#publication, ...cycle, topic, payload, qos });
  }
}
