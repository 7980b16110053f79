import { connect, type Socket } from 'node:net';
import { BoundedQueue, reasonOf, type Cancel, type Clock, type DriverContext, type OmhError, type Reason } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { brokenFault, connectFault } from './link-fault.ts';

/** answer: the PDU follows · timeout: none came · skipped: withdrawn before it was sent · lost: the link is gone, `reason` says why. */
export type Outcome = 'answer' | 'timeout' | 'skipped' | 'lost';

/** One request on its way; the last three fields belong to the link. */
export interface Exchange {
  readonly unit: number;
  /** Whole frame; its transaction is patched in a copy when it is sent. */
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
  readonly host: string;
  readonly port: number;
  readonly window: number;
  readonly interRequestDelay: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Not called for `close`. */
  onLost(reason: Reason): void;
  /** Its `trace` is looked up for each frame: it is there only while somebody watches. */
  readonly watcher: Pick<DriverContext, 'trace'>;
}

/** Requests that wait for a free place in the window; beyond it a request is skipped. */
const maxWaiting = 65_536;
/** A sweep later than this by itself means that the process stood still. */
const lateMs = 10;
const none = new Uint8Array(0);

/** One TCP connection with up to `window` requests in flight, matched by transaction, unit and function. */
export class ModbusLink {
  readonly #o: LinkOptions;
  readonly #inFlight = new Map<number, Exchange>();
  #urgent = new BoundedQueue<Exchange>(maxWaiting);
  #waiting = new BoundedQueue<Exchange>(maxWaiting);
  readonly #scanner: modbus.FrameScanner;
  #socket: Socket | undefined;
  /** Ends an attempt to connect. */
  #giveUp: ((reason: OmhError) => void) | undefined;
  #transaction = 0;
  #sweepAt = Number.POSITIVE_INFINITY;
  #cancelSweep: Cancel | undefined;
  #cancelPause: Cancel | undefined;
  #pumping = false;
  #graceGiven = false;
  readonly count = { requests: 0, responses: 0, timeouts: 0, strays: 0, bytesIn: 0, bytesOut: 0, connects: 0 };
  lastRttMs: number | undefined;
  /** Frames of any kind since `open`: a late answer is a sign of life too. */
  heard = 0;
  /** Why the link is not open; undefined before the first loss and while it is open. */
  fault: Reason | undefined;

  constructor(options: LinkOptions) {
    this.#o = options;
    this.#scanner = new modbus.FrameScanner((bytes, start, end) => this.#onFrame(bytes, start, end));
  }

  /**
   * One attempt. Rejects with DRIVERS_MODBUS_CONNECTION_REFUSED, _CONNECT_TIMEOUT, _HOST_UNKNOWN, _UNREACHABLE, _CONNECT_FAILED
   * or _CALLED_OFF.
   */
  async open(signal: AbortSignal): Promise<void> {
    await this.close();
    const { host, port, connectTimeoutMs: ms, clock } = this.#o;
    if (signal.aborted) throw errors.DRIVERS_MODBUS_CALLED_OFF({ host, port });
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
      const fail = (error: OmhError): void => {
        settle();
        socket.on('error', () => {});
        socket.destroy();
        reject(error);
      };
      const settle = (): void => {
        cancel();
        signal.removeEventListener('abort', abort);
        socket.off('error', refused).off('connect', connected);
        this.#giveUp = undefined;
      };
      const abort = (): void => fail(errors.DRIVERS_MODBUS_CALLED_OFF({ host, port }));
      const cancel = clock.after(ms, () => fail(errors.DRIVERS_MODBUS_CONNECT_TIMEOUT({ host, port, ms })));
      signal.addEventListener('abort', abort, { once: true });
      this.#giveUp = fail;
      const refused = (error: Error): void => fail(connectFault({ host, port }, error));
      const connected = (): void => {
        settle();
        this.#begin(socket);
        resolve();
      };
      socket.on('error', refused).on('connect', connected);
    });
  }

  #begin(socket: Socket): void {
    this.#socket = socket;
    this.fault = undefined;
    this.#scanner.reset();
    this.count.connects++;
    this.heard = 0;
    const { host, port } = this.#o;
    socket.on('data', (chunk: Uint8Array) => this.#onData(socket, chunk));
    socket.on('error', (error) => this.#lose(socket, brokenFault({ host, port }, error)));
    socket.on('end', () => this.#lose(socket, brokenFault({ host, port }, undefined)));
    socket.on('close', () => this.#lose(socket, brokenFault({ host, port }, undefined)));
  }

  /** Idempotent; every exchange is settled as lost before it resolves. */
  async close(): Promise<void> {
    const { host, port } = this.#o;
    this.#giveUp?.(errors.DRIVERS_MODBUS_CALLED_OFF({ host, port }));
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#release(socket);
    if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  }

  /** Ends the connection from this side because of `error`; `onLost` is called. */
  abandon(error: OmhError): void {
    if (this.#socket !== undefined) this.#lose(this.#socket, error);
  }

  /** Queues a request; nothing goes out before {@link pump}. `urgent` requests overtake the others. */
  submit(exchange: Exchange, urgent = false): void {
    if (this.#socket === undefined) exchange.settle('lost', none, 0, 0);
    else if (!(urgent ? this.#urgent : this.#waiting).push(exchange)) exchange.settle('skipped', none, 0, 0);
  }

  /** Fills the window. All requests of one call leave in one write. */
  pump(): void {
    if (this.#pumping || this.#cancelPause !== undefined) return;
    this.#pumping = true;
    let first: Exchange | undefined;
    let more: Exchange[] | undefined;
    let bytes = 0;
    const now = this.#o.clock.monotonicMs();
    const window = this.#o.window;
    while (this.#socket !== undefined && this.#inFlight.size < window) {
      const next = this.#urgent.shift() ?? this.#waiting.shift();
      if (next === undefined) break;
      if (next.withdrawn()) {
        next.settle('skipped', none, 0, 0);
        continue;
      }
      do this.#transaction = (this.#transaction + 1) & 0xffff;
      while (this.#inFlight.has(this.#transaction));
      next.transaction = this.#transaction;
      next.sentAt = now;
      next.deadline = now + next.timeoutMs;
      this.#inFlight.set(next.transaction, next);
      bytes += next.frame.length;
      if (first === undefined) first = next;
      else (more ??= []).push(next);
      if (next.deadline < this.#sweepAt) this.#arm(next.deadline, now);
      if (this.#o.interRequestDelay > 0) {
        this.#pause();
        break;
      }
    }
    this.#pumping = false;
    if (first !== undefined && this.#socket !== undefined) this.#send(this.#socket, first, more, bytes);
  }

  #pause(): void {
    this.#cancelPause = this.#o.clock.after(this.#o.interRequestDelay, () => {
      this.#cancelPause = undefined;
      this.pump();
    });
  }

  /** Frames are copied: the socket may still hold the bytes when the same plan is read again. */
  #send(socket: Socket, first: Exchange, more: readonly Exchange[] | undefined, length: number): void {
    const out = Buffer.allocUnsafe(length);
    let at = this.#put(out, 0, first);
    if (more !== undefined) for (const exchange of more) at = this.#put(out, at, exchange);
    this.count.bytesOut += length;
    socket.write(out);
  }

  #put(out: Uint8Array, at: number, exchange: Exchange): number {
    const end = at + exchange.frame.length;
    out.set(exchange.frame, at);
    out[at] = exchange.transaction >>> 8;
    out[at + 1] = exchange.transaction;
    this.count.requests++;
    this.#o.watcher.trace?.('tx', new Uint8Array(out.subarray(at, end)));
    return end;
  }

  #onData(socket: Socket, chunk: Uint8Array): void {
    if (socket !== this.#socket) return;
    this.count.bytesIn += chunk.length;
    try {
      const fault = this.#scanner.push(chunk);
      if (fault === undefined) this.pump();
      else this.#lose(socket, errors.DRIVERS_MODBUS_GARBAGE({ host: this.#o.host, port: this.#o.port, detail: fault.text }));
    } catch (thrown) {
      this.#lose(socket, brokenFault({ host: this.#o.host, port: this.#o.port }, thrown));
    }
  }

  #onFrame(bytes: Uint8Array, start: number, end: number): void {
    if (this.#socket === undefined) return;
    this.heard++;
    this.#o.watcher.trace?.('rx', new Uint8Array(bytes.subarray(start, end)));
    const transaction = (bytes[start]! << 8) | bytes[start + 1]!;
    const exchange = this.#inFlight.get(transaction);
    const pdu = start + modbus.headerLength;
    if (exchange === undefined || bytes[start + 6] !== exchange.unit || (bytes[pdu]! & 0x7f) !== exchange.frame[modbus.headerLength]) {
      this.count.strays++;
      return;
    }
    this.#inFlight.delete(transaction);
    this.count.responses++;
    this.lastRttMs = this.#o.clock.monotonicMs() - exchange.sentAt;
    exchange.settle('answer', bytes, pdu, end);
  }

  /** One timer for all requests in flight; it is not touched when answers come. */
  #arm(at: number, now: number): void {
    this.#cancelSweep?.();
    this.#sweepAt = at;
    this.#cancelSweep = this.#o.clock.after(Math.max(1, Math.ceil(at - now)), () => this.#sweep());
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    const now = this.#o.clock.monotonicMs();
    // After a pause of this process the answers may lie in the socket: they are read before anything is given up.
    if (now - this.#sweepAt > lateMs && !this.#graceGiven) {
      this.#graceGiven = true;
      this.#arm(now + 1, now);
      return;
    }
    this.#graceGiven = false;
    this.#sweepAt = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const exchange of [...this.#inFlight.values()]) {
      if (exchange.deadline > now) {
        next = Math.min(next, exchange.deadline);
        continue;
      }
      this.#inFlight.delete(exchange.transaction);
      this.count.timeouts++;
      exchange.settle('timeout', none, 0, 0);
    }
    if (this.#socket === undefined) return;
    if (next < this.#sweepAt) this.#arm(next, now);
    this.pump();
  }

  #lose(socket: Socket, error: OmhError): void {
    if (socket !== this.#socket) return;
    this.fault = reasonOf(error);
    this.#release(socket);
    try {
      this.#o.onLost(this.fault);
    } catch {
      /* the listener's fault is not the link's */
    }
  }

  #release(socket: Socket): void {
    this.#socket = undefined;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#sweepAt = Number.POSITIVE_INFINITY;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    socket.removeAllListeners('data');
    socket.destroy();
    const pending = [...this.#inFlight.values()];
    this.#inFlight.clear();
    const urgent = this.#urgent;
    const waiting = this.#waiting;
    this.#urgent = new BoundedQueue<Exchange>(maxWaiting);
    this.#waiting = new BoundedQueue<Exchange>(maxWaiting);
    for (const exchange of pending) exchange.settle('lost', none, 0, 0);
    for (const queue of [urgent, waiting]) for (let e = queue.shift(); e !== undefined; e = queue.shift()) e.settle('lost', none, 0, 0);
  }
}
