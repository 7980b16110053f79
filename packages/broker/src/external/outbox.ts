import type { OmhError } from '@omh/core';
import { encodeAck } from '../codec/encode.ts';
import { PacketType } from '../codec/protocol.ts';
import { errors } from '../errors.ts';
import type { OutgoingPublish } from './client-packets.ts';
import { reasonWords } from './reason-codes.ts';

export interface OutboxLimits {
  readonly messages: number;
  readonly bytes: number;
}

interface Item {
  readonly topic: string;
  readonly packet: OutgoingPublish;
  readonly resolve: () => void;
  readonly reject: (error: OmhError) => void;
  id: number;
  /** QoS 2: the broker has it, its release is on the way. */
  released: boolean;
}

/**
 * QoS 1 and 2 publications until the broker has them: in order, at most `window` on their way, bounded by count and bytes, kept while the
 * connection is away and sent again in the same order.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #send: (bytes: Uint8Array) => void;
  /** True while nothing new may leave. */
  readonly #held: () => boolean;
  /** Sent and not finished, by packet identifier, in the order of sending. */
  #flight = new Map<number, Item>();
  /** In the order of publishing; what was sent before the connection went stands first. */
  #waiting: (Item | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #window = 0;
  #lastId = 0;
  refused = 0;

  constructor(limits: OutboxLimits, send: (bytes: Uint8Array) => void, held: () => boolean) {
    this.#limits = limits;
    this.#send = send;
    this.#held = held;
  }
  get size(): number {
    return this.#flight.size + this.#waiting.length - this.#head;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when the broker has it; rejects with BROKER_OUTBOX_FULL, BROKER_PUBLISH_REFUSED, BROKER_LINK_STOPPED. */
  add(topic: string, packet: OutgoingPublish): Promise<void> {
    const { messages, bytes } = this.#limits;
    if (this.size >= messages || this.#bytes + packet.bytes.length > bytes) {
      this.refused++;
      return Promise.reject(errors.BROKER_OUTBOX_FULL({ topic, waiting: this.size }));
    }
    this.#bytes += packet.bytes.length;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, packet, resolve, reject, id: 0, released: false });
      this.pump();
    });
  }

  /** `window` is the broker's receive maximum. */
  up(window: number, sessionPresent: boolean): void {
    const former = this.#flight;
    this.#flight = new Map();
    this.#window = window;
    const again: Item[] = [];
    for (const item of former.values()) {
      if (!item.released) {
        // Without its session the broker knows nothing of a first try.
        if (sessionPresent) item.packet.bytes[0]! |= 8;
        else item.packet.bytes[0]! &= ~8;
        again.push(item);
      } else if (sessionPresent) {
        this.#flight.set(item.id, item);
        this.#send(encodeAck(5, PacketType.pubrel, item.id, 0));
      }
    }
    if (!sessionPresent) for (const item of again) item.id = 0;
    this.#waiting = [...again, ...this.#waiting.slice(this.#head)];
    this.#head = 0;
    this.pump();
  }
  down(): void {
    this.#window = 0;
  }

  pump(): void {
    while (this.#flight.size < this.#window && this.#head < this.#waiting.length && !this.#held()) {
      const item = this.#waiting[this.#head]!;
      this.#waiting[this.#head++] = undefined;
      if (item.id === 0) item.id = this.#freeId();
      item.packet.bytes.writeUInt16BE(item.id, item.packet.idAt);
      this.#flight.set(item.id, item);
      this.#send(item.packet.bytes);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }

  acknowledged(type: number, id: number, code: number, said: string | undefined): void {
    const item = this.#flight.get(id);
    if (item === undefined) {
      if (type === PacketType.pubrec) this.#send(encodeAck(5, PacketType.pubrel, id, 0x92));
      return;
    }
    if (code >= 0x80) {
      this.#finish(item);
      item.reject(errors.BROKER_PUBLISH_REFUSED({ topic: item.topic, detail: reasonWords(code, said) }));
    } else if (type === PacketType.pubrec) {
      if (!item.released) this.#bytes -= item.packet.bytes.length;
      item.released = true;
      this.#send(encodeAck(5, PacketType.pubrel, id, 0));
      item.resolve();
      return;
    } else {
      this.#finish(item);
      item.resolve();
    }
    this.pump();
  }
  #finish(item: Item): void {
    this.#flight.delete(item.id);
    if (!item.released) this.#bytes -= item.packet.bytes.length;
  }

  /** All that is not acknowledged is told so. */
  close(): void {
    const rest = [...this.#flight.values(), ...this.#waiting.slice(this.#head)] as Item[];
    this.#flight = new Map();
    this.#waiting = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#window = 0;
    for (const item of rest) if (!item.released) item.reject(errors.BROKER_LINK_STOPPED({ topic: item.topic }));
  }

  /** Those that were sent before keep theirs and stand first, so none of them waits when a new one is given. */
  #freeId(): number {
    do this.#lastId = (this.#lastId % 65_535) + 1;
    while (this.#flight.has(this.#lastId));
    return this.#lastId;
  }
}
