import { textOrBytes } from '../value.ts';
import { Arguments, fn, type RuleFunction } from './signature.ts';

const named = <T>(name: string, build: (a: Arguments) => T): T => build(new Arguments(name));
const big = (a: Arguments, v: unknown): bigint => (typeof v === 'bigint' ? v : BigInt(a.integer(v)));
const small = (v: bigint): number | bigint => (Number.isSafeInteger(Number(v)) ? Number(v) : v);

const bitwise = (
  name: string,
  doc: string,
  f: (x: bigint, y: bigint) => bigint,
  ...examples: readonly (readonly [string, unknown])[]
): RuleFunction =>
  fn(
    name,
    'bits',
    [2],
    doc,
    named(name, (a) => (x, y) => small(f(big(a, x), big(a, y)))),
    ...examples,
  );

const shift = (a: Arguments, v: unknown): bigint => {
  const n = a.integer(v);
  if (n < 0 || n > 64) a.fail('shifts by 0 to 64 bits');
  return BigInt(n);
};

/** Bits `start` to `start + length`, counted from 0 at the highest bit of the first byte. */
function bitsAt(bytes: Uint8Array, start: number, length: number): bigint {
  let out = 0n;
  for (let i = start; i < start + length; i++) out = (out << 1n) | BigInt((bytes[i >> 3]! >> (7 - (i & 7))) & 1);
  return out;
}

function packed(bits: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(length / 8));
  let rest = bits << BigInt(bytes.length * 8 - length);
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

function swapped(bytes: Uint8Array): bigint {
  let out = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) out = (out << 8n) | BigInt(bytes[i]!);
  return out;
}

function subbits(a: Arguments, args: readonly unknown[]): unknown {
  const bytes = a.bytes(args[0]);
  const start = args.length === 2 ? 1 : a.integer(args[1]);
  const length = a.integer(args.length === 2 ? args[1] : args[2]);
  const type = args[3] === undefined ? 'integer' : a.oneOf(args[3], ['integer', 'float', 'bits']);
  const signed = args[4] === undefined ? 'unsigned' : a.oneOf(args[4], ['unsigned', 'signed']);
  const order = args[5] === undefined ? 'big' : a.oneOf(args[5], ['big', 'little']);
  if (start < 1 || length < 1 || length > 65_536) a.fail('counts bits from 1 and takes 1 to 65,536 of them');
  if (start - 1 + length > bytes.length * 8) return undefined;
  if (type === 'integer' && length > 64) a.fail('makes whole numbers of up to 64 bits');
  if (order === 'little' && length % 8 !== 0) a.fail('reads little-endian values of whole bytes');
  const bits = bitsAt(bytes, start - 1, length);
  const raw = packed(bits, length);
  if (type === 'bits') return textOrBytes(raw);
  if (type === 'float') {
    if (length !== 32 && length !== 64) a.fail('makes floats of 32 or 64 bits');
    const view = new DataView(raw.buffer);
    return length === 32 ? view.getFloat32(0, order === 'little') : view.getFloat64(0, order === 'little');
  }
  const value = order === 'little' ? swapped(raw) : bits;
  return small(signed === 'signed' ? BigInt.asIntN(length, value) : value);
}

export const bitFunctions = [
  bitwise('bitand', 'Bits that are set in both numbers.', (x, y) => x & y, ['bitand(12, 10)', 8]),
  bitwise('bitor', 'Bits that are set in one of two numbers.', (x, y) => x | y, ['bitor(12, 10)', 14]),
  bitwise('bitxor', 'Bits that differ between two numbers.', (x, y) => x ^ y, ['bitxor(12, 10)', 6]),
  fn(
    'bitnot',
    'bits',
    [1],
    'All bits turned over.',
    named('bitnot', (a) => (x) => small(~big(a, x))),
    ['bitnot(5)', -6],
  ),
  fn(
    'bitsl',
    'bits',
    [2],
    'Bits moved left, by 0 to 64.',
    named('bitsl', (a) => (x, n) => small(BigInt.asIntN(128, big(a, x) << shift(a, n)))),
    ['bitsl(1, 8)', 256],
  ),
  fn(
    'bitsr',
    'bits',
    [2],
    'Bits moved right, by 0 to 64.',
    named('bitsr', (a) => (x, n) => small(big(a, x) >> shift(a, n))),
    ['bitsr(256, 8)', 1],
  ),
  fn(
    'bitsize',
    'bits',
    [1],
    'How many bits a text or bytes have.',
    named('bitsize', (a) => (v) => a.bytes(v).length * 8),
    ["bitsize('abc')", 24],
  ),
  fn(
    'bytesize',
    'bits',
    [1],
    'How many bytes a text or bytes have.',
    named('bytesize', (a) => (v) => a.bytes(v).length),
    ["bytesize('ü')", 2],
  ),
  fn(
    'subbits',
    'bits',
    [2, 6],
    "Bits of bytes: (bytes, length) or (bytes, start from 1, length, 'integer'|'float'|'bits', 'unsigned'|'signed', 'big'|'little'); " +
      'missing when the bytes end before.',
    named(
      'subbits',
      (a) =>
        (...args) =>
          subbits(a, args),
    ),
    ["subbits('abc', 8)", 97],
    ["subbits('abc', 9, 16)", 25187],
    ["subbits(hexstr2bin('FFFE'), 1, 16, 'integer', 'signed', 'big')", -2],
    ["subbits(hexstr2bin('41E00000'), 1, 32, 'float')", 28],
    ["subbits(hexstr2bin('0100'), 1, 16, 'integer', 'unsigned', 'little')", 1],
  ),
] as const;
