import type {
  DeviceCredentialRow,
  DeviceCredentialsAnswer,
  RolesAnswer,
  SessionsAnswer,
  TokensAnswer,
  UserRow,
  UsersAnswer,
} from '@omh/api';
import { useQuery } from '@tanstack/react-query';
import { queryClient } from './queries.ts';
import { api } from './client.ts';

const pageSize = 5_000;
/** All rows of a list that comes in pages. */
async function allPages<T extends { cursor?: string }, R>(path: string, rows: (answer: T) => R[], signal: AbortSignal): Promise<R[]> {
  const out: R[] = [];
  let cursor: string | undefined;
  do {
    const answer = await api<T>(`${path}?limit=${pageSize}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, {
      signal,
    });
    out.push(...rows(answer));
    cursor = answer.cursor;
  } while (cursor !== undefined);
  return out;
}

const natural = new Intl.Collator('en', { numeric: true });
/** In an order that people expect: press-2 before press-10. */
const inOrder = <T>(rows: readonly T[], nameOf: (row: T) => string): T[] => [...rows].sort((a, b) => natural.compare(nameOf(a), nameOf(b)));

/** What roles and verbs there are; the same as long as the hub runs. */
export const useRoles = () =>
  useQuery({ queryKey: ['roles'], staleTime: Infinity, queryFn: ({ signal }) => api<RolesAnswer>('/roles', { signal }) });
export const useUsers = (enabled = true) =>
  useQuery({
    queryKey: ['users'],
    enabled,
    refetchInterval: 10_000,
    queryFn: ({ signal }) => allPages<UsersAnswer, UserRow>('/users', (a) => a.users, signal),
    select: (users) => inOrder(users, (u) => u.name),
  });
export const useTokens = (enabled = true) =>
  useQuery({
    queryKey: ['tokens'],
    enabled,
    refetchInterval: 10_000,
    queryFn: ({ signal }) => api<TokensAnswer>('/tokens', { signal }),
    select: (a) => inOrder(a.tokens, (t) => `${t.owner} ${t.name}`),
  });
export const useDeviceCredentials = () =>
  useQuery({
    queryKey: ['device-credentials'],
    refetchInterval: 10_000,
    queryFn: ({ signal }) => allPages<DeviceCredentialsAnswer, DeviceCredentialRow>('/device-credentials', (a) => a.credentials, signal),
    select: (credentials) => inOrder(credentials, (c) => c.name),
  });
export const useSessions = () =>
  useQuery({
    queryKey: ['sessions'],
    refetchInterval: 5_000,
    queryFn: ({ signal }) => api<SessionsAnswer>('/sessions', { signal }),
    select: (a) => a.sessions,
  });

/** Asks again for what a change of people touches. */
export const accessChanged = async (): Promise<void> => {
  await Promise.all(['users', 'tokens', 'device-credentials', 'sessions'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
};
