import type { DataType } from '@omh/core';

export type Area = 'coil' | 'discrete' | 'input' | 'holding';
const digits: Readonly<Record<Area, string>> = { coil: '0', discrete: '1', input: '3', holding: '4' };

/** Bytes as they come: A is the most significant of the value. */
export type ByteOrder = 'ABCD' | 'BADC' | 'CDAB' | 'DCBA';

export interface ModbusPlace {
  readonly unit: number;
  readonly area: Area;
  /** As it goes over the wire, from 0. */
  readonly offset: number;
  readonly type: DataType;
  readonly order?: ByteOrder;
  readonly bit?: number | undefined;
  /** Of a text or of raw bytes. */
  readonly bytes?: number | undefined;
}

/** How the device counts and orders where an address says nothing. */
export interface ModbusHabits {
  readonly base: 0 | 1;
  /** Its settings order bytes otherwise, so every address says its order. */
  readonly explicit: boolean;
}
export function habitsOf(settings: Readonly<Record<string, unknown>> | undefined): ModbusHabits {
  const { addressBase, byteOrder = 'ABCD', byteOrder64 = 'ABCDEFGH' } = settings ?? {};
  return { base: addressBase === 0 ? 0 : 1, explicit: byteOrder !== 'ABCD' || byteOrder64 !== 'ABCDEFGH' };
}

const wide: Readonly<Record<ByteOrder, string>> = { ABCD: '#LL', BADC: '#LB', CDAB: '#BL', DCBA: '#BB' };
const sixteen: ReadonlySet<DataType> = new Set(['int16', 'uint16', 'int8', 'uint8']);
const bare: ReadonlySet<DataType> = new Set(['bool', 'bit', 'string', 'bytes']);

/** `1!40001#BL`: the grammar of the Modbus drivers, see docs/drivers. */
export function modbusAddress(
  { unit, area, offset, type, order = 'ABCD', bit, bytes }: ModbusPlace,
  { base, explicit }: ModbusHabits,
): string {
  const at = `${unit}!${digits[area]}${String(offset + base).padStart(4, '0')}`;
  if (bytes !== undefined) return `${at}.${bytes}`;
  if (bit !== undefined) return `${at}.${bit}`;
  if (bare.has(type) || (order === 'ABCD' && !explicit)) return at;
  // In one register only the two bytes can change places.
  if (sixteen.has(type)) return order === 'BADC' || order === 'DCBA' ? `${at}#B` : at;
  return at + wide[order];
}
