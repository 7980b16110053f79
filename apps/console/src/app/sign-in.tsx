import { useState, type FormEvent } from 'react';
import type { ApiProblem } from '../api/client.ts';
import { Glyph, Mark } from '../ui/glyph.tsx';
import { askAgain, codeOf, signIn } from './session.ts';

const Sheet = ({ children }: { children: React.ReactNode }) => (
  <main className="sheet">
    <div className="brand">
      <Mark />
      <span>
        <b>omh</b>
        <small>Open Manufacturing Hub</small>
      </span>
    </div>
    {children}
  </main>
);

/** Calm page for who has no session: says how to get a link, takes a link or its code. */
export function SignIn({ problem }: { problem: ApiProblem | undefined }) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [empty, setEmpty] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const code = codeOf(text);
    setEmpty(code === '');
    if (code === '') return;
    setBusy(true);
    await signIn(code);
    setBusy(false);
  };
  const limited = problem?.status === 429;
  const ended = problem?.code === 'SESSION_ENDED';
  return (
    <Sheet>
      <h1 data-testid="screen-sentence">
        {problem === undefined
          ? 'Sign in with a link from the hub.'
          : limited || ended
            ? problem.message
            : 'This sign-in link was used already or is too old.'}
      </h1>
      <p className="prose t2">
        {ended ? 'The hub was started again, or it has not heard from this browser for too long; the plant does not depend on it. ' : ''}
        Each link opens the console once. For a new one, run <code>omh sign-in</code> where the hub runs.
      </p>
      <form
        onSubmit={(e) => {
          void submit(e);
        }}
      >
        <label className="lb" htmlFor="code">
          Link or code
        </label>
        <div className={`field mono${empty ? ' err' : ''}`}>
          <input
            id="code"
            data-testid="sign-in-code"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={text}
            placeholder="http://…/#sign-in=…"
            aria-invalid={empty}
            onChange={(e) => {
              setText(e.target.value);
              setEmpty(false);
            }}
          />
        </div>
        {empty ? (
          <p className="err-line">
            <Glyph name="bad" />
            Paste the link that the hub printed.
          </p>
        ) : null}
        {problem === undefined || ended || empty ? null : (
          <p className="meta" style={{ marginTop: 6 }}>
            <code>{problem.code}</code>
          </p>
        )}
        <div className="row" style={{ marginTop: 14 }}>
          <button type="submit" className="btn primary" data-testid="sign-in">
            {busy ? 'Signing in' : 'Sign in'}
          </button>
        </div>
      </form>
    </Sheet>
  );
}

export const Unreachable = ({ problem }: { problem: ApiProblem }) => (
  <Sheet>
    <h1 data-testid="screen-sentence">{problem.message}</h1>
    <p className="prose t2">{problem.next ?? 'The plant may well run on.'} Tried every 3 s.</p>
    <div className="row" style={{ marginTop: 14 }}>
      <button type="button" className="btn" onClick={askAgain}>
        Try now
      </button>
      <span className="meta mono">{problem.code}</span>
    </div>
  </Sheet>
);
