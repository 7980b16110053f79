import type { EntryResult, Reason } from '@omh/core';

/** A sender is somebody else's code. */
export function isAnswer(answer: EntryResult | null | undefined): answer is EntryResult {
  if (answer === 'done') return true;
  return typeof answer === 'object' && answer !== null && ('refused' in answer || 'retry' in answer);
}

/** Every entry answers `retry`: the reason of the first. */
export function reasonIfAway(entries: number, of: (i: number) => EntryResult): Reason | undefined {
  let first: Reason | undefined;
  for (let i = 0; i < entries; i++) {
    const answer = of(i);
    if (answer === 'done' || 'refused' in answer) return undefined;
    first ??= answer.retry;
  }
  return first;
}
