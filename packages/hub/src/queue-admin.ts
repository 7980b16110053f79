import { decodeStored, type StoredMessage } from '@omh/connectors';
import type { DeadLetter, DeliveryQueue, Logger, Principal, QueueStatus } from '@omh/core';
import { errors } from './errors.ts';
import type { Rooms } from './rooms.ts';

export interface ShownLetter extends DeadLetter {
  /** What the record is; undefined where it has another form. */
  readonly message: StoredMessage | undefined;
}

/** The queues of the hub, by the name of whose they are: `app/north`. Everything that takes a name throws HUB_NO_SUCH_QUEUE (404). */
export class QueueAdmin {
  readonly #rooms: Rooms;
  readonly #log: Logger;

  constructor(rooms: Rooms, log: Logger) {
    this.#rooms = rooms;
    this.#log = log;
  }

  *#queues(): Iterable<DeliveryQueue> {
    for (const app of this.#rooms.apps.values()) if (app.queue !== undefined) yield app.queue;
  }
  #queue(name: string): DeliveryQueue {
    for (const queue of this.#queues()) if (queue.name === name) return queue;
    throw errors.HUB_NO_SUCH_QUEUE({ name });
  }

  list(): QueueStatus[] {
    return [...this.#queues()].map((queue) => queue.status());
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
  }
  /** Drops what waits and is not on its way; answers how many. */
  async clear(name: string, principal: Principal): Promise<number> {
    const dropped = await this.#queue(name).clear();
    this.#log.warn('a queue was emptied', { queue: name, dropped, by: principal.name });
    return dropped;
  }
}
