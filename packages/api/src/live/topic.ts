import { msFromMicros, type BusSubscription, type Message, type MessageBus, type QoS } from '@omh/core';
import { payloadText, type PayloadText } from '../payload-text.ts';
import type { Outlet, Subscription } from './subscription.ts';

export interface LiveMessage extends PayloadText {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** When the hub took it, ms since 1970. */
  readonly time: number;
  readonly clientId: string;
}
export interface LiveTopicFrame {
  readonly id: number;
  readonly messages: readonly LiveMessage[];
  readonly dropped?: number;
}

const maxMessages = 200;
const maxPayload = 64 * 1024;
const maxBytes = 1024 * 1024;

/** Shows messages of a topic filter as they pass. Bounded per frame; what has no room is counted. */
export class TopicSubscription implements Subscription {
  readonly #id: number;
  readonly #out: Outlet;
  readonly #subscription: BusSubscription;
  #messages: LiveMessage[] = [];
  /** While the reader is slow: where a topic's latest message stands. */
  readonly #latest = new Map<string, number>();
  #bytes = 0;
  #dropped = 0;

  constructor(id: number, filter: string, name: string, bus: MessageBus, out: Outlet) {
    this.#id = id;
    this.#out = out;
    this.#subscription = bus.subscribe(
      [filter],
      { name, delivery: 'volatile', receive: (message) => this.#take(message) },
      { retained: true },
    );
  }

  close(): void {
    this.#subscription.close();
  }

  flush(): void {
    if ((this.#messages.length === 0 && this.#dropped === 0) || this.#out.congested) return;
    const frame: LiveTopicFrame = { id: this.#id, messages: this.#messages, ...(this.#dropped > 0 ? { dropped: this.#dropped } : {}) };
    this.#out.drop(this.#dropped);
    this.#messages = [];
    this.#latest.clear();
    this.#bytes = 0;
    this.#dropped = 0;
    this.#out.send(JSON.stringify(frame));
  }

  #take(message: Message): void {
    const replaced = this.#out.congested ? this.#latest.get(message.topic) : undefined;
    if (replaced === undefined && (this.#messages.length >= maxMessages || this.#bytes >= maxBytes)) {
      this.#dropped++;
      return;
    }
    const shown = show(message);
    this.#bytes += shown.payload.length;
    if (replaced === undefined) {
      this.#latest.set(message.topic, this.#messages.push(shown) - 1);
    } else {
      this.#bytes -= this.#messages[replaced]!.payload.length;
      this.#messages[replaced] = shown;
      this.#dropped++;
    }
  }
}

function show(message: Message): LiveMessage {
  return {
    topic: message.topic,
    qos: message.qos,
    retain: message.retain,
    time: msFromMicros(message.time),
    clientId: message.clientId,
    ...payloadText(message.bytes(), maxPayload),
  };
}
