import { BoundedQueue, reasonOf, type DriverContext, type OmhError, type Reason } from '@omh/core';
import type { Line } from './line.ts';
import type { LineSilence } from './line-silence.ts';
import { RoundTrips } from './rtt.ts';

/** answer: the PDU follows · timeout: none came · skipped: withdrawn before it was sent · lost: the link is gone, `reason` says why. */
export type Outcome = 'answer' | 'timeout' | 'skipped' | 'lost';

/** One request on its way; the last three fields belong to the link. */
export interface Exchange {
  readonly unit: number;
  /** Whole frame of Modbus TCP, whatever the framing of the line; its transaction is patched in a copy when it is sent. */
  readonly frame: Uint8Array;
  readonly timeoutMs: number;
  /** Asked just before sending: true withdraws it. */
  withdrawn(): boolean;
  /** Exactly once. With `answer` the PDU is `bytes[start … end)`, valid during the call. */
  settle(outcome: Outcome, bytes: Uint8Array, start: number, end: number): void;
  transaction: number;
  sentAt: number;
  deadline: number;
}

export interface LinkOptions {
  readonly device: string;
  /** The line to use from now on; devices behind one port or gateway get the same one. */
  line(): Line;
  /** The line's settings as this device wants them. */
  readonly signature: string;
  /** Not called for `close`. */
  onLost(reason: Reason): void;
  /** Its `trace` is looked up for each frame: it is there only while somebody watches. */
  readonly watcher: Pick<DriverContext, 'trace'>;
}

/** Requests that wait for a free place in the window; beyond it a request is skipped. */
const maxWaiting = 65_536;
const none = new Uint8Array(0);

/** One device's share of a line: its queues and its counters. */
export class ModbusLink {
  readonly #o: LinkOptions;
  #line: Line | undefined;
  #isOpen = false;
  #opening: AbortController | undefined;
  urgent = new BoundedQueue<Exchange>(maxWaiting);
  waiting = new BoundedQueue<Exchange>(maxWaiting);
  readonly count = { requests: 0, responses: 0, timeouts: 0, strays: 0, bytesIn: 0, bytesOut: 0, connects: 0 };
  readonly faults = new Map<string, number>();
  readonly roundTrips = new RoundTrips();
  /** Frames of any kind since `open`: a late answer is a sign of life too. */
  heard = 0;
  /** Why the link is not open; undefined before the first loss and while it is open. */
  fault: Reason | undefined;

  constructor(options: LinkOptions) {
    this.#o = options;
  }
  get device(): string {
    return this.#o.device;
  }
  get isOpen(): boolean {
    return this.#isOpen;
  }
  get window(): number | undefined {
    return this.#line?.window.size;
  }
  /** Where the line leads to now. */
  get place(): string | undefined {
    return this.#line?.place;
  }
  get silence(): LineSilence | undefined {
    return this.#line?.silence;
  }
  get trace(): DriverContext['trace'] {
    return this.#o.watcher.trace;
  }

  /** One attempt; joins the line where other devices have it open. Rejects with an OmhError that says why. */
  async open(signal: AbortSignal): Promise<void> {
    await this.close();
    const opening = new AbortController();
    const abort = (): void => opening.abort();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    this.#opening = opening;
    const line = this.#o.line();
    this.#line = line;
    try {
      await line.join(this, opening.signal, this.#o.signature);
      this.#isOpen = true;
      this.fault = undefined;
      this.heard = 0;
      this.count.connects++;
    } catch (error) {
      if (!opening.signal.aborted) {
        this.fault = reasonOf(error);
        this.noteFault(this.fault.code);
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      if (this.#opening === opening) this.#opening = undefined;
    }
  }

  /** Idempotent; every exchange is settled as lost before it resolves. */
  async close(): Promise<void> {
    this.#opening?.abort();
    this.#isOpen = false;
    const line = this.#line;
    if (line === undefined) return;
    const left = line.leave(this);
    this.#settleWaiting();
    await left;
  }

  /** Ends the connection from this side because of `error`; `onLost` is called. */
  abandon(error: OmhError): void {
    if (this.#isOpen) this.#line!.abandon(error);
  }

  /** Queues a request; nothing goes out before {@link pump}. `urgent` requests overtake the others. */
  submit(exchange: Exchange, urgent = false): void {
    if (!this.#isOpen) exchange.settle('lost', none, 0, 0);
    else if (!(urgent ? this.urgent : this.waiting).push(exchange)) exchange.settle('skipped', none, 0, 0);
  }
  /** Fills the window. All requests of one call leave in one write. */
  pump(): void {
    this.#line?.pump();
  }

  noteFault(code: string): void {
    this.faults.set(code, (this.faults.get(code) ?? 0) + 1);
  }

  /** The line's side: it is gone. */
  lost(reason: Reason): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.fault = reason;
    this.noteFault(reason.code);
    this.#settleWaiting();
    try {
      this.#o.onLost(reason);
    } catch {
      /* the listener's fault is not the link's */
    }
  }

  #settleWaiting(): void {
    const queues = [this.urgent, this.waiting];
    this.urgent = new BoundedQueue<Exchange>(maxWaiting);
    this.waiting = new BoundedQueue<Exchange>(maxWaiting);
    for (const queue of queues) for (let e = queue.shift(); e !== undefined; e = queue.shift()) e.settle('lost', none, 0, 0);
  }
}
