import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import type { ConfigFileAnswer, DiffAnswer, RevisionsAnswer } from '../../api/types.ts';
import { useStatus } from '../../live/live-store.ts';

/** The text of one file as the running revision has it. */
export const useConfigFile = (name: string | undefined) =>
  useQuery({
    queryKey: ['config', 'file', name],
    enabled: name !== undefined,
    queryFn: ({ signal }) => api<ConfigFileAnswer>(`/config/file?name=${encodeURIComponent(name!)}`, { signal }),
  });

/** What was changed by hand; asked again whenever the hub says that this began or ended, and while it lasts. */
export const useDrift = () => {
  const drifted = useStatus()?.hub.drift ?? false;
  return useQuery({
    queryKey: ['drift', drifted],
    queryFn: ({ signal }) => api<DiffAnswer>('/config/drift', { signal }),
    refetchInterval: drifted ? 5_000 : 15_000,
    select: (a) => a.files,
  });
};

export const useRevisions = () =>
  useInfiniteQuery({
    queryKey: ['revisions'],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ signal, pageParam }) =>
      api<RevisionsAnswer>(`/revisions?limit=50${pageParam === undefined ? '' : `&cursor=${pageParam}`}`, { signal }),
    getNextPageParam: (page) => page.cursor,
    select: (data) => data.pages.flatMap((page) => page.revisions),
  });

/** Text of a change, file by file; `null` asks nothing. What a revision or plan says does not change any more. */
export const useDiff = (of: { plan: string } | { revision: number; against: number | undefined } | null) => {
  const query =
    of === null
      ? ''
      : 'plan' in of
        ? `plan=${encodeURIComponent(of.plan)}`
        : `revision=${of.revision}${of.against === undefined ? '' : `&against=${of.against}`}`;
  return useQuery({
    queryKey: ['diff', query],
    enabled: of !== null,
    staleTime: Infinity,
    queryFn: ({ signal }) => api<DiffAnswer>(`/config/diff?${query}`, { signal }),
    select: (a) => a.files,
  });
};
