import uPlot from 'uplot';
import type { QualityWord } from '../api/types.ts';

export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly quality: QualityWord;
  readonly reason: string /** Still lasts. */;
  readonly open?: boolean;
}

export interface ChartSeries {
  readonly name: string;
  readonly unit: string;
  readonly decimals: number;
  /** 1 to 8, a series colour of tokens.css; kept by tag, not by position. */
  readonly colour: number;
  readonly step: boolean;
  /** ms, ascending. */
  readonly time: readonly number[];
  /** null breaks the line. */
  readonly value: readonly (number | null)[];
  /** 1 where the value is usable with care; empty when all are good. */
  readonly uncertain: readonly number[];
  readonly gaps: readonly Gap[];
}

export interface Aligned {
  readonly data: uPlot.AlignedData;
  readonly points: number;
  readonly last: readonly (number | null)[];
}

/**
 * Columns for uPlot: time, then for every series its good line and its uncertain line. A gap is never bridged: a null is put into
 * every bad gap that holds none.
 */
export function align(series: readonly ChartSeries[], from: number, to: number): Aligned {
  let points = 0;
  const last: (number | null)[] = [];
  const tables = series.map((s): uPlot.AlignedData => {
    const x: number[] = [];
    const good: (number | null)[] = [];
    const care: (number | null)[] = [];
    const gaps = s.gaps.filter((g) => g.quality === 'bad').sort((a, b) => a.from - b.from);
    let gap = 0;
    let newest: number | null = null;
    const cut = (at: number): void => {
      if (x.length > 0 && at > x[x.length - 1]!) {
        x.push(at);
        good.push(null);
        care.push(null);
      }
    };
    for (let i = 0; i < s.time.length; i++) {
      const t = s.time[i]!;
      const v = s.value[i]!;
      while (gap < gaps.length && gaps[gap]!.to <= t) cut(gaps[gap++]!.from + 1);
      if (gap < gaps.length && gaps[gap]!.from < t && t < gaps[gap]!.to) continue;
      const u = s.uncertain[i] === 1;
      if (x.length > 0 && t <= x[x.length - 1]!) continue;
      // The dotted stretch begins and ends on the solid line.
      const before = u && i > 0 && s.uncertain[i - 1] !== 1;
      if (before && care.length > 0 && good[good.length - 1] !== null) care[care.length - 1] = good[good.length - 1]!;
      x.push(t);
      good.push(u ? null : v);
      care.push(u || (i > 0 && s.uncertain[i - 1] === 1) ? v : null);
      if (v !== null) {
        if (t >= from && t <= to) points++;
        newest = v;
      }
    }
    last.push(newest);
    return [x, good, care] as uPlot.AlignedData;
  });
  if (tables.length === 0) return { data: [[from, to]] as unknown as uPlot.AlignedData, points, last };
  return {
    data:
      tables.length === 1
        ? tables[0]!
        : uPlot.join(
            tables,
            tables.map((t) => t.map(() => 2 as const)),
          ),
    points,
    last,
  };
}

/** Where the whole panel's data could not be trusted: bad wins over uncertain. */
export function ribbon(series: readonly ChartSeries[]): Gap[] {
  const out: Gap[] = [];
  for (const word of ['uncertain', 'bad'] as const) {
    const spans = series.flatMap((s) => s.gaps.filter((g) => g.quality === word)).sort((a, b) => a.from - b.from);
    let held: { from: number; to: number } | undefined;
    for (const g of spans) {
      if (held !== undefined && g.from <= held.to) held.to = Math.max(held.to, g.to);
      else {
        if (held !== undefined) out.push({ ...held, quality: word, reason: '' });
        held = { from: g.from, to: g.to };
      }
    }
    if (held !== undefined) out.push({ ...held, quality: word, reason: '' });
  }
  return out;
}

export interface GapGroup extends Gap {
  readonly series: readonly number[];
}
/** Gaps of the same time and reason are one gap with one sentence. */
export function groupGaps(series: readonly ChartSeries[]): GapGroup[] {
  const groups: { from: number; to: number; quality: QualityWord; reason: string; open: boolean; series: number[] }[] = [];
  series.forEach((s, index) => {
    for (const g of s.gaps) {
      if (g.quality !== 'bad') continue;
      const same = groups.find((o) => o.reason === g.reason && Math.abs(o.from - g.from) < 3_000 && Math.abs(o.to - g.to) < 3_000);
      if (same === undefined)
        groups.push({ from: g.from, to: g.to, quality: g.quality, reason: g.reason, open: g.open === true, series: [index] });
      else if (!same.series.includes(index)) same.series.push(index);
    }
  });
  return groups;
}

/** A colour that stays with a name over reloads and panels; neighbours in one panel never share one. */
export function colours(names: readonly string[]): number[] {
  const used = new Set<number>();
  return names.map((name, i) => {
    let colour = (i % 8) + 1;
    for (let step = 0; used.has(colour) && step < 8; step++) colour = (colour % 8) + 1;
    used.add(colour);
    return colour;
  });
}
