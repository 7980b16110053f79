import type { DataType, TagAccess } from '@omh/core';

/**
 * How the place of a point is written. `neuron`: `1!40001`, the digits after the area are the number. `modicon`: `40001` or `400001`.
 * `zero`: `holding:0`, `hr0`, `0x0010`, as on the wire. The rest are the names that a PLC's own program uses.
 */
export const notations = ['neuron', 'modicon', 'zero', 'delta', 'inovance', 'xinje', 'hollysys', 'schneider'] as const;
export type Notation = (typeof notations)[number];

/** How the addresses of one device are written. */
export interface Addressing {
  /** Absent: `neuron`. */
  readonly addressing?: Notation;
  /** Number of the first point in the notations `neuron` and `modicon`; absent: 1. */
  readonly addressBase?: 0 | 1;
  /** Unit of an address that names none; absent: 1, and in the notation `neuron` the address must name it. */
  readonly unit?: number;
  /** Wire addresses of number 0, by the name of a PLC profile, where a device differs from its series: `{ D: 4096 }`. */
  readonly offsets?: Readonly<Record<string, number>>;
}

/** The part of a device's settings that addresses need; what is none of it is left out. */
export function addressingOf(settings: Readonly<Record<string, unknown>>): Addressing {
  const { addressing, addressBase, unit, offsets } = settings;
  const numbers = typeof offsets === 'object' && offsets !== null ? Object.entries(offsets).filter(([, n]) => Number.isInteger(n)) : [];
  return {
    ...(notations.includes(addressing as Notation) && { addressing: addressing as Notation }),
    ...(addressBase === 0 && { addressBase }),
    ...(Number.isInteger(unit) && (unit as number) >= 0 && (unit as number) <= 255 && { unit: unit as number }),
    ...(numbers.length > 0 && { offsets: Object.fromEntries(numbers) as Record<string, number> }),
  };
}

/** What an address is read for. */
export interface AddressedTag {
  readonly type: DataType;
  readonly access: TagAccess;
  readonly count?: number | undefined;
}
