import { join } from 'node:path';
import { HealthState, silentLogger, systemClock } from '@omh/core';
import type {
  Clock,
  DeadLetter,
  DeliveryQueue,
  DeliveryQueueOptions,
  Health,
  Logger,
  MetricSample,
  Micros,
  QueueEntry,
  QueueStatus,
  Reason,
  Send,
} from '@omh/core';
import type { AppendLogOptions } from '../append-log/append-log.ts';
import { maxRecordBytes } from '../append-log/segment-format.ts';
import type { Position } from '../append-log/segment-format.ts';
import { errors } from '../errors.ts';
import { queueSamples } from '../metrics.ts';
import { DeadLetters } from './dead-letters.ts';
import { bufferOf, encodeEntry, entryHeaderBytes, isEntry, maxKeyBytes, QueuedEntry, lateFlag } from './entry-format.ts';
import { KeptLog } from './kept-log.ts';
import { QueueCounts } from './queue-counts.ts';
import { fullOptions } from './queue-options.ts';
import type { FullOptions } from './queue-options.ts';
import { AverageRate } from './rates.ts';
import { Sender } from './sender.ts';

export interface OpenQueueOptions extends DeliveryQueueOptions, Pick<AppendLogOptions, 'mode' | 'bufferBytes' | 'files'> {
  /** In ids, metrics and sentences: `apps/uplink`. */
  readonly name: string;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** It is closed, and the folder may be opened again. */
  readonly onClosed?: () => void;
}

/**
 * Opens the queue of a folder, making it when it is missing. One process opens a folder: the owner of the data directory's lock. Throws
 * STORAGE_LOG_OPEN, STORAGE_LOG_NEWER, STORAGE_LOG_OLDER, STORAGE_LOG_READ and STORAGE_QUEUE_NEWER.
 */
export async function openDeliveryQueue(folder: string, options: OpenQueueOptions): Promise<DeliveryQueue> {
  const full = fullOptions(options);
  const clock = options.clock ?? systemClock;
  const { mode, files, bufferBytes, log = silentLogger } = options;
  const shared = { mode, clock, log, ...(files && { files }), ...(bufferBytes !== undefined && { bufferBytes }) };
  const kept = await KeptLog.open(folder, {
    ...shared,
    maxBytes: full.maxBytes,
    timeOf: (record) => (isEntry(record) ? bufferOf(record).readDoubleLE(8) : undefined),
  });
  try {
    const dead = await DeadLetters.open(join(folder, 'dead-letters'), options.name, clock, { ...shared, maxBytes: full.deadLetterBytes });
    return new LoggedQueue(options.name, kept, dead, full, clock, log, options.onClosed);
  } catch (cause) {
    await kept.close();
    throw cause;
  }
}

class LoggedQueue implements DeliveryQueue {
  readonly name: string;
  readonly #kept: KeptLog;
  readonly #dead: DeadLetters;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onClosed: () => void;
  readonly #counts = new QueueCounts();
  readonly #sender: Sender;
  readonly #health: HealthState;
  readonly #offered: AverageRate;
  /** No entry of another life of this queue has it, so a position that is given twice after a power cut makes two ids. */
  readonly #life = Math.floor(Math.random() * 2 ** 32);
  #options: FullOptions;
  /** Why the last offer was not taken; undefined after one that was. */
  #refusal: Reason | undefined;
  #dropping = false;
  #drained: (() => void)[] = [];
  #closed: Promise<void> | undefined;

  constructor(
    name: string,
    kept: KeptLog,
    dead: DeadLetters,
    options: FullOptions,
    clock: Clock,
    log: Logger,
    onClosed: () => void = () => {},
  ) {
    this.name = name;
    this.#onClosed = onClosed;
    this.#kept = kept;
    this.#dead = dead;
    this.#options = options;
    this.#clock = clock;
    this.#log = log.child({ queue: name });
    this.#offered = new AverageRate(clock.monotonicMs());
    this.#health = new HealthState(() => clock.now());
    this.#counts.found = kept.waiting + kept.lost;
    this.#counts.droppedOther = kept.lost;
    const bury = (entry: QueuedEntry, reason: Reason): Promise<boolean> => {
      this.#log.warn('entry refused, kept as a dead letter', { position: entry.position, code: reason.code, why: reason.text });
      return dead.add(entry, reason);
    };
    const changed = (): void => this.#changed();
    this.#sender = new Sender({ queue: name, kept, clock, counts: this.#counts, bury, changed }, options);
    if (kept.waiting > 0) this.#log.info('entries wait from before', { entries: kept.waiting, bytes: kept.bytes });
    this.#changed();
  }

  offer(record: Uint8Array, options: Parameters<DeliveryQueue['offer']>[1]): Position | Reason {
    const { time, key = '', late = false } = options;
    return this.#offer(record, key, time, late ? lateFlag : 0);
  }
  durable(position: Position): Promise<void> {
    return this.#kept.durable(position);
  }

  start(send: Send): void {
    if (this.#closed) return;
    this.#sender.start(send);
    this.#changed();
  }
  async stop(): Promise<void> {
    await this.#sender.stop();
    this.#changed();
  }
  tryNow(): void {
    this.#sender.tryNow();
  }
  configure(options: DeliveryQueueOptions): void {
    this.#options = fullOptions(options);
    this.#dead.maxBytes = this.#options.deadLetterBytes;
    this.#sender.configure(this.#options);
  }
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }
  async #close(): Promise<void> {
    // Closed first: a burial that waits for its disk would hold the stop for ever.
    const dead = this.#dead.close();
    await this.#sender.stop();
    await dead;
    this.#sender.close();
    await this.#kept.close();
    this.#changed();
    this.#onClosed();
  }

  health(): Health {
    this.#changed();
    return this.#health.get();
  }
  status(): QueueStatus {
    const { maxBytes } = this.#options;
    const bytes = this.#kept.bytes;
    const bytesPerSecond = this.#offered.perSecond(this.#clock.monotonicMs());
    const oldest = this.#oldest();
    const hours = (of: number): number | undefined => (bytesPerSecond > 0 ? Math.max(0, of) / bytesPerSecond / 3600 : undefined);
    const capacity = {
      bytes,
      maxBytes,
      bytesPerSecond,
      hours: hours(maxBytes),
      hoursLeft: hours(maxBytes - bytes),
      oldest,
      hoursHeld: oldest === undefined ? 0 : Math.max(0, this.#clock.now() - oldest) / 3.6e9,
    };
    return {
      name: this.name,
      health: this.health(),
      breaker: this.#breaker(),
      counters: this.#counts.named(this.#sender.flying.size, this.#kept.waiting, bytes),
      capacity,
      deadLetters: { count: this.#dead.count, bytes: this.#dead.bytes, dropped: this.#dead.dropped },
    };
  }
  metrics(): Iterable<MetricSample> {
    return queueSamples(this.status());
  }
  drained(): Promise<void> {
    if (this.#kept.waiting === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained.push(resolve);
    });
  }

  async entries(options: { readonly from?: Position; readonly limit?: number } = {}): Promise<readonly QueueEntry[]> {
    const { from = 0, limit = 100 } = options;
    const entries: QueueEntry[] = [];
    if (limit <= 0) return entries;
    for await (const { position, record } of this.#kept.read(Math.max(from, this.#kept.floor))) {
      if (this.#kept.isSettled(position) || !isEntry(record)) continue;
      entries.push(new QueuedEntry(this.name, position, Buffer.from(record)));
      if (entries.length >= limit) break;
    }
    return entries;
  }
  clear(): Promise<number> {
    const count = this.#dropTo(this.#kept.next);
    this.#counts.droppedOther += count;
    this.#log.warn('queue cleared', { entries: count });
    return Promise.resolve(count);
  }

  deadLetters(options: { readonly from?: Position; readonly limit?: number } = {}): Promise<readonly DeadLetter[]> {
    return this.#dead.list(options.from ?? 0, options.limit ?? 100);
  }
  async replayDeadLetter(position: Position, record?: Uint8Array): Promise<Position | Reason> {
    const letter = await this.#dead.get(position);
    if (letter === undefined) return errors.STORAGE_QUEUE_NO_LETTER({ queue: this.name, position }).reason();
    const taken = this.#offer(record ?? letter.record, letter.key, letter.time, lateFlag);
    if (typeof taken !== 'number') return taken;
    await this.#kept.durable(taken);
    this.#dead.remove(position);
    return taken;
  }
  removeDeadLetter(position: Position): Promise<boolean> {
    return Promise.resolve(this.#dead.remove(position));
  }

  #offer(record: Uint8Array, key: string, time: Micros, flags: number): Position | Reason {
    const counts = this.#counts;
    counts.matched++;
    if (this.#closed) {
      counts.droppedOther++;
      return errors.STORAGE_QUEUE_CLOSED({ queue: this.name }).reason();
    }
    const nowMs = this.#clock.monotonicMs();
    const keyBytes = key === '' ? 0 : Buffer.byteLength(key);
    const bytes = entryHeaderBytes + keyBytes + record.length;
    this.#offered.add(bytes, nowMs);
    if (bytes > maxRecordBytes || keyBytes > maxKeyBytes) {
      counts.droppedOther++;
      return errors.STORAGE_QUEUE_RECORD({ queue: this.name, bytes: record.length, keyBytes }).reason();
    }
    if (this.#kept.bytesFrom(this.#sender.dropBelow) + bytes > this.#options.maxBytes && !this.#makeRoom(bytes)) {
      counts.droppedFull++;
      // One reason for a whole spell of refusals: there may be a hundred thousand a second.
      if (this.#refusal?.code !== 'STORAGE_QUEUE_FULL') {
        this.#refuse(errors.STORAGE_QUEUE_FULL({ queue: this.name, limit: this.#options.maxBytes }).reason());
      }
      return this.#refusal!;
    }
    const encoded = encodeEntry(record, key, time, this.#life, flags);
    let position: Position;
    try {
      position = this.#kept.append(encoded, time);
    } catch (cause) {
      counts.droppedOther++;
      if (this.#refusal?.code !== 'STORAGE_QUEUE_DISK') {
        const why = this.#kept.health.reason?.text ?? (cause as Error).message;
        this.#refuse(errors.STORAGE_QUEUE_DISK({ queue: this.name, why }, { cause }).reason());
      }
      return this.#refusal!;
    }
    counts.received++;
    this.#refusal = undefined;
    this.#sender.push(position, encoded, nowMs);
    return position;
  }

  #makeRoom(bytes: number): boolean {
    const { maxBytes, whenFull } = this.#options;
    if (whenFull === 'refuse' || bytes > maxBytes) return false;
    // What is on its way holds its place until it lands, and is not waited for.
    let line = Math.max(this.#sender.dropBelow, this.#kept.floor);
    while (this.#kept.bytesFrom(line) + bytes > maxBytes) line = this.#kept.endOfBlock(line);
    this.#sender.dropBelow = line;
    this.#counts.droppedFull += this.#dropTo(line);
    if (!this.#dropping) this.#log.warn('queue full, the oldest entries are dropped', { maxBytes });
    this.#dropping = true;
    return true;
  }
  #dropTo(position: Position): number {
    const count = this.#kept.settle(this.#kept.floor, position, this.#sender.flying);
    this.#kept.commit();
    this.#changed();
    return count;
  }
  #refuse(reason: Reason): void {
    this.#refusal = reason;
    this.#log.warn('offers are refused', { code: reason.code, why: reason.text });
    this.#changed();
  }

  #oldest(): Micros | undefined {
    if (this.#kept.waiting === 0) return undefined;
    const inMemory = this.#sender.oldest;
    const time = inMemory?.position === this.#kept.floor ? inMemory.time : this.#kept.oldestTime;
    return time as Micros | undefined;
  }
  #breaker(): QueueStatus['breaker'] {
    if (!this.#sender.isStarted) return 'idle';
    if (this.#sender.link.failures < this.#options.breakAfter) return 'closed';
    return this.#sender.isSending ? 'halfOpen' : 'open';
  }

  #changed(): void {
    if (this.#kept.waiting === 0) for (const resolve of this.#drained.splice(0)) resolve();
    if (this.#dropping && this.#kept.bytesFrom(this.#sender.dropBelow) < 0.9 * this.#options.maxBytes) this.#dropping = false;
    const { link, isStarted, readFault } = this.#sender;
    const disk = this.#kept.health.reason ?? this.#dead.health.reason ?? readFault;
    if (!isStarted) this.#health.set('stopped', this.#closed ? 'The queue is closed.' : 'Entries are kept and not sent.');
    else if (disk !== undefined) this.#health.set('degraded', disk, link.nextTry);
    else if (link.failures >= this.#options.breakAfter) {
      const why = link.reason?.text ?? '';
      this.#health.set('lost', errors.STORAGE_QUEUE_AWAY({ queue: this.name, why }).reason(), link.nextTry);
    } else if (this.#refusal !== undefined) this.#health.set('degraded', this.#refusal, link.nextTry);
    else if (this.#dropping) this.#health.set('degraded', 'The queue is full and drops its oldest entries.', link.nextTry);
    else if (link.isDown) this.#health.set('degraded', link.reason!, link.nextTry);
    else this.#health.set('running', 'Entries are sent.');
  }
}
