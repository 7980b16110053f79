import { Quality, type WriteItem, type WriteResult } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import type { ModbusLink, Outcome } from './link.ts';
import { refusalQuality, refusalReason } from './refusal.ts';
import type { ResolvedSettings } from './settings.ts';
import { planWrites, type WriteRequest } from './write-request.ts';

/** confirmed: the device repeated the write · wrong: it answered something else. */
type Answer = number | 'confirmed' | 'wrong' | Exclude<Outcome, 'answer'>;

export interface SenderOptions {
  readonly device: string;
  readonly link: ModbusLink;
  readonly settings: ResolvedSettings;
  refused(): void;
}

/** Sends writes one after the other and finds the function that the device knows for each kind. */
export class WriteSender {
  readonly #o: SenderOptions;
  /** Units that refused function 16, and those that refused 05 or 06: they are not asked for it again. */
  readonly #noMask = new Set<number>();
  readonly #noSingle = new Set<number>();
  /** Units that write registers only by function 17. */
  readonly #onlyReadWrite = new Set<number>();
  /** Set while a register is read and written back: no other write of this driver may come between. */
  #modifying: Promise<unknown> | undefined;

  constructor(options: SenderOptions) {
    this.#o = options;
  }

  /** What the device's functions are is found out anew. */
  forget(): void {
    this.#noMask.clear();
    this.#noSingle.clear();
    this.#onlyReadWrite.clear();
  }

  /** Result i belongs to item i; each is there after the device answered. */
  async write(items: readonly WriteItem[], timeoutMs: number): Promise<readonly WriteResult[]> {
    const { requests, unwritable } = planWrites(items, this.#o.settings);
    const results = Array.from(items, (): WriteResult => ({ quality: Quality.bad }));
    for (const { item, quality, error } of unwritable) results[item] = { quality, reason: error.reason() };
    for (const request of requests) await this.#write(request, items, timeoutMs, results);
    return results;
  }

  async #write(request: WriteRequest, items: readonly WriteItem[], timeoutMs: number, results: WriteResult[]): Promise<void> {
    while (this.#modifying !== undefined) await this.#modifying;
    const answer = await this.#carryOut(request, timeoutMs);
    if (typeof answer === 'number') this.#o.refused();
    // Refused together may be allowed alone: the refusal says that nothing was written.
    if (typeof answer === 'number' && answer <= 3 && request.alone.length > 0) {
      for (const part of request.alone) await this.#write(part, items, timeoutMs, results);
    } else for (const item of request.items) results[item] = this.#resultOf(answer, items[item]!.tag.address, timeoutMs);
  }

  #resultOf(answer: Answer, address: string, ms: number): WriteResult {
    const { device, link } = this.#o;
    if (typeof answer === 'number') return { quality: refusalQuality(answer), reason: refusalReason(device, 'write', address, answer) };
    switch (answer) {
      case 'confirmed':
        return { quality: Quality.good };
      case 'wrong': {
        const detail = 'it does not repeat the write';
        return { quality: Quality.badDecoding, reason: errors.DRIVERS_MODBUS_BAD_ANSWER({ device, address, detail }).reason() };
      }
      case 'lost':
        return { quality: Quality.badNoCommunication, reason: link.fault ?? errors.DRIVERS_MODBUS_NOT_OPEN({ device }).reason() };
      default:
        return { quality: Quality.badTimeout, reason: errors.DRIVERS_MODBUS_WRITE_NO_ANSWER({ device, address, ms }).reason() };
    }
  }

  async #carryOut(request: WriteRequest, timeoutMs: number): Promise<Answer> {
    const { unit, pdu, mask, many, registers } = request;
    const { maskWrite, writeSingle } = this.#o.settings;
    if (mask !== undefined) {
      if (maskWrite === 'never' || this.#noMask.has(unit)) return this.#modify(request, timeoutMs);
      const answer = await this.#send(unit, pdu, timeoutMs);
      if (answer !== modbus.ExceptionCode.illegalFunction || maskWrite === 'only') return answer;
      this.#noMask.add(unit);
      return this.#modify(request, timeoutMs);
    }
    if (registers !== undefined && this.#onlyReadWrite.has(unit)) return this.#readWrite(unit, registers, timeoutMs);
    if (many === undefined) return this.#sendMany(request, pdu, timeoutMs);
    if (writeSingle === 'multiple' || this.#noSingle.has(unit)) return this.#sendMany(request, many, timeoutMs);
    const answer = await this.#send(unit, pdu, timeoutMs);
    if (answer !== modbus.ExceptionCode.illegalFunction) return answer;
    const second = await this.#sendMany(request, many, timeoutMs);
    if (second === 'confirmed') this.#noSingle.add(unit);
    return second;
  }

  /** A few devices know neither 06 nor 10, but 17. */
  async #sendMany({ unit, registers }: WriteRequest, pdu: Uint8Array, timeoutMs: number): Promise<Answer> {
    const answer = await this.#send(unit, pdu, timeoutMs);
    if (answer !== modbus.ExceptionCode.illegalFunction || registers === undefined) return answer;
    const second = await this.#readWrite(unit, registers, timeoutMs);
    if (second === 'confirmed') this.#onlyReadWrite.add(unit);
    return second === modbus.ExceptionCode.illegalFunction ? answer : second;
  }
  #readWrite(unit: number, { start, data }: NonNullable<WriteRequest['registers']>, timeoutMs: number): Promise<Answer> {
    const count = data.length / 2;
    const fn = modbus.FunctionCode.readWriteRegisters;
    return this.#exchange(unit, modbus.encodeReadWrite(start, data, count), timeoutMs, (bytes, from, to) =>
      modbus.readResponseFault(bytes, from, to, fn, count) === undefined ? 'confirmed' : 'wrong',
    );
  }

  /** The register is read and written back with its bits changed; what the device itself changes in between is lost. */
  async #modify(request: WriteRequest, timeoutMs: number): Promise<Answer> {
    while (this.#modifying !== undefined) await this.#modifying;
    const run = this.#readAndWrite(request, timeoutMs);
    this.#modifying = run;
    try {
      return await run;
    } finally {
      this.#modifying = undefined;
    }
  }
  async #readAndWrite({ unit, mask }: WriteRequest, timeoutMs: number): Promise<Answer> {
    const { start, and, or } = mask!;
    let found = 0;
    const read = await this.#exchange(
      unit,
      modbus.encodeRead(modbus.FunctionCode.readHoldingRegisters, start, 1),
      timeoutMs,
      (bytes, from, to) => {
        if (modbus.readResponseFault(bytes, from, to, modbus.FunctionCode.readHoldingRegisters, 1) !== undefined) return 'wrong';
        found = (bytes[from + 2]! << 8) | bytes[from + 3]!;
        return 'confirmed';
      },
    );
    if (read !== 'confirmed') return read;
    const value = (found & and) | (or & ~and);
    const data = Uint8Array.of(value >> 8, value);
    if (this.#onlyReadWrite.has(unit)) return this.#readWrite(unit, { start, data }, timeoutMs);
    const isMany = this.#o.settings.writeSingle === 'multiple' || this.#noSingle.has(unit);
    return this.#send(unit, isMany ? modbus.encodeWriteRegisters(start, data) : modbus.encodeWriteRegister(start, data), timeoutMs);
  }

  #send(unit: number, pdu: Uint8Array, timeoutMs: number): Promise<Answer> {
    return this.#exchange(unit, pdu, timeoutMs, (bytes, start, end) =>
      modbus.confirmsWrite(bytes, start, end, pdu) ? 'confirmed' : 'wrong',
    );
  }
  #exchange(
    unit: number,
    pdu: Uint8Array,
    timeoutMs: number,
    check: (bytes: Uint8Array, start: number, end: number) => 'confirmed' | 'wrong',
  ): Promise<Answer> {
    const { link } = this.#o;
    return new Promise((resolve) => {
      const settle = (outcome: Outcome, bytes: Uint8Array, start: number, end: number): void => {
        const code = outcome === 'answer' ? modbus.exceptionIn(bytes, start) : 0;
        resolve(outcome !== 'answer' ? outcome : code !== 0 ? code : check(bytes, start, end));
      };
      const frame = modbus.frameOf(0, unit, pdu);
      link.submit({ unit, timeoutMs, transaction: 0, sentAt: 0, deadline: 0, frame, withdrawn: () => false, settle }, true);
      link.pump();
    });
  }
}
