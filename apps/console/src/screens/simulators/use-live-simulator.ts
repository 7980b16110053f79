import type { RequestRow, SimulatorRow } from '@omh/api';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { api } from '../../api/client.ts';
import { useSimulatorLog } from '../../api/queries.ts';
import { live } from '../../live/live-store.ts';

const keptRequests = 300;

/** A simulator as it is now, each second, with the requests it gets; `refresh` asks at once. */
export function useLiveSimulator(first: SimulatorRow): {
  now: SimulatorRow;
  requests: readonly RequestRow[];
  refresh: () => Promise<void>;
} {
  const [now, setNow] = useState(first);
  const [fresh, setFresh] = useState<readonly RequestRow[]>([]);
  const log = useSimulatorLog(first.name);
  useEffect(
    () =>
      live().link.subscribe({ kind: 'simulator', name: first.name }, (m) => {
        const next = m['simulator'] as SimulatorRow | undefined;
        const list = m['requests'] as RequestRow[] | undefined;
        if (next !== undefined) setNow(next);
        if (list !== undefined && list.length > 0) setFresh((old) => [...old, ...list].slice(-keptRequests));
      }),
    [first.name],
  );
  const requests = useMemo(() => {
    // A hub that was started again counts from one; the time tells both apart.
    const known = new Map<string, RequestRow>();
    for (const r of [...(log.data ?? []), ...fresh]) known.set(`${r.at} ${r.seq}`, r);
    return [...known.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.seq - a.seq).slice(0, keptRequests);
  }, [log.data, fresh]);
  const refresh = useCallback(async () => {
    setNow(await api<SimulatorRow>(`/simulators/${encodeURIComponent(first.name)}`));
  }, [first.name]);
  return { now, requests, refresh };
}
