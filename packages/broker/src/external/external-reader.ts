import { OmhError, reasonOf, RetrySchedule } from '@omh/core';
import type { BusReader, Cancel, Clock, Logger } from '@omh/core';
import { Code } from '../codec/protocol.ts';
import type { ExternalMessage } from './external-message.ts';
import type { Hops } from './hops.ts';
import type { Receipt } from './receipts.ts';
import type { Filter } from './subscriptions.ts';

/** One message on its way to one durable reader. */
interface Delivery {
  readonly message: ExternalMessage;
  readonly receipt: Receipt;
  readonly order: number;
  tries: number;
}

export interface ReaderCounts {
  /** Calls that threw or rejected. */
  errors: number;
  /** Messages that were given to a reader once more. */
  again: number;
  /** Messages that a reader could never take; the broker is told 0x80. */
  refused: number;
}

export interface ReaderOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counts: ReaderCounts;
  readonly hops: Hops;
  /** The reader was closed before it took the message of this receipt. */
  readonly orphaned: (receipt: Receipt) => void;
}

/** A program fault is tried so often before the message is refused; a reader that says why it cannot is asked for ever. */
const maxTries = 5;
let orders = 0;

/** A reader of the bus: hands messages over and, for a durable one, again until it has taken them. */
export class ExternalReader {
  readonly reader: BusReader;
  readonly filters: readonly Filter[];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #counts: ReaderCounts;
  readonly #hops: Hops;
  readonly #orphaned: (receipt: Receipt) => void;
  readonly #retry = new RetrySchedule({ firstMs: 100, maxMs: 30_000 });
  /** Failed ones and what came after them, while they wait for the next try. */
  #again: Delivery[] = [];
  #cancel: Cancel | undefined;
  #lastFault: string | undefined;
  closed = false;

  constructor(reader: BusReader, filters: readonly Filter[], options: ReaderOptions) {
    this.reader = reader;
    this.filters = filters;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#counts = options.counts;
    this.#hops = options.hops;
    this.#orphaned = options.orphaned;
  }
  get waiting(): number {
    return this.#again.length;
  }
  /** Why messages wait; undefined while none does. */
  get fault(): string | undefined {
    return this.#again.length === 0 ? undefined : this.#lastFault;
  }

  /** Nobody waits for the outcome. */
  hand(message: ExternalMessage): void {
    if (this.closed) return;
    try {
      const result = this.#hops.during(message.hops, () => this.reader.receive(message));
      if (isPromise(result)) result.then(undefined, (thrown: unknown) => this.#count(message, thrown));
    } catch (thrown) {
      this.#count(message, thrown);
    }
  }

  /** The receipt waits for this reader. */
  deliver(message: ExternalMessage, receipt: Receipt): void {
    const delivery = { message, receipt, order: ++orders, tries: 0 };
    if (this.#cancel === undefined) this.#hand(delivery);
    else this.#wait(delivery);
  }
  #hand(delivery: Delivery): void {
    delivery.tries++;
    try {
      const { message } = delivery;
      const result = this.#hops.during(message.hops, () => this.reader.receive(message));
      if (!isPromise(result)) {
        this.#taken(delivery);
        return;
      }
      message.keep();
      result.then(
        () => this.#taken(delivery),
        (thrown: unknown) => this.#failed(delivery, thrown),
      );
    } catch (thrown) {
      this.#failed(delivery, thrown);
    }
  }
  #taken({ receipt }: Delivery): void {
    if (this.#cancel === undefined) this.#retry.reset();
    receipt.settled(0);
  }

  #failed(delivery: Delivery, thrown: unknown): void {
    const text = this.#count(delivery.message, thrown);
    if (this.closed) {
      this.#orphaned(delivery.receipt);
      return;
    }
    const hopeless = thrown instanceof OmhError ? thrown.row.blame === 'caller' : delivery.tries >= maxTries;
    if (hopeless) {
      this.#counts.refused++;
      this.#log.error('a message is given up, its reader cannot take it', {
        reader: this.reader.name,
        topic: delivery.message.topic,
        reason: text,
      });
      delivery.receipt.settled(Code.unspecified);
      return;
    }
    this.#lastFault = text;
    this.#wait(delivery);
    this.#cancel ??= this.#clock.after(this.#retry.next(), () => this.#tryAgain());
  }
  #wait(delivery: Delivery): void {
    delivery.message.keep();
    this.#again.push(delivery);
  }
  #tryAgain(): void {
    this.#cancel = undefined;
    const list = this.#again.sort((a, b) => a.order - b.order);
    this.#again = [];
    for (const delivery of list) {
      if (this.closed) this.#orphaned(delivery.receipt);
      else if (this.#cancel !== undefined) this.#again.push(delivery);
      else {
        if (delivery.tries > 0) this.#counts.again++;
        this.#hand(delivery);
      }
    }
  }

  #count(message: ExternalMessage, thrown: unknown): string {
    this.#counts.errors++;
    const { text } = reasonOf(thrown);
    this.#log.debug('a reader failed', { reader: this.reader.name, topic: message.topic, reason: text });
    return text;
  }

  /** What waits here is not acknowledged by this reader any more. */
  close(): void {
    this.closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
    for (const { receipt } of this.#again.splice(0)) this.#orphaned(receipt);
  }
}

const isPromise = (result: void | Promise<void>): result is Promise<void> => result !== undefined && typeof result.then === 'function';
