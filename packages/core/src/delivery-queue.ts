import type { Reason } from './errors.ts';
import type { MetricSample } from './metrics.ts';
import type { Health } from './part.ts';
import type { RetryOptions } from './retry.ts';
import type { Micros } from './time.ts';

/** Number of an entry in its queue: later offers have higher ones, with gaps; exact as a double. */
export type QueuePosition = number;

/** One record on its way. Valid as long as anybody holds it; nobody changes it. */
export interface QueueEntry {
  readonly position: QueuePosition;
  readonly record: Uint8Array;
  /** What it was offered with; '' for none. */
  readonly key: string;
  /** The time it was offered with: when the data was born, not when it is sent. */
  readonly time: Micros;
  /** It waited for the end of an outage or of a restart: late data, to be marked where the target can tell. */
  readonly replay: boolean;
  /** Sends of it before this one, as far as this process knows. */
  readonly attempts: number;
  /** `<queue>:<life>:<position>`, the same at every delivery and never given to another entry: what a target deduplicates by. */
  readonly id: string;
}

/**
 * What became of an entry. done: the target has it · retry: not now, it stays at its place and is sent again · refused: the target will
 * never take it; it goes to the dead letters.
 */
export type EntryResult = 'done' | { readonly retry: Reason } | { readonly refused: Reason };

/**
 * One for the whole batch, or one per entry in its order. A batch of which every entry answers `retry`, a rejection, and no answer within
 * `timeoutMs` mean that the target is away: then all wait. Where only some answer `retry`, only these (and what their order holds back)
 * wait; a sender that keeps an order answers `retry` for what stands behind a failed entry of the same key too.
 */
export type SendResult = EntryResult | readonly EntryResult[];

/** Connects, sends and classifies errors, and nothing else. `signal` aborts when the queue stops or the answer comes too late. */
export type Send = (batch: readonly QueueEntry[], signal: AbortSignal) => Promise<SendResult>;

export interface DeliveryQueueOptions {
  /** A batch is sent when it has so many entries (100) or bytes (1 MiB), or when its oldest entry has waited `lingerMs` (0). */
  readonly batchCount?: number;
  readonly batchBytes?: number;
  readonly lingerMs?: number;
  /** Sends at the same time; 1 when absent, always 1 with `order: 'total'`. */
  readonly window?: number;
  /**
   * total: oldest first, a failed entry holds back all (the default) · key: entries with the same key in their order, a failed one holds
   * back its key only · none: a failed entry holds back nobody.
   */
  readonly order?: 'total' | 'key' | 'none';
  /** Waits between tries of a target that is away, and of single entries; 1 s doubling to 60 s with a fifth of jitter when absent. */
  readonly retry?: RetryOptions;
  /** Failed sends in a row before the breaker opens: then one probe of one batch at a time. 3 when absent. */
  readonly breakAfter?: number;
  /** A send that has not answered by then is aborted and tried again; 30,000 when absent. Its answer is counted as a late reply. */
  readonly timeoutMs?: number;
  /** Sends of one entry before it goes to the dead letters; without an end when absent. A target that is away costs no entry an attempt. */
  readonly maxAttempts?: number;
  /** Entries whose `time` is older than this are dropped and counted instead of sent; nothing expires when absent. */
  readonly expireMs?: number;
  /**
   * Live entries go past the backlog, each of the two oldest first; order then holds within each of them. What was offered before the
   * target came back, or before the process started, is backlog. False when absent: one line, oldest first.
   */
  readonly liveFirst?: boolean;
  /** Most entries per second that backlog is sent with; no limit when absent. */
  readonly backlogPerSecond?: number;
  /** What may wait on the disk; 1 GiB when absent. A sixteenth of it more is used for whole files. */
  readonly maxBytes?: number;
  /** What happens to an offer beyond it: dropOldest makes room and counts, refuse (the default) says no. */
  readonly whenFull?: 'dropOldest' | 'refuse';
  /** What dead letters may take; 64 MiB when absent. The oldest make room and are counted. */
  readonly deadLetterBytes?: number;
}

/**
 * EMQX's names. `matched` + `found` = `success` + `failed` + `inflight` + `queuing` + `dropped`; all but the gauges `inflight`, `queuing`
 * and `queuing_bytes` count since the queue was opened.
 */
export interface QueueCounters {
  /** Offers, taken or not. */
  readonly matched: number;
  /** Entries taken. */
  readonly received: number;
  /** Entries that waited when the queue was opened. */
  readonly found: number;
  readonly success: number;
  /** Entries that went to the dead letters. */
  readonly failed: number;
  readonly inflight: number;
  readonly queuing: number;
  /** Bytes on the disk from the oldest waiting entry on. */
  readonly queuing_bytes: number;
  readonly dropped: number;
  readonly 'dropped.queue_full': number;
  readonly 'dropped.expired': number;
  /** Refused because the disk takes nothing, damaged on the disk, or removed by a person. */
  readonly 'dropped.other': number;
  /** Sends of entries that had been sent before. */
  readonly retried: number;
  readonly 'retried.success': number;
  readonly 'retried.failed': number;
  /** Answers that came after `timeoutMs`. */
  readonly late_reply: number;
}

/** How long the queue can bear an outage. */
export interface QueueCapacity {
  readonly bytes: number;
  readonly maxBytes: number;
  /** What is offered, averaged over ten minutes. */
  readonly bytesPerSecond: number;
  /** From empty to full at that rate; undefined while nothing is offered. */
  readonly hours: number | undefined;
  /** Until it is full at that rate. */
  readonly hoursLeft: number | undefined;
  /** Time of the oldest waiting entry. */
  readonly oldest: Micros | undefined;
  /** Age of it: how many hours of data wait. */
  readonly hoursHeld: number;
}

export interface QueueStatus {
  readonly name: string;
  readonly health: Health;
  /** closed: sends · open: the target is away, waits until `health.nextTry` · halfOpen: one probe is on its way · idle: not started. */
  readonly breaker: 'closed' | 'open' | 'halfOpen' | 'idle';
  readonly counters: QueueCounters;
  readonly capacity: QueueCapacity;
  readonly deadLetters: { readonly count: number; readonly bytes: number; readonly dropped: number };
}

export interface DeadLetter {
  /** Its place among the dead letters. */
  readonly position: QueuePosition;
  readonly record: Uint8Array;
  readonly key: string;
  readonly time: Micros;
  /** The id it was sent with. */
  readonly id: string;
  readonly reason: Reason;
  /** When it was given up. */
  readonly diedAt: Micros;
  readonly attempts: number;
}

/**
 * Entries that reach a target at least once, whatever breaks between: offered, kept in an append log, sent in batches, gone from the disk
 * after the target said so. After a kill at most three windows of entries (`window` × `batchCount`) are sent again, under the same ids, while
 * the disk is sound.
 *
 * Two ways to use it. A connector offers everything and leaves `liveFirst` off: one line, oldest first. Store-and-forward also offers
 * everything, with `liveFirst: true` and `backlogPerSecond`: while the target answers, an entry goes out in the same turn of the loop; what
 * was offered during an outage or before a restart comes behind the live ones, oldest first at that rate, with its own `time` and
 * `replay: true`. The offerer never looks whether the link is up and never sends by itself.
 */
export interface DeliveryQueue {
  readonly name: string;
  /**
   * Takes a record of 0 to 16 MiB; synchronous, copied, written in this turn of the loop with all others. Answers its position, or why it
   * is not taken: STORAGE_QUEUE_FULL, STORAGE_QUEUE_DISK (the disk takes nothing and the memory for that is used up),
   * STORAGE_QUEUE_CLOSED, STORAGE_QUEUE_RECORD. A refused offer is counted as dropped. `late`: it waited elsewhere, and is sent with
   * `replay: true` whenever that is.
   */
  offer(record: Uint8Array, options: { readonly time: Micros; readonly key?: string; readonly late?: boolean }): QueuePosition | Reason;
  /** Resolves when the entry, and all before it, are safe as the log's mode promises; waits while the disk fails; rejects when closed before. */
  durable(position: QueuePosition): Promise<void>;

  /** Delivers from now on. Offers made before wait. Starting again replaces the sender. */
  start(send: Send): void;
  /** Ends delivering: aborts what is in flight, and resolves when it has answered, at most a second later. Offers are still taken. Never rejects. */
  stop(): Promise<void>;
  /** Tries at once instead of at the next try: call it when the connection is up again. */
  tryNow(): void;
  /** Takes these options from the next batch on. */
  configure(options: DeliveryQueueOptions): void;
  /** `stop`, then writes what is held and releases everything. Never rejects. */
  close(): Promise<void>;

  health(): Health;
  status(): QueueStatus;
  /** `omh_queue_*` with the label `queue`. */
  metrics(): Iterable<MetricSample>;
  /** Resolves when nothing waits and nothing is in flight. */
  drained(): Promise<void>;

  /** What waits, oldest first. */
  entries(options?: { readonly from?: QueuePosition; readonly limit?: number }): Promise<readonly QueueEntry[]>;
  /** Drops all that waits and is not in flight; answers how many. */
  clear(): Promise<number>;

  /** Oldest first; at most `limit` (100). */
  deadLetters(options?: { readonly from?: QueuePosition; readonly limit?: number }): Promise<readonly DeadLetter[]>;
  /** Offers it again with its key and time, and removes it when the queue has it. `record`: what to send instead. A Reason when it is not there or the offer is refused. */
  replayDeadLetter(position: QueuePosition, record?: Uint8Array): Promise<QueuePosition | Reason>;
  /** False when it is not there. */
  removeDeadLetter(position: QueuePosition): Promise<boolean>;
}
