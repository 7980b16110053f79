import type {
  BannedAnswer,
  BanRow,
  ClientAnswer,
  ClientRow,
  ClientsAnswer,
  DelayedAnswer,
  DelayedMessageAnswer,
  DelayedRow,
  RetainedAnswer,
  RetainedRow,
  SlowAnswer,
  SubscriptionRow,
  SubscriptionsAnswer,
  TopicMetricsAnswer,
  TraceLineRow,
  TraceLinesAnswer,
  TraceRow,
  TracesAnswer,
} from '@omh/api';
import { keepPreviousData, useInfiniteQuery, useQuery, type UseInfiniteQueryResult } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { queryClient } from '../../api/queries.ts';

const pageSize = 200;

/** A list as far as it was read: more of it is asked for when its end comes near. */
export interface Rows<A, R> {
  readonly rows: readonly R[] | undefined;
  /** The first page. */
  readonly answer: A | undefined;
  readonly more: boolean;
  readonly older: () => void;
  readonly query: Pick<UseInfiniteQueryResult, 'error' | 'isError' | 'refetch'>;
}

function usePages<A extends { cursor?: string }, R>(
  path: string,
  search: Record<string, string>,
  rowsOf: (a: A) => R[],
  everyMs: number,
): Rows<A, R> {
  const text = new URLSearchParams(Object.entries({ ...search, limit: String(pageSize) }).filter(([, v]) => v !== '')).toString();
  const query = useInfiniteQuery({
    queryKey: ['broker', path, text],
    queryFn: ({ pageParam, signal }) =>
      api<A>(`/${path}?${text}${pageParam === undefined ? '' : `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.cursor,
    // What was read in many pieces is read again less often.
    refetchInterval: (q) => everyMs * Math.max(1, q.state.data?.pages.length ?? 1),
    placeholderData: keepPreviousData,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  // rowsOf only picks a field.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  const rows = useMemo(() => data?.pages.flatMap(rowsOf), [data]);
  return {
    rows,
    answer: data?.pages[0],
    more: hasNextPage,
    older: () => {
      if (!isFetchingNextPage) void fetchNextPage();
    },
    query,
  };
}

export const useClientPages = (find: string, state: string) =>
  usePages<ClientsAnswer, ClientRow>('clients', { find, state }, (a) => a.clients, 3_000);
export const useSubscriptionPages = (filter: string) =>
  usePages<SubscriptionsAnswer, SubscriptionRow>('subscriptions', { filter }, (a) => a.subscriptions, 5_000);
export const useRetainedPages = (filter: string) =>
  usePages<RetainedAnswer, RetainedRow>('retained', { filter }, (a) => a.retained, 10_000);
export const useDelayedPages = (filter: string) => usePages<DelayedAnswer, DelayedRow>('delayed', { filter }, (a) => a.delayed, 5_000);
export const useBannedPages = (find: string) => usePages<BannedAnswer, BanRow>('banned', { find }, (a) => a.banned, 5_000);

const one = <T>(path: string, everyMs: number, enabled = true) => ({
  queryKey: ['broker', path],
  enabled,
  refetchInterval: everyMs,
  queryFn: ({ signal }: { signal: AbortSignal }) => api<T>(`/${path}`, { signal }),
});
export const useClient = (id: string | undefined) =>
  useQuery(one<ClientAnswer>(`clients/${encodeURIComponent(id ?? '')}`, 3_000, id !== undefined && id !== ''));
export const useRetainedMessage = (topic: string | undefined) =>
  useQuery(one<RetainedRow>(`retained/${encodeURIComponent(topic ?? '')}`, 10_000, topic !== undefined));
export const useDelayedMessage = (id: string | undefined) =>
  useQuery(one<DelayedMessageAnswer>(`delayed/${encodeURIComponent(id ?? '')}`, 10_000, id !== undefined));
export const useTopicMetrics = () => useQuery(one<TopicMetricsAnswer>('topic-metrics', 2_000));
export const useSlow = () => useQuery(one<SlowAnswer>('slow-subscriptions', 3_000));
export const useTraces = () => useQuery(one<TracesAnswer>('traces', 3_000));

/** Asks again for all lists of the broker. */
export const brokerChanged = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ['broker'] });

const pollMs = 1_000;
const keptLines = 5_000;
export interface TraceLines {
  readonly trace: TraceRow | undefined;
  readonly lines: readonly TraceLineRow[];
  readonly problem: ApiProblem | undefined;
}
/** The lines of a trace as they come. */
export function useTraceLines(name: string): TraceLines {
  const [state, setState] = useState<TraceLines>({ trace: undefined, lines: [], problem: undefined });
  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let lines: TraceLineRow[] = [];
    setState({ trace: undefined, lines, problem: undefined });
    const poll = async (): Promise<void> => {
      let wait = pollMs;
      try {
        const after = lines.at(-1)?.seq ?? 0;
        const answer = await api<TraceLinesAnswer>(`/traces/${encodeURIComponent(name)}/lines?limit=1000&after=${after}`, {
          signal: control.signal,
        });
        if (answer.lines.length > 0) lines = [...lines, ...answer.lines].slice(-keptLines);
        setState({ trace: answer.trace, lines, problem: undefined });
        if (answer.more) wait = 0;
        else if (!answer.trace.running) wait = 5 * pollMs;
      } catch (error) {
        if (control.signal.aborted) return;
        setState((s) => ({ ...s, problem: asProblem(error) }));
        wait = 5 * pollMs;
      }
      if (!control.signal.aborted) timer = setTimeout(() => void poll(), wait);
    };
    void poll();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [name]);
  return state;
}
