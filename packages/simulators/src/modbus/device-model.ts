import { modbus } from '@omh/wire';
import type { Area, RegisterView } from '../simulator.ts';

interface Signal {
  readonly area: Area;
  readonly address: number;
  readonly label: string;
  readonly text: string;
  next(): number;
}

/** The tables of one unit and what changes in them. */
export class DeviceModel {
  readonly unit: number;
  readonly #tables: Readonly<Record<Area, Uint16Array>>;
  readonly #signals: readonly Signal[];

  constructor(unit: number, sizes: Readonly<Record<Area, number>>, signals: readonly Signal[]) {
    this.unit = unit;
    this.#tables = {
      coil: new Uint16Array(sizes.coil),
      discrete: new Uint16Array(sizes.discrete),
      input: new Uint16Array(sizes.input),
      holding: new Uint16Array(sizes.holding),
    };
    this.#signals = signals;
    this.tick();
  }

  /** One second has passed: every signal takes its next value. */
  tick(): void {
    for (const signal of this.#signals) this.#tables[signal.area][signal.address] = signal.next();
  }

  get changes(): boolean {
    return this.#signals.length > 0;
  }

  registers(): RegisterView[] {
    const byPlace = new Map(this.#signals.map((s) => [`${s.area}/${s.address}`, s]));
    const out: RegisterView[] = [];
    for (const area of modbus.areas) {
      this.#tables[area].forEach((value, address) => {
        const signal = byPlace.get(`${area}/${address}`);
        const row = { unit: this.unit, area, address, value };
        out.push(signal === undefined ? row : { ...row, label: signal.label, signal: signal.text });
      });
    }
    return out;
  }

  /** The PDU that answers, or the exception code. */
  answer(pdu: Uint8Array, request: modbus.Request): Uint8Array | number {
    switch (request.kind) {
      case 'read':
        return this.#read(request.function, request.start, request.count);
      case 'writeCoil':
        return this.#write('coil', request.start, [request.on ? 1 : 0], pdu);
      case 'writeRegister':
        return this.#write('holding', request.start, [request.value], pdu);
      case 'writeCoils':
        return this.#write(
          'coil',
          request.start,
          Array.from({ length: request.count }, (_, i) => (request.data[i >> 3]! >> (i & 7)) & 1),
          pdu,
        );
      case 'writeRegisters':
        return this.#write(
          'holding',
          request.start,
          Array.from({ length: request.count }, (_, i) => (request.data[i * 2]! << 8) | request.data[i * 2 + 1]!),
          pdu,
        );
      case 'mask': {
        const old = this.#tables.holding[request.start] ?? 0;
        return this.#write('holding', request.start, [(old & request.and) | (request.or & ~request.and)], pdu);
      }
      case 'identify':
        return modbus.encodeIdentification(identification, request.code, request.object) ?? modbus.ExceptionCode.illegalDataAddress;
    }
  }

  #read(fn: number, start: number, count: number): Uint8Array | number {
    const area = areaOf[fn]!;
    const table = this.#tables[area];
    if (start + count > table.length) return modbus.ExceptionCode.illegalDataAddress;
    const data = new Uint8Array(modbus.readByteCount(fn, count));
    for (let i = 0; i < count; i++) {
      const value = table[start + i]!;
      if (modbus.isBitArea(area)) data[i >> 3]! |= value << (i & 7);
      else {
        data[i * 2] = value >> 8;
        data[i * 2 + 1] = value;
      }
    }
    return modbus.encodeReadResponse(fn, data);
  }

  #write(area: 'coil' | 'holding', start: number, values: readonly number[], pdu: Uint8Array): Uint8Array | number {
    const table = this.#tables[area];
    if (start + values.length > table.length) return modbus.ExceptionCode.illegalDataAddress;
    table.set(values, start);
    return modbus.encodeWriteResponse(pdu);
  }
}

const areaOf: Readonly<Record<number, Area>> = { 1: 'coil', 2: 'discrete', 3: 'holding', 4: 'input' };

const identification: modbus.Identification = new Map([
  [0, 'Open Manufacturing Hub'],
  [1, 'OMH-SIM'],
  [2, '1.5'],
  [4, 'Modbus TCP simulator'],
  [5, 'Simulated press'],
]);

const randomInteger = (from: number, to: number): number => from + Math.floor(Math.random() * (to - from + 1));
const randomSignal = (address: number, label: string, from: number, to: number): Signal => ({
  area: 'holding',
  address,
  label,
  text: `A new random whole number from ${from} to ${to} every second.`,
  next: () => randomInteger(from, to),
});

/** The published demo: exactly two holding registers, in tenths of a degree and of a percent; 16 coils to write to. */
export const blueprintDevice = (unit: number): DeviceModel =>
  new DeviceModel(unit, { coil: 16, discrete: 16, input: 16, holding: 2 }, [
    randomSignal(0, 'temperature', 280, 309),
    randomSignal(1, 'humidity', 700, 729),
  ]);

/** 1000 zeros in each area; what is written stays. */
export const emptyDevice = (unit: number): DeviceModel =>
  new DeviceModel(unit, { coil: 1000, discrete: 1000, input: 1000, holding: 1000 }, []);
