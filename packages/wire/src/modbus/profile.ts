import type { Area } from './function-code.ts';

/** One run of a PLC's own names and where it stands on the wire. */
export interface ProfileRow {
  readonly name: string;
  readonly area: Area;
  /** Wire address of the number `first`. */
  readonly start: number;
  /** Absent: 0. */
  readonly first?: number;
  readonly last: number;
  /** Numbers are written in octal. Absent: decimal. */
  readonly radix?: 8;
  /** Points from one number to the next; absent: 1. */
  readonly step?: number;
  /** Written `byte.bit`: the number is byte × 8 + bit. */
  readonly bits?: true;
}

/** The names that the programs of a PLC family use. */
export interface Profile {
  readonly title: string;
  /** Names are shown with a leading `%`; they are taken with and without. */
  readonly percent: boolean;
  readonly example: { readonly coil: string; readonly holding: string };
  readonly rows: readonly ProfileRow[];
}

const coils = (name: string, start: number, last: number, more: Partial<ProfileRow> = {}): ProfileRow => ({
  name,
  area: 'coil',
  start,
  last,
  ...more,
});
const words = (name: string, start: number, last: number, more: Partial<ProfileRow> = {}): ProfileRow => ({
  name,
  area: 'holding',
  start,
  last,
  ...more,
});

/**
 * Delta DVP (ES2, EX2, SS2, SA2, SX2, SE; operation manual "Programming", section 4.4 "PLC Device Address"). T and C are contacts as bits
 * and present values as registers; C200 on are 32-bit counters of two registers each.
 */
const delta: Profile = {
  title: 'a Delta DVP PLC',
  percent: false,
  example: { coil: 'M10', holding: 'D100' },
  rows: [
    words('D', 0x1000, 4095),
    words('D', 0x9000, 11999, { first: 4096 }),
    words('T', 0x0600, 255),
    words('C', 0x0e00, 199),
    words('C', 0x0700, 255, { first: 200, step: 2 }),
    coils('M', 0x0800, 1535),
    coils('M', 0xb000, 4095, { first: 1536 }),
    coils('S', 0x0000, 1023),
    coils('X', 0x0400, 0o377, { area: 'discrete', radix: 8 }),
    coils('Y', 0x0500, 0o377, { radix: 8 }),
    coils('T', 0x0600, 255),
    coils('C', 0x0e00, 255),
  ],
};

/**
 * Inovance small PLCs (H5U and Easy programming manuals, "Modbus addresses of soft elements"; SM, SD, T and C as in H3U and H2U, whose
 * D, R, M, S, X and Y stand at the same addresses).
 */
const inovance: Profile = {
  title: 'an Inovance PLC',
  percent: false,
  example: { coil: 'M10', holding: 'D100' },
  rows: [
    words('D', 0x0000, 8511),
    words('SD', 0x2400, 1023),
    words('R', 0x3000, 32767),
    words('T', 0xf000, 511),
    words('C', 0xf400, 199),
    words('C', 0xf700, 255, { first: 200, step: 2 }),
    coils('M', 0x0000, 8511),
    coils('SM', 0x2400, 1023),
    coils('B', 0x3000, 32767),
    coils('S', 0xe000, 4095),
    coils('T', 0xf000, 511),
    coils('C', 0xf400, 255),
    coils('X', 0xf800, 0o1777, { radix: 8 }),
    coils('Y', 0xfc00, 0o1777, { radix: 8 }),
  ],
};

/** Xinje XD, XL and XG (XD/XL series user manual, "Modbus communication address"); the older XC series differs. */
const xinje: Profile = {
  title: 'a Xinje XD or XL PLC',
  percent: false,
  example: { coil: 'M10', holding: 'D100' },
  rows: [
    words('D', 0x0000, 20479),
    words('SD', 0x7000, 4095),
    words('TD', 0x8000, 4095),
    words('CD', 0x9000, 4095),
    words('ETD', 0xa000, 39),
    words('HD', 0xa080, 6143),
    words('HSD', 0xb880, 1023),
    words('HTD', 0xbc80, 1023),
    words('HCD', 0xc080, 1023),
    words('HSCD', 0xc480, 39),
    words('FD', 0xc4c0, 8191),
    words('SFD', 0xe4c0, 4095),
    coils('M', 0x0000, 20479),
    coils('X', 0x5000, 0o77, { radix: 8 }),
    coils('Y', 0x6000, 0o77, { radix: 8 }),
    coils('S', 0x7000, 7999),
    coils('SM', 0x9000, 4095),
    coils('T', 0xa000, 4095),
    coils('C', 0xb000, 4095),
    coils('HM', 0xc100, 6143),
  ],
};

/**
 * HollySys LK and LE (hardware manuals, Modbus server): the I and Q areas stand at 0 of their tables, the M area from 3000 on. Bits are
 * written byte.bit, words by their own number.
 */
const hollysys: Profile = {
  title: 'a HollySys LK or LE PLC',
  percent: true,
  example: { coil: '%MX0.3', holding: '%MW100' },
  rows: [
    words('MW', 3000, 62535),
    words('QW', 0, 2999),
    words('IW', 0, 65535, { area: 'input' }),
    coils('MX', 3000, 62535, { bits: true }),
    coils('QX', 0, 2999, { bits: true }),
    coils('IX', 0, 65535, { bits: true, area: 'discrete' }),
  ],
};

/**
 * Schneider Modicon M340, M580, Premium, Quantum and M221 (IEC located variables over Modbus): `%MWn` is holding register n, `%MDn` and
 * `%MFn` begin at the same register, `%Mn` is coil n.
 */
const schneider: Profile = {
  title: 'a Schneider Modicon PLC',
  percent: true,
  example: { coil: '%M10', holding: '%MW100' },
  rows: [
    words('MW', 0, 65535),
    words('MD', 0, 65534),
    words('MF', 0, 65534),
    words('QW', 0, 65535),
    words('IW', 0, 65535, { area: 'input' }),
    coils('M', 0, 65535),
    coils('Q', 0, 65535),
    coils('I', 0, 65535, { area: 'discrete' }),
  ],
};

export const profiles = { delta, inovance, xinje, hollysys, schneider } as const;
