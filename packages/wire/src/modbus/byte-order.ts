/**
 * Order of a value's bytes on the wire. The letters are the bytes of the value, A the most significant, in the order in which they
 * arrive: `ABCD` is plain Modbus, `CDAB` has its words swapped.
 */
export const byteOrders = ['ABCD', 'BADC', 'CDAB', 'DCBA'] as const;
export type ByteOrder = (typeof byteOrders)[number];

export const byteOrders64 = ['ABCDEFGH', 'BADCFEHG', 'HGFEDCBA', 'GHEFCDAB', 'CDABGHEF', 'EFGHABCD'] as const;
export type ByteOrder64 = (typeof byteOrders64)[number];

/** The `#` suffixes of an address. */
export const endianSuffixes = ['L', 'B', 'LL', 'LB', 'BL', 'BB', 'WS', 'WR'] as const;
export type EndianSuffix = (typeof endianSuffixes)[number];

/**
 * Every order here is its own inverse and an exclusive-or of byte positions: byte i of the value stands at `i ^ mask`.
 * One small number therefore says all that encoding and decoding need.
 */
export type OrderMask = number;

const mask32: Readonly<Record<ByteOrder, OrderMask>> = { ABCD: 0, BADC: 1, CDAB: 2, DCBA: 3 };
const mask64: Readonly<Record<ByteOrder64, OrderMask>> = { ABCDEFGH: 0, BADCFEHG: 1, HGFEDCBA: 7, GHEFCDAB: 6, CDABGHEF: 2, EFGHABCD: 4 };

const suffixMasks: { readonly [size in 2 | 4 | 8]: Readonly<Partial<Record<EndianSuffix, OrderMask>>> } = {
  2: { L: 0, B: 1 },
  4: { LL: 0, LB: 1, BL: 2, BB: 3 },
  8: { L: 0, B: 7, LL: 0, LB: 1, BL: 6, BB: 7, WS: 2, WR: 4 },
};

/** The suffixes that mean something for a value of `size` bytes. */
export const suffixesFor = (size: 2 | 4 | 8): readonly EndianSuffix[] => Object.keys(suffixMasks[size]) as EndianSuffix[];

/** The mask for a value of `size` bytes: the address' suffix where it has one, else the device's setting. 16-bit values default to AB. */
export function orderMask(size: 2 | 4 | 8, suffix: EndianSuffix | undefined, order: ByteOrder, order64: ByteOrder64): OrderMask {
  const own = suffix === undefined ? undefined : suffixMasks[size][suffix];
  if (own !== undefined) return own;
  return size === 2 ? 0 : size === 4 ? mask32[order] : mask64[order64];
}
