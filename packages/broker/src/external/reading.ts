import type { BusReader, BusSubscription, Cancel, Clock, Logger } from '@omh/core';
import type { Properties } from '../codec/properties.ts';
import { Code, Fault, PacketType, violation } from '../codec/protocol.ts';
import { encodeSubscribe, encodeUnsubscribe } from './client-packets.ts';
import type { Answer, IncomingPublish } from './client-packets.ts';
import { ExternalMessage } from './external-message.ts';
import { ExternalReader } from './external-reader.ts';
import type { ReaderCounts } from './external-reader.ts';
import type { Hops } from './hops.ts';
import { reasonWords } from './reason-codes.ts';
import { Receipts } from './receipts.ts';
import type { Receipt } from './receipts.ts';
import { carries, identifier, Subscriptions } from './subscriptions.ts';
import type { Filter } from './subscriptions.ts';

/** Which filters a kept session holds at the broker, over restarts of this process. */
export interface FilterMemory {
  load(): readonly string[];
  save(filters: readonly string[]): void;
}

export interface ReadingOptions {
  /** Readers are durable and their filters outlive them for a while; else a filter goes with its last reader. */
  readonly durable: boolean;
  readonly memory: FilterMemory | undefined;
  /** QoS 1 messages that may come before one of them is acknowledged. */
  readonly receiveMaximum: number;
  readonly send: (bytes: Uint8Array) => void;
  /** A subscription was answered. */
  readonly onSettled: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly hops: Hops;
  readonly counts: ReaderCounts & { received: number; unclaimed: number };
}

/** How long a filter of a kept session waits for a reader: a rule that is replaced, a hub that stops, a hub that starts. */
const lingerMs = 10_000;
const lingerAtStartMs = 60_000;

const qos1 = 1;
const retainAsPublished = 8;
const noReplay = 0x20;

/** What one link reads: its subscriptions at the broker, its readers, and the receipts it owes. */
export class Reading {
  readonly #options: ReadingOptions;
  readonly #subscriptions = new Subscriptions();
  readonly #receipts: Receipts;
  /** SUBSCRIBE and UNSUBSCRIBE without an answer; undefined for a filter that goes. */
  readonly #asked = new Map<number, Filter | undefined>();
  /** Filters whose SUBSCRIBE leaves at the end of this turn, when the memory has them. */
  readonly #fresh = new Set<Filter>();
  readonly #readers = new Set<ExternalReader>();
  /** Given up while the broker could not be told. */
  readonly #gone = new Set<string>();
  readonly #lingering = new Map<Filter, Cancel>();
  #lastId = 0;
  #up = false;
  #identified = true;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#receipts = new Receipts((bytes) => {
      if (this.#up) options.send(bytes);
    });
    for (const text of options.memory?.load() ?? []) this.#linger(this.#subscriptions.filter(text), lingerAtStartMs);
  }

  /** True while what a reader subscribed to may not have reached the broker. */
  get settling(): boolean {
    return this.#asked.size > 0 || this.#fresh.size > 0;
  }
  get filters(): number {
    return this.#subscriptions.filters.size;
  }
  /** Messages that the broker waits to see acknowledged. */
  get unacknowledged(): number {
    return this.#receipts.open;
  }
  /** The first reader or filter that is in trouble, as a sentence. */
  trouble(): string | undefined {
    for (const reader of this.#readers) {
      const { fault } = reader;
      if (fault !== undefined) return `${reader.reader.name} cannot take messages now, ${reader.waiting} wait: ${fault}`;
    }
    for (const { text, refused } of this.#subscriptions.filters.values())
      if (refused !== undefined) return `The broker refuses the subscription to ${text}: ${refused}.`;
    return undefined;
  }

  add(texts: readonly string[], reader: BusReader, retained: boolean): BusSubscription {
    const { clock, log, counts, hops } = this.#options;
    const filters = [...new Set(texts)].map((text) => this.#subscriptions.filter(text));
    const orphaned = (receipt: Receipt): void => this.#orphaned(receipt, reader.name);
    const external = new ExternalReader(reader, filters, { clock, log, counts, hops, orphaned });
    this.#readers.add(external);
    for (const filter of filters) {
      const first = filter.readers.size === 0;
      filter.readers.add(external);
      this.#stay(filter);
      if (retained) this.#subscribe(filter, external);
      else if (!filter.granted || (first && filter.refused !== undefined)) this.#subscribe(filter, undefined);
    }
    this.#subscriptions.changed();
    this.#claim(external);
    return { close: () => this.#remove(external) };
  }
  #remove(reader: ExternalReader): void {
    if (reader.closed) return;
    this.#readers.delete(reader);
    for (const filter of reader.filters) {
      filter.readers.delete(reader);
      const plain = this.#subscriptions.unask(filter, reader);
      if (filter.readers.size > 0) {
        if (plain) this.#subscribe(filter, undefined);
      } else if (this.#options.durable) this.#linger(filter, lingerMs);
      else this.#forget(filter);
    }
    this.#subscriptions.changed();
    reader.close();
  }

  #stay(filter: Filter): void {
    this.#lingering.get(filter)?.();
    this.#lingering.delete(filter);
    filter.lingers = false;
  }
  #linger(filter: Filter, ms: number): void {
    filter.lingers = true;
    const end = (): void => {
      // While it is away the broker cannot be told.
      if (!this.#up) {
        this.#lingering.set(filter, this.#options.clock.after(lingerMs, end));
        return;
      }
      this.#lingering.delete(filter);
      this.#forget(filter);
      this.#reconsider();
    };
    this.#lingering.set(filter, this.#options.clock.after(ms, end));
  }
  #forget(filter: Filter): void {
    filter.lingers = false;
    this.#fresh.delete(filter);
    this.#subscriptions.remove(filter);
    if (this.#up) this.#unsubscribe(filter.text);
    else this.#gone.add(filter.text);
    this.#remember();
  }

  #unsubscribe(text: string): void {
    this.#ask(undefined, (id) => encodeUnsubscribe(id, text));
  }

  /** `asker` gets the retained messages; others on the filter do not see them again. */
  #subscribe(filter: Filter, asker: ExternalReader | undefined): void {
    filter.refused = undefined;
    if (asker !== undefined) this.#subscriptions.ask(filter, asker);
    if (this.#options.memory === undefined) {
      this.#sendSubscribe(filter);
      return;
    }
    this.#fresh.add(filter);
    this.#scheduled ??= setImmediate(() => this.#flush());
  }
  /** What the broker will keep is known here before. */
  #flush(): void {
    this.#scheduled = undefined;
    this.#remember();
    for (const filter of this.#fresh) this.#sendSubscribe(filter);
    this.#fresh.clear();
    if (!this.settling) this.#options.onSettled();
  }
  #remember(): void {
    const { memory, log } = this.#options;
    try {
      memory?.save([...this.#subscriptions.filters.keys()]);
    } catch (thrown) {
      log.error('the filters of the kept session are not noted', { err: thrown });
    }
  }
  #sendSubscribe(filter: Filter): void {
    if (!this.#up) return;
    filter.unasked = false;
    const plain = filter.ask === 0 && this.#identified;
    const options = qos1 | (plain ? retainAsPublished : 0) | (filter.replay || filter.text.startsWith('$share/') ? 0 : noReplay);
    this.#ask(filter, (id) => encodeSubscribe(id, filter.text, options, this.#identified ? identifier(filter) : 0));
  }
  #ask(filter: Filter | undefined, packet: (id: number) => Buffer): void {
    do this.#lastId = (this.#lastId % 65_535) + 1;
    while (this.#asked.has(this.#lastId));
    this.#asked.set(this.#lastId, filter);
    this.#options.send(packet(this.#lastId));
  }

  answered(type: number, { packetId, codes, properties }: Answer): void {
    const filter = this.#asked.get(packetId);
    this.#asked.delete(packetId);
    if (filter !== undefined && type === PacketType.suback) {
      const code = codes[0] ?? 0x80;
      filter.granted = code < 0x80;
      if (!filter.unasked) filter.replay = false;
      filter.refused = code < 0x80 ? undefined : reasonWords(code, properties.reasonString);
      if (filter.refused !== undefined)
        this.#options.log.warn('the external broker refuses a subscription', { filter: filter.text, reason: filter.refused });
      this.#subscriptions.changed();
    }
    if (!this.settling) this.#options.onSettled();
  }

  up(sessionPresent: boolean, properties: Properties): void {
    this.#up = true;
    this.#identified = properties.subscriptionIdentifiersAvailable !== 0;
    if (!sessionPresent) this.#receipts.forget();
    for (const filter of this.#subscriptions.filters.values()) {
      if (!sessionPresent) filter.granted = false;
      if (!filter.lingers && !this.#fresh.has(filter)) this.#sendSubscribe(filter);
    }
    if (sessionPresent) for (const text of this.#gone) if (!this.#subscriptions.filters.has(text)) this.#unsubscribe(text);
    this.#gone.clear();
    this.#subscriptions.changed();
  }
  down(): void {
    this.#up = false;
    this.#asked.clear();
    this.#receipts.down();
  }
  /** Readers stay subscribed at the broker where the session is kept. */
  stop(): void {
    for (const cancel of this.#lingering.values()) cancel();
    this.#lingering.clear();
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
  }

  publish(packet: IncomingPublish): void {
    if (packet.qos === 2) throw violation('a message has a higher QoS than was asked for');
    const { clock, counts } = this.#options;
    counts.received++;
    const identifiers = this.#subscriptions.known(packet.properties.subscriptionIdentifier);
    const replay = this.#replayed(packet, identifiers);
    if (packet.qos === 0) {
      const message = new ExternalMessage(packet, clock);
      if (replay !== undefined) for (const reader of replay) reader.hand(message);
      else this.#each(packet.topic, identifiers, (reader) => reader.hand(message));
      return;
    }
    if (this.#receipts.open >= this.#options.receiveMaximum)
      throw new Fault(Code.receiveMaximumExceeded, `more messages at once than the ${this.#options.receiveMaximum} it was allowed`);
    const receipt = this.#receipts.take(packet, () => new ExternalMessage(packet, clock));
    if (receipt === undefined) return;
    const { message } = receipt;
    const give = (reader: ExternalReader): void => this.#give(reader, receipt);
    if (replay !== undefined) for (const reader of replay) give(reader);
    else {
      this.#each(message.topic, identifiers, give);
      if (this.#options.durable && this.#subscriptions.lingering(message.topic, identifiers)) {
        receipt.await();
        this.#receipts.hold(receipt);
      }
    }
    receipt.settled(0);
  }
  #give(reader: ExternalReader, receipt: Receipt): void {
    if (!this.#options.durable) {
      reader.hand(receipt.message);
      return;
    }
    if (reader.closed) return;
    receipt.await();
    reader.deliver(receipt.message, receipt);
  }
  #each(topic: string, identifiers: readonly number[] | undefined, give: (reader: ExternalReader) => void): void {
    const targets = this.#subscriptions.targets(topic);
    for (const { reader, filter } of targets) if (identifiers === undefined || carries(identifiers, filter)) give(reader);
    if (targets.length === 0) this.#options.counts.unclaimed++;
  }
  /** Who asked for this retained message, or undefined when it is none that was asked for. */
  #replayed(packet: IncomingPublish, identifiers: readonly number[] | undefined): readonly ExternalReader[] | undefined {
    if (!packet.retain) return undefined;
    if (identifiers !== undefined) return this.#subscriptions.askers(identifiers);
    if (this.#identified) return undefined;
    return this.#subscriptions
      .targets(packet.topic)
      .filter(({ reader, filter }) => filter.askers.some((askers) => askers?.includes(reader)))
      .map(({ reader }) => reader);
  }

  /** A reader went before it took a message: its successor takes it, or the message waits for one. */
  #orphaned(receipt: Receipt, name: string): void {
    const { topic } = receipt.message;
    const successor = this.#subscriptions.targets(topic).find(({ reader }) => reader.reader.name === name);
    if (successor !== undefined) successor.reader.deliver(receipt.message, receipt);
    else if (this.#subscriptions.lingering(topic, undefined)) this.#receipts.hold(receipt);
    else receipt.settled(0);
  }
  /** A new reader takes what waits for one. */
  #claim(reader: ExternalReader): void {
    for (const receipt of this.#receipts.held) {
      if (!this.#subscriptions.targets(receipt.message.topic).some((target) => target.reader === reader)) continue;
      receipt.await();
      reader.deliver(receipt.message, receipt);
    }
    this.#reconsider();
  }
  /** What no filter waits for any more is done with. */
  #reconsider(): void {
    for (const receipt of this.#receipts.held)
      if (!this.#subscriptions.lingering(receipt.message.topic, undefined)) this.#receipts.release(receipt);
  }
}
