import { reasonOf, type Cancel, type Clock, type OmhError } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { Echo } from './echo.ts';
import { brokenFault } from './link-fault.ts';
import type { Exchange, ModbusLink } from './link.ts';
import { LineQueue, mayRepeat, type Entry } from './line-queue.ts';
import { LineSilence } from './line-silence.ts';
import { QuietUnits } from './quiet-units.ts';
import { SharedAttempt } from './shared-attempt.ts';
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
const none = new Uint8Array(0);

/**
 * One physical line with one or more devices: writes go before reads, devices take turns, answers find their request by transaction
 * where the framing has one, else there is one request at a time and unit, function and length must fit.
 */
export class Line {
  readonly silence: LineSilence;
  readonly #o: LineOptions;
  readonly #links: ModbusLink[] = [];
  readonly #inEntry = new Map<number, Entry>();
  readonly #scanner: modbus.PduScanner;
  readonly #quiet: QuietUnits;
  readonly #queue = new LineQueue(this.#links);
  /** Units whose last trouble was counted and that did not answer since, with the time of it. */
  readonly #troubled = new Map<number, number>();
  readonly #echo = new Echo();
  readonly #deadlines: DeadlineTimer;
  #connection: Connection | undefined;
  #opening: SharedAttempt | undefined;
  #closing: Promise<void> = Promise.resolve();
  #transaction = 0;
  #notBeforeMs = 0;
  #cancelPause: Cancel | undefined;
  #pumping = false;

  constructor(options: LineOptions) {
    this.#o = options;
    this.silence = new LineSilence(options.clock);
    this.#scanner = options.framing.scanner(
      (bytes, start, end, unit, transaction) => this.#onPdu(bytes, start, end, unit, transaction),
      'client',
    );
    this.#deadlines = new DeadlineTimer(options.clock, (now) => this.#sweep(now));
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
    while (this.#connection === undefined) await this.#opened(signal);
    this.#links.push(link);
  }

  async #opened(signal: AbortSignal): Promise<void> {
    if (this.#opening?.isCalledOff) return this.#opening.ended();
    const opening = (this.#opening ??= new SharedAttempt((abort) => this.#open(abort)));
    await opening.wait(signal);
    if (!signal.aborted) return;
    if (this.#links.length === 0 && !opening.isWanted) await this.#shut();
    throw errors.DRIVERS_MODBUS_SERIAL_CALLED_OFF({ port: this.place });
  }

  async #open(abort: AbortSignal): Promise<void> {
    try {
      await this.#closing;
      const made: { connection?: Connection; fault?: OmhError } = {};
      made.connection = await this.#o.transport.open(
        {
          data: (chunk) => this.#onData(chunk),
          ended: (error) => {
            if (made.connection === undefined) made.fault = error;
            else this.#brokeOff(made.connection, error);
          },
        },
        abort,
      );
      if (made.fault !== undefined) throw made.fault;
      this.#connection = made.connection;
      this.#scanner.reset();
      this.#echo.reset();
      this.silence.reset();
      this.#notBeforeMs = 0;
      this.#o.window.reset();
    } finally {
      this.#opening = undefined;
    }
  }

  /** Settles what is under way for this device; the last one closes the line. */
  async leave(link: ModbusLink): Promise<void> {
    const at = this.#links.indexOf(link);
    if (at >= 0) {
      this.#links.splice(at, 1);
      for (const [transaction, flight] of [...this.#inEntry]) {
        if (flight.link !== link) continue;
        this.#inEntry.delete(transaction);
        if (this.#links.length > 0 && !this.#o.framing.hasTransaction) this.#quiet.add(flight.exchange.unit, flight.exchange.timeoutMs);
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

  /** Some devices hang up when they are asked for more than one thing at a time. */
  #brokeOff(connection: Connection, error: OmhError): void {
    const now = this.#o.clock.monotonicMs();
    if (connection === this.#connection && this.#inEntry.size > 1) this.#o.window.trouble(now, now);
    this.#ended(connection, error);
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
    this.#deadlines.clear();
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
    const before = this.#only();
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
    if (before !== undefined) before.isOverlapped = true;
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
    this.#deadlines.expect(exchange.deadline, now);
  }

  /** Frames are copied: the socket may still hold the bytes when the same plan is read again. */
  #send(connection: Connection, first: Entry, more: readonly Entry[] | undefined, length: number): void {
    const out = Buffer.allocUnsafe(length);
    let at = this.#put(out, 0, first);
    if (more !== undefined) for (const flight of more) at = this.#put(out, at, flight);
    if (this.#o.echo) this.#echo.sent(out);
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
      const chunk = this.#echo.remove(received);
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
  #onPdu(bytes: Uint8Array, start: number, end: number, unit: number, transaction: number): void {
    if (this.#connection === undefined) return;
    this.silence.heard();
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
    if (!this.#o.window.isFixed && this.#learn(flight, modbus.exceptionIn(bytes, start), now)) this.#again(flight);
    else exchange.settle('answer', bytes, start, end);
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

  /** True where the read is worth asking for again, because the device was busy with others. */
  #learn(flight: Entry, exception: number, now: number): boolean {
    const { exchange, isFull } = flight;
    if (exception === 0 || !modbus.exceptionMeaning(exception).passing) {
      this.#troubled.delete(exchange.unit);
      this.#o.window.answered(exchange.sentAt, isFull, now);
      return false;
    }
    this.#trouble(flight, now);
    return exception === modbus.ExceptionCode.serverDeviceBusy && mayRepeat(flight);
  }
  /** A unit that always fails says nothing about the window: it counts once until it answers again. */
  #trouble({ exchange: { unit, sentAt }, isOverlapped }: Entry, now: number): void {
    if (this.#troubled.has(unit)) return;
    this.#troubled.set(unit, now);
    if (isOverlapped) this.#o.window.trouble(sentAt, now);
  }
  #again({ exchange, link }: Entry): void {
    this.#queue.giveBack({ exchange, link, isUrgent: false, isRetry: true, isFull: false, isOverlapped: false });
  }
  /** A line alone knows no sender of it: each device on it counts it. */
  #stray(): void {
    for (const link of this.#links) link.count.strays++;
  }

  /** Gives up what is over; returns when the next one is. */
  #sweep(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const flight of [...this.#inEntry.values()]) {
      const { deadline, transaction } = flight.exchange;
      if (this.#inEntry.get(transaction) !== flight) continue;
      if (deadline > now) next = Math.min(next, deadline);
      else this.#timeOut(flight, now);
    }
    if (this.silence.isHopeless && this.#o.transport.mayBeStale)
      this.abandon(errors.DRIVERS_MODBUS_SILENT({ place: this.place, reads: this.silence.silentInRow }));
    this.pump();
    return this.#connection === undefined ? Number.POSITIVE_INFINITY : next;
  }

  #timeOut(flight: Entry, now: number): void {
    const { exchange, link } = flight;
    this.#inEntry.delete(exchange.transaction);
    // Without transactions a late answer would be taken for the next one's: the unit is not asked until it came or cannot come.
    if (!this.#o.framing.hasTransaction) {
      this.#scanner.reset();
      this.#quiet.add(exchange.unit, exchange.timeoutMs);
    }
    link.count.timeouts++;
    this.silence.timedOut();
    link.noteFault(errors.DRIVERS_MODBUS_NO_ANSWER.code);
    const troubledAt = this.#troubled.get(exchange.unit) ?? now;
    this.#trouble(flight, now);
    // Perhaps it is the others under way that kept it from being heard; of a unit that was silent before it is no use to ask again.
    if (exchange.sentAt <= troubledAt && !this.#o.window.isFixed && mayRepeat(flight)) this.#again(flight);
    else exchange.settle('timeout', none, 0, 0);
  }
}
