import { useRef, useState, type FormEvent } from 'react';
import { asProblem, type ApiProblem } from '../api/client.ts';
import { useTick } from '../live/live-store.ts';
import { countdown } from '../ui/format.ts';
import { askAgain, codeOf, signIn, signInWith, type Way } from './session.ts';
import { FaultLine, FormProblem, PasswordField, Sheet, TextField } from './sheet.tsx';
import './sign-in.css';

/** For who has no session: name and password, or a one-time link or its code. */
export function SignIn({ problem, by }: { problem: ApiProblem | undefined; by: Way | undefined }) {
  const [way, setWay] = useState<'password' | 'code'>(by === undefined ? 'password' : 'code');
  const ended = problem?.code === 'SESSION_ENDED';
  const refused = by !== undefined && problem?.status === 401;
  return (
    <Sheet>
      <h1 data-testid="screen-sentence">
        {ended
          ? problem.message
          : refused
            ? by === 'first-admin'
              ? 'This link for the first administrator was used already or is too old.'
              : 'This sign-in link was used already or is too old.'
            : (problem?.message ?? `Sign in to ${location.host}.`)}
      </h1>
      {ended ? (
        <p className="prose t2">
          Somebody ended it, the hub was started again, or it has not heard from this browser for too long; the plant does not depend on it.
        </p>
      ) : refused && by === 'first-admin' ? (
        <p className="prose t2">
          If there is an administrator already, sign in with name and password. Else start the hub again: <code>omh up</code> prints a new
          link.
        </p>
      ) : by !== undefined && problem?.next !== undefined && !refused ? (
        <p className="prose t2">{problem.next}</p>
      ) : null}
      {way === 'password' ? <ByPassword /> : <ByCode />}
      <div className="other prose t2">
        {way === 'password' ? (
          <>
            <p>
              No name here, or no password any more? <code>omh sign-in</code> prints a link where the hub runs; it opens the console once.
            </p>
            <button type="button" className="link" data-testid="way-code" onClick={() => setWay('code')}>
              I have a link or code
            </button>
          </>
        ) : (
          <>
            <p>
              Each link opens the console once. For a new one, run <code>omh sign-in</code> where the hub runs.
            </p>
            <button type="button" className="link" data-testid="way-password" onClick={() => setWay('password')}>
              I have a name and a password
            </button>
          </>
        )}
      </div>
    </Sheet>
  );
}

function ByPassword() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [empty, setEmpty] = useState<'name' | 'password'>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const fields = { name: useRef<HTMLInputElement>(null), password: useRef<HTMLInputElement>(null) };
  const locked = problem?.code === 'ACCESS_LOGIN_LOCKED' ? (problem.retryAt ?? 0) : 0;
  useTick(locked > 0 ? 500 : 60_000);
  const waitMs = locked - Date.now();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const missing = name.trim() === '' ? 'name' : password === '' ? 'password' : undefined;
    setEmpty(missing);
    if (missing !== undefined) fields[missing].current?.focus();
    if (missing !== undefined || busy || waitMs > 0) return;
    setBusy(true);
    try {
      await signInWith(name, password);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
      fields.password.current?.focus();
      fields.password.current?.select();
    }
  };
  const wrong = problem?.code === 'ACCESS_LOGIN_REFUSED';
  return (
    <form
      onSubmit={(e) => {
        void submit(e);
      }}
    >
      <TextField
        label="Name"
        name="username"
        autoComplete="username"
        autoFocus
        maxLength={100}
        inputRef={fields.name}
        value={name}
        fault={empty === 'name' ? 'Write your name first.' : undefined}
        change={(v) => {
          setName(v);
          setEmpty(undefined);
        }}
      />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        inputRef={fields.password}
        value={password}
        fault={empty === 'password' ? 'Write your password.' : wrong ? problem.message : undefined}
        change={(v) => {
          setPassword(v);
          setEmpty(undefined);
          if (wrong) setProblem(undefined);
        }}
      />
      {problem === undefined || wrong ? null : locked === 0 ? (
        <FormProblem error={problem} />
      ) : waitMs > 0 ? (
        <FaultLine counts>
          There were too many wrong attempts. The next one is possible in{' '}
          <b className="nowrap" data-testid="locked-for">
            {waitMs >= 99_500 ? countdown(waitMs) : `${Math.ceil(waitMs / 1000)} s`}
          </b>
          .
        </FaultLine>
      ) : (
        <p className="meta hint">You can try again now.</p>
      )}
      <div className="act">
        <button type="submit" className="btn primary" data-testid="sign-in" aria-busy={busy}>
          {busy ? 'Signing in' : 'Sign in'}
        </button>
      </div>
    </form>
  );
}

function ByCode() {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [empty, setEmpty] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const found = codeOf(text);
    setEmpty(found.code === '');
    if (found.code === '' || busy) return;
    setBusy(true);
    await signIn(found);
    setBusy(false);
  };
  return (
    <form
      onSubmit={(e) => {
        void submit(e);
      }}
    >
      <TextField
        label="Link or code"
        name="code"
        autoComplete="off"
        autoFocus
        mono
        placeholder="http://…/#sign-in=…"
        value={text}
        fault={empty ? 'Paste the link that the hub printed.' : undefined}
        change={(v) => {
          setText(v);
          setEmpty(false);
        }}
      />
      <div className="act">
        <button type="submit" className="btn primary" data-testid="sign-in" aria-busy={busy}>
          {busy ? 'Signing in' : 'Sign in'}
        </button>
      </div>
    </form>
  );
}

export const Unreachable = ({ problem }: { problem: ApiProblem }) => (
  <Sheet>
    <h1 data-testid="screen-sentence">{problem.message}</h1>
    <p className="prose t2">{problem.next ?? 'The plant may well run on.'} Tried every 3 s.</p>
    <div className="act">
      <button type="button" className="btn" onClick={askAgain}>
        Try now
      </button>
      <span className="meta mono">{problem.code}</span>
    </div>
  </Sheet>
);
