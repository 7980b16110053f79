import type { DuckDBConnection } from '@duckdb/node-api';
import { aggregates } from '@omh/core';
import type { Aggregate, HistoryQuery, HistorySeries, Micros, QualityWord } from '@omh/core';
import { errors } from './errors.ts';
import { findGaps } from './gaps.ts';
import type { Source } from './gaps.ts';
import type { WriteLane } from './write-lane.ts';
import { kindBit, sampleKinds } from './tag-table.ts';
import type { SampleKind, StoredTag } from './tag-table.ts';

const words: readonly QualityWord[] = ['good', 'uncertain', 'bad', 'bad'];
export const maxPoints = 10_000;

type Value = number | string | boolean | null;
interface Points {
  readonly time: Micros[];
  readonly value: Value[];
  readonly quality: QualityWord[];
}

/** The series of one tag in [from, to), with buckets by integer arithmetic on epoch microseconds. */
export async function readHistory(connection: DuckDBConnection, lane: WriteLane, query: HistoryQuery, now: number): Promise<HistorySeries> {
  const tag = checked(lane, query);
  const source = sourceOf(lane, tag, query.from, query.to);
  const samples = Number((await rows(connection, `SELECT count(*) FROM ${source.sql}`))[0]![0]);
  const raw = samples <= query.points && query.agg === undefined;
  const buckets = query.agg === undefined ? Math.max(1, Math.floor(query.points / 2)) : query.points;
  const width = Math.max(1, Math.ceil((query.to - query.from) / buckets));
  const points = raw
    ? await rawPoints(connection, source)
    : query.agg === undefined
      ? await extremes(connection, source, query, width)
      : await aggregated(connection, source, query, query.agg, width);
  const gaps = await findGaps(connection, source, (from, to) => sourceOf(lane, tag, from, to), query, samples, now);
  if (!raw) stopLines(points, gaps, query.points);
  return { ...points, gaps, bucketMs: raw ? 0 : width / 1000, samples };
}

/** A gap inside buckets that have values too: a point without value, so that no line is drawn across. */
function stopLines(points: Points, gaps: HistorySeries['gaps'], most: number): void {
  for (const gap of gaps) {
    if (points.time.length >= most) return;
    const at = points.time.findIndex((t) => t > gap.from);
    if (at <= 0 || points.time[at]! < gap.to || points.value[at - 1] === null) continue;
    points.time.splice(at, 0, gap.from);
    points.value.splice(at, 0, null);
    points.quality.splice(at, 0, gap.quality);
  }
}

function checked(lane: WriteLane, query: HistoryQuery): StoredTag {
  const wrong = (why: string): Error => errors.HISTORIAN_HISTORY_RANGE({ why });
  if (!Number.isFinite(query.from) || !Number.isFinite(query.to) || query.from >= query.to) throw wrong('its end is not after its begin');
  if (!Number.isInteger(query.points) || query.points < 1 || query.points > maxPoints) throw wrong(`points is ${query.points}`);
  if (query.agg !== undefined && !aggregates.includes(query.agg)) throw wrong(`there is no aggregate "${query.agg as string}"`);
  const tag = lane.tags.get(query.tag);
  if (!tag) throw errors.HISTORIAN_HISTORY_TAG({ tag: query.tag });
  if (tag.kinds & kindBit('text') && (query.agg === 'avg' || query.agg === 'sum')) throw wrong(`a text tag has no ${query.agg}`);
  return tag;
}

function sourceOf(lane: WriteLane, tag: StoredTag, from: number, to: number): Source {
  const kinds = sampleKinds.filter((kind) => tag.kinds & kindBit(kind));
  const numeric = !kinds.includes('text');
  const parts = kinds.flatMap((kind) =>
    lane.slots.tablesFor(kind, from, to).map(
      (table) =>
        `SELECT epoch_us(time) AS t, ${valueSql(kind, tag, numeric)} AS v, quality AS q, seq FROM omh.${table}
     WHERE tag_id = ${tag.id} AND time >= make_timestamptz(${Math.floor(from)}) AND time < make_timestamptz(${Math.floor(to)})`,
    ),
  );
  const none = `SELECT 0::BIGINT AS t, NULL::${numeric ? 'DOUBLE' : 'VARCHAR'} AS v, 0::USMALLINT AS q, 0::BIGINT AS seq WHERE false`;
  return {
    sql: `(${[none, ...parts].join(' UNION ALL ')}) s`,
    numeric,
    boolean: numeric && !tag.scaled && ['bool', 'bit'].includes(tag.type),
  };
}

/** Doubles that JSON cannot say count as no value; a tag that ever was text is read as text. */
function valueSql(kind: SampleKind, tag: StoredTag, numeric: boolean): string {
  const number =
    kind === 'num'
      ? 'CASE WHEN isfinite(value) THEN value END'
      : kind === 'i64' && tag.type === 'uint64'
        ? 'CASE WHEN value < 0 THEN value::DOUBLE + 18446744073709551616 ELSE value::DOUBLE END'
        : kind === 'i64'
          ? 'value::DOUBLE'
          : 'value';
  return numeric || kind === 'text' ? number : `(${number})::VARCHAR`;
}

async function rawPoints(connection: DuckDBConnection, source: Source): Promise<Points> {
  const points: Points = { time: [], value: [], quality: [] };
  for (const [t, v, q] of await rows(connection, `SELECT t, v, q FROM ${source.sql} ORDER BY t, seq`)) add(points, source, t, v, q);
  return points;
}

async function extremes(connection: DuckDBConnection, source: Source, query: HistoryQuery, width: number): Promise<Points> {
  const pick = source.numeric
    ? 'min(v), arg_min(t, v), max(v), arg_max(t, v)'
    : 'arg_min(v, t), min(t) FILTER (v IS NOT NULL), arg_max(v, t), max(t) FILTER (v IS NOT NULL)';
  const sql = `SELECT (t - ${query.from}) // ${width} AS b, ${pick}, max(q), min(t) FROM ${source.sql} GROUP BY b ORDER BY b`;
  const points: Points = { time: [], value: [], quality: [] };
  for (const [, low, lowTime, high, highTime, q, first] of await rows(connection, sql)) {
    if (lowTime === null) {
      add(points, source, first, null, q);
      continue;
    }
    if (query.points === 1 || low === high) {
      add(points, source, highTime, high, q);
      continue;
    }
    const lowFirst = Number(lowTime) < Number(highTime);
    add(points, source, lowFirst ? lowTime : highTime, lowFirst ? low : high, q);
    add(points, source, lowFirst ? highTime : lowTime, lowFirst ? high : low, q);
  }
  return points;
}

const aggregateSql: Readonly<Record<Aggregate, string>> = {
  avg: 'avg(v)',
  min: 'min(v)',
  max: 'max(v)',
  sum: 'sum(v)',
  count: 'count(v)',
  first: 'arg_min(v, t)',
  last: 'arg_max(v, t)',
};

async function aggregated(
  connection: DuckDBConnection,
  source: Source,
  query: HistoryQuery,
  agg: Aggregate,
  width: number,
): Promise<Points> {
  const sql = `SELECT (t - ${query.from}) // ${width} AS b, ${aggregateSql[agg]}, max(q) FROM ${source.sql} GROUP BY b ORDER BY b`;
  const shown = { ...source, boolean: source.boolean && ['min', 'max', 'first', 'last'].includes(agg) };
  const points: Points = { time: [], value: [], quality: [] };
  for (const [b, v, q] of await rows(connection, sql)) add(points, shown, query.from + Number(b) * width, v, q);
  return points;
}

function add(points: Points, source: Source, t: unknown, v: unknown, q: unknown): void {
  points.time.push(Number(t) as Micros);
  points.value.push(v === null ? null : source.boolean ? v !== 0 : typeof v === 'bigint' ? Number(v) : (v as number | string));
  points.quality.push(words[Number(q) >> 14]!);
}

export async function rows(connection: DuckDBConnection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(sql)).getRowsJS();
}
