import { modbus } from '@omh/wire';
import type { Asked } from '../faults/fault.ts';
import type { Area, RegisterView, SignalView } from '../simulator.ts';
import type { ModbusSimulatorConfig } from './config.ts';
import { DiagnosticCounters } from './diagnostics.ts';
import { identificationOf } from './identity.ts';
import { putRaw } from './place.ts';
import { Table } from './table.ts';
import type { UnitPlan } from './unit-plan.ts';
import { UnitSignals, type SignalContext } from './unit-signals.ts';

const { ExceptionCode, FunctionCode } = modbus;
/** FC 07, 0B and 17, which no driver here asks for. */
const readExceptionStatus = 0x07;
const commEventCounter = 0x0b;
const readWriteRegisters = 0x17;

const areaOf: Readonly<Record<number, Area>> = { 1: 'coil', 2: 'discrete', 3: 'holding', 4: 'input' };
const word = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

export type UnitLimits = NonNullable<ModbusSimulatorConfig['limits']>;

/** One unit: its tables, what moves in them, and its answers. Every PDU gets an answer or an exception code. */
export class Unit {
  readonly unit: number;
  readonly signals: UnitSignals;
  readonly #tables: Readonly<Record<Area, Table>>;
  readonly #limits: UnitLimits;
  readonly #identity: modbus.Identification;
  readonly #counters = new DiagnosticCounters();

  /** Throws SIMULATORS_CSV. */
  constructor(plan: UnitPlan, config: ModbusSimulatorConfig, context: SignalContext) {
    this.unit = plan.unit;
    const table = (area: Area): Table => new Table(modbus.isBitArea(area), plan.ranges[area]);
    this.#tables = { coil: table('coil'), discrete: table('discrete'), input: table('input'), holding: table('holding') };
    this.#limits = config.limits ?? {};
    this.#identity = identificationOf(config.identity, plan.settings.identity);
    for (const { place, raw } of plan.registers) for (const [i, value] of raw.entries()) putRaw(this.#tables[place.area], place, i, value);
    this.signals = new UnitSignals(plan, this.#tables, context);
  }

  /** What a request is about, for faults and the log. */
  static asked(unit: number, pdu: Uint8Array): Asked {
    const fn = pdu[0] ?? 0;
    const asked = (area: Area, count: number): Asked => ({ unit, function: fn, area, start: word(pdu, 1), count });
    switch (fn) {
      case FunctionCode.readCoils:
      case FunctionCode.readDiscreteInputs:
      case FunctionCode.readHoldingRegisters:
      case FunctionCode.readInputRegisters:
        return asked(areaOf[fn]!, word(pdu, 3));
      case FunctionCode.writeSingleCoil:
        return asked('coil', 1);
      case FunctionCode.writeMultipleCoils:
        return asked('coil', word(pdu, 3));
      case FunctionCode.writeSingleRegister:
      case FunctionCode.maskWriteRegister:
      case FunctionCode.readFifoQueue:
        return asked('holding', 1);
      case FunctionCode.writeMultipleRegisters:
        return asked('holding', word(pdu, 3));
      case readWriteRegisters:
        return { ...asked('holding', word(pdu, 3)), also: { start: word(pdu, 5), count: word(pdu, 7) } };
      default:
        return { unit, function: fn, start: 0, count: 0 };
    }
  }

  /** The PDU that answers, or the exception code. */
  answer(pdu: Uint8Array): Uint8Array | number {
    const answer = this.#carryOut(pdu);
    this.#counters.count(typeof answer === 'number');
    return answer;
  }

  #carryOut(pdu: Uint8Array): Uint8Array | number {
    switch (pdu[0]) {
      case readExceptionStatus:
        return pdu.length === 1 ? this.#exceptionStatus() : ExceptionCode.illegalDataValue;
      case FunctionCode.diagnostics:
        return this.#counters.answer(pdu);
      case commEventCounter:
        if (pdu.length !== 1) return ExceptionCode.illegalDataValue;
        return Uint8Array.of(commEventCounter, 0, 0, this.#counters.events >>> 8, this.#counters.events);
      case FunctionCode.reportServerId:
        if (pdu.length !== 1) return ExceptionCode.illegalDataValue;
        return modbus.encodeServerId(Buffer.from(this.#identity.get(1) ?? '', 'utf8').subarray(0, 200), true);
      case readWriteRegisters:
        return this.#readWrite(pdu);
      case FunctionCode.readFifoQueue:
        return pdu.length === 3 ? this.#fifo(word(pdu, 1)) : ExceptionCode.illegalDataValue;
      default:
        return this.#usual(pdu);
    }
  }

  #usual(pdu: Uint8Array): Uint8Array | number {
    const request = modbus.decodeRequest(pdu);
    switch (request.kind) {
      case 'refuse':
        return request.exception;
      case 'read':
        return this.#read(request.function, request.start, request.count);
      case 'writeCoil':
        return this.#write('coil', request.start, 1, Uint8Array.of(request.on ? 1 : 0)) ?? modbus.encodeWriteResponse(pdu);
      case 'writeRegister':
        return this.#write('holding', request.start, 1, pdu.subarray(3)) ?? modbus.encodeWriteResponse(pdu);
      case 'writeCoils':
        return this.#write('coil', request.start, request.count, request.data) ?? modbus.encodeWriteResponse(pdu);
      case 'writeRegisters':
        return this.#write('holding', request.start, request.count, request.data) ?? modbus.encodeWriteResponse(pdu);
      case 'mask': {
        const { start, and, or } = request;
        if (!this.#tables.holding.has(start, 1)) return ExceptionCode.illegalDataAddress;
        this.signals.refresh('holding', start, 1);
        const value = (this.#tables.holding.get(start) & and) | (or & ~and);
        return this.#write('holding', start, 1, Uint8Array.of(value >>> 8, value)) ?? modbus.encodeWriteResponse(pdu);
      }
      case 'identify':
        return modbus.encodeIdentification(this.#identity, request.code, request.object) ?? ExceptionCode.illegalDataAddress;
      default:
        return ExceptionCode.illegalFunction;
    }
  }

  #read(fn: number, start: number, count: number): Uint8Array | number {
    const area = areaOf[fn]!;
    const table = this.#tables[area];
    const most = (table.bits ? this.#limits.maxBits : this.#limits.maxRegisters) ?? Number.POSITIVE_INFINITY;
    if (count > most) return ExceptionCode.illegalDataValue;
    if (!table.has(start, count)) return ExceptionCode.illegalDataAddress;
    this.signals.refresh(area, start, count);
    const bytes = modbus.readByteCount(fn, count);
    const out = new Uint8Array(2 + bytes);
    out[0] = fn;
    out[1] = bytes;
    table.read(start, count, out, 2);
    return out;
  }

  /** The exception code, or undefined when it is written. */
  #write(area: 'coil' | 'holding', start: number, count: number, data: Uint8Array): number | undefined {
    const table = this.#tables[area];
    const most = (table.bits ? this.#limits.maxWriteBits : this.#limits.maxWriteRegisters) ?? Number.POSITIVE_INFINITY;
    if (count > most) return ExceptionCode.illegalDataValue;
    if (!table.has(start, count)) return ExceptionCode.illegalDataAddress;
    // What was written moves the physics from now on, not before.
    this.signals.advance();
    table.write(start, count, data);
    return undefined;
  }

  /** FC 17: the write comes first (V1.1b3, section 6.17). */
  #readWrite(pdu: Uint8Array): Uint8Array | number {
    const [readStart, readCount, start, count] = [word(pdu, 1), word(pdu, 3), word(pdu, 5), word(pdu, 7)];
    if (pdu.length < 10 || readCount < 1 || readCount > 125 || count < 1 || count > 121) return ExceptionCode.illegalDataValue;
    if (pdu[9] !== count * 2 || pdu.length !== 10 + count * 2) return ExceptionCode.illegalDataValue;
    if (readCount > (this.#limits.maxRegisters ?? Number.POSITIVE_INFINITY)) return ExceptionCode.illegalDataValue;
    if (!this.#tables.holding.has(readStart, readCount)) return ExceptionCode.illegalDataAddress;
    const refused = this.#write('holding', start, count, pdu.subarray(10));
    if (refused !== undefined) return refused;
    const answer = this.#read(FunctionCode.readHoldingRegisters, readStart, readCount);
    if (typeof answer !== 'number') answer[0] = readWriteRegisters;
    return answer;
  }

  /** The register at the pointer says how many follow it (V1.1b3, section 6.18). */
  #fifo(pointer: number): Uint8Array | number {
    const table = this.#tables.holding;
    if (!table.has(pointer, 1)) return ExceptionCode.illegalDataAddress;
    this.signals.refresh('holding', pointer, 1 + modbus.maxFifo);
    const count = table.get(pointer);
    if (count > modbus.maxFifo) return ExceptionCode.illegalDataValue;
    if (!table.has(pointer, 1 + count)) return ExceptionCode.illegalDataAddress;
    return modbus.encodeFifo(Array.from({ length: count }, (_, i) => table.get(pointer + 1 + i)));
  }

  /** The first eight coils. */
  #exceptionStatus(): Uint8Array {
    const out = Uint8Array.of(readExceptionStatus, 0);
    const table = this.#tables.coil;
    this.signals.refresh('coil', 0, 8);
    for (let i = 0; i < 8; i++) if (table.has(i, 1) && table.get(i) !== 0) out[1]! |= 1 << i;
    return out;
  }

  /** All points in their order; where there are more than `most`, those that a signal stands in come first. */
  registers(most: number): RegisterView[] {
    const named = new Map<Area, Map<number, SignalView>>(modbus.areas.map((area) => [area, new Map()]));
    let left = most;
    for (const view of this.signals.views(0, most))
      for (let i = 0; i < view.points && left > 0; i++, left--) named.get(view.area)!.set(view.address + i, view);
    const out: RegisterView[] = [];
    const row = (area: Area, address: number, view: SignalView | undefined): void => {
      const plain = { unit: this.unit, area, address, value: this.#tables[area].get(address) };
      out.push(view === undefined ? plain : { ...plain, label: view.name, signal: view.text });
    };
    const total = modbus.areas.reduce((sum, area) => sum + this.#tables[area].points, 0);
    if (total > most)
      for (const area of modbus.areas)
        for (const [address, view] of [...named.get(area)!].sort(([a], [b]) => a - b)) row(area, address, view);
    for (const area of modbus.areas) {
      const places = named.get(area)!;
      for (const { start, end } of this.#tables[area].ranges)
        for (let address = start; address < end && out.length < most; address++)
          if (total <= most || !places.has(address)) row(area, address, places.get(address));
    }
    return out;
  }
}
