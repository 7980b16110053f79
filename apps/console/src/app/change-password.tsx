import { useRef, useState, type FormEvent, type ReactNode, type Ref } from 'react';
import { asProblem, type ApiProblem } from '../api/client.ts';
import { changePassword, signOut } from './session.ts';
import { FormProblem, PasswordField, Sheet } from './sheet.tsx';
import { afterPress } from '../form/after-press.ts';
import './sign-in.css';

/** What is wrong with the two fields before the hub is asked: it alone knows which passwords are weak. */
export const newPasswordFault = (password: string, again: string): string | undefined =>
  password === '' ? 'Choose a password.' : again !== password ? 'The two are not the same.' : undefined;
/** The hub's sentence about a new password, when the refusal is about that. */
export const passwordRefused = (problem: ApiProblem | undefined): string | undefined =>
  problem?.code === 'ACCESS_PASSWORD_WEAK' ? `${problem.message} ${problem.next ?? ''}` : undefined;

/** A new password, twice. */
export function NewPasswordFields({
  password,
  again,
  tried,
  refused,
  inputRef,
  change,
}: {
  password: string;
  again: string;
  tried: boolean;
  refused: string | undefined;
  inputRef: Ref<HTMLInputElement>;
  change: (next: { password: string; again: string }) => void;
}) {
  const [left, setLeft] = useState(false);
  return (
    <>
      <PasswordField
        label="New password"
        name="new-password"
        autoComplete="new-password"
        inputRef={inputRef}
        value={password}
        hint="Ten characters or more that nobody guesses; a few words with blanks are fine."
        fault={refused ?? (tried && password === '' ? 'Choose a password.' : undefined)}
        change={(v) => change({ password: v, again })}
      />
      <div onBlur={() => afterPress(() => setLeft(again !== ''))}>
        <PasswordField
          label="The same again"
          name="new-password-again"
          autoComplete="new-password"
          value={again}
          fault={(left || tried) && password !== '' && again !== password ? 'The two are not the same.' : undefined}
          change={(v) => change({ password, again: v })}
        />
      </div>
    </>
  );
}

/** One's own password: the present one, and the new one twice. A session that ends with it is replaced by the hub. */
export function PasswordForm({
  name,
  before,
  refused,
  children,
}: {
  name: string;
  /** Before the hub is asked; when it agrees, the page around this form is another one. */
  before?: () => void;
  refused?: () => void;
  children?: ReactNode;
}) {
  const [present, setPresent] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const presentField = useRef<HTMLInputElement>(null);
  const newField = useRef<HTMLInputElement>(null);
  const wrong = problem?.code === 'ACCESS_PASSWORD_WRONG';
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (present === '') return presentField.current?.focus();
    if (newPasswordFault(password, again) !== undefined) return newField.current?.focus();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    before?.();
    try {
      await changePassword(present, password);
    } catch (error) {
      refused?.();
      const refusal = asProblem(error);
      setProblem(refusal);
      setBusy(false);
      (passwordRefused(refusal) === undefined ? presentField : newField).current?.focus();
    }
  };
  return (
    <form
      onSubmit={(e) => {
        void submit(e);
      }}
    >
      {/* Password managers store the new one under this name. */}
      <input className="vh" type="text" name="username" autoComplete="username" readOnly tabIndex={-1} aria-hidden value={name} />
      <PasswordField
        label="Present password"
        name="password"
        autoComplete="current-password"
        autoFocus
        inputRef={presentField}
        value={present}
        fault={wrong ? problem.message : tried && present === '' ? 'Write the password that you signed in with.' : undefined}
        change={(v) => {
          setPresent(v);
          if (wrong) setProblem(undefined);
        }}
      />
      <NewPasswordFields
        password={password}
        again={again}
        inputRef={newField}
        tried={tried}
        refused={passwordRefused(problem)}
        change={(next) => {
          setPassword(next.password);
          setAgain(next.again);
          if (passwordRefused(problem) !== undefined) setProblem(undefined);
        }}
      />
      {problem === undefined || wrong || passwordRefused(problem) !== undefined ? null : <FormProblem error={problem} />}
      <div className="act">
        <button type="submit" className="btn primary" data-testid="change-password" aria-busy={busy}>
          {busy ? 'Changing the password' : 'Change the password'}
        </button>
        {children}
      </div>
    </form>
  );
}

/** The one page of a person whose password was handed out. */
export const HandedOutPassword = ({ name }: { name: string }) => (
  <Sheet>
    <h1 data-testid="screen-sentence">Choose a password of your own, {name}.</h1>
    <p className="prose t2">The one you have was handed out, so somebody else has seen it. Nothing else opens before it is changed.</p>
    <PasswordForm name={name}>
      <button
        type="button"
        className="btn quiet"
        onClick={() => {
          void signOut();
        }}
      >
        Sign out
      </button>
    </PasswordForm>
  </Sheet>
);
