import { useSyncExternalStore } from 'react';

/** A text that somebody types and that is not applied yet. */
export interface Draft {
  /** The revision on which the typing began. */
  readonly base: number;
  /** The file's text then. */
  readonly start: string;
  readonly text: string;
}

/** Drafts outlive a look at another screen; they end with the page. */
let drafts: ReadonlyMap<string, Draft> = new Map();
const listeners = new Set<() => void>();
const set = (next: ReadonlyMap<string, Draft>): void => {
  drafts = next;
  for (const listener of listeners) listener();
};
const on = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useDrafts = (): ReadonlyMap<string, Draft> => useSyncExternalStore(on, () => drafts);

/** Typing that ends where it began leaves no draft. */
export function typed(file: string, text: string, from: { base: number; start: string }): void {
  const next = new Map(drafts);
  const { base, start } = drafts.get(file) ?? from;
  if (text === start) next.delete(file);
  else next.set(file, { base, start, text });
  set(next);
}
export function discard(file?: string): void {
  const next = new Map(file === undefined ? [] : drafts);
  if (file !== undefined) next.delete(file);
  set(next);
}
/** All drafts go on as changes of another revision. */
export const moveTo = (base: number): void => set(new Map([...drafts].map(([file, draft]) => [file, { ...draft, base }])));
