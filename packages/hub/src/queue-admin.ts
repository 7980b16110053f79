import { decodeStored, type StoredMessage } from '@omh/connectors';
import type { DeadLetter, DeliveryQueue, EntryResult, Logger, Principal, QueueEntry, QueueStatus, SendResult } from '@omh/core';
import type { AppQueues } from './app-queues.ts';
import { errors } from './errors.ts';
import type { Rooms } from './rooms.ts';

export interface ShownLetter extends DeadLetter {
  /** What the record is; undefined where it has another form. */
  readonly message: StoredMessage | undefined;
}
export interface ShownQueue extends QueueStatus {
  /** Its app is gone, or stores nothing any more. */
  readonly orphan: boolean;
}

/** A queue that takes over from an orphan keeps so much of its room for what its own app sends. */
const roomKept = 0.1;

/** The queues of the hub, by the name of whose they are: `app/north`. Everything that takes a name throws HUB_NO_SUCH_QUEUE (404). */
export class QueueAdmin {
  readonly #rooms: Rooms;
  readonly #stored: AppQueues;
  readonly #log: Logger;

  constructor(rooms: Rooms, stored: AppQueues, log: Logger) {
    this.#rooms = rooms;
    this.#stored = stored;
    this.#log = log;
  }

  *#ofApps(): Iterable<DeliveryQueue> {
    for (const app of this.#rooms.apps.values()) if (app.queue !== undefined) yield app.queue;
  }
  #ofApp(name: string): DeliveryQueue | undefined {
    return [...this.#ofApps()].find((queue) => queue.name === name);
  }
  #orphan(name: string): DeliveryQueue | undefined {
    return this.#stored.orphans().find((queue) => queue.name === name);
  }
  #queue(name: string): DeliveryQueue {
    const queue = this.#ofApp(name) ?? this.#orphan(name);
    if (queue === undefined) throw errors.HUB_NO_SUCH_QUEUE({ name });
    return queue;
  }

  /** Those of apps first. */
  list(): ShownQueue[] {
    return [
      ...[...this.#ofApps()].map((queue) => ({ ...queue.status(), orphan: false })),
      ...this.#stored.orphans().map((queue) => ({ ...queue.status(), orphan: true })),
    ];
  }
  status(name: string): QueueStatus {
    return this.#queue(name).status();
  }
  /** Oldest first, from this position on. */
  async deadLetters(name: string, from: number | undefined, limit: number): Promise<ShownLetter[]> {
    const letters = await this.#queue(name).deadLetters({ limit, ...(from === undefined ? {} : { from }) });
    return letters.map((letter) => ({ ...letter, message: decodeStored(letter.record) }));
  }
  /** Puts it back to what waits. Throws HUB_NO_SUCH_DEAD_LETTER (404) and HUB_REPLAY_REFUSED (409). */
  async replay(name: string, position: number, principal: Principal): Promise<void> {
    const queue = this.#queue(name);
    const [letter] = await queue.deadLetters({ from: position, limit: 1 });
    if (letter?.position !== position) throw errors.HUB_NO_SUCH_DEAD_LETTER({ name, position });
    const answer = await queue.replayDeadLetter(position);
    if (typeof answer === 'object') throw errors.HUB_REPLAY_REFUSED({ name, position, detail: answer.text });
    this.#log.info('a dead letter is sent again', { queue: name, id: letter.id, by: principal.name });
  }
  /** Throws HUB_NO_SUCH_DEAD_LETTER (404). */
  async remove(name: string, position: number, principal: Principal): Promise<void> {
    if (!(await this.#queue(name).removeDeadLetter(position))) throw errors.HUB_NO_SUCH_DEAD_LETTER({ name, position });
    this.#log.info('a dead letter was removed', { queue: name, position, by: principal.name });
    void this.#stored.tidy();
  }
  /** Drops what waits and is not on its way; answers how many. */
  async clear(name: string, principal: Principal): Promise<number> {
    const dropped = await this.#queue(name).clear();
    this.#log.warn('a queue was emptied', { queue: name, dropped, by: principal.name });
    void this.#stored.tidy();
    return dropped;
  }

  /** Ends an orphan with all that is in it. Throws HUB_QUEUE_HAS_APP (409) for the queue of an app. */
  async discard(name: string, principal: Principal): Promise<void> {
    this.#mustBeOrphan(name);
    const { counters, deadLetters } = this.#queue(name).status();
    if (!(await this.#stored.remove(name))) throw errors.HUB_NO_SUCH_QUEUE({ name });
    this.#log.warn('a queue was removed', { queue: name, dropped: counters.queuing, deadLetters: deadLetters.count, by: principal.name });
  }

  /**
   * Begins to hand what waits in an orphan to the queue of an app, oldest first, each with its own time and marked as late; a queue that is
   * empty then is gone. What the other one has no room for waits. Throws HUB_QUEUE_HAS_APP (409); HUB_NO_SUCH_QUEUE also where `to` is no
   * queue of an app.
   */
  handOver(name: string, to: string, principal: Principal): void {
    this.#mustBeOrphan(name);
    const orphan = this.#queue(name);
    if (this.#ofApp(to) === undefined) throw errors.HUB_NO_SUCH_QUEUE({ name: to });
    orphan.start((batch) => this.#pass(batch, to));
    void orphan
      .drained()
      .then(() => orphan.stop())
      .then(() => this.#stored.tidy());
    const { queuing } = orphan.status().counters;
    this.#log.info('a queue is handed over', { queue: name, to, messages: queuing, by: principal.name });
  }
  async #pass(batch: readonly QueueEntry[], to: string): Promise<SendResult> {
    const target = this.#ofApp(to);
    if (target === undefined) return { retry: errors.HUB_NO_SUCH_QUEUE({ name: to }).reason() };
    const { bytes, maxBytes } = target.status().capacity;
    let room = maxBytes * (1 - roomKept) - bytes;
    let last: number | undefined;
    const results = batch.map(({ record, time, key }): EntryResult => {
      room -= record.length;
      const taken = room < 0 ? errors.HUB_QUEUE_NO_ROOM({ name: to }).reason() : target.offer(record, { time, key, late: true });
      if (typeof taken !== 'number') return { retry: taken };
      last = taken;
      return 'done';
    });
    // The orphan forgets them only when the other queue has them on the disk.
    if (last !== undefined) await target.durable(last);
    return results;
  }
  #mustBeOrphan(name: string): void {
    if (this.#ofApp(name) !== undefined) throw errors.HUB_QUEUE_HAS_APP({ name });
  }
}
