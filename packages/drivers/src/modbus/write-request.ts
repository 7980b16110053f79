import { Quality, type OmhError, type WriteItem } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { locate, type Located } from './plan.ts';
import type { ResolvedSettings } from './settings.ts';

/** One request and the items it carries. */
export interface WriteRequest {
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** Indices of the items; several where they lie side by side. */
  readonly items: readonly number[];
  /** The same items one by one, for a device that refuses them together. */
  readonly alone: readonly WriteRequest[];
}
export interface Unwritable {
  readonly item: number;
  readonly quality: Quality;
  readonly error: OmhError;
}

interface Part extends Located {
  readonly item: number;
  readonly on: boolean;
  readonly data: Uint8Array | undefined;
}

/**
 * Turns items into requests in their order: FC 05 or 0F for coils, 06 or 10 for registers, 16 for a bit of a register. Neighbours in the
 * list that are neighbours in the device travel together.
 */
export function planWrites(
  items: readonly WriteItem[],
  settings: ResolvedSettings,
): { requests: WriteRequest[]; unwritable: Unwritable[] } {
  const requests: WriteRequest[] = [];
  const unwritable: Unwritable[] = [];
  let run: Part[] = [];
  const flush = (): void => {
    if (run.length > 0) requests.push(requestOf(run));
    run = [];
  };
  items.forEach((item, index) => {
    const part = partOf(item, index, settings);
    if ('quality' in part) {
      unwritable.push(part);
      return;
    }
    if (!continues(run, part)) flush();
    run.push(part);
  });
  flush();
  return { requests, unwritable };
}

function partOf({ tag, value }: WriteItem, item: number, settings: ResolvedSettings): Part | Unwritable {
  const located = locate({ address: tag.address, type: tag.type, access: 'read' }, settings);
  if (located instanceof Error) return { item, quality: Quality.badConfiguration, error: located };
  const { address } = located;
  if (tag.access === 'read' || !modbus.isWritableArea(address.area)) {
    return { item, quality: Quality.badNotWritable, error: errors.DRIVERS_MODBUS_READ_ONLY({ address: tag.address }) };
  }
  if (address.count > modbus.maxWriteRegisters) {
    return {
      item,
      quality: Quality.badConfiguration,
      error: errors.DRIVERS_MODBUS_TOO_LONG({
        address: tag.address,
        count: address.count,
        device: tag.device,
        limit: modbus.maxWriteRegisters,
      }),
    };
  }
  const data = new Uint8Array(address.count * 2);
  const fault = modbus.encodeValue(tag.type, value, data, located.mask, address);
  if (fault === 'type')
    return { item, quality: Quality.badTypeMismatch, error: errors.DRIVERS_MODBUS_VALUE_TYPE({ address: tag.address, type: tag.type }) };
  if (fault === 'range')
    return { item, quality: Quality.badOutOfRange, error: errors.DRIVERS_MODBUS_VALUE_RANGE({ address: tag.address, type: tag.type }) };
  const isPoint = address.area === 'coil' || address.bit !== undefined;
  return { ...located, item, on: value === true || value === 1, data: isPoint ? undefined : data };
}

function continues(run: readonly Part[], next: Part): boolean {
  const last = run.at(-1);
  if (last === undefined || last.address.bit !== undefined || next.address.bit !== undefined) return false;
  if (last.address.unit !== next.address.unit || last.address.area !== next.address.area || last.start + last.address.count !== next.start)
    return false;
  const most = next.address.area === 'coil' ? modbus.maxWriteBits : modbus.maxWriteRegisters;
  return next.start + next.address.count - run[0]!.start <= most;
}

function requestOf(run: readonly Part[]): WriteRequest {
  const alone = run.length > 1 ? run.map((part) => requestOf([part])) : [];
  return { unit: run[0]!.address.unit, pdu: pduOf(run), items: run.map((p) => p.item), alone };
}

function pduOf(run: readonly Part[]): Uint8Array {
  const first = run[0]!;
  const { start } = first;
  if (first.address.area === 'coil') {
    return run.length === 1
      ? modbus.encodeWriteCoil(start, first.on)
      : modbus.encodeWriteCoils(
          start,
          run.map((p) => p.on),
        );
  }
  if (first.data === undefined) {
    // A register that arrives with its bytes swapped has its bits in the other half.
    const bit = 1 << (first.mask === 0 ? first.address.bit! : first.address.bit! ^ 8);
    return modbus.encodeMaskWrite(start, 0xffff & ~bit, first.on ? bit : 0);
  }
  if (run.length === 1 && first.data.length === 2) return modbus.encodeWriteRegister(start, first.data);
  const data = new Uint8Array(run.reduce((n, p) => n + p.data!.length, 0));
  let at = 0;
  for (const part of run) {
    data.set(part.data!, at);
    at += part.data!.length;
  }
  return modbus.encodeWriteRegisters(start, data);
}
