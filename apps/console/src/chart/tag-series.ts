/* oxlint-disable react-hooks/exhaustive-deps -- Live columns change outside React; a generation or a beat stands for them in the dependency lists. */
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { readHistory } from '../api/queries.ts';
import type { HistoryAnswer, QualityWord } from '../api/types.ts';
import { hubNow, live, useHoldTags, useTagGeneration, useTick } from '../live/live-store.ts';
import { toNumber } from '../live/tag-table.ts';
import { decimalsOf, firstSentence, unitText } from '../ui/format.ts';
import { colours, type ChartSeries, type Gap } from './frame.ts';
import { follows, resolveRange, type TimeRange } from './time-range.ts';

export interface TagTarget {
  readonly tag: string;
  readonly name: string;
  readonly agg?: string | undefined;
}
interface Tail {
  time: number[];
  value: (number | null)[];
  uncertain: number[];
  gaps: Gap[];
  quality: QualityWord;
  since: number;
  reason: string | null;
}

const tailMost = 20_000;
const drawEveryMs = 200;
const ms = (v: number | string): number => (typeof v === 'number' ? v : Date.parse(v));

/**
 * History of tags joined with what arrives live: history is read again now and then, live samples stand after its end.
 * With a range that ends now the window moves each second.
 */
export function useTagSeries(
  targets: readonly TagTarget[],
  range: TimeRange,
  points: number,
  followNow: boolean,
): {
  series: ChartSeries[];
  from: number;
  to: number;
  loading: boolean;
  error: unknown;
} {
  const moving = follows(range);
  const following = moving && followNow;
  useHoldTags();
  const generation = useTagGeneration();
  useTick(following ? 1_000 : 3_600_000);
  const spanMs = resolveRange(range, 0).to - resolveRange(range, 0).from;
  const queries = useQueries({
    queries: targets.map((t) => ({
      queryKey: ['history', t.tag, range.from, range.to, points, t.agg ?? ''],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        readHistory({ tag: t.tag, from: range.from, to: range.to, points, agg: t.agg }, signal),
      placeholderData: keepPreviousData,
      refetchInterval: following ? Math.max(15_000, Math.min(300_000, spanMs / 30)) : (false as const),
      staleTime: following ? 10_000 : 60_000,
    })),
  });
  const names = targets.map((t) => t.tag).join('\n');
  const rows = useMemo(() => targets.map((t) => live().tags.row(t.tag)), [names, generation]);
  const tails = useRef<Tail[]>([]);
  const beat = useRef({ count: 0, timer: undefined as ReturnType<typeof setTimeout> | undefined });
  useEffect(() => {
    tails.current = [];
  }, [names]);

  const drawn = useSyncExternalStore(
    useMemo(
      () => (notify: () => void) => {
        if (!following) return () => undefined;
        const held = beat.current;
        const releases = rows.map((row, i) => {
          if (row === undefined) return () => undefined;
          const take = (): void => {
            grow(tails.current, i, row);
            held.timer ??= setTimeout(() => {
              held.timer = undefined;
              held.count++;
              notify();
            }, drawEveryMs);
          };
          take();
          return live().tags.onRow(row, take);
        });
        return () => {
          for (const release of releases) release();
          clearTimeout(held.timer);
          held.timer = undefined;
        };
      },
      [rows, following],
    ),
    () => beat.current.count,
  );

  const now = hubNow();
  const { from, to } = resolveRange(range, now);
  const colour = useMemo(() => colours(targets.map((t) => t.tag)), [names]);
  const answers = queries.map((q) => q.data);
  const series = useMemo(
    () =>
      targets.map((t, i): ChartSeries => join(t, rows[i], answers[i], following ? tails.current[i] : undefined, colour[i] ?? 1, from, to)),
    [drawn, names, rows, from, to, ...answers],
  );
  return { series, from, to, loading: queries.some((q) => q.isLoading), error: queries.find((q) => q.isError)?.error };
}

function grow(tails: Tail[], index: number, row: number): void {
  const now = live().tags.now(row);
  if (now === undefined) return;
  const tail = (tails[index] ??= {
    time: [],
    value: [],
    uncertain: [],
    gaps: [],
    quality: now.quality,
    since: now.since,
    reason: now.reason,
  });
  if (tail.quality === 'bad' && now.quality !== 'bad')
    tail.gaps.push({ from: tail.since, to: now.time, quality: 'bad', reason: firstSentence(tail.reason ?? 'no usable value') });
  if (tail.quality === 'uncertain' && now.quality !== 'uncertain')
    tail.gaps.push({ from: tail.since, to: now.since, quality: 'uncertain', reason: firstSentence(tail.reason ?? '') });
  tail.quality = now.quality;
  tail.since = now.since;
  tail.reason = now.reason;
  if (now.quality === 'bad' || Number.isNaN(now.time) || now.time <= (tail.time[tail.time.length - 1] ?? -Infinity)) return;
  const v = toNumber(now.value);
  tail.time.push(now.time);
  tail.value.push(Number.isFinite(v) ? v : null);
  tail.uncertain.push(now.quality === 'uncertain' ? 1 : 0);
  if (tail.time.length > tailMost) for (const list of [tail.time, tail.value, tail.uncertain]) list.splice(0, tailMost / 4);
}

function join(
  target: TagTarget,
  row: number | undefined,
  answer: HistoryAnswer | undefined,
  tail: Tail | undefined,
  colour: number,
  from: number,
  to: number,
): ChartSeries {
  const key = row === undefined ? undefined : live().tags.keys[row];
  const time = answer === undefined ? [] : answer.time.slice();
  const value = (answer?.value ?? []).map((v) => {
    const n = v === null ? NaN : toNumber(v);
    return Number.isFinite(n) ? n : null;
  });
  const uncertain: number[] = (answer?.quality ?? []).map((q) => (q === 'uncertain' ? 1 : 0));
  const gaps: Gap[] = (answer?.gaps ?? []).map((g) => ({
    from: ms(g.from),
    to: ms(g.to),
    quality: g.quality,
    reason: firstSentence(g.reason),
  }));
  if (tail !== undefined) {
    const end = time[time.length - 1] ?? -Infinity;
    for (let i = 0; i < tail.time.length; i++) {
      if (tail.time[i]! <= end || tail.time[i]! < from) continue;
      time.push(tail.time[i]!);
      value.push(tail.value[i]!);
      uncertain.push(tail.uncertain[i]!);
    }
    const open =
      tail.quality === 'good' || !Number.isFinite(tail.since)
        ? []
        : [
            {
              from: Math.max(tail.since, from),
              to,
              quality: tail.quality,
              reason: firstSentence(tail.reason ?? 'no usable value'),
              open: true,
            },
          ];
    for (const g of [...tail.gaps, ...open]) {
      // History told by an earlier answer is replaced by the live view of the same gap.
      for (let i = gaps.length - 1; i >= 0; i--)
        if (gaps[i]!.to > g.from && gaps[i]!.from < g.to) {
          gaps.splice(i, 1);
        }
      gaps.push(g);
    }
  }
  return {
    name: target.name,
    unit: unitText(answer?.unit ?? key?.unit),
    colour,
    step: /bool/i.test(key?.type ?? ''),
    decimals: key === undefined ? 1 : decimalsOf(key.type, key.precision),
    time,
    value,
    uncertain,
    gaps,
  };
}
