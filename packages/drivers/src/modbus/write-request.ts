import { Quality, type OmhError, type WriteItem } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { locate, type Located } from './places.ts';
import type { ResolvedSettings } from './settings.ts';

/** One request and the items it carries. */
export interface WriteRequest {
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** Indices of the items; several where they lie side by side. */
  readonly items: readonly number[];
  /** The same items one by one, for a device that refuses them together. */
  readonly alone: readonly WriteRequest[];
  /** Of bits in a register: what becomes of it, `(register & and) | (or & ~and)`, for a device that has no function 22. */
  readonly mask: { readonly start: number; readonly and: number; readonly or: number } | undefined;
  /** Of a single coil or register: the same by function 0F or 10, for a device that has only these. */
  readonly many: Uint8Array | undefined;
  /** Of registers: their data, for a device that writes only by function 17, which reads them back at once. */
  readonly registers: { readonly start: number; readonly data: Uint8Array } | undefined;
}
export interface Unwritable {
  readonly item: number;
  readonly quality: Quality;
  readonly error: OmhError;
}

interface Part extends Located {
  readonly item: number;
  readonly start: number;
  /** Of a bit area, or of bits in a register. */
  readonly bits: readonly boolean[] | undefined;
  readonly data: Uint8Array | undefined;
}

/**
 * Turns items into requests: FC 05 or 0F for coils, 06 or 10 for registers, 16 for bits of a register. Items of one area that follow each
 * other in the list and are neighbours in the device travel together, whatever their order; else the order of the list is kept.
 */
export function planWrites(
  items: readonly WriteItem[],
  settings: ResolvedSettings,
): { requests: WriteRequest[]; unwritable: Unwritable[] } {
  const requests: WriteRequest[] = [];
  const unwritable: Unwritable[] = [];
  let parts: Part[] = [];
  const flush = (): void => {
    requests.push(...joined(parts).map(requestOf));
    parts = [];
  };
  items.forEach((item, index) => {
    const part = partOf(item, index, settings);
    if ('quality' in part) {
      unwritable.push(part);
      return;
    }
    const first = parts[0]?.address;
    if (first !== undefined && (first.unit !== part.address.unit || first.area !== part.address.area)) flush();
    parts.push(part);
  });
  flush();
  return { requests, unwritable };
}

/** Runs of neighbours, in the order of the first item of each. */
function joined(parts: readonly Part[]): Part[][] {
  const sorted = [...parts].sort((a, b) => a.start - b.start || a.item - b.item);
  // A point that is written twice keeps the value that was written last.
  const isClear = sorted.every((p, i) => i === 0 || sorted[i - 1]!.start + sorted[i - 1]!.address.count <= p.start);
  const runs: Part[][] = [];
  for (const part of isClear ? sorted : parts) {
    const run = runs.at(-1);
    if (run !== undefined && continues(run, part)) run.push(part);
    else runs.push([part]);
  }
  const firstItem = (run: readonly Part[]): number => Math.min(...run.map((p) => p.item));
  return isClear ? runs.sort((a, b) => firstItem(a) - firstItem(b)) : runs;
}

function partOf({ tag, value }: WriteItem, item: number, settings: ResolvedSettings): Part | Unwritable {
  const located = locate({ ...tag, access: 'read' }, settings);
  if (located instanceof Error) return { item, quality: Quality.badConfiguration, error: located };
  const { address, mask } = located;
  const isCoil = address.area === 'coil';
  if (tag.access === 'read' || !modbus.isWritableArea(address.area)) {
    return { item, quality: Quality.badNotWritable, error: errors.DRIVERS_MODBUS_READ_ONLY({ address: tag.address }) };
  }
  const limit = isCoil ? modbus.maxWriteBits : modbus.maxWriteRegisters;
  if (address.count > limit) {
    const params = { address: tag.address, count: address.count, device: tag.device, limit };
    return { item, quality: Quality.badConfiguration, error: errors.DRIVERS_MODBUS_TOO_LONG(params) };
  }
  const made = { ...located, item, start: address.start };
  const wrong = (): Unwritable => ({
    item,
    quality: Quality.badTypeMismatch,
    error:
      address.elements === undefined
        ? errors.DRIVERS_MODBUS_VALUE_TYPE({ address: tag.address, type: tag.type })
        : errors.DRIVERS_MODBUS_VALUE_ARRAY({ address: tag.address, type: tag.type, count: address.elements }),
  });
  if (isCoil || address.bit !== undefined) {
    const bits = bitsOf(value, address.elements);
    if (bits === undefined) return wrong();
    if (isCoil || address.count === 1) return { ...made, bits, data: undefined };
    if (address.bit !== 0 || bits.length % 16 !== 0) {
      return { item, quality: Quality.badConfiguration, error: errors.DRIVERS_MODBUS_BITS_SPREAD({ address: tag.address }) };
    }
    return { ...made, bits: undefined, data: registersOf(bits, mask) };
  }
  let data = new Uint8Array(address.count * 2);
  let fault: modbus.EncodeFault | undefined;
  if (address.elements === undefined) fault = modbus.encodeValue(tag.type, value, data, mask, address);
  else {
    const encoded = modbus.encodeArray(tag.type, address, value, address.elements, mask);
    if (typeof encoded === 'string') fault = encoded;
    else data = encoded as Uint8Array<ArrayBuffer>;
  }
  if (fault === 'type') return wrong();
  if (fault === 'range')
    return { item, quality: Quality.badOutOfRange, error: errors.DRIVERS_MODBUS_VALUE_RANGE({ address: tag.address, type: tag.type }) };
  return { ...made, bits: undefined, data };
}

/** The value or values as booleans; undefined where one is none or their number is another. */
function bitsOf(value: WriteItem['value'], elements: number | undefined): readonly boolean[] | undefined {
  const values = elements === undefined ? [value] : Array.isArray(value) && value.length === elements ? value : undefined;
  if (values?.every((v) => typeof v === 'boolean' || v === 0 || v === 1) !== true) return undefined;
  return values.map((v) => v === true || v === 1);
}

function registersOf(bits: readonly boolean[], mask: modbus.OrderMask): Uint8Array {
  const out = new Uint8Array(bits.length / 8);
  bits.forEach((on, i) => {
    if (on) out[((i >> 4) * 2 + ((i & 15) < 8 ? 1 : 0)) ^ mask]! |= 1 << (i & 7);
  });
  return out;
}

const isMask = (part: Part): boolean => part.bits !== undefined && part.address.area !== 'coil';

function continues(run: readonly Part[], next: Part): boolean {
  const last = run.at(-1)!;
  if (isMask(last) || isMask(next) || last.start + last.address.count !== next.start) return false;
  const most = next.address.area === 'coil' ? modbus.maxWriteBits : modbus.maxWriteRegisters;
  return next.start + next.address.count - run[0]!.start <= most;
}

function requestOf(run: readonly Part[]): WriteRequest {
  const alone = run.length > 1 ? run.map((part) => requestOf([part])) : [];
  const { address } = run[0]!;
  return { unit: address.unit, items: run.map((p) => p.item), alone, ...pdusOf(run) };
}

function pdusOf(run: readonly Part[]): Pick<WriteRequest, 'pdu' | 'mask' | 'many' | 'registers'> {
  const first = run[0]!;
  const { start } = first;
  if (first.address.area === 'coil') {
    const bits = run.flatMap((p) => p.bits!);
    const many = modbus.encodeWriteCoils(start, bits);
    return bits.length > 1
      ? { pdu: many, mask: undefined, many: undefined, registers: undefined }
      : { pdu: modbus.encodeWriteCoil(start, bits[0]!), mask: undefined, many, registers: undefined };
  }
  if (first.bits !== undefined) {
    let clear = 0;
    let set = 0;
    first.bits.forEach((on, i) => {
      // A register that arrives with its bytes swapped has its bits in the other half.
      const bit = 1 << (first.mask === 0 ? first.address.bit! + i : (first.address.bit! + i) ^ 8);
      clear |= bit;
      if (on) set |= bit;
    });
    const and = 0xffff & ~clear;
    return { pdu: modbus.encodeMaskWrite(start, and, set), mask: { start, and, or: set }, many: undefined, registers: undefined };
  }
  const data = new Uint8Array(run.reduce((n, p) => n + p.data!.length, 0));
  let at = 0;
  for (const part of run) {
    data.set(part.data!, at);
    at += part.data!.length;
  }
  const many = modbus.encodeWriteRegisters(start, data);
  const registers = data.length / 2 > modbus.maxReadWriteRegisters ? undefined : { start, data };
  return data.length > 2
    ? { pdu: many, mask: undefined, many: undefined, registers }
    : { pdu: modbus.encodeWriteRegister(start, data), mask: undefined, many, registers };
}
