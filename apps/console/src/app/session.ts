import { useSyncExternalStore } from 'react';
import { ApiProblem, api, asProblem, onSignedOut } from '../api/client.ts';
import { queryClient } from '../api/queries.ts';
import type { Me } from '../api/types.ts';
import { startLive, stopLive } from '../live/live-store.ts';

/** How somebody tried to come in. */
export type Way = 'sign-in' | 'first-admin';
export type Session =
  | { readonly state: 'asking' }
  /** `entry` counts: another one is another session, and nothing of the screens before it holds. */
  | { readonly state: 'in'; readonly me: Me; readonly entry: number }
  /** `me.only` has to be done first. */
  | { readonly state: 'only'; readonly me: Me }
  /** `by`: the kind of link that was refused. */
  | { readonly state: 'out'; readonly problem: ApiProblem | undefined; readonly by: Way | undefined }
  | { readonly state: 'unreachable'; readonly problem: ApiProblem; readonly nextTry: number };

let session: Session = { state: 'asking' };
let entries = 0;
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

/** Verbs that the hub opens to those who have them below one subtree only; it looks at each tag then. */
const narrowed: ReadonlySet<string> = new Set(['values.read', 'tag.write', 'history.read', 'mqtt.subscribe', 'retained.write']);
/** The hub decides; this only hides what it would refuse. `any` is for everybody. */
export const may = (verb: string): boolean =>
  session.state === 'in' &&
  (verb === 'any' ||
    session.me.permissions.some((p) => {
      const [granted, subtree] = p.split(' ', 2);
      return (granted === '*' || granted === verb) && (subtree === undefined || narrowed.has(verb));
    }));

/** Whether this is somebody with a password, and not the bearer of a role's link: only those names have a blank. */
export const isPerson = (me: Me): boolean => me.kind === 'person' && !me.name.includes(' ');

const codePattern = /\b(sign-in|first-admin)=([^&\s]+)/;
/** Takes a whole link or only its code. */
export function codeOf(text: string): { code: string; way: Way } {
  const found = codePattern.exec(text);
  if (found === null) return { code: text.trim(), way: 'sign-in' };
  const [, way, code] = found as unknown as [string, Way, string];
  try {
    return { code: decodeURIComponent(code), way };
  } catch {
    return { code, way };
  }
}

const endedByHub = (): ApiProblem =>
  new ApiProblem({ title: 'This session has ended.', status: 401, code: 'SESSION_ENDED', detail: 'This session has ended.' });
const isIn = (): boolean => session.state === 'in' || session.state === 'only';

let retry: ReturnType<typeof setTimeout> | undefined;
async function enter(): Promise<void> {
  clearTimeout(retry);
  try {
    const me = await api<Me>('/me');
    if (me.only !== undefined) {
      stopLive();
      set({ state: 'only', me });
      return;
    }
    startLive(() => {
      void enter();
    });
    set({ state: 'in', me, entry: ++entries });
  } catch (error) {
    const problem = asProblem(error);
    stopLive();
    if (problem.status === 401) {
      if (session.state !== 'out') set({ state: 'out', problem: isIn() ? endedByHub() : undefined, by: undefined });
    } else {
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
export async function signIn({ code, way }: { code: string; way: Way }): Promise<void> {
  try {
    await api('/login', { body: { code } });
    queryClient.clear();
  } catch (error) {
    // A used link opened again in a browser that is still signed in just goes on.
    set({ state: 'out', problem: asProblem(error), by: way });
  }
  await enter();
}

/** Rejects with what the hub says; once it resolves, the session is another one. */
async function come(path: string, body: object): Promise<void> {
  await api(path, { body });
  queryClient.clear();
  await enter();
}
/** Opens a session for a name and a password. Rejects with the hub's `ApiProblem`. */
export const signInWith = (name: string, password: string): Promise<void> => come('/login', { name, password });
/** For the session of a first administrator's link only. */
export const createFirstAdmin = (person: { name: string; displayName?: string; password: string }): Promise<void> =>
  come('/first-admin', person);
/** One's own; ends all other sessions of the person. */
export const changePassword = (password: string, newPassword: string): Promise<void> => come('/password', { password, newPassword });

export async function signOut(): Promise<void> {
  await api('/logout', { method: 'POST' }).catch(() => undefined);
  leave(undefined);
}
function leave(problem: ApiProblem | undefined): void {
  if (!isIn()) return;
  set({ state: 'out', problem, by: undefined });
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
  const found = codeOf(location.hash);
  history.replaceState(history.state, '', location.pathname + location.search);
  await signIn(found);
  return true;
}
