import { BoundedQueue } from '@omh/core';
import type { Exchange, ModbusLink } from './link.ts';

/** A request that has its turn. */
export interface Entry {
  readonly exchange: Exchange;
  readonly link: ModbusLink;
  readonly isUrgent: boolean;
  readonly isRetry: boolean;
  /** It left with the window full: its round trip tells what the window is worth. */
  isFull: boolean;
  /** Others were under way with it. */
  isOverlapped: boolean;
}

/** A read that others under way may have kept from being carried out; it is asked for once more. */
export const mayRepeat = ({ isOverlapped, isUrgent, isRetry }: Entry): boolean => isOverlapped && !isUrgent && !isRetry;

const maxReturned = 65_536;
const both = [true, false] as const;
const none = new Uint8Array(0);

/** Who is next on a line: what came back, then writes, then reads; devices take turns. */
export class LineQueue {
  readonly #links: readonly ModbusLink[];
  /** Requests that had their turn and could not go yet. */
  #returned = new BoundedQueue<Entry>(maxReturned);
  #turn = 0;

  constructor(links: readonly ModbusLink[]) {
    this.#links = links;
  }

  get hasWaiting(): boolean {
    return this.#returned.size > 0 || this.#links.some((link) => link.urgent.size > 0 || link.waiting.size > 0);
  }

  next(): Entry | undefined {
    const returned = this.#returned.shift();
    if (returned !== undefined) return returned;
    const links = this.#links;
    for (const isUrgent of both) {
      for (let i = 0; i < links.length; i++) {
        const at = (this.#turn + i) % links.length;
        const link = links[at]!;
        const exchange = (isUrgent ? link.urgent : link.waiting).shift();
        if (exchange === undefined) continue;
        this.#turn = at + 1;
        return { exchange, link, isUrgent, isRetry: false, isFull: false, isOverlapped: false };
      }
    }
    return undefined;
  }

  giveBack(entry: Entry): void {
    if (!this.#returned.push(entry)) entry.exchange.settle('skipped', none, 0, 0);
  }
  /** Removes what came back and meets `isOver`. */
  take(isOver: (entry: Entry) => boolean): Entry[] {
    const former = this.#returned;
    this.#returned = new BoundedQueue<Entry>(maxReturned);
    const out: Entry[] = [];
    for (let entry = former.shift(); entry !== undefined; entry = former.shift()) {
      if (isOver(entry)) out.push(entry);
      else this.#returned.push(entry);
    }
    return out;
  }
}
