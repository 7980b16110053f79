import type uPlot from 'uplot';
import { num } from '../ui/format.ts';
import type { ChartSeries } from './frame.ts';
import type { Tokens } from './tokens.ts';

/** Stacked lanes over one time axis: each series gets its own y scale and its own part of the plot. */
export const mostLanes = 4;
const gapShare = 0.07;
const enterBelow = 0.25;
const leaveAbove = 0.4;

/** The name of a lane's y scale. */
export const laneScale = (index: number): string => `lane${index}`;

/** Where lane `index` of `count` begins and ends, as shares of the plot's height from the top. */
export function laneShare(index: number, count: number): [top: number, bottom: number] {
  const height = (1 - gapShare * (count - 1)) / count;
  const top = index * (height + gapShare);
  return [top, top + height];
}

/**
 * Whether the series would be squashed on one axis: more than two units, or no unit in common and each moves in less than a quarter of
 * the range that holds all. Once stacked they stay so until they fill two fifths, so that a panel does not flicker between both.
 */
export function wantsLanes(series: readonly ChartSeries[], stacked: boolean): boolean {
  if (series.length < 2 || series.length > mostLanes) return false;
  const units = new Set(series.map((s) => s.unit));
  if (units.size > 2) return true;
  if (units.size === 2 || !units.has('')) return false;
  let low = Infinity;
  let high = -Infinity;
  let widest = 0;
  let filled = 0;
  for (const s of series) {
    let a = Infinity;
    let b = -Infinity;
    for (const v of s.value) {
      if (v === null) continue;
      if (v < a) a = v;
      if (v > b) b = v;
    }
    if (a > b) continue;
    filled++;
    widest = Math.max(widest, b - a);
    low = Math.min(low, a);
    high = Math.max(high, b);
  }
  if (filled < 2) return stacked;
  return widest < (high - low) * (stacked ? leaveAbove : enterBelow);
}

/** The whole scale of a lane, so that `low` to `high` fills just its part of the plot. */
export function laneRange(index: number, count: number, low: number, high: number): uPlot.Range.MinMax {
  const [top, bottom] = laneShare(index, count);
  const whole = (high - low || 1) / (bottom - top);
  const max = high + whole * top;
  return [max - whole, max];
}

const step = (span: number, most: number): number => {
  const rough = span / Math.max(1, most);
  const unit = 10 ** Math.floor(Math.log10(rough));
  return unit * ([1, 2, 5, 10].find((f) => f * unit >= rough - 1e-12) ?? 10);
};

/** Grid, numbers and unit of each lane, and a line between them: uPlot's own axis knows only one scale for the whole height. */
export function drawLanes(u: uPlot, series: readonly ChartSeries[], tokens: Tokens): void {
  const { ctx, bbox } = u;
  const k = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `400 ${11 * k}px ${tokens.font}`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'right';
  ctx.lineWidth = k;
  ctx.setLineDash([]);
  series.forEach((s, i) => {
    const scale = u.scales[laneScale(i)];
    if (scale?.min === undefined || scale.min === null || scale.max === undefined || scale.max === null) return;
    const [top, bottom] = laneShare(i, series.length);
    const whole = scale.max - scale.min;
    const high = scale.max - whole * top;
    const low = scale.max - whole * bottom;
    const height = (bottom - top) * bbox.height;
    const by = step(high - low, Math.max(2, Math.floor(height / (30 * k))));
    const places = Math.max(0, Math.min(6, -Math.floor(Math.log10(by) + 1e-9)));
    for (let v = Math.ceil(low / by - 1e-9) * by; v <= high + by * 1e-9; v += by) {
      const y = Math.round(u.valToPos(v, laneScale(i), true)) + 0.5;
      ctx.strokeStyle = tokens.get('grid');
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.fillStyle = tokens.get('text-3');
      ctx.fillText(num(v, places), bbox.left - 6 * k, y);
    }
    if (s.unit !== '') {
      ctx.save();
      ctx.textAlign = 'left';
      ctx.font = `600 ${11 * k}px ${tokens.font}`;
      ctx.fillText(s.unit, bbox.left + 5 * k, bbox.top + top * bbox.height + 6 * k);
      ctx.restore();
    }
    if (i === 0) return;
    const between = Math.round(bbox.top + (top - gapShare / 2) * bbox.height) + 0.5;
    ctx.strokeStyle = tokens.get('line-strong');
    ctx.beginPath();
    ctx.moveTo(bbox.left, between);
    ctx.lineTo(bbox.left + bbox.width, between);
    ctx.stroke();
  });
  ctx.restore();
}
