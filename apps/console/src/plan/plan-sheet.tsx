import { Modal } from '@mantine/core';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { ApiProblem } from '../api/client.ts';
import { count } from '../ui/format.ts';
import { Glyph } from '../ui/glyph.tsx';
import { ErrorSay, Skeleton } from '../ui/panel.tsx';
import { usePlanAndApply, type Effect, type PlanAnswer, type PlanRequest } from './plan.ts';
import './plan.css';

const effectWord: Record<Effect, string> = { live: '', reconnect: 'reconnects', restart: 'restarts' };
const effectTold: Record<Effect, string> = {
  live: 'Everything else goes on without a break.',
  reconnect: 'The link is opened anew; everything else reads on.',
  restart: 'It starts anew; what belongs to the hub itself takes effect at its next start.',
};
const shownChanges = 200;
/** A plan that takes longer than this is told to be under way. */
const patienceMs = 250;

export interface PlanSheetProps {
  /** What to plan; asked once, when the sheet opens. `base` is the revision on which the change was made, else the one read last. */
  request: PlanRequest;
  /** After the plan was carried out; the lists and `useConfig()` are already asked again. The caller closes the sheet. */
  onApplied: (revision: number) => void;
  /** Cancel, Esc, or the cross. Nothing was changed. */
  onClose: () => void;
  /**
   * When given, a plan that the hub refuses because of what stands in it (400) closes the sheet and comes here, so that a form shows each
   * fault at its field (`faultsOf`); other refusals stay in the sheet.
   */
  onRefused?: ((problem: ApiProblem) => void) | undefined;
  /** What the button says, e.g. `Add device`; else `Apply 2 changes`. */
  action?: string | undefined;
  title?: string | undefined;
  /** A sentence above the changes, e.g. what a deletion removes. */
  children?: ReactNode;
  /** A name that has to be typed before the button does anything: for what cannot be had back by another click. */
  confirm?: string | undefined;
  /** What stands below the changes, e.g. the text diff of the plan. */
  detail?: ((answer: PlanAnswer) => ReactNode) | undefined;
}

/** What a change would do, in sentences with their effects and warnings, before it is carried out. Ctrl Enter applies. */
export function PlanSheet({ request, onApplied, onClose, onRefused, action, title, children, confirm, detail }: PlanSheetProps) {
  const { state, plan, planAgain, apply } = usePlanAndApply();
  const [comment, setComment] = useState('');
  const [waited, setWaited] = useState(false);
  const [typed, setTyped] = useState('');
  const [unsaid, setUnsaid] = useState(false);
  const now = useRef({ request, onRefused });
  now.current = { request, onRefused };
  useEffect(() => {
    void plan(now.current.request);
    const timer = setTimeout(() => setWaited(true), patienceMs);
    return () => clearTimeout(timer);
  }, [plan]);
  const handed = state.at === 'refused' && state.problem.status === 400 && onRefused !== undefined;
  useEffect(() => {
    if (state.at === 'refused' && state.problem.status === 400) now.current.onRefused?.(state.problem);
  }, [state]);
  const answer = state.at === 'planned' || state.at === 'applying' ? state.answer : undefined;
  const busy = state.at === 'applying';
  const nothing = answer !== undefined && answer.changes.length === 0 && answer.files.length === 0;
  const run = async (): Promise<void> => {
    if (confirm !== undefined && typed.trim() !== confirm) {
      setUnsaid(true);
      return;
    }
    const revision = await apply(comment);
    if (revision !== undefined) onApplied(revision);
  };
  return (
    <Modal
      opened={!handed && (waited || (state.at !== 'idle' && state.at !== 'planning'))}
      onClose={() => {
        if (!busy) onClose();
      }}
      title={title ?? 'What this does'}
      size={620}
      yOffset="10vh"
      closeButtonProps={{ 'aria-label': 'Close' }}
      transitionProps={{ duration: 120 }}
      data-testid="plan-sheet"
    >
      <form
        className="plan"
        onSubmit={(e) => {
          e.preventDefault();
          // The sheet may stand inside a form, whose own submit this is not.
          e.stopPropagation();
          if (answer !== undefined && !busy && !nothing) void run();
        }}
        onKeyDown={(e) => {
          e.stopPropagation();
          if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) e.currentTarget.requestSubmit();
        }}
      >
        {children}
        {state.at === 'planning' || state.at === 'idle' ? <Skeleton rows={3} /> : null}
        {state.at === 'refused' && !handed ? <ErrorSay error={state.problem} /> : null}
        {state.at === 'stale' ? <Stale request={request} problem={state.problem} again={planAgain} /> : null}
        {answer === undefined ? null : (
          <>
            {nothing ? (
              <p className="t2">The hub already says the same; there is nothing to change.</p>
            ) : answer.changes.length === 0 ? (
              <p className="t2">Only comments and layout change; nothing that runs is touched.</p>
            ) : (
              <Changes answer={answer} />
            )}
            {answer.warnings.map((w) => (
              <div key={w.code + w.path} className="say uncb" data-testid="plan-warning">
                <Glyph name="uncertain" />
                <p>{w.text}</p>
              </div>
            ))}
            {detail?.(answer)}
            {confirm === undefined || nothing ? null : (
              <div>
                <label className="lb" htmlFor="plan-confirm">
                  Its name, {confirm}
                </label>
                <div className={`field${unsaid ? ' err' : ''}`}>
                  <input
                    id="plan-confirm"
                    data-testid="plan-confirm"
                    data-autofocus
                    value={typed}
                    autoComplete="off"
                    spellCheck={false}
                    aria-invalid={unsaid}
                    onChange={(e) => {
                      setTyped(e.target.value);
                      setUnsaid(false);
                    }}
                  />
                </div>
                {unsaid ? (
                  <p className="err-line" role="alert">
                    <Glyph name="bad" />
                    Write {confirm} to go on.
                  </p>
                ) : null}
              </div>
            )}
            {nothing ? null : (
              <div>
                <label className="lb" htmlFor="plan-comment">
                  Why <span className="t3">(optional, kept with the revision)</span>
                </label>
                <div className="field">
                  <input
                    id="plan-comment"
                    data-testid="plan-comment"
                    value={comment}
                    maxLength={2000}
                    autoComplete="off"
                    onChange={(e) => setComment(e.target.value)}
                  />
                </div>
              </div>
            )}
          </>
        )}
        <div className="row planend">
          {answer === undefined || nothing ? null : (
            <button
              type="submit"
              className={`btn ${confirm === undefined ? 'primary' : 'danger'}`}
              data-autofocus={confirm === undefined ? true : undefined}
              data-testid="plan-apply"
              aria-disabled={busy}
            >
              {busy ? 'Applying' : (action ?? (answer.changes.length === 0 ? 'Apply' : `Apply ${count(answer.changes.length, 'change')}`))}
            </button>
          )}
          <button type="button" className="btn" disabled={busy} onClick={onClose}>
            {answer === undefined || nothing ? 'Close' : 'Cancel'}
          </button>
          {busy ? (
            <span className="meta" role="status">
              At most 10 s; all of it or nothing.
            </span>
          ) : answer === undefined || nothing ? null : (
            <span className="meta right">
              <kbd>Ctrl Enter</kbd> applies
            </span>
          )}
        </div>
      </form>
    </Modal>
  );
}

function Changes({ answer }: { answer: PlanAnswer }) {
  const effects = (['restart', 'reconnect', 'live'] as const).filter((e) => answer.changes.some((c) => c.effect === e));
  const worst = effects[0]!;
  return (
    <div>
      <ul className="changes" data-testid="plan-changes">
        {answer.changes.slice(0, shownChanges).map((c) => (
          <li key={c.kind + c.path + c.sentence} data-kind={c.kind} data-effect={c.effect}>
            <span className="sign mono" aria-hidden>
              {c.kind === 'add' ? '+' : c.kind === 'remove' ? '−' : '~'}
            </span>
            <span className="grow">{c.sentence}</span>
            <span className="meta nowrap strongish">{effectWord[c.effect]}</span>
          </li>
        ))}
      </ul>
      {answer.changes.length > shownChanges ? (
        <p className="meta" style={{ marginTop: 6 }}>
          and {count(answer.changes.length - shownChanges, 'more change', 'more changes')}
        </p>
      ) : null}
      <p className="t2" style={{ marginTop: 8 }} data-testid="plan-effect">
        {effectTold[worst]}
      </p>
    </div>
  );
}

/** Somebody was faster. Single changes may still fit on what is there now; a whole text would undo what the other did. */
function Stale({ request, problem, again }: { request: PlanRequest; problem: ApiProblem; again: () => Promise<void> }) {
  const whole = 'text' in request || 'files' in request;
  return (
    <div className="say uncb" role="alert" data-testid="plan-stale">
      <Glyph name="uncertain" />
      <div className="grow">
        <p className="strong">Somebody changed the configuration meanwhile; nothing of yours was applied.</p>
        <p>
          {whole
            ? 'Your text is still here. Copy it, read the configuration again, and make the change on it.'
            : 'Look again at what your change does on the configuration as it is now.'}
        </p>
        <p className="code">{problem.code}</p>
      </div>
      {whole ? null : (
        <div className="act">
          <button
            type="button"
            className="btn sm"
            data-testid="plan-again"
            onClick={() => {
              void again();
            }}
          >
            Look again
          </button>
        </div>
      )}
    </div>
  );
}
