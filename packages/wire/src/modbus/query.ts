import { ok, type Result } from '@omh/core';
import type { Address } from './address.ts';
import type { AddressedTag } from './addressing.ts';
import { issue, quote, type AddressFault } from './address-fault.ts';
import type { Query } from './function-code.ts';
import { DiagnosticCode, maxFifo } from './request-rare.ts';

const written = /^(fifo|diagnostic):(0x[0-9a-f]{1,4}|\d{1,5})$/i;
/** The counters and the diagnostic register; what restarts a device or makes it fall silent is no reading. */
const isReading = (code: number): boolean =>
  code === DiagnosticCode.diagnosticRegister || (code >= DiagnosticCode.busMessages && code <= DiagnosticCode.characterOverruns);

/** Whether the address, without its unit, names a FIFO queue or a diagnostic counter. */
export const isQuery = (body: string): boolean => /^(fifo|diagnostic):/i.test(body);

/**
 * `fifo:120`, the queue behind the pointer register 120 on the wire, as an array of up to `count` values, oldest first; `diagnostic:11`, a
 * counter of FC 08. The same in every notation.
 */
export function queryAddress(body: string, unit: number, tag: AddressedTag, prefix: string): Result<Address> {
  const match = written.exec(body);
  const query = body.slice(0, body.indexOf(':')).toLowerCase() as Query;
  const example = `For example ${prefix}${query === 'fifo' ? 'fifo:120' : 'diagnostic:11'}.`;
  const start = match === null ? Number.NaN : Number(match[2]);
  if (!(start <= 65535))
    return issue('MODBUS_ADDRESS_NUMBER', `After ${quote(`${query}:`)} comes a number from 0 to 65535, as on the wire.`, example);
  const fault = query === 'fifo' ? fifoFault(tag, example) : diagnosticFault(start, tag, example);
  if (fault !== undefined) return fault;
  const what = { bit: undefined, length: 0, layout: 'H', endian: undefined, elements: tag.count, count: 1 } as const;
  return ok({ unit, area: 'input', query, start, ...what });
}

function fifoFault({ type, count, access }: AddressedTag, example: string): AddressFault | undefined {
  if (access !== 'read') return issue('MODBUS_ADDRESS_READ_ONLY', 'A FIFO queue can only be read.', 'Set access to read.');
  if (type !== 'uint16' && type !== 'int16')
    return issue(
      'MODBUS_ADDRESS_TYPE',
      `A FIFO queue holds registers, so the type ${type} does not fit.`,
      'Set the type to uint16 or int16.',
    );
  if (count === undefined || !Number.isInteger(count) || count < 1 || count > maxFifo)
    return issue('MODBUS_ADDRESS_COUNT', `A FIFO queue is an array: its count is a whole number from 1 to ${maxFifo}.`, example);
  return undefined;
}

function diagnosticFault(code: number, { type, count, access }: AddressedTag, example: string): AddressFault | undefined {
  if (access !== 'read') return issue('MODBUS_ADDRESS_READ_ONLY', 'A diagnostic counter can only be read.', 'Set access to read.');
  if (type !== 'uint16')
    return issue('MODBUS_ADDRESS_TYPE', `A diagnostic counter has 16 bits, so the type ${type} does not fit.`, 'Set the type to uint16.');
  if (count !== undefined) return issue('MODBUS_ADDRESS_COUNT', 'A diagnostic counter is one value.', 'Leave count out.');
  if (isReading(code)) return undefined;
  return issue('MODBUS_ADDRESS_NUMBER', `The diagnostics that can be read are 2 and 11 to 18; ${code} is none of them.`, example);
}

/** Why the PDU at `[start, end)` is no answer to a query, or undefined. */
export function queryFault(bytes: Uint8Array, start: number, end: number, query: Query): string | undefined {
  const length = end - start;
  if (query === 'diagnostic') return length === 5 ? undefined : `the answer has ${length} bytes where 5 belong`;
  if (length < 5) return 'the answer ends before its count';
  const count = (bytes[start + 3]! << 8) | bytes[start + 4]!;
  if (count > maxFifo) return `the answer announces ${count} values where at most ${maxFifo} belong`;
  return length === 5 + count * 2 ? undefined : `the answer has ${length - 5} bytes of data where ${count * 2} belong`;
}
