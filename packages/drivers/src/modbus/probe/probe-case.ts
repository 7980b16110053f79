import { modbus } from '@omh/wire';
import { isInteger, isSigned, numberTypes, registersOf, type NumberType, type Registers } from './reading.ts';
import type { Hint, Observation } from './rank.ts';

export const shapes = ['noise', 'sine', 'ramp', 'steps', 'walk', 'counter'] as const;
export type Shape = (typeof shapes)[number];

/** One register list as a device may have it, sampled, with what stands at the address in truth. */
export interface ProbeCase extends Observation {
  readonly truth: { readonly type: NumberType; readonly mask: modbus.OrderMask; readonly offset: -1 | 0 | 1 };
  readonly shape: Shape;
  /** One of the values, with an error of at most 1 %. */
  readonly hint: Hint;
}

/** Mulberry32: the same seed makes the same cases. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

const before = 4;
const after = 8;

/** Types, orders, offsets and shapes are uniform; neighbours are values of the same type, of other types, or spare registers. */
export function probeCase(seed: number, count = 10): ProbeCase {
  const random = chance(seed * 7919 + 17);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const type = pick(numberTypes);
  const order = pick([0, 1, 2, 3] as const);
  const offset = pick([-1, 0, 1] as const);
  const shape = pick(shapes);
  const mask = maskOf(type, order);
  const rows = Array.from({ length: count }, () => new Array<number>(before + after + 1).fill(0));
  const start = before + offset;
  const values = signal(random, type, shape, count);
  put(rows, start, type, mask, values);
  const fill = (at: number, direction: 1 | -1): void => {
    const sameKind = random() < 0.65;
    for (let i = at; direction === 1 ? i < before + after + 1 : i > -4; ) {
      const roll = random();
      if (roll < 0.12) {
        i += direction;
        continue;
      }
      const kind = sameKind ? type : pick(numberTypes);
      const size = registersOf[kind];
      put(rows, direction === 1 ? i : i - size + 1, kind, maskOf(kind, order), signal(random, kind, pick(shapes), count));
      i += direction * size;
    }
  };
  fill(start + registersOf[type], 1);
  fill(start - 1, -1);
  const known = Number(values[Math.floor(random() * count)]!);
  return { samples: rows, at: before, truth: { type, mask, offset }, shape, hint: { value: known * (1 + (random() * 2 - 1) * 0.01) } };
}

function maskOf(type: NumberType, order: 0 | 1 | 2 | 3): modbus.OrderMask {
  const size = registersOf[type];
  if (size === 1) return order & 1;
  return size === 2 ? order : [0, 1, 6, 7][order]!;
}

function put(rows: number[][], at: number, type: NumberType, mask: modbus.OrderMask, values: readonly (number | bigint)[]): Registers[] {
  const size = registersOf[type];
  const bytes = new Uint8Array(size * 2);
  for (const [t, row] of rows.entries()) {
    modbus.encodeValue(type, values[t]!, bytes, mask, { length: 0, layout: 'H' });
    for (let i = 0; i < size; i++) if (row[at + i] !== undefined) row[at + i] = (bytes[i * 2]! << 8) | bytes[i * 2 + 1]!;
  }
  return rows;
}

/** Largest usual size of each type's values. */
const largest: Readonly<Record<NumberType, number>> = {
  uint16: 50_000,
  int16: 25_000,
  uint32: 3e9,
  int32: 1.5e9,
  float: 1e5,
  uint64: 2 ** 50,
  int64: 2 ** 50,
  double: 1e7,
};

function signal(random: () => number, type: NumberType, shape: Shape, count: number): (number | bigint)[] {
  const whole = isInteger(type);
  const least = whole ? 3 : 0.05;
  const base = Math.exp(Math.log(least) + random() * Math.log(largest[type] / least));
  const swing = base * 10 ** (-3 + random() * 2.7);
  const noise = swing * 10 ** (-3 + random() * 2);
  const phase = random() * 7;
  const pace = 0.15 + random() * 0.8;
  const bell = (): number => random() + random() + random() + random() - 2;
  const negative = whole && !isSigned(type) ? 1 : random() < 0.35 ? -1 : 1;
  const centred = negative === -1 && random() < 0.3;
  const levels = Array.from({ length: 2 + Math.floor(random() * 2) }, () => base + swing * (random() * 2 - 1));
  const decimals = !whole && random() < 0.3 ? Math.floor(random() * 3) : undefined;
  let level = base;
  let held = 0;
  return Array.from({ length: count }, (_, t) => {
    let x = base;
    switch (shape) {
      case 'noise':
        x += swing * 0.3 * bell();
        break;
      case 'sine':
        x += swing * Math.sin(phase + pace * t) + noise * bell();
        break;
      case 'ramp':
        x += swing * ((pace * t + phase) / 7) + noise * bell();
        break;
      case 'steps':
        if (held-- <= 0) {
          level = levels[Math.floor(random() * levels.length)]!;
          held = 1 + Math.floor(random() * 3);
        }
        x = level;
        break;
      case 'walk':
        level += swing * 0.4 * bell();
        x = level;
        break;
      case 'counter':
        level += whole ? Math.max(1, noise * (1 + random())) : noise * (1 + random());
        x = level;
        break;
    }
    if (centred) x -= base;
    x *= negative;
    if (decimals !== undefined) x = Number(x.toFixed(decimals));
    return whole ? limited(type, x) : type === 'float' ? Math.fround(x) : x;
  });
}

function limited(type: NumberType, x: number): number | bigint {
  const bits = registersOf[type] * 16;
  const top = Math.min(2 ** 53 - 1, isSigned(type) ? 2 ** (bits - 1) - 1 : 2 ** bits - 1);
  const n = Math.round(Math.min(top, Math.max(isSigned(type) ? -top : 0, x)));
  return bits === 64 ? BigInt(n) : n;
}
