import { unifiedDiff } from '@omh/config';

export interface FileDiff {
  readonly file: string;
  readonly kind: 'changed' | 'added' | 'removed';
  /** Unified text; the first `maxDiffLength` characters of it. */
  readonly diff: string;
  readonly truncated?: true;
}

/** Nobody reads further; a table of a hundred thousand tags has megabytes. */
const maxDiffLength = 200_000;

/** What leads from some files to others, in words of text. */
export function fileDiffs(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): FileDiff[] {
  const out: FileDiff[] = [];
  for (const file of new Set([...before.keys(), ...after.keys()])) {
    const from = before.get(file);
    const to = after.get(file);
    if (from === to) continue;
    const diff = unifiedDiff(file, from, to);
    const kind = from === undefined ? 'added' : to === undefined ? 'removed' : 'changed';
    if (diff.length <= maxDiffLength) out.push({ file, kind, diff });
    else out.push({ file, kind, diff: diff.slice(0, diff.lastIndexOf('\n', maxDiffLength) + 1), truncated: true });
  }
  return out;
}
