import type { TagValue } from '@omh/core';
import type { Place } from './place.ts';

/** The raw value of a written one; undefined where it has another type. Whole numbers of 64 bits may be text, bytes are hexadecimal. */
export function constantRaw(place: Place, value: unknown): TagValue | undefined {
  const { type, decimal, bias } = place;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'bytes':
      return typeof value === 'string' && /^([0-9A-Fa-f]{2})*$/.test(value) ? Uint8Array.from(Buffer.from(value, 'hex')) : undefined;
    case 'bool':
    case 'bit':
      return typeof value === 'boolean' ? value : value === 0 || value === 1 ? value === 1 : undefined;
    case 'int64':
    case 'uint64':
      if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
      if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
      return BigInt(Math.round((value - bias) / decimal));
    case 'float':
    case 'double':
      return typeof value === 'number' ? (value - bias) / decimal : undefined;
    default: {
      if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
      const raw = (value - bias) / decimal;
      // A scaled value is rounded, a plain one must be whole.
      return decimal === 1 && bias === 0 ? raw : Math.round(raw);
    }
  }
}
