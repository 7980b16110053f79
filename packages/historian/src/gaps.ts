import type { DuckDBConnection } from '@duckdb/node-api';
import { carriesValue, qualityReason, qualityTable, qualityWord } from '@omh/core';
import type { HistoryQuery, HistorySeries, Micros } from '@omh/core';

type Gap = HistorySeries['gaps'][number];
/** How one tag's rows read: a subquery `s(t, v, q, seq)` over the days and series that matter. */
export interface Source {
  readonly sql: string;
  readonly numeric: boolean;
  readonly boolean: boolean;
}

const leastSilenceUs = 5_000_000;
const usualFactor = 3;
/** Before the range: where the last sample is looked for that says what held at its begin. */
const lookBackUs = 86_400_000_000;
const lookBackSamples = 50;
/** Above this many samples the order of all of them is not worth its memory: spans then come from at most this many intervals. */
const exactSamples = 1_000_000;
const mostGaps = 1000;
const silent = 'no data was stored';

/**
 * Spans without good data: from a sample that is bad or has no value to the next that is usable, and silences longer than three
 * usual intervals and 5 s. What held before the range is taken from the day before it.
 */
export async function findGaps(
  connection: DuckDBConnection,
  source: Source,
  sourceFor: (from: number, to: number) => Source,
  query: HistoryQuery,
  samples: number,
  now: number,
): Promise<readonly Gap[]> {
  const read = async (sql: string): Promise<readonly (readonly unknown[])[]> => (await connection.runAndReadAll(sql)).getRowsJS();
  const end = Math.min(query.to, now);
  if (end <= query.from) return [];
  const before = await read(
    `SELECT t, q, v IS NULL FROM ${sourceFor(query.from - lookBackUs, query.from).sql} ORDER BY t DESC, seq DESC LIMIT ${lookBackSamples}`,
  );
  const usual = await usualInterval(
    read,
    source,
    samples,
    before.map((r) => Number(r[0])),
  );
  const threshold = usual === undefined ? Infinity : Math.max(leastSilenceUs, usualFactor * usual);
  const gaps: Gap[] = [];
  const close = (from: number, to: number, state: number): void => {
    const start = Math.max(from, query.from);
    const stop = Math.min(to, end);
    if (stop <= start || gaps.length >= mostGaps) return;
    gaps.push({
      from: start as Micros,
      to: stop as Micros,
      quality: state === noData ? 'bad' : qualityWord(state),
      reason: state === noData ? silent : qualityReason(state),
    });
  };

  let lastTime: number | undefined = before.length > 0 ? Number(before[0]![0]) : undefined;
  let state = before.length > 0 ? stateOf(Number(before[0]![1]), before[0]![2] as boolean) : good;
  let since = query.from as number;
  const see = (t: number, next: number, previous: number | undefined): void => {
    if (state !== good) {
      if (next !== state) {
        close(since, t, state);
        since = t;
      }
    } else {
      if (previous !== undefined && t - previous > threshold) close(previous, t, noData);
      since = t;
    }
    state = next;
  };
  for (const [t, q, empty, previous] of await changes(read, source, samples, threshold)) {
    see(Number(t), stateOf(Number(q), empty as boolean), previous === null ? lastTime : Number(previous));
  }
  if (samples > 0) lastTime = Number((await read(`SELECT max(t) FROM ${source.sql}`))[0]![0]);
  if (state !== good) close(since, end, state);
  else if (lastTime !== undefined && end - lastTime > threshold) close(lastTime, end, noData);
  return gaps;
}

const good = -1;
const noData = -2;
/** Codes of samples that carry no value; with `v IS NULL` this also covers codes that the table does not have. */
const empties = qualityTable()
  .filter((row) => !row.carriesValue)
  .map((row) => row.code);
const stateOf = (quality: number, empty: boolean): number => (!empty && quality < 0x8000 && carriesValue(quality) ? good : quality);

/** Samples whose state differs from the one before, and those after a silence: few, whatever the range. */
function changes(
  read: (sql: string) => Promise<readonly (readonly unknown[])[]>,
  source: Source,
  samples: number,
  threshold: number,
): Promise<readonly (readonly unknown[])[]> | [] {
  if (samples === 0) return [];
  const state = `CASE WHEN v IS NULL OR q >= 32768 OR q IN (${empties.join(',')}) THEN q::INTEGER ELSE -1 END`;
  const silence = Number.isFinite(threshold) ? `OR t - lag(t) OVER w > ${Math.round(threshold)}` : '';
  const from =
    samples <= exactSamples
      ? source.sql
      : `(SELECT min(t) AS t, arg_min(v, t) AS v, max(q) AS q, 0 AS seq
    FROM ${source.sql} GROUP BY t // ((SELECT greatest(1, (max(t) - min(t)) // ${exactSamples / 10}) FROM ${source.sql})))`;
  return read(`SELECT t, q, v IS NULL, lag(t) OVER w FROM ${from} WINDOW w AS (ORDER BY t, seq)
    QUALIFY lag(${state}) OVER w IS DISTINCT FROM ${state} ${silence} ORDER BY t, seq LIMIT ${4 * mostGaps}`);
}

async function usualInterval(
  read: (sql: string) => Promise<readonly (readonly unknown[])[]>,
  source: Source,
  samples: number,
  before: readonly number[],
): Promise<number | undefined> {
  if (samples >= 20) {
    const sample = samples <= exactSamples ? source.sql : `(SELECT t FROM ${source.sql} ORDER BY t DESC LIMIT 100000)`;
    const found = (await read(`SELECT median(d) FROM (SELECT t - lag(t) OVER (ORDER BY t) AS d FROM ${sample})`))[0]![0];
    return found === null ? undefined : Number(found);
  }
  const times = [...before].reverse();
  if (samples > 0) for (const [t] of await read(`SELECT t FROM ${source.sql} ORDER BY t`)) times.push(Number(t));
  if (times.length < 3) return undefined;
  const steps = times
    .slice(1)
    .map((t, i) => t - times[i]!)
    .sort((a, b) => a - b);
  return steps[(steps.length - 1) >> 1];
}
