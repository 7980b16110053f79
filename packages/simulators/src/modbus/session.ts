import type { Cancel, Clock, Logger } from '@omh/core';
import { modbus } from '@omh/wire';
import type { Entry } from '../faults/board.ts';
import type { Answer, Asked, Delivery } from '../faults/fault.ts';
import type { Device } from './device.ts';
import { Outbox } from './outbox.ts';
import { Unit } from './unit.ts';

/** What a session needs of the socket or line it stands on. */
export interface Wire {
  readonly peer: string;
  /** False when the peer does not read: {@link Session.drained} is called when it does again. */
  write(bytes: Uint8Array): boolean;
  /** No more requests are read until {@link resume}. */
  pause(): void;
  resume(): void;
  /** Ends at once; with a reset where the wire has one. */
  destroy(reset: boolean): void;
}

export interface SessionContext {
  readonly device: Device;
  readonly clock: Clock;
  readonly log: Logger;
  readonly framing: modbus.Framing;
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly atOnce: number;
  /** From 0 to 1, another one on each call. */
  readonly chance: () => number;
  /** `answered`, or what became of it otherwise. */
  readonly logged: (peer: string, asked: Asked, outcome: string, isException: boolean) => void;
}

/** The faults that change an answer or its way out, for the log. */
const spoiledBy = (faults: readonly Entry[] | undefined): string => {
  const names =
    faults?.flatMap(({ config, fault }) => ((fault.answer ?? fault.bytes ?? fault.deliver) === undefined ? [] : [config.fault])) ?? [];
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
};

const noDelivery: Delivery = { delayMs: 0, lateMs: 0, segment: 0, pauseMs: 0, glueMs: 0 };

/** One client of the simulator: finds requests in its bytes and sends the answers, with all that goes wrong on the way. */
export class Session {
  readonly #context: SessionContext;
  readonly #wire: Wire;
  readonly #scanner: modbus.PduScanner;
  readonly #outbox: Outbox;
  /** The client does not read. */
  #congested = false;
  /** It asks faster than answers may go. */
  #crowded = false;
  #cancelLook: Cancel | undefined;
  #frozen = false;
  #isOver = false;

  constructor(wire: Wire, context: SessionContext) {
    this.#wire = wire;
    this.#context = context;
    this.#scanner = context.framing.scanner((bytes, start, end, unit, transaction) => {
      if (!this.#isOver) this.#request(bytes.subarray(start, end), unit, transaction);
    }, 'server');
    this.#outbox = new Outbox(context.clock, (bytes) => {
      if (!this.#isOver && !this.#frozen && !wire.write(bytes)) this.#block(true, this.#crowded);
    });
  }
  get frozen(): boolean {
    return this.#frozen;
  }

  receive(chunk: Uint8Array): void {
    if (this.#isOver || this.#frozen) return;
    const fault = this.#scanner.push(chunk);
    if (this.#isOver) return;
    this.#outbox.flush();
    if (this.#outbox.full && !this.#crowded) this.#wait();
    if (fault === undefined) return;
    this.#context.log.warn('a client is cut off', { peer: this.#wire.peer, detail: fault.text });
    this.destroy(false);
  }
  /** A datagram holds whole frames: what is left of it is nothing. One that comes while too many answers wait is lost. */
  receiveDatagram(chunk: Uint8Array): void {
    if (this.#isOver || this.#frozen || this.#outbox.full) return;
    this.#scanner.push(chunk);
    this.#scanner.reset();
    this.#outbox.flush();
  }
  drained(): void {
    this.#block(false, this.#crowded);
  }
  /** Neither reads nor answers any more. */
  freeze(): void {
    this.#frozen = true;
    this.#cancelLook?.();
    this.#outbox.clear();
    this.#wire.pause();
  }
  /** The wire is gone. */
  end(): void {
    this.#isOver = true;
    this.#cancelLook?.();
    this.#outbox.clear();
  }
  destroy(reset: boolean): void {
    this.end();
    this.#wire.destroy(reset);
  }

  #block(congested: boolean, crowded: boolean): void {
    const before = this.#congested || this.#crowded;
    this.#congested = congested;
    this.#crowded = crowded;
    if (this.#isOver || this.#frozen || before === (congested || crowded)) return;
    if (before) this.#wire.resume();
    else this.#wire.pause();
  }
  /** The client waits until answers are out. */
  #wait(): void {
    this.#block(this.#congested, true);
    this.#cancelLook = this.#context.clock.after(5, () => {
      if (this.#outbox.full) this.#wait();
      else this.#block(this.#congested, false);
    });
  }

  #request(pdu: Uint8Array, unit: number, transaction: number): void {
    const { device, framing } = this.#context;
    const asked = Unit.asked(unit, pdu);
    const faults = device.faults.empty ? undefined : device.faults.hitting(asked, device.time.ms());
    if (faults?.some(({ fault }) => fault.receive === 'reset')) {
      this.#log(asked, 'the connection is reset');
      this.destroy(true);
      return;
    }
    if (faults?.some(({ fault }) => fault.receive === 'drop')) {
      this.#log(asked, 'not answered');
      return;
    }
    if (!framing.hasTransaction && unit === 0) {
      for (const each of device.units.values()) each.answer(pdu);
      this.#log(asked, 'broadcast');
      return;
    }
    const target = device.units.get(unit);
    // On a line nobody answers for a unit that is not there; a gateway does.
    if (target === undefined && !framing.hasTransaction) {
      this.#log(asked, 'no such unit');
      return;
    }
    const result = this.#refusal(faults, asked) ?? target?.answer(pdu) ?? modbus.ExceptionCode.gatewayTargetNoResponse;
    const isException = typeof result === 'number';
    const answer: Answer = { transaction, unit, pdu: isException ? modbus.encodeException(asked.function, result) : result };
    const outcome = isException ? `refused: ${modbus.exceptionMeaning(result).name} (exception ${result})` : 'answered';
    this.#log(asked, `${outcome}${spoiledBy(faults)}`, isException);
    this.#send(answer, faults);
  }

  #refusal(faults: readonly Entry[] | undefined, asked: Asked): number | undefined {
    if (faults === undefined) return undefined;
    for (const { fault } of faults) {
      const code = fault.refuse?.(asked);
      if (code !== undefined) return code;
    }
    return undefined;
  }

  #send(answer: Answer, faults: readonly Entry[] | undefined): void {
    const { framing, delayMs, jitterMs, atOnce, chance } = this.#context;
    for (const { fault } of faults ?? []) fault.answer?.(answer);
    const { pdu } = answer;
    let frame: Uint8Array = new Uint8Array(framing.frameLength(pdu.length));
    framing.put(frame, 0, answer.transaction, answer.unit, pdu, 0, pdu.length);
    if (faults === undefined && delayMs === 0) {
      this.#outbox.add(frame, noDelivery, atOnce);
      return;
    }
    const delivery: Delivery = { ...noDelivery, delayMs: delayMs === 0 ? 0 : delayMs + jitterMs * chance() };
    for (const entry of faults ?? []) {
      frame = entry.fault.bytes?.(frame, entry.chance) ?? frame;
      entry.fault.deliver?.(delivery, entry.chance);
    }
    this.#outbox.add(frame, delivery, atOnce);
  }

  #log(asked: Asked, outcome: string, isException = false): void {
    this.#context.logged(this.#wire.peer, asked, outcome, isException);
  }
}
