import {
  OmhError,
  reasonOf,
  type DeliveryQueue,
  type DeliveryQueueOptions,
  type EntryResult,
  type MetricSample,
  type Micros,
  type QueueEntry,
  type QueueStatus,
  type Reason,
  type SendResult,
} from '@omh/core';
import { errors } from '../errors.ts';
import { sizeInBytes, type StoreAndForward as Settings } from './settings.ts';
import { decodeStored, encodeStored, markReplayed, type StoredMessage } from './stored-message.ts';
import type { Outgoing, Uplink } from './uplink.ts';

export interface StoreAndForwardOptions {
  readonly settings: Settings;
  readonly uplink: Uplink;
  readonly open: (options: DeliveryQueueOptions) => Promise<DeliveryQueue>;
  /** A message is at the broker. */
  readonly onDone: () => void;
}

/** PUBACK codes that say no to this message for ever (MQTT 5.0, 3.4.2.1). */
const never: ReadonlyMap<number, string> = new Map([
  [0x87, 'the client may not publish there'],
  [0x90, 'the topic is not allowed'],
  [0x95, 'it is too large'],
  [0x99, 'its payload has the wrong format'],
]);
/** The end of a batch may wait 40 ms for the broker's delayed acknowledgement, so batches are long. */
const batchCount = 500;
/** A message that ended so many connections in a row, alone, is taken for the cause. */
const maxEndings = 8;
/** What is kept in memory until the queue is open. */
const mostEarlyBytes = 16 * 2 ** 20;

/**
 * Every message goes through a queue on the disk and leaves it when the broker has acknowledged it. While the broker answers, messages go
 * out as they come; those of an outage or of a former life of the process follow beside them, oldest first and no faster than `rate`.
 * Nothing can be known of a QoS 0 message, so QoS 0 becomes QoS 1. A message sent late is never retained: the topic has a newer one.
 */
export class StoreAndForward {
  readonly #options: StoreAndForwardOptions;
  #queue: DeliveryQueue | undefined;
  /** What was offered before the queue is open. */
  #early: { readonly record: Uint8Array; readonly time: Micros }[] | undefined;
  #earlyBytes = 0;
  /** Messages that were taken and that no queue took. */
  lost = 0;
  /** The entry whose sending ended with the connection, and how often. */
  #suspect = { position: -1, endings: 0 };

  constructor(options: StoreAndForwardOptions) {
    this.#options = options;
  }

  /** Messages are taken from now on, and wait in memory for `start`. */
  expect(): void {
    this.#early ??= [];
  }
  /** Rejects when the folder of the queue cannot be opened; what was taken meanwhile is `lost`. */
  async start(): Promise<void> {
    try {
      const queue = await this.#open();
      for (const { record, time } of this.#early ?? []) if (typeof queue.offer(record, { time }) === 'object') this.lost++;
      this.#early = undefined;
      this.#queue = queue;
      queue.start((batch) => this.#send(batch));
    } finally {
      this.abandon();
    }
  }
  /** There will be no `start`. */
  abandon(): void {
    this.lost += this.#early?.length ?? 0;
    this.#early = undefined;
    this.#earlyBytes = 0;
  }
  #open(): Promise<DeliveryQueue> {
    const { settings, open } = this.#options;
    const maxBytes = sizeInBytes(settings.maxSize ?? '1GB')!;
    return open({
      liveFirst: true,
      batchCount,
      backlogPerSecond: settings.rate ?? 1000,
      maxBytes,
      whenFull: settings.onFull ?? 'dropOldest',
      deadLetterBytes: Math.max(2 ** 20, Math.floor(maxBytes / 16)),
      retry: { firstMs: 500, maxMs: 30_000 },
    });
  }

  async stop(): Promise<void> {
    const queue = this.#queue;
    this.#queue = undefined;
    await queue?.close();
  }

  linkUp(): void {
    this.#queue?.tryNow();
  }

  /** Undefined when it is taken, else why not. `time`: when the data was born. */
  offer(message: Omit<StoredMessage, 'payload'> & { readonly payload: Uint8Array }, time: Micros): Reason | undefined {
    const qos = message.qos === 0 ? 1 : message.qos;
    const record = encodeStored({ ...message, qos });
    const early = this.#early;
    if (early !== undefined) {
      if (this.#earlyBytes + record.length > mostEarlyBytes)
        return errors.APP_QUEUE_UNUSABLE({ detail: 'it is not open yet, and too much waits for that.' }).reason();
      this.#earlyBytes += record.length;
      early.push({ record, time });
      return undefined;
    }
    if (this.#queue === undefined) return errors.APP_QUEUE_UNUSABLE({ detail: 'it is not open.' }).reason();
    const answer = this.#queue.offer(record, { time });
    return typeof answer === 'object' ? answer : undefined;
  }

  /** While it runs. */
  get queue(): DeliveryQueue | undefined {
    return this.#queue;
  }
  status(): QueueStatus | undefined {
    return this.#queue?.status();
  }
  metrics(): Iterable<MetricSample> {
    return this.#queue?.metrics() ?? [];
  }

  /** Side by side, in their order; a message that seems to end connections goes alone. */
  async #send(batch: readonly QueueEntry[]): Promise<SendResult> {
    const alone = this.#suspect.endings >= 2 && batch[0]?.position === this.#suspect.position;
    const sent = alone ? batch.slice(0, 1) : batch;
    const results = await Promise.all(sent.map((entry) => this.#sendOne(entry)));
    const failed = results.findIndex((result) => result !== 'done');
    this.#suspect = this.#suspicion(sent[failed], results[failed]);
    if (alone && this.#suspect.endings >= maxEndings) {
      const detail = `the connection ended ${maxEndings} times while it was sent`;
      results[0] = { refused: errors.APP_MESSAGE_REFUSED({ url: this.#options.uplink.target, detail }).reason() };
    }
    if (!alone) return results;
    const wait: EntryResult = { retry: errors.APP_BROKER_SLOW({ url: this.#options.uplink.target, pending: batch.length }).reason() };
    return [...results, ...batch.slice(1).map(() => wait)];
  }

  #suspicion(entry: QueueEntry | undefined, result: EntryResult | undefined): { position: number; endings: number } {
    if (entry === undefined) return { position: -1, endings: 0 };
    const ended = typeof result === 'object' && 'retry' in result && result.retry.code === errors.APP_CONNECTION_ENDED.code;
    const { position, endings } = this.#suspect;
    return { position: entry.position, endings: (position === entry.position ? endings : 0) + (ended ? 1 : 0) };
  }

  async #sendOne(entry: QueueEntry): Promise<EntryResult> {
    const { uplink, onDone } = this.#options;
    const message = decodeStored(entry.record);
    if (message === undefined)
      return { refused: errors.APP_MESSAGE_REFUSED({ url: uplink.target, detail: 'it was stored in another form' }).reason() };
    try {
      await uplink.publish(this.#outgoing(message, entry.replay));
      onDone();
      return 'done';
    } catch (thrown) {
      const code = (thrown as { code?: unknown }).code;
      const why = typeof code === 'number' ? never.get(code) : undefined;
      if (why !== undefined) return { refused: errors.APP_MESSAGE_REFUSED({ url: uplink.target, detail: why }).reason() };
      return { retry: thrown instanceof OmhError ? thrown.reason() : reasonOf(thrown) };
    }
  }

  #outgoing({ topic, payload, qos, retain, json }: StoredMessage, replay: boolean): Outgoing {
    const properties = {
      ...(json ? {} : { contentType: 'application/x-protobuf' }),
      ...(replay ? { userProperties: [['replay', '1']] as const } : {}),
    };
    const marked = replay && json && (this.#options.settings.mark ?? false);
    return { topic, payload: marked ? markReplayed(payload) : payload, qos, retain: retain && !replay, properties };
  }
}
