import type uPlot from 'uplot';
import { clock, num, span } from '../ui/format.ts';
import type { AlarmState } from '../api/types.ts';
import { groupGaps, ribbon, type ChartSeries, type GapGroup } from './frame.ts';
import { hatch, type Tokens } from './tokens.ts';

export interface Threshold {
  value: number;
  state: AlarmState;
  label?: string;
}
export interface Scene {
  readonly series: readonly ChartSeries[];
  readonly last: readonly (number | null)[];
  readonly thresholds: readonly Threshold[];
  readonly tokens: Tokens;
  readonly scales: readonly string[];
  readonly ends: boolean;
  /** Each series has its own part of the height. */
  readonly lanes: boolean;
}
const dpr = (): number => devicePixelRatio || 1;
const font = (tokens: Tokens, px: number, weight = 400): string => `${weight} ${px * dpr()}px ${tokens.font}`;

/** The y span in canvas px in which a gap is hatched: the lanes of its series, or everything when it concerns all. */
function lane(u: uPlot, scene: Scene, group: GapGroup): [top: number, bottom: number] {
  const { top, height } = u.bbox;
  if (group.series.length === scene.series.length) return [top, top + height];
  let low = Infinity;
  let high = -Infinity;
  for (const i of group.series) {
    const [from, to] = [u.scales['x']?.min ?? 0, u.scales['x']?.max ?? 0];
    const s = scene.series[i]!;
    s.value.forEach((v, j) => {
      if (v === null || s.time[j]! < from || s.time[j]! > to) return;
      const y = u.valToPos(v, scene.scales[i]!, true);
      low = Math.min(low, y);
      high = Math.max(high, y);
    });
  }
  if (low > high) return [top, top + height];
  const margin = 18 * dpr();
  return [Math.max(top, low - margin), Math.min(top + height, high + margin)];
}

/** Under the lines: hatched gaps. */
export function drawUnder(u: uPlot, scene: Scene): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const group of groupGaps(scene.series)) {
    const x0 = Math.max(bbox.left, u.valToPos(group.from, 'x', true));
    const x1 = Math.min(bbox.left + bbox.width, u.valToPos(group.to, 'x', true));
    if (x1 <= x0) continue;
    const [y0, y1] = lane(u, scene, group);
    ctx.globalAlpha = 0.6;
    ctx.fillStyle = hatch(ctx, '', scene.tokens.get('line-strong'), 7 * Math.round(dpr()), 1.4 * dpr());
    ctx.fillRect(x0, y0, Math.max(1, x1 - x0), y1 - y0);
    ctx.globalAlpha = 1;
  }
  ctx.restore();
}

/** Over the lines: limits, the reason beside each gap, the ribbon under the axis, the line ends. */
export function drawOver(u: uPlot, scene: Scene): void {
  const { ctx, bbox } = u;
  const { tokens } = scene;
  const k = dpr();
  ctx.save();
  ctx.textBaseline = 'middle';
  for (const t of scene.thresholds) {
    const y = u.valToPos(t.value, scene.scales[0] ?? 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = ctx.fillStyle = tokens.get(t.state);
    ctx.lineWidth = 1.1 * k;
    ctx.setLineDash(t.state === 'critical' ? [4 * k, 3 * k] : []);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.font = font(tokens, 11, 600);
    ctx.textAlign = 'left';
    ctx.fillText(
      `${t.label === undefined ? '' : `${t.label} `}${num(t.value, scene.series[0]?.decimals ?? 0)}`,
      bbox.left + 6 * k,
      y - 8 * k,
    );
  }
  drawReasons(u, scene);
  drawRibbon(u, scene);
  if (scene.ends) drawEnds(u, scene);
  ctx.restore();
}

function drawReasons(u: uPlot, scene: Scene): void {
  const { ctx, bbox } = u;
  const k = dpr();
  const right = bbox.left + bbox.width;
  let row = 0;
  for (const group of groupGaps(scene.series)) {
    const x0 = Math.max(bbox.left, u.valToPos(group.from, 'x', true));
    const x1 = Math.min(right, u.valToPos(group.to, 'x', true));
    if (x1 <= x0 || x1 - x0 < 2 * k) continue;
    const [y0, y1] = lane(u, scene, group);
    ctx.font = font(scene.tokens, 11, 600);
    const names = group.series.length === scene.series.length ? '' : `${group.series.map((i) => scene.series[i]!.name).join(', ')}: `;
    const first = `${names}${names === '' ? group.reason.charAt(0).toUpperCase() + group.reason.slice(1) : group.reason}`;
    const second =
      group.open === true ? `since ${clock(group.from)}` : `${clock(group.from)} to ${clock(group.to)}, ${span(group.to - group.from)}`;
    const width = Math.max(ctx.measureText(first).width, ctx.measureText(second).width);
    const after = x1 + 6 * k + width < right;
    const before = x0 - 6 * k - width > bbox.left;
    const inside = x1 - x0 > width + 12 * k;
    if (!after && !before && !inside) continue;
    const x = inside ? (x0 + x1) / 2 : after ? x1 + 6 * k : x0 - 6 * k;
    const y = (y1 - y0 > 90 * k ? y0 + (y1 - y0) * 0.42 : (y0 + y1) / 2 - 6 * k) + (row++ % 3) * 30 * k;
    ctx.textAlign = inside ? 'center' : after ? 'left' : 'right';
    // A ground of the panel's colour keeps the words readable over lines and hatch.
    ctx.fillStyle = scene.tokens.get('surface');
    ctx.globalAlpha = 0.86;
    ctx.fillRect((inside ? x - width / 2 : after ? x : x - width) - 3 * k, y - 9 * k, width + 6 * k, 33 * k);
    ctx.globalAlpha = 1;
    ctx.fillStyle = scene.tokens.get('bad');
    ctx.fillText(first, x, y);
    ctx.font = font(scene.tokens, 11);
    ctx.fillStyle = scene.tokens.get('text-2');
    ctx.fillText(second, x, y + 14 * k);
  }
}

function drawRibbon(u: uPlot, scene: Scene): void {
  const { ctx, bbox } = u;
  const k = dpr();
  const y = bbox.top + bbox.height + 4 * k;
  ctx.fillStyle = scene.tokens.get('grid');
  ctx.fillRect(bbox.left, y, bbox.width, 4 * k);
  for (const g of ribbon(scene.series)) {
    const x0 = Math.max(bbox.left, u.valToPos(g.from, 'x', true));
    const x1 = Math.min(bbox.left + bbox.width, u.valToPos(g.to, 'x', true));
    if (x1 <= x0) continue;
    const bad = g.quality === 'bad';
    ctx.fillStyle = bad
      ? hatch(ctx, scene.tokens.get('bad'), scene.tokens.get('surface'), 5 * Math.round(k), 1.6 * k)
      : scene.tokens.get('uncertain');
    ctx.fillRect(x0, bad ? y - k : y, Math.max(2 * k, x1 - x0), bad ? 6 * k : 4 * k);
  }
}

/** Lines end in their value, unit and name; ends that would touch are pushed apart. */
function drawEnds(u: uPlot, scene: Scene): void {
  const { ctx, bbox } = u;
  const k = dpr();
  const x = bbox.left + bbox.width + 9 * k;
  const room = u.width * k - x - 2 * k;
  const ends: { i: number; y: number; dot: number; v: number }[] = [];
  scene.series.forEach((_, i) => {
    const v = scene.last[i];
    if (v === null || v === undefined) return;
    const y = u.valToPos(v, scene.scales[i] ?? 'y', true);
    ends.push({ i, v, dot: y, y: Math.min(bbox.top + bbox.height - 12 * k, Math.max(bbox.top + 4 * k, y)) });
  });
  ends.sort((a, b) => a.y - b.y);
  const gap = 31 * k;
  for (let j = 1; j < ends.length; j++) ends[j]!.y = Math.max(ends[j]!.y, ends[j - 1]!.y + gap);
  for (let j = ends.length - 1, floor = bbox.top + bbox.height + 6 * k; j >= 0; j--, floor -= gap) ends[j]!.y = Math.min(ends[j]!.y, floor);
  ctx.textAlign = 'left';
  for (const e of ends) {
    const s = scene.series[e.i]!;
    const lost = s.gaps.find((g) => g.open === true && g.quality === 'bad');
    const colour = scene.tokens.get(`s${s.colour}`);
    const time = s.time[s.time.length - 1] ?? 0;
    const dotX = Math.min(bbox.left + bbox.width, u.valToPos(time, 'x', true));
    if (dotX >= bbox.left && e.dot >= bbox.top - 2 && e.dot <= bbox.top + bbox.height + 2) {
      ctx.fillStyle = colour;
      ctx.beginPath();
      ctx.arc(dotX, e.dot, 2.6 * k, 0, 7);
      ctx.fill();
    }
    ctx.font = font(scene.tokens, 13, lost === undefined ? 600 : 400);
    ctx.fillStyle = scene.tokens.get(lost === undefined ? 'text' : 'text-3');
    const value = num(e.v, s.decimals);
    ctx.fillText(value, x, e.y - 3 * k);
    const w = ctx.measureText(value).width;
    ctx.font = font(scene.tokens, 11);
    ctx.fillStyle = scene.tokens.get('text-3');
    ctx.fillText(lost === undefined ? s.unit : `at ${clock(time, false)}`, x + w + 4 * k, e.y - 2 * k);
    ctx.fillStyle = colour;
    ctx.fillRect(x, e.y + 10 * k, 10 * k, 2.6 * k);
    ctx.font = font(scene.tokens, 11, 500);
    ctx.fillStyle = scene.tokens.get('text-2');
    ctx.fillText(fit(ctx, s.name, room - 14 * k), x + 14 * k, e.y + 11.5 * k);
  }
}

function fit(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let n = text.length;
  while (n > 1 && ctx.measureText(`${text.slice(0, n)}…`).width > width) n--;
  return `${text.slice(0, n)}…`;
}
