import { partPrincipal, type BusSubscription, type Message, type MessageBus, type Principal } from '@omh/core';
import type { Incoming, Outgoing, Uplink, UplinkState } from './uplink.ts';

/** This hub's own broker, or the one that stands in its place. */
export class BusUplink implements Uplink {
  readonly target = 'this hub';
  readonly #bus: MessageBus;
  readonly #part: string;
  readonly #principal: Principal;
  readonly #clientId: string;
  #listener: { topics: readonly string[]; receive: (message: Incoming) => void } | undefined;
  #subscription: BusSubscription | undefined;

  constructor(bus: MessageBus, part: string, clientId: string) {
    this.#bus = bus;
    this.#part = part;
    this.#principal = partPrincipal(part);
    this.#clientId = clientId;
  }

  listen(topics: readonly string[], receive: (message: Incoming) => void): void {
    this.#listener = { topics, receive };
  }

  start(onState: (state: UplinkState) => void): void {
    if (this.#listener !== undefined) {
      const { topics, receive } = this.#listener;
      this.#subscription = this.#bus.subscribe(topics, {
        name: `${this.#part}/requests`,
        delivery: 'volatile',
        receive: (message) => this.#receive(message, receive),
      });
    }
    onState({ up: true, reason: { code: 'APP_PUBLISHES', params: {}, text: "Publishes to this hub's broker." } });
  }

  async stop(): Promise<void> {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  publish({ topic, payload, qos, retain, properties, batch }: Outgoing): Promise<void> | undefined {
    return this.#bus.publish({
      topic,
      payload,
      qos,
      principal: this.#principal,
      clientId: this.#clientId,
      ...(retain === true && { retain }),
      ...(properties === undefined ? {} : { properties }),
      ...(batch === undefined ? {} : { batch }),
    });
  }

  /** An answer that comes back on a request topic is not a request. */
  #receive(message: Message, receive: (message: Incoming) => void): void {
    const { topic, properties, principal, clientId, peer } = message;
    if (principal.kind === 'part' && principal.name === this.#part) return;
    const from = this.#bus.capabilities.clients ? { principal, clientId, peer } : undefined;
    receive({ topic, payload: message.bytes(), properties, from });
  }
}
