import { reasonOf, type Cancel, type Clock, type OmhError } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { brokenFault } from './link-fault.ts';
import type { Exchange, ModbusLink } from './link.ts';
import { LineQueue, type Entry } from './line-queue.ts';
import { QuietUnits } from './quiet-units.ts';
import type { Connection, Transport } from './transport/transport.ts';
import type { RequestWindow } from './window.ts';

export interface LineOptions {
  readonly transport: Transport;
  readonly framing: modbus.Framing;
  readonly window: RequestWindow;
  /** Least time between two requests, ms. */
  readonly delayMs: number;
  /** A two-wire adapter that hears what it sends. */
  readonly echo: boolean;
  readonly clock: Clock;
  /** All settings of the line as text: devices that share it must agree. */
  readonly signature: string;
  /** Nobody uses it any more. */
  released?(line: Line): void;
}

const { headerLength } = modbus;
/** A sweep later than this by itself means that the process stood still. */
const lateMs = 10;
const none = new Uint8Array(0);
const passing = new Set<number>([
  modbus.ExceptionCode.serverDeviceBusy,
  modbus.ExceptionCode.gatewayPathUnavailable,
  modbus.ExceptionCode.gatewayTargetNoResponse,
]);

/**
 * One physical line with one or more devices: writes go before reads, devices take turns, answers find their request by transaction
 * where the framing has one, else there is one request at a time and unit, function and length must fit.
 */
export class Line {
  readonly #o: LineOptions;
  readonly #links: ModbusLink[] = [];
  readonly #inEntry = new Map<number, Entry>();
  readonly #scanner: modbus.PduScanner;
  readonly #quiet: QuietUnits;
  readonly #queue = new LineQueue(this.#links);
  /** Units whose last trouble was counted and that did not answer since. */
  readonly #troubled = new Set<number>();
  #connection: Connection | undefined;
  #opening: { readonly done: Promise<void>; readonly abort: AbortController; waiting: number } | undefined;
  #closing: Promise<void> = Promise.resolve();
  #transaction = 0;
  #lastAnswered = 0;
  #notBeforeMs = 0;
  #sweepAt = Number.POSITIVE_INFINITY;
  #cancelSweep: Cancel | undefined;
  #cancelPause: Cancel | undefined;
  #pumping = false;
  #graceGiven = false;
  /** Of what was sent, the part that a two-wire adapter has not repeated yet. */
  #echo: Uint8Array = none;

  constructor(options: LineOptions) {
    this.#o = options;
    this.#scanner = options.framing.scanner(
      (bytes, start, end, unit, transaction) => this.#onPdu(bytes, start, end, unit, transaction),
      'client',
    );
    this.#quiet = new QuietUnits(options.clock, (entries) => {
      for (const entry of entries) this.#queue.giveBack(entry);
      this.pump();
    });
  }
  get place(): string {
    return this.#o.transport.place;
  }
  get window(): RequestWindow {
    return this.#o.window;
  }

  /** Opens the line unless it is open. Rejects with an OmhError. */
  async join(link: ModbusLink, signal: AbortSignal, signature: string): Promise<void> {
    if (signature !== this.#o.signature) {
      const other = this.#links[0]?.device ?? 'another device';
      throw errors.DRIVERS_MODBUS_LINE_DIFFERS({ device: link.device, place: this.place, other });
    }
    if (this.#connection === undefined) await this.#opened(signal);
    this.#links.push(link);
  }

  async #opened(signal: AbortSignal): Promise<void> {
    const opening = (this.#opening ??= this.#begin());
    opening.waiting++;
    const leave = (): void => {
      if (--opening.waiting === 0) opening.abort.abort();
    };
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      await opening.done;
    } finally {
      signal.removeEventListener('abort', leave);
    }
    if (signal.aborted) {
      const error = errors.DRIVERS_MODBUS_SERIAL_CALLED_OFF({ port: this.place });
      if (this.#links.length === 0) await this.#shut();
      throw error;
    }
  }

  #begin(): { readonly done: Promise<void>; readonly abort: AbortController; waiting: number } {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      try {
        await this.#closing;
        const made: { connection?: Connection; fault?: OmhError } = {};
        made.connection = await this.#o.transport.open(
          {
            data: (chunk) => this.#onData(chunk),
            ended: (error) => {
              if (made.connection === undefined) made.fault = error;
              else this.#ended(made.connection, error);
            },
          },
          abort.signal,
        );
        if (made.fault !== undefined) throw made.fault;
        this.#connection = made.connection;
        this.#scanner.reset();
        this.#echo = none;
        this.#notBeforeMs = 0;
        this.#o.window.reset();
      } finally {
        this.#opening = undefined;
      }
    };
    return { done: run(), abort, waiting: 0 };
  }

  /** Settles what is under way for this device; the last one closes the line. */
  async leave(link: ModbusLink): Promise<void> {
    const at = this.#links.indexOf(link);
    if (at >= 0) {
      this.#links.splice(at, 1);
      for (const [transaction, flight] of [...this.#inEntry]) {
        if (flight.link !== link) continue;
        this.#inEntry.delete(transaction);
        if (this.#links.length > 0 && !this.#o.framing.hasTransaction) this.#quieten(flight.exchange);
        flight.exchange.settle('lost', none, 0, 0);
      }
      this.#settleReturned((entry) => entry.link === link);
    }
    if (this.#links.length === 0 && this.#opening === undefined) await this.#shut();
    else this.pump();
  }

  async #shut(): Promise<void> {
    this.#release();
    await this.#closing;
    if (this.#links.length > 0 || this.#opening !== undefined) return;
    await this.#o.transport.close();
    if (this.#links.length === 0 && this.#opening === undefined) this.#o.released?.(this);
  }

  /** Ends the connection from this side; every device on it is told. */
  abandon(error: OmhError): void {
    if (this.#connection !== undefined) this.#ended(this.#connection, error);
  }

  #ended(connection: Connection, error: OmhError): void {
    if (connection !== this.#connection) return;
    const links = this.#links.splice(0);
    const pending = this.#release();
    const reason = reasonOf(error);
    for (const link of links) link.fault = reason;
    for (const { exchange } of pending) exchange.settle('lost', none, 0, 0);
    this.#settleReturned(() => true);
    for (const link of links) link.lost(reason);
  }

  /** Lets go of the connection and its timers; what was under way is for the caller to settle. */
  #release(): Entry[] {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#sweepAt = Number.POSITIVE_INFINITY;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    for (const entry of this.#quiet.clear()) this.#queue.giveBack(entry);
    this.#troubled.clear();
    if (connection !== undefined) this.#closing = connection.close().catch(() => {});
    const pending = [...this.#inEntry.values()];
    this.#inEntry.clear();
    return pending;
  }

  #settleReturned(isOver: (entry: Entry) => boolean): void {
    for (const { exchange } of [...this.#quiet.take(isOver), ...this.#queue.take(isOver)]) exchange.settle('lost', none, 0, 0);
  }

  /** Fills the window. All requests of one call leave in one write. */
  pump(): void {
    if (this.#pumping || this.#cancelPause !== undefined || this.#connection === undefined) return;
    const { clock, window, delayMs } = this.#o;
    const now = clock.monotonicMs();
    if (now < this.#notBeforeMs) {
      this.#pause(this.#notBeforeMs - now);
      return;
    }
    this.#pumping = true;
    let sent: Entry | undefined;
    let more: Entry[] | undefined;
    let bytes = 0;
    while (this.#connection !== undefined && this.#inEntry.size < window.size) {
      const entry = this.#queue.next();
      if (entry === undefined) break;
      const { exchange } = entry;
      if (exchange.withdrawn()) {
        exchange.settle('skipped', none, 0, 0);
        continue;
      }
      if (this.#quiet.holds(entry)) continue;
      this.#launch(entry, now);
      bytes += this.#o.framing.frameLength(exchange.frame.length - headerLength);
      if (sent === undefined) sent = entry;
      else (more ??= []).push(entry);
      if (delayMs > 0) {
        this.#notBeforeMs = now + delayMs;
        break;
      }
    }
    this.#pumping = false;
    if (sent === undefined || this.#connection === undefined) return;
    const isFull = this.#inEntry.size === window.size && (window.size > 1 || this.#queue.hasWaiting);
    sent.isFull = isFull;
    sent.isOverlapped = this.#inEntry.size > 1;
    for (const flight of more ?? []) {
      flight.isFull = isFull;
      flight.isOverlapped = true;
    }
    this.#send(this.#connection, sent, more, bytes);
    if (delayMs > 0 && this.#connection !== undefined && this.#inEntry.size < window.size && this.#queue.hasWaiting) this.#pause(delayMs);
  }

  #pause(ms: number): void {
    this.#cancelPause = this.#o.clock.after(Math.ceil(ms), () => {
      this.#cancelPause = undefined;
      this.pump();
    });
  }

  #launch(entry: Entry, now: number): void {
    const { exchange } = entry;
    const { framing, transport } = this.#o;
    do this.#transaction = (this.#transaction + 1) & 0xffff;
    while (this.#inEntry.has(this.#transaction));
    exchange.transaction = this.#transaction;
    exchange.sentAt = now;
    exchange.deadline = now + exchange.timeoutMs;
    const { frame } = exchange;
    if (!framing.hasTransaction) {
      const answer = modbus.expectedPduLength(frame, headerLength, frame.length) || 64;
      exchange.deadline += transport.wireMs(framing.frameLength(frame.length - headerLength) + framing.frameLength(answer));
      this.#scanner.expect(exchange.unit, frame, headerLength, frame.length);
    }
    entry.isFull = entry.isOverlapped = false;
    this.#inEntry.set(exchange.transaction, entry);
    entry.link.count.requests++;
    if (exchange.deadline < this.#sweepAt) this.#arm(exchange.deadline, now);
  }

  /** Frames are copied: the socket may still hold the bytes when the same plan is read again. */
  #send(connection: Connection, first: Entry, more: readonly Entry[] | undefined, length: number): void {
    const out = Buffer.allocUnsafe(length);
    let at = this.#put(out, 0, first);
    if (more !== undefined) for (const flight of more) at = this.#put(out, at, flight);
    if (this.#o.echo) this.#echo = out;
    connection.write(out);
  }

  #put(out: Uint8Array, at: number, { exchange, link }: Entry): number {
    const { frame, transaction, unit } = exchange;
    let end: number;
    if (this.#o.framing.hasTransaction) {
      end = at + frame.length;
      out.set(frame, at);
      out[at] = transaction >>> 8;
      out[at + 1] = transaction;
    } else end = this.#o.framing.put(out, at, transaction, unit, frame, headerLength, frame.length);
    link.count.bytesOut += end - at;
    link.trace?.('tx', new Uint8Array(out.subarray(at, end)));
    return end;
  }

  #onData(received: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { transport, clock } = this.#o;
    try {
      const chunk = this.#echo.length > 0 ? this.#withoutEcho(received) : received;
      if (transport.isDatagram) this.#scanner.reset();
      if (transport.silenceMs > 0) this.#notBeforeMs = Math.max(this.#notBeforeMs, clock.monotonicMs() + transport.silenceMs);
      for (const link of this.#links) link.count.bytesIn += chunk.length;
      const fault = this.#scanner.push(chunk);
      if (fault === undefined) this.pump();
      else if (transport.isDatagram) this.#stray();
      else this.#ended(connection, errors.DRIVERS_MODBUS_GARBAGE({ place: this.place, detail: fault.text }));
    } catch (thrown) {
      this.#ended(connection, brokenFault(this.place, thrown));
    }
  }
  #withoutEcho(chunk: Uint8Array): Uint8Array {
    let n = 0;
    while (n < chunk.length && n < this.#echo.length && chunk[n] === this.#echo[n]) n++;
    const isEcho = n === chunk.length || n === this.#echo.length;
    this.#echo = isEcho ? this.#echo.subarray(n) : none;
    return isEcho ? chunk.subarray(n) : chunk;
  }

  #onPdu(bytes: Uint8Array, start: number, end: number, unit: number, transaction: number): void {
    if (this.#connection === undefined) return;
    const flight = transaction >= 0 ? this.#inEntry.get(transaction) : this.#only();
    if (flight === undefined || !this.#fits(flight.exchange, bytes, start, end, unit)) {
      for (const link of this.#links) {
        link.heard++;
        link.trace?.('rx', this.#frameOf(bytes, start, end, unit, transaction));
      }
      this.#stray();
      this.#quiet.heard(unit);
      return;
    }
    const { exchange, link } = flight;
    link.heard++;
    link.trace?.('rx', this.#frameOf(bytes, start, end, unit, transaction));
    this.#inEntry.delete(exchange.transaction);
    if (!this.#o.framing.hasTransaction) this.#scanner.expect(-1, none, 0, 0);
    link.count.responses++;
    const now = this.#o.clock.monotonicMs();
    link.roundTrips.add(now - exchange.sentAt);
    if (!this.#o.window.isFixed) this.#learn(flight, modbus.exceptionIn(bytes, start), now);
    exchange.settle('answer', bytes, start, end);
  }

  #only(): Entry | undefined {
    for (const flight of this.#inEntry.values()) return flight;
    return undefined;
  }
  #fits({ frame, unit }: Exchange, bytes: Uint8Array, start: number, end: number, from: number): boolean {
    if (from !== unit || (bytes[start]! & 0x7f) !== frame[headerLength]) return false;
    if (this.#o.framing.hasTransaction || (bytes[start]! & 0x80) !== 0) return true;
    const length = modbus.expectedPduLength(frame, headerLength, frame.length);
    return length === 0 || length === end - start;
  }
  #frameOf(bytes: Uint8Array, start: number, end: number, unit: number, transaction: number): Uint8Array {
    const out = new Uint8Array(this.#o.framing.frameLength(end - start));
    this.#o.framing.put(out, 0, Math.max(0, transaction), unit, bytes, start, end);
    return out;
  }

  #learn({ exchange, isFull }: Entry, exception: number, now: number): void {
    const isInOrder = ((exchange.transaction - this.#lastAnswered) & 0xffff) < 0x8000;
    this.#lastAnswered = exchange.transaction;
    if (exception !== 0 && passing.has(exception)) this.#trouble(exchange.unit, now);
    else {
      this.#troubled.delete(exchange.unit);
      if (isFull) this.#o.window.answered(now - exchange.sentAt, isInOrder, now);
    }
  }
  /** A unit that always fails says nothing about the window: it counts once until it answers again. */
  #trouble(unit: number, now: number): boolean {
    if (this.#troubled.has(unit)) return false;
    this.#troubled.add(unit);
    this.#o.window.trouble(now);
    return true;
  }
  /** A line alone knows no sender of it: each device on it counts it. */
  #stray(): void {
    for (const link of this.#links) link.count.strays++;
    this.#o.window.trouble(this.#o.clock.monotonicMs());
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
    for (const flight of [...this.#inEntry.values()]) {
      const { exchange } = flight;
      if (exchange.deadline > now) next = Math.min(next, exchange.deadline);
      else this.#timeOut(flight, now);
    }
    if (this.#connection === undefined) return;
    if (next < this.#sweepAt) this.#arm(next, now);
    this.pump();
  }

  #timeOut(flight: Entry, now: number): void {
    const { exchange, link, isUrgent, isRetry, isOverlapped } = flight;
    this.#inEntry.delete(exchange.transaction);
    if (!this.#o.framing.hasTransaction) {
      this.#scanner.reset();
      this.#quieten(exchange);
    }
    link.count.timeouts++;
    link.noteFault(errors.DRIVERS_MODBUS_NO_ANSWER.code);
    const isNews = this.#trouble(exchange.unit, now);
    // Perhaps only the request before it was heard: a read may be asked once more, alone.
    if (isNews && isOverlapped && !isUrgent && !isRetry && !this.#o.window.isFixed)
      this.#queue.giveBack({ exchange, link, isUrgent, isRetry: true, isFull: false, isOverlapped: false });
    else exchange.settle('timeout', none, 0, 0);
  }
  /** Without transactions a late answer would be taken for the next one's: the unit is not asked until it came or cannot come. */
  #quieten(exchange: Exchange): void {
    this.#quiet.add(exchange.unit, exchange.timeoutMs);
  }
}
