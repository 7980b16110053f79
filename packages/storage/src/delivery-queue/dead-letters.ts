import type { Clock, DeadLetter, Reason } from '@omh/core';
import type { Position } from '../append-log/segment-format.ts';
import { decodeDead, encodeDead, entryId } from './entry-format.ts';
import type { DeadEntry, QueuedEntry } from './entry-format.ts';
import { KeptLog } from './kept-log.ts';
import type { KeptLogOptions } from './kept-log.ts';

const fullRetryMs = 1000;

/** Entries that the target will never take, on the disk until a person decides, the oldest giving way when they become too many. */
export class DeadLetters {
  readonly #queue: string;
  readonly #kept: KeptLog;
  readonly #clock: Clock;
  maxBytes: number;
  #dropped = 0;
  #closed = false;

  static async open(folder: string, queue: string, clock: Clock, options: Omit<KeptLogOptions, 'timeOf'>): Promise<DeadLetters> {
    const kept = await KeptLog.open(folder, { ...options, timeOf: (record) => decodeDead(record)?.diedAt });
    return new DeadLetters(queue, kept, clock, options.maxBytes);
  }
  private constructor(queue: string, kept: KeptLog, clock: Clock, maxBytes: number) {
    this.#queue = queue;
    this.#kept = kept;
    this.#clock = clock;
    this.maxBytes = maxBytes;
    this.#dropped = kept.lost;
  }
  get count(): number {
    return this.#kept.waiting;
  }
  get bytes(): number {
    return this.#kept.bytes;
  }
  get dropped(): number {
    return this.#dropped;
  }
  get health(): KeptLog['health'] {
    return this.#kept.health;
  }

  /** Resolves when it is safe as the mode promises, as long as that takes; false when it is closed before. */
  async add(entry: QueuedEntry, reason: Reason): Promise<boolean> {
    const { record, key, time, life, position } = entry;
    const diedAt = this.#clock.now();
    const bytes = encodeDead({ record, key, time, life, position, reason, diedAt, attempts: entry.attempts + 1 });
    while (this.#kept.waiting > 0 && this.#kept.bytes + bytes.length > this.maxBytes) {
      this.#dropped += this.#kept.settle(this.#kept.floor, this.#kept.endOfBlock(this.#kept.floor));
    }
    this.#kept.commit();
    while (!this.#closed) {
      try {
        await this.#kept.durable(this.#kept.append(bytes, diedAt));
        return true;
      } catch (cause) {
        if ((cause as { code?: unknown }).code !== 'STORAGE_LOG_FULL') return false;
        await this.#clock.sleep(fullRetryMs);
      }
    }
    return false;
  }

  async list(from: Position, limit: number): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    if (limit <= 0) return letters;
    for await (const { position, record } of this.#kept.read(Math.max(from, this.#kept.floor))) {
      const dead = this.#kept.isSettled(position) ? undefined : decodeDead(record);
      if (dead === undefined) continue;
      letters.push(this.#letter(position, dead));
      if (letters.length >= limit) break;
    }
    return letters;
  }
  async get(position: Position): Promise<DeadLetter | undefined> {
    if (this.#kept.isSettled(position)) return undefined;
    const [letter] = await this.list(position, 1);
    return letter?.position === position ? letter : undefined;
  }

  /** False when it is not there. */
  remove(position: Position): boolean {
    if (!Number.isSafeInteger(position) || position < 0 || position >= this.#kept.next) return false;
    const there = this.#kept.settle(position) > 0;
    this.#kept.commit();
    return there;
  }
  close(): Promise<void> {
    this.#closed = true;
    return this.#kept.close();
  }

  #letter(position: Position, { record, key, time, life, position: was, reason, diedAt, attempts }: DeadEntry): DeadLetter {
    // The bytes belong to a larger read that the caller should not keep alive.
    return { position, record: record.slice(), key, time, id: entryId(this.#queue, life, was), reason, diedAt, attempts };
  }
}
