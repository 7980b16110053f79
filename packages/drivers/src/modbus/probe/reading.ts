import { modbus } from '@omh/wire';

/** The types that a number in registers can have. */
export const numberTypes = ['uint16', 'int16', 'uint32', 'int32', 'float', 'uint64', 'int64', 'double'] as const;
export type NumberType = (typeof numberTypes)[number];

export const registersOf: Readonly<Record<NumberType, 1 | 2 | 4>> = {
  uint16: 1,
  int16: 1,
  uint32: 2,
  int32: 2,
  float: 2,
  uint64: 4,
  int64: 4,
  double: 4,
};
export const isInteger = (type: NumberType): boolean => type !== 'float' && type !== 'double';
export const isSigned = (type: NumberType): boolean => type.startsWith('int');
export const bitsOf = (type: NumberType): number => registersOf[type] * 16;

/** One order of bytes for a whole device: what its 16-bit, 32-bit and 64-bit values look like. Masks as in `wire/modbus/byte-order`. */
export interface DeviceOrder {
  readonly masks: Readonly<Record<1 | 2 | 4, modbus.OrderMask>>;
  readonly prior: number;
}
/** Plain, words swapped, bytes swapped, both; then the two mixed orders that only 64-bit values have. */
export const deviceOrders: readonly DeviceOrder[] = [
  { masks: { 1: 0, 2: 0, 4: 0 }, prior: 0.3 },
  { masks: { 1: 0, 2: 2, 4: 6 }, prior: 0.28 },
  { masks: { 1: 1, 2: 1, 4: 1 }, prior: 0.18 },
  { masks: { 1: 1, 2: 3, 4: 7 }, prior: 0.18 },
  { masks: { 1: 0, 2: 2, 4: 2 }, prior: 0.005 },
  { masks: { 1: 0, 2: 0, 4: 4 }, prior: 0.005 },
];

const orderNames: Readonly<Record<1 | 2 | 4, readonly (readonly [mask: number, name: string, suffix: modbus.EndianSuffix])[]>> = {
  1: [
    [0, 'AB', 'L'],
    [1, 'BA', 'B'],
  ],
  2: [
    [0, 'ABCD', 'LL'],
    [1, 'BADC', 'LB'],
    [2, 'CDAB', 'BL'],
    [3, 'DCBA', 'BB'],
  ],
  4: [
    [0, 'ABCDEFGH', 'LL'],
    [1, 'BADCFEHG', 'LB'],
    [6, 'GHEFCDAB', 'BL'],
    [7, 'HGFEDCBA', 'BB'],
    [2, 'CDABGHEF', 'WS'],
    [4, 'EFGHABCD', 'WR'],
  ],
};
export const orderName = (size: 1 | 2 | 4, mask: number): string => orderNames[size].find(([m]) => m === mask)![1];
export const orderSuffix = (size: 1 | 2 | 4, mask: number): modbus.EndianSuffix => orderNames[size].find(([m]) => m === mask)![2];

/** A value as number, and where 64 bits need it also exactly. */
export interface Series {
  readonly numbers: Float64Array;
  readonly wide: BigInt64Array | undefined;
}

/** The numbers that a type and an order make of the registers from `at` on, one of each sample; undefined where one cannot be read. */
export function seriesAt(samples: readonly Registers[], at: number, type: NumberType, mask: modbus.OrderMask): Series | undefined {
  const size = registersOf[type];
  const numbers = new Float64Array(samples.length);
  const wide = type === 'int64' || type === 'uint64' ? new BigInt64Array(samples.length) : undefined;
  const bytes = new Uint8Array(size * 2);
  for (const [t, registers] of samples.entries()) {
    for (let i = 0; i < size; i++) {
      const register = registers[at + i];
      if (register === undefined) return undefined;
      bytes[i * 2] = register >> 8;
      bytes[i * 2 + 1] = register & 0xff;
    }
    if (wide === undefined) numbers[t] = modbus.decodeNumber(type, bytes, 0, mask);
    else {
      wide[t] = modbus.decodeInt64(bytes, 0, mask);
      numbers[t] = Number(type === 'uint64' ? BigInt.asUintN(64, wide[t]) : wide[t]);
    }
  }
  return { numbers, wide };
}

/** Neighbouring registers at one time; undefined where the device refuses one. */
export type Registers = readonly (number | undefined)[];
