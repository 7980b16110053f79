import type { ClientsAnswer, FaultKindsAnswer, SimulatorLogAnswer, SimulatorRow, SimulatorsAnswer } from '@omh/api';
import { QueryClient, useQuery } from '@tanstack/react-query';
import { ApiProblem, api } from './client.ts';
import type { AppStatus, ConfigAnswer, Dashboard, DeviceStatus, HistoryAnswer, RuleStatus, SqlAnswer } from './types.ts';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => (error instanceof ApiProblem && error.status >= 400 && error.status < 500 ? false : count < 3),
      retryDelay: (attempt) => Math.min(8_000, 500 * 2 ** attempt),
      refetchOnWindowFocus: true,
    },
  },
});

export const useRules = () =>
  useQuery({
    queryKey: ['rules'],
    queryFn: ({ signal }) => api<{ rules: RuleStatus[] }>('/rules', { signal }),
    refetchInterval: 2_000,
    select: (a) => a.rules,
  });
export const useDashboards = () =>
  useQuery({
    queryKey: ['dashboards'],
    queryFn: ({ signal }) => api<{ dashboards: Dashboard[] }>('/dashboards', { signal }),
    staleTime: 30_000,
    select: (a) => a.dashboards,
  });
export const useSimulators = () =>
  useQuery({
    queryKey: ['simulators'],
    queryFn: ({ signal }) => api<SimulatorsAnswer>('/simulators', { signal }),
    select: (a) => a.simulators,
  });
export const useSimulator = (name: string | undefined) =>
  useQuery({
    queryKey: ['simulators', name],
    enabled: name !== undefined,
    queryFn: ({ signal }) => api<SimulatorRow>(`/simulators/${encodeURIComponent(name!)}`, { signal }),
  });
export const useFaultKinds = () =>
  useQuery({
    queryKey: ['simulator-faults'],
    staleTime: Infinity,
    queryFn: ({ signal }) => api<FaultKindsAnswer>('/simulator-faults', { signal }),
    select: (a) => a.kinds,
  });
export const useSimulatorLog = (name: string) =>
  useQuery({
    queryKey: ['simulator-log', name],
    staleTime: Infinity,
    queryFn: ({ signal }) => api<SimulatorLogAnswer>(`/simulators/${encodeURIComponent(name)}/log`, { signal }),
    select: (a) => a.requests,
  });
export const useClients = () =>
  useQuery({
    queryKey: ['clients'],
    queryFn: ({ signal }) => api<ClientsAnswer>('/clients?limit=10', { signal }),
    refetchInterval: 3_000,
  });
export const useApps = () =>
  useQuery({
    queryKey: ['apps'],
    queryFn: ({ signal }) => api<{ apps: AppStatus[] }>('/apps', { signal }),
    refetchInterval: 5_000,
    select: (a) => a.apps,
  });
export const useDevices = () =>
  useQuery({
    queryKey: ['devices'],
    queryFn: async ({ signal }) => {
      const out: DeviceStatus[] = [];
      let cursor: string | undefined;
      do {
        const answer = await api<{ devices: DeviceStatus[]; cursor?: string }>(
          cursor === undefined ? '/devices' : `/devices?cursor=${encodeURIComponent(cursor)}`,
          { signal },
        );
        out.push(...answer.devices);
        cursor = answer.cursor;
      } while (cursor !== undefined);
      return out;
    },
    refetchInterval: 2_000,
  });
/** The JSON Schema of the hub file, with the settings of every driver and app type: what forms are made from. */
export const useHubSchema = (enabled = true) =>
  useQuery({
    queryKey: ['config-schema'],
    enabled,
    staleTime: Infinity,
    queryFn: ({ signal }) => api<Record<string, unknown>>('/config/schema', { signal }),
  });
export const useConfig = (enabled = true) =>
  useQuery({ queryKey: ['config'], enabled, queryFn: ({ signal }) => api<ConfigAnswer>('/config', { signal }) });

export const runSql = (sql: string, limit?: number, signal?: AbortSignal): Promise<SqlAnswer> =>
  api<SqlAnswer>('/sql', { body: limit === undefined ? { sql } : { sql, limit }, signal });

export const readHistory = (
  i: { tag: string; from: string | number; to: string | number; points: number; agg?: string | undefined },
  signal?: AbortSignal,
): Promise<HistoryAnswer> => {
  const q = new URLSearchParams({ tag: i.tag, from: String(i.from), to: String(i.to), points: String(i.points) });
  if (i.agg !== undefined) q.set('agg', i.agg);
  return api<HistoryAnswer>(`/history?${q}`, { signal });
};
