import { useSyncExternalStore } from 'react';
import { ApiProblem, api, asProblem, onSignedOut } from '../api/client.ts';
import { queryClient } from '../api/queries.ts';
import type { Me } from '../api/types.ts';
import { startLive, stopLive } from '../live/live-store.ts';

export type Session =
  | { readonly state: 'asking' }
  | { readonly state: 'in'; readonly me: Me }
  | { readonly state: 'out'; readonly problem: ApiProblem | undefined }
  | { readonly state: 'unreachable'; readonly problem: ApiProblem; readonly nextTry: number };

let session: Session = { state: 'asking' };
const listeners = new Set<() => void>();
function set(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}
const on = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useSession = (): Session => useSyncExternalStore(on, () => session);
/** The hub decides; this only hides what it would refuse. A permission may end in `*`. */
export const may = (verb: string): boolean =>
  session.state === 'in' && session.me.permissions.some((p) => p === verb || (p.endsWith('*') && verb.startsWith(p.slice(0, -1))));

const codePattern = /sign-in=([^&\s]+)/;
/** Takes a whole sign-in link or only its code. */
export function codeOf(text: string): string {
  const found = codePattern.exec(text);
  if (found === null) return text.trim();
  try {
    return decodeURIComponent(found[1]!);
  } catch {
    return found[1]!;
  }
}

const endedByHub = (): ApiProblem =>
  new ApiProblem({ title: 'This session has ended.', status: 401, code: 'SESSION_ENDED', detail: 'This session has ended.' });

let retry: ReturnType<typeof setTimeout> | undefined;
async function enter(): Promise<void> {
  clearTimeout(retry);
  try {
    const me = await api<Me>('/me');
    startLive(() => {
      void enter();
    });
    set({ state: 'in', me });
  } catch (error) {
    const problem = asProblem(error);
    stopLive();
    if (problem.status === 401)
      set({ state: 'out', problem: session.state === 'out' ? session.problem : session.state === 'in' ? endedByHub() : undefined });
    else {
      retry = setTimeout(() => {
        void enter();
      }, 3_000);
      set({ state: 'unreachable', problem, nextTry: Date.now() + 3_000 });
    }
  }
}
export const askAgain = (): void => {
  void enter();
};

/** Redeems a one-time code. Resolves also when it is refused; the session then says why. */
export async function signIn(code: string): Promise<void> {
  try {
    await api('/login', { body: { code } });
  } catch (error) {
    const problem = asProblem(error);
    // A used link opened again in a browser that is still signed in just goes on.
    set({ state: 'out', problem });
  }
  await enter();
}

export async function signOut(): Promise<void> {
  await api('/logout', { method: 'POST' }).catch(() => undefined);
  leave(undefined);
}
function leave(problem: ApiProblem | undefined): void {
  if (session.state !== 'in') return;
  set({ state: 'out', problem });
  stopLive();
  queryClient.clear();
}

/** Begins with the code of the address, which is removed from it at once, or with the session the browser has. */
export async function openSession(): Promise<void> {
  onSignedOut(() => leave(endedByHub()));
  addEventListener('hashchange', () => {
    void fromHash();
  });
  if (!(await fromHash())) await enter();
}
async function fromHash(): Promise<boolean> {
  if (!codePattern.test(location.hash)) return false;
  const code = codeOf(location.hash);
  history.replaceState(history.state, '', location.pathname + location.search);
  await signIn(code);
  return true;
}
