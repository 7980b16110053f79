import { useCallback, useEffect, useState } from 'react';

/** Which revision a form is made of: the newest while nothing was typed, the one it began on from then on. */
export interface Held {
  readonly key: number | undefined;
  readonly onEditing: (editing: boolean) => void;
  /** The change was applied: the form begins anew. */
  readonly release: () => void;
}

export function useHeld(revision: number | undefined): Held {
  const [held, setHeld] = useState<number>();
  const onEditing = useCallback((editing: boolean) => setHeld((h) => (editing ? (h ?? revision) : undefined)), [revision]);
  const release = useCallback(() => setHeld(undefined), []);
  return { key: held ?? revision, onEditing, release };
}

/** Tells the owner of the form whether something was typed into it. */
export function useTellEditing(edited: boolean, onEditing: ((editing: boolean) => void) | undefined): void {
  useEffect(() => onEditing?.(edited), [edited, onEditing]);
}
