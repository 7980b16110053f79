import { numberTypes, orderName, registersOf, type NumberType } from './reading.ts';
import { probeCase, type Shape } from './probe-case.ts';
import { rank, type Candidate } from './rank.ts';

export interface HitRates {
  readonly cases: number;
  /** The truth is the first candidate. */
  readonly exact: number;
  /** Or it reads the same numbers as the first one, in every sample. */
  readonly numbers: number;
  /** Or type and order are right and only the address is another one: a neighbour of the same kind. */
  readonly kind: number;
  /** Or the ranking says that the samples cannot tell it from the first one. */
  readonly group: number;
  /** Cases where the ranking names others that the samples cannot tell apart, by what they share. */
  readonly undecidable: Readonly<Record<string, number>>;
  /** Truth to first candidate by type, counted. */
  readonly confusion: Readonly<Record<NumberType, Readonly<Record<NumberType, number>>>>;
  readonly byShape: Readonly<Record<Shape, { cases: number; exact: number; group: number }>>;
  readonly byType: Readonly<Record<NumberType, { cases: number; exact: number; group: number }>>;
  /** Share that the ranking gives its first candidate, on average: beside `exact` it says whether shares may be believed. */
  readonly claimed: number;
}

/** Runs seeds `[from, from + cases)`. */
export function hitRates(from: number, cases: number, options: { readonly hint: boolean; readonly samples: number }): HitRates {
  let exact = 0;
  let numbers = 0;
  let kind = 0;
  let group = 0;
  let claimed = 0;
  const undecidable: Record<string, number> = { numbers: 0, digits: 0, place: 0 };
  const confusion = Object.fromEntries(numberTypes.map((t) => [t, Object.fromEntries(numberTypes.map((u) => [u, 0]))])) as Record<
    NumberType,
    Record<NumberType, number>
  >;
  const byShape: Record<string, { cases: number; exact: number; group: number }> = {};
  const byType: Record<string, { cases: number; exact: number; group: number }> = {};
  for (let seed = from; seed < from + cases; seed++) {
    const one = probeCase(seed, options.samples);
    const { candidates } = rank(one, options.hint ? one.hint : undefined);
    const best = candidates[0]!;
    const order = orderName(registersOf[one.truth.type], one.truth.mask);
    const isTruth = (c: Candidate): boolean => c.type === one.truth.type && c.order === order && c.offset === one.truth.offset;
    const found = candidates.find(isTruth);
    const isExact = found === best;
    const inGroup = isExact || found?.alike !== undefined;
    claimed += best.share;
    if (isExact) exact++;
    if (isExact || found?.alike === 'numbers') numbers++;
    if (isExact || found?.alike === 'numbers' || (best.type === one.truth.type && best.order === order)) kind++;
    if (inGroup) group++;
    for (const what of new Set(candidates.map((c) => c.alike))) if (what !== undefined) undecidable[what]!++;
    confusion[one.truth.type][best.type]++;
    for (const [table, key] of [
      [byShape, one.shape],
      [byType, one.truth.type],
    ] as const) {
      const row = (table[key] ??= { cases: 0, exact: 0, group: 0 });
      row.cases++;
      if (isExact) row.exact++;
      if (inGroup) row.group++;
    }
  }
  return {
    cases,
    exact: exact / cases,
    numbers: numbers / cases,
    kind: kind / cases,
    group: group / cases,
    undecidable,
    confusion,
    byShape: byShape as HitRates['byShape'],
    byType: byType as HitRates['byType'],
    claimed: claimed / cases,
  };
}
