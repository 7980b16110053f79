import { nearest } from '@omh/core';

/** The next step in words: the near candidate, else the few that exist. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const list = [...candidates];
  const near = nearest(word, list);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return list.length > 0 && list.length <= 16 ? `Known here: ${list.join(', ')}.` : undefined;
}
