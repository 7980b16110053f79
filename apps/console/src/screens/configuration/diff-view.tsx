import { useMemo, useState } from 'react';
import type { FileDiff } from '../../api/types.ts';
import { count, num } from '../../ui/format.ts';
import { ErrorSay, Skeleton } from '../../ui/panel.tsx';
import { useDiff } from './queries.ts';

/** A diff of thousands of lines opens in steps. */
const step = 400;
type Line = { readonly kind: 'add' | 'del' | 'same' | 'at'; readonly text: string; readonly left?: number; readonly right?: number };

/** Unified texts, file by file, with the line numbers of both sides. */
export const DiffView = ({ files, nothing }: { files: readonly FileDiff[]; nothing: string }) =>
  files.length === 0 ? (
    <p className="t2">{nothing}</p>
  ) : (
    <div className="diffs" data-testid="diff">
      {files.map((f) => (
        <OneFile key={f.file} file={f} />
      ))}
    </div>
  );

/** The text of a plan, asked when it is opened. */
export function PlanText({ planId }: { planId: string }) {
  const [opened, setOpened] = useState(false);
  const diff = useDiff(opened ? { plan: planId } : null);
  return (
    <details className="plantext" data-testid="plan-text" onToggle={(e) => setOpened(e.currentTarget.open)}>
      <summary>What changes in the files</summary>
      {diff.isError ? (
        <ErrorSay error={diff.error} />
      ) : diff.data === undefined ? (
        <Skeleton rows={3} />
      ) : (
        <DiffView files={diff.data} nothing="No file changes." />
      )}
    </details>
  );
}

const kindWord = { changed: '', added: 'new file', removed: 'file removed' } as const;

function OneFile({ file }: { file: FileDiff }) {
  const [shown, setShown] = useState(step);
  const lines = useMemo(() => linesOf(file.diff), [file.diff]);
  const added = lines.filter((l) => l.kind === 'add').length;
  const removed = lines.filter((l) => l.kind === 'del').length;
  const rest = lines.length - shown;
  return (
    <section className="difffile" aria-label={file.file}>
      <header>
        <b className="mono">{file.file}</b>
        {kindWord[file.kind] === '' ? null : <span className="chip">{kindWord[file.kind]}</span>}
        <span className="meta right nowrap">
          {file.truncated === true ? 'more than ' : ''}
          {num(added)} added, {num(removed)} removed
        </span>
      </header>
      <div className="difftext mono" role="table">
        {lines.slice(0, shown).map((l, i) => (
          <div key={i} role="row" data-kind={l.kind}>
            <span role="cell">{l.left ?? ''}</span>
            <span role="cell">{l.right ?? ''}</span>
            <span role="cell">{l.kind === 'add' ? '+' : l.kind === 'del' ? '−' : ''}</span>
            <span role="cell">{l.text === '' ? ' ' : l.text}</span>
          </div>
        ))}
      </div>
      {rest > 0 ? (
        <button type="button" className="btn quiet" onClick={() => setShown((n) => n + 4 * step)}>
          Show {count(Math.min(rest, 4 * step), 'more line')} of {num(rest)}
        </button>
      ) : file.truncated === true ? (
        <p className="meta diffend">The diff is longer; the hub tells its beginning only.</p>
      ) : null}
    </section>
  );
}

function linesOf(diff: string): Line[] {
  const out: Line[] = [];
  let left = 0;
  let right = 0;
  for (const line of diff.replace(/\n$/, '').split('\n').slice(2)) {
    const place = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(line);
    if (place !== null) {
      left = Number(place[1]);
      right = Number(place[2]);
      // The first place needs no line of its own unless something stands before it.
      if (out.length > 0 || left > 1) out.push({ kind: 'at', text: `line ${num(Math.max(left, right))}` });
      continue;
    }
    const text = line.slice(1);
    if (line.startsWith('+')) out.push({ kind: 'add', text, right: right++ });
    else if (line.startsWith('-')) out.push({ kind: 'del', text, left: left++ });
    else if (line.startsWith('\\')) out.push({ kind: 'at', text: 'no line end at the end of the file' });
    else out.push({ kind: 'same', text, left: left++, right: right++ });
  }
  return out;
}
