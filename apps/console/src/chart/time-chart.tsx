/* oxlint-disable react-hooks/exhaustive-deps -- The canvas is built once per shape; what changes meanwhile is read through a ref. */
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import { clock, day, moment, num } from '../ui/format.ts';
import { drawOver, drawUnder, type Scene, type Threshold } from './draw.ts';
import { align, type ChartSeries } from './frame.ts';
import { drawLanes, laneRange, laneScale, wantsLanes } from './lanes.ts';
import { useTokens, type Tokens } from './tokens.ts';

interface Props {
  series: readonly ChartSeries[];
  /** ms */
  from: number;
  to: number;
  thresholds?: readonly Threshold[] | undefined;
  min?: number | undefined;
  max?: number | undefined;
  /** Charts with one key share their crosshair. */
  syncKey?: string | undefined;
  onZoom?: ((from: number, to: number) => void) | undefined;
  onReset?: (() => void) | undefined;
  height?: number | undefined;
  label: string;
}
interface Tip {
  left: number;
  right: boolean;
  time: number;
  rows: { name: string; text: string; colour: number }[];
}

const axisSize = 52;
const mostEnds = 4;

export function TimeChart(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const tokens = useTokens();
  const [tip, setTip] = useState<Tip>();
  const [size, setSize] = useState({ width: 0, height: 0 });
  const { series, from, to } = props;
  const units = [...new Set(series.map((s) => s.unit))].slice(0, 2);
  const ends = series.length > 0 && series.length <= mostEnds;
  const aligned = useMemo(() => align(series, from, to), [series, from, to]);
  const stacked = useRef(false);
  const bound = props.min !== undefined || props.max !== undefined || (props.thresholds?.length ?? 0) > 0;
  const lanes = useMemo(() => !bound && wantsLanes(series, stacked.current), [series, bound]);
  stacked.current = lanes;
  const scales = series.map((s, i) => (lanes ? laneScale(i) : units.indexOf(s.unit) === 1 ? 'y2' : 'y'));
  const scene: Scene = { series, last: aligned.last, thresholds: props.thresholds ?? [], tokens, scales, ends, lanes };
  const now = useRef({ scene, props, data: aligned.data });
  now.current = { scene, props, data: aligned.data };
  const shape = series.map((s) => `${s.name}|${s.unit}|${s.colour}|${s.step}|${scales[series.indexOf(s)]}`).join('\n');

  useEffect(() => {
    const box = host.current;
    if (box === null) return;
    const watch = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { width, height } = entry.contentRect;
      setSize((s) =>
        s.width === Math.floor(width) && s.height === Math.floor(height) ? s : { width: Math.floor(width), height: Math.floor(height) },
      );
    });
    watch.observe(box);
    return () => watch.disconnect();
  }, []);

  const ready = size.width > 60 && size.height > 60;
  useEffect(() => {
    const box = host.current;
    if (box === null || !ready) return;
    const u = new uPlot(options(now, size, tokens, setTip), now.current.data, box);
    plot.current = u;
    return () => {
      u.destroy();
      plot.current = undefined;
    };
  }, [ready, tokens, shape, props.syncKey, ends]);

  useEffect(() => {
    const u = plot.current;
    if (u !== undefined && (u.width !== size.width || u.height !== size.height) && ready) u.setSize(size);
  }, [size, ready]);

  useEffect(() => {
    const u = plot.current;
    if (u === undefined) return;
    u.batch(() => {
      u.setData(aligned.data, false);
      u.setScale('x', { min: from, max: to });
    });
  }, [aligned, from, to, shape, props.min, props.max, props.thresholds]);

  const empty = aligned.points === 0 && series.every((s) => s.gaps.every((g) => g.to < from || g.from > to));
  return (
    <div className="chartbox" style={{ height: props.height ?? '100%' }}>
      <div
        ref={host}
        className="chartcanvas"
        role="img"
        aria-label={props.label}
        data-points={aligned.points}
        data-series={series.map((s) => s.name).join('|')}
        data-lanes={lanes ? series.length : undefined}
      />
      {empty ? <p className="nodata t3">Nothing was stored in this range.</p> : null}
      {tip === undefined ? null : (
        <div className="tip" style={tip.right ? { right: size.width - tip.left + 12 } : { left: tip.left + 12 }}>
          <b>{moment(tip.time)}</b>
          {tip.rows.map((r) => (
            <div key={r.name} className="row">
              <i style={{ background: `var(--omh-s${r.colour})` }} />
              <span>{r.name}</span>
              <b className="right">{r.text}</b>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

const spacing = [1, 2, 5, 10, 15, 30]
  .map((s) => s * 1_000)
  .concat(
    [1, 2, 5, 10, 15, 30].map((m) => m * 60_000),
    [1, 2, 3, 6, 12].map((h) => h * 3_600_000),
    [1, 2, 7, 14, 28, 90].map((d) => d * 86_400_000),
  );

function options(
  now: { readonly current: { scene: Scene; props: Props; data: uPlot.AlignedData } },
  size: { width: number; height: number },
  tokens: Tokens,
  setTip: (tip: Tip | undefined) => void,
): uPlot.Options {
  const { scene, props } = now.current;
  const hasSecond = scene.scales.includes('y2');
  const tickFont = `11px ${tokens.font}`;
  const range =
    (second: boolean) =>
    (_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax => {
      const { props: p } = now.current;
      if (low === null || high === null) return [p.min ?? 0, p.max ?? 1];
      const limits = second ? [] : (p.thresholds ?? []).map((t) => t.value);
      const near = (high - low || Math.abs(high) || 1) * 1.5;
      for (const v of limits)
        if (v > low - near && v < high + near) {
          low = Math.min(low, v);
          high = Math.max(high, v);
        }
      const [a, b] = uPlot.rangeNum(low, high, 0.12, false) as [number, number];
      return [second ? a : (p.min ?? a), second ? b : (p.max ?? b)];
    };
  const inLane =
    (index: number) =>
    (_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax => {
      const [a, b] = low === null || high === null ? [0, 1] : (uPlot.rangeNum(low, high, 0.12, false) as [number, number]);
      return laneRange(index, now.current.scene.series.length, a, b);
    };
  const axis = (scale: string): uPlot.Axis => ({
    scale,
    side: scale === 'y2' ? 1 : 3,
    size: axisSize,
    gap: 6,
    font: tickFont,
    stroke: tokens.get('text-3'),
    grid: { show: scale === 'y', stroke: tokens.get('grid'), width: 1 },
    ticks: { show: false },
    values: (_, splits, __, ___, increment) => {
      const places = Math.max(0, Math.min(6, -Math.floor(Math.log10(increment || 1) + 1e-9)));
      // Without data the scale means nothing.
      return now.current.scene.last.every((v) => v === null) ? splits.map(() => '') : splits.map((v) => num(v, places));
    },
    space: 34,
  });
  const laneAxis: uPlot.Axis = { ...axis(laneScale(0)), grid: { show: false }, values: (_, splits) => splits.map(() => '') };
  // Between two shapes the plot is still the old one: what it has no scale for is drawn by the next.
  const drawn = (u: uPlot): boolean => now.current.scene.scales.every((s) => u.scales[s] !== undefined);
  const unit = scene.series.find((_, i) => scene.scales[i] === 'y')?.unit ?? '';
  return {
    width: size.width,
    height: size.height,
    ms: 1,
    legend: { show: false },
    padding: [unit === '' ? 10 : 22, scene.ends ? (hasSecond ? 96 : size.width < 380 ? 84 : 108) : 14, 0, 0],
    cursor: {
      ...(props.syncKey === undefined
        ? {}
        : {
            sync: {
              key: props.syncKey,
              filters: { pub: (type: string) => type === 'mousemove' || type === 'mouseleave', sub: () => true },
            },
          }),
      drag: { x: props.onZoom !== undefined, y: false, setScale: false, dist: 6 },
      points: { size: 7, width: 1.8, fill: tokens.get('surface') },
      y: false,
      bind: {
        dblclick: () => () => {
          now.current.props.onReset?.();
          return null;
        },
      },
    },
    scales: {
      x: { time: true, range: () => [now.current.props.from, now.current.props.to] },
      ...(scene.lanes
        ? Object.fromEntries(scene.series.map((_, i) => [laneScale(i), { range: inLane(i) }]))
        : { y: { range: range(false) }, ...(hasSecond ? { y2: { range: range(true) } } : {}) }),
    },
    axes: [
      {
        font: tickFont,
        stroke: tokens.get('text-3'),
        size: 32,
        gap: 8,
        grid: { show: false },
        ticks: { show: true, size: 3, stroke: tokens.get('axis'), width: 1 },
        border: { show: true, stroke: tokens.get('axis'), width: 1 },
        incrs: spacing,
        space: 74,
        values: (_, splits, __, ___, increment) => splits.map((v) => (increment >= 86_400_000 ? day(v) : clock(v, increment < 60_000))),
      },
      ...(scene.lanes ? [laneAxis] : [axis('y'), ...(hasSecond ? [axis('y2')] : [])]),
    ],
    series: [
      {},
      ...scene.series.flatMap((s, i): uPlot.Series[] => {
        const stroke = tokens.get(`s${s.colour}`);
        const base = {
          scale: scene.scales[i]!,
          stroke,
          width: 1.7,
          spanGaps: false,
          points: { show: (u: uPlot, _i: number, first: number, last: number) => sparse(u, first, last), size: 5, fill: stroke },
          ...(s.step ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
        };
        return [
          { ...base, label: s.name, ...(s.colour > 6 ? { dash: [6, 3] } : {}) },
          { ...base, label: `${s.name}, uncertain`, dash: [1.5, 3.5], cap: 'round' as const },
        ];
      }),
    ],
    hooks: {
      drawClear: [
        (u) => {
          if (!drawn(u)) return;
          thin(u, now.current.scene.series.length);
          if (now.current.scene.lanes) drawLanes(u, now.current.scene.series, tokens);
          drawUnder(u, now.current.scene);
        },
      ],
      draw: [
        (u) => {
          if (!drawn(u)) return;
          drawOver(u, now.current.scene);
          if (unit !== '') {
            u.ctx.save();
            u.ctx.font = `600 ${11 * devicePixelRatio}px ${tokens.font}`;
            u.ctx.fillStyle = tokens.get('text-3');
            u.ctx.textAlign = 'right';
            u.ctx.fillText(unit, u.bbox.left - 6 * devicePixelRatio, u.bbox.top - 8 * devicePixelRatio);
            u.ctx.restore();
          }
        },
      ],
      setSelect: [
        (u) => {
          if (u.select.width < 6) return;
          const a = u.posToVal(u.select.left, 'x');
          const b = u.posToVal(u.select.left + u.select.width, 'x');
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          now.current.props.onZoom?.(Math.round(a), Math.round(b));
        },
      ],
      setCursor: [(u) => setTip(tipAt(u, now.current.scene))],
    },
  };
}

/** A line of nearly a point a pixel is drawn finer, so that its form stays readable. */
function thin(u: uPlot, count: number): void {
  const dense = (u.data[0].length / Math.max(1, u.bbox.width / devicePixelRatio)) * (count > 1 ? 0.75 : 1) > 0.4;
  for (const s of u.series.slice(1)) s.width = dense ? 1 : 1.7;
}

/** Few points that stand apart are drawn as points; the first seconds of a long range would be one blot. */
function sparse(u: uPlot, first: number, last: number): boolean {
  if (last - first >= 14) return false;
  const xs = u.data[0];
  const [a, b] = [xs[first], xs[last]];
  return last <= first || a === undefined || b === undefined || (u.valToPos(b, 'x') - u.valToPos(a, 'x')) / (last - first) > 9;
}

function tipAt(u: uPlot, scene: Scene): Tip | undefined {
  const { left, top, idx } = u.cursor;
  if (left === undefined || left < 0 || top === undefined || top < 0 || idx === null || idx === undefined) return undefined;
  const at = u.posToVal(left, 'x');
  const xs = u.data[0];
  const rows = scene.series.map((s, i) => {
    const gap = s.gaps.find((g) => g.quality === 'bad' && g.from <= at && at <= g.to);
    let text = gap === undefined ? 'no value' : `none, ${gap.reason}`;
    if (gap === undefined) {
      for (let step = 0; step < 400; step++) {
        const hit = [idx - step, idx + step].find((j) => (u.data[1 + 2 * i]?.[j] ?? u.data[2 + 2 * i]?.[j] ?? null) !== null);
        if (hit === undefined) continue;
        const v = u.data[1 + 2 * i]?.[hit] ?? u.data[2 + 2 * i]?.[hit];
        const care = u.data[1 + 2 * i]?.[hit] === null || u.data[1 + 2 * i]?.[hit] === undefined;
        if (typeof v === 'number') text = `${num(v, s.decimals)}${s.unit === '' ? '' : ` ${s.unit}`}${care ? ', uncertain' : ''}`;
        break;
      }
    }
    return { name: s.name, text, colour: s.colour };
  });
  const x = left + u.bbox.left / devicePixelRatio;
  return { left: x, right: left > u.over.clientWidth / 2, time: xs[idx] ?? at, rows };
}
