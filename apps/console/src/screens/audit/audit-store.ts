import type { AuditAnswer, AuditRow, AuditVerifyAnswer } from '@omh/api';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';

/** What the hub filters by; times as `now-24h` or RFC 3339. */
export interface AuditFilter {
  readonly who?: string | undefined;
  readonly verb?: string | undefined;
  readonly what?: string | undefined;
  readonly result?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}
const names = ['who', 'verb', 'what', 'result', 'from', 'to'] as const;
const pageSize = 200;
const pollMs = 3_000;

function pathOf(filter: AuditFilter, limit: number, cursor?: string): string {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const name of names) if (filter[name] !== undefined) query.set(name, filter[name]);
  if (cursor !== undefined) query.set('cursor', cursor);
  return `/audit?${query}`;
}
const ask = (path: string, signal: AbortSignal): Promise<AuditAnswer> => api<AuditAnswer>(path, { signal });

interface AuditPages {
  readonly records: readonly AuditRow[];
  /** Where to go on towards the past; undefined at the beginning of the log. */
  readonly cursor: string | undefined;
}
export interface AuditView extends AuditPages {
  /** Undefined until the first page is there. */
  readonly loaded: boolean;
  readonly busy: boolean;
  readonly problem: ApiProblem | undefined;
  readonly older: () => void;
}

/** The records of a filter, the newest first: new ones come by themselves, older ones page by page. */
export function useAudit(filter: AuditFilter): AuditView {
  const key = JSON.stringify(names.map((name) => filter[name] ?? null));
  const [state, setState] = useState<{ key: string; pages: AuditPages }>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const now = useRef({ filter, key });
  now.current = { filter, key };
  const pages = state?.key === key ? state.pages : undefined;
  const shown = useRef(pages);
  shown.current = pages;

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const keep = (next: AuditPages): void => setState({ key, pages: next });
    const poll = async (): Promise<void> => {
      try {
        const page = await ask(pathOf(now.current.filter, pageSize), stop.signal);
        const held = shown.current;
        const newest = held?.records[0]?.seq ?? 0;
        const fresh = page.records.filter((r) => r.seq > newest);
        // More came than a page holds: what lies between is read again from the top.
        if (held === undefined || fresh.length === page.records.length) keep({ records: page.records, cursor: page.cursor });
        else if (fresh.length > 0) keep({ records: [...fresh, ...held.records], cursor: held.cursor });
        setProblem(undefined);
      } catch (error) {
        if (stop.signal.aborted) return;
        setProblem(asProblem(error));
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void poll(), pollMs);
    };
    void poll();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key]);

  const older = useCallback(() => {
    const held = shown.current;
    if (held?.cursor === undefined) return;
    setBusy(true);
    const asked = now.current.key;
    ask(pathOf(now.current.filter, pageSize, held.cursor), new AbortController().signal)
      .then((page) => {
        const present = shown.current;
        if (now.current.key === asked && present !== undefined && present.cursor === held.cursor)
          setState({ key: asked, pages: { records: [...present.records, ...page.records], cursor: page.cursor } });
      })
      .catch((error: unknown) => setProblem(asProblem(error)))
      .finally(() => setBusy(false));
  }, []);
  return { records: pages?.records ?? [], cursor: pages?.cursor, loaded: pages !== undefined, busy, problem, older };
}

/** One record by its number, wherever it stands. */
export const useRecord = (seq: number | undefined): AuditRow | undefined =>
  useQuery({
    queryKey: ['audit-record', seq],
    enabled: seq !== undefined,
    staleTime: Infinity,
    queryFn: ({ signal }) => ask(`/audit?limit=1&cursor=${(seq ?? 0) + 1}`, signal),
    select: (answer) => answer.records.find((r) => r.seq === seq),
  }).data;

const mostExported = 100_000;
/** Every record of a filter, `mostExported` at most, the newest first. */
export async function readAll(filter: AuditFilter, progress: (records: number) => void, signal: AbortSignal): Promise<AuditRow[]> {
  const out: AuditRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(pathOf(filter, 1_000, cursor), signal);
    out.push(...page.records);
    cursor = page.cursor;
    progress(out.length);
  } while (cursor !== undefined && out.length < mostExported);
  return out.slice(0, mostExported);
}

export const verify = (): Promise<AuditVerifyAnswer> => api<AuditVerifyAnswer>('/audit/verify');
