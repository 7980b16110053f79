import { useState } from 'react';
import type { FileDiff } from '../../api/types.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { DiffView } from './diff-view.tsx';

/** A hand edit waits for plan and apply; it says what it changes, and what to do with it. */
export function DriftBanner({ files, revision, plan }: { files: readonly FileDiff[]; revision: number; plan: (() => void) | undefined }) {
  const [shown, setShown] = useState(true);
  return (
    <section className="say uncb drift" data-testid="drift" aria-label="Changed by hand">
      <Glyph name="uncertain" />
      <div className="grow">
        <p className="strong">
          Revision {revision} still runs; nothing that was written on disk takes effect until it is planned and applied.
        </p>
        <p>
          Until then nothing else can be applied. To drop it, put the former text back with an editor (below, Files shows it), or apply it
          and go back to revision {revision}.
        </p>
        {shown ? (
          <div className="driftdiff">
            <DiffView files={files} nothing="" />
          </div>
        ) : null}
      </div>
      <div className="act">
        <button type="button" className="btn sm" aria-expanded={shown} onClick={() => setShown((s) => !s)}>
          {shown ? 'Hide the text' : 'Show the text'}
        </button>
        {plan === undefined ? null : (
          <button type="button" className="btn sm primary" data-testid="drift-plan" onClick={plan}>
            Plan the hand edit
          </button>
        )}
      </div>
    </section>
  );
}
