import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { runSql } from '../../api/queries.ts';
import type { Panel as PanelModel, SqlAnswer, Target } from '../../api/types.ts';
import type { ChartSeries } from '../../chart/frame.ts';
import { useTagSeries } from '../../chart/tag-series.ts';
import { TimeChart } from '../../chart/time-chart.tsx';
import { expandMacros, follows, resolveRange, type TimeRange } from '../../chart/time-range.ts';
import { hubNow, live, useTagGeneration, useTagVersion, useTick } from '../../live/live-store.ts';
import { decimalsOf, firstSentence, moment, num, span, unitText, valueText } from '../../ui/format.ts';
import { Glyph, qualityGlyph, qualityText } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { Spark } from '../../ui/spark.tsx';
import { numericColumns, ResultTable, timeColumn } from '../data/result-table.tsx';

export const isTag = (t: Target): t is Extract<Target, { tag: string }> => 'tag' in t;

interface ViewProps {
  panel: PanelModel;
  index?: number;
  range: TimeRange;
  /** Live samples are drawn and SQL is asked again every `refreshMs`; 0 never. */
  refreshMs: number;
  syncKey?: string;
  onZoom?: (from: number, to: number) => void;
  onReset?: () => void;
  right?: React.ReactNode;
  className?: string;
}

/** One panel of a dashboard: trend, single value or table. */
export function PanelView(props: ViewProps) {
  const { panel } = props;
  const first = panel.targets[0];
  const body =
    first === undefined ? (
      <p className="meta" style={{ padding: '0 14px' }}>
        This panel names no tag and no query.
      </p>
    ) : panel.type === 'stat' ? (
      isTag(first) ? (
        <TagStat {...props} tag={first.tag} />
      ) : (
        <SqlStat {...props} sql={first.rawSql} />
      )
    ) : isTag(first) ? (
      panel.type === 'table' ? (
        <TagTablePanel {...props} />
      ) : (
        <TagChart {...props} />
      )
    ) : (
      <SqlPanel {...props} sql={first.rawSql} />
    );
  return (
    <Panel
      title={panel.title}
      className={`${panel.type} ${props.className ?? ''}`}
      right={props.right}
      flush
      {...(props.index === undefined ? {} : { 'data-testid': `panel-${props.index}` })}
    >
      {body}
    </Panel>
  );
}

const limitOf = (panel: PanelModel, v: number) => [...(panel.thresholds ?? [])].sort((a, b) => b.value - a.value).find((t) => v >= t.value);

/** The chart with what the panel's block says about axes and limits. */
function PanelChart({ view, series, from, to }: { view: ViewProps; series: readonly ChartSeries[]; from: number; to: number }) {
  const { panel, syncKey, onZoom, onReset } = view;
  return (
    <TimeChart
      series={series}
      from={from}
      to={to}
      thresholds={panel.thresholds}
      min={panel.min}
      max={panel.max}
      label={panel.title}
      syncKey={syncKey}
      onZoom={onZoom}
      onReset={onReset}
    />
  );
}

function TagChart(view: ViewProps) {
  const { panel, range, refreshMs } = view;
  const targets = panel.targets.filter(isTag).map((t) => ({ tag: t.tag, name: t.legend ?? t.tag.split('/').pop()!, agg: t.agg }));
  const { series, from, to, loading, error } = useTagSeries(targets, range, 1_000, refreshMs > 0);
  const dressed = useMemo(
    () =>
      series.map((s) => ({ ...s, unit: panel.unit === undefined ? s.unit : unitText(panel.unit), decimals: panel.decimals ?? s.decimals })),
    [series, panel.unit, panel.decimals],
  );
  if (error !== undefined && dressed.every((s) => s.time.length === 0))
    return (
      <div style={{ padding: 12 }}>
        <ErrorSay error={error} />
      </div>
    );
  if (loading && dressed.every((s) => s.time.length === 0)) return <Skeleton rows={4} />;
  return <PanelChart view={view} series={dressed} from={from} to={to} />;
}

function TagStat({ panel, tag, range, refreshMs }: ViewProps & { tag: string }) {
  useTagGeneration();
  const row = live().tags.row(tag) ?? -1;
  useTagVersion(row);
  useTick(1_000);
  const targets = useMemo(() => [{ tag, name: tag }], [tag]);
  const { series } = useTagSeries(targets, range, 120, refreshMs > 0);
  const now = live().tags.now(row);
  const trend = useMemo(() => trendOf(series[0]), [series]);
  if (now === undefined)
    return live().tags.generation === 0 ? <Skeleton rows={2} /> : <p className="statbody meta">There is no tag {tag}.</p>;
  const unit = unitText(panel.unit ?? now.key.unit);
  const decimals = panel.decimals ?? decimalsOf(now.key.type, now.key.precision);
  if (!follows(range)) return <PastStat series={series[0]} unit={unit} decimals={decimals} trend={trend} />;
  const limit = now.quality !== 'bad' && typeof now.value === 'number' ? limitOf(panel, now.value) : undefined;
  return (
    <div className={`statbody${now.quality === 'bad' ? ' isbad' : ''}`} data-quality={now.quality} data-limit={limit?.state}>
      <div>
        <div
          className={`v ${limit === undefined ? '' : limit.state === 'critical' ? 'crit' : limit.state === 'low' ? 'lowa' : limit.state}`}
        >
          {valueText(now.value, decimals)}
          {unit === '' ? null : <small>{unit}</small>}
        </div>
        <div className="d">
          {now.quality === 'good' ? (
            limit === undefined ? (
              <span className="t3">{span(hubNow() - now.time)} old</span>
            ) : (
              <>
                <Glyph name={limit.state} />{' '}
                <span>
                  beyond {limit.label ?? 'its limit'} {num(limit.value, decimals)}
                </span>
              </>
            )
          ) : (
            <>
              <Glyph name={qualityGlyph[now.quality]} />{' '}
              <span className={now.quality === 'bad' ? 'bad' : 'unc'}>
                {qualityText[now.quality]}: {now.reason === null ? 'no reason given' : firstSentence(now.reason)},{' '}
                {span(hubNow() - now.since)}
              </span>
            </>
          )}
        </div>
      </div>
      <Spark values={trend} width={110} height={36} />
    </div>
  );
}

/** The last value of a range that has ended; what the tag is now belongs to another time. */
function PastStat({
  series,
  unit,
  decimals,
  trend,
}: {
  series: ChartSeries | undefined;
  unit: string;
  decimals: number;
  trend: readonly number[];
}) {
  let last = (series?.value.length ?? 0) - 1;
  while (last >= 0 && series!.value[last] === null) last--;
  if (series === undefined || last < 0)
    return (
      <div className="statbody">
        <p className="t3">Nothing was stored in this range.</p>
      </div>
    );
  return (
    <div className="statbody">
      <div>
        <div className="v">
          {valueText(series.value[last], decimals)}
          {unit === '' ? null : <small>{unit}</small>}
        </div>
        <div className="d t3">last at {moment(series.time[last]!)}</div>
      </div>
      <Spark values={trend} width={110} height={36} />
    </div>
  );
}

const trendOf = (s: ChartSeries | undefined): number[] => {
  if (s === undefined) return [];
  const step = Math.max(1, Math.floor(s.value.length / 45));
  const out: number[] = [];
  for (let i = s.value.length - 1; i >= 0; i -= step) out.unshift(s.value[i] ?? NaN);
  if (s.gaps.some((g) => g.open === true && g.quality === 'bad')) out.push(Infinity, Infinity, Infinity);
  return out;
};

/** SQL with its macros filled in, asked again as the dashboard refreshes. */
export function usePanelSql(sql: string, range: TimeRange, refreshMs: number) {
  return useQuery({
    queryKey: ['panel-sql', sql, range.from, range.to],
    queryFn: ({ signal }) => {
      const { from, to } = resolveRange(range, hubNow());
      return runSql(expandMacros(sql, from, to), 5_000, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs > 0 && follows(range) ? Math.max(refreshMs, 2_000) : false,
  });
}

function SqlPanel(view: ViewProps & { sql: string }) {
  const { panel, sql, range, refreshMs } = view;
  const answer = usePanelSql(sql, range, refreshMs);
  const { from, to } = resolveRange(range, hubNow());
  const series = useMemo(
    () => (answer.data === undefined || panel.type === 'table' ? [] : sqlSeries(answer.data, panel)),
    [answer.data, panel],
  );
  if (answer.isError && answer.data === undefined)
    return (
      <div style={{ padding: 12 }}>
        <ErrorSay
          error={answer.error}
          retry={() => {
            void answer.refetch();
          }}
        />
      </div>
    );
  if (answer.data === undefined) return <Skeleton rows={5} />;
  if (panel.type === 'table' || timeColumn(answer.data) < 0)
    return <ResultTable answer={answer.data} decimals={panel.decimals} missing="no value" />;
  return <PanelChart view={view} series={series} from={from} to={to} />;
}

function SqlStat({ panel, sql, range, refreshMs }: ViewProps & { sql: string }) {
  const answer = usePanelSql(sql, range, refreshMs);
  if (answer.isError && answer.data === undefined)
    return (
      <div style={{ padding: 12 }}>
        <ErrorSay error={answer.error} />
      </div>
    );
  if (answer.data === undefined) return <Skeleton rows={2} />;
  const column = numericColumns(answer.data)[0];
  const v = column === undefined ? answer.data.rows[0]?.[0] : answer.data.rows[0]?.[column];
  return (
    <div className="statbody">
      <div className="v">
        {valueText(v, panel.decimals ?? 1)}
        {panel.unit === undefined ? null : <small>{unitText(panel.unit)}</small>}
      </div>
    </div>
  );
}

/** Numeric columns of an answer as series over its time column. */
export function sqlSeries(answer: SqlAnswer, panel?: Pick<PanelModel, 'unit' | 'decimals'>): ChartSeries[] {
  const at = timeColumn(answer);
  if (at < 0) return [];
  const rows = answer.rows
    .map((r) => ({ t: Date.parse(String(r[at])), r }))
    .filter((x) => Number.isFinite(x.t))
    .sort((a, b) => a.t - b.t);
  return numericColumns(answer).map((column, i) => {
    const value = rows.map(({ r }) => {
      const v = r[column];
      const n = v === null ? NaN : Number(v);
      return Number.isFinite(n) ? n : null;
    });
    const whole = value.every((v) => v === null || Number.isInteger(v));
    return {
      name: answer.columns[column]!.name,
      unit: unitText(panel?.unit),
      decimals: panel?.decimals ?? (whole ? 0 : 2),
      colour: (i % 8) + 1,
      step: false,
      time: rows.map((x) => x.t),
      value,
      uncertain: [],
      gaps: [],
    };
  });
}

function TagTablePanel({ panel }: ViewProps) {
  return (
    <div className="tablewrap">
      <table>
        <thead>
          <tr>
            <th>Tag</th>
            <th className="num">Value</th>
            <th style={{ width: 60 }} />
            <th style={{ width: 110 }}>Quality</th>
          </tr>
        </thead>
        <tbody>
          {panel.targets.filter(isTag).map((t) => (
            <TagLine key={t.tag} tag={t.tag} name={t.legend ?? t.tag} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
function TagLine({ tag, name }: { tag: string; name: string }) {
  useTagGeneration();
  const row = live().tags.row(tag) ?? -1;
  useTagVersion(row);
  const now = live().tags.now(row);
  return now === undefined ? (
    <tr>
      <td>{name}</td>
      <td className="num t3">no such tag</td>
      <td />
      <td />
    </tr>
  ) : (
    <tr className={now.quality === 'bad' ? 'isbad' : ''} title={moment(now.time)}>
      <td>{name}</td>
      <td className="num val">{valueText(now.value, decimalsOf(now.key.type, now.key.precision))}</td>
      <td className="unit">{unitText(now.key.unit)}</td>
      <td>
        <span className={`q ${now.quality === 'bad' ? 'bad' : now.quality === 'uncertain' ? 'unc' : 'good'}`}>
          {now.quality === 'good' ? null : <Glyph name={qualityGlyph[now.quality]} />}
          {qualityText[now.quality]}
        </span>
      </td>
    </tr>
  );
}
