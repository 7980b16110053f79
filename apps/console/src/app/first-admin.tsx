import { useRef, useState, type FormEvent } from 'react';
import { asProblem, type ApiProblem } from '../api/client.ts';
import { newPasswordFault, NewPasswordFields, passwordRefused } from './change-password.tsx';
import { createFirstAdmin, signOut } from './session.ts';
import { FormProblem, Sheet, TextField } from './sheet.tsx';
import './sign-in.css';

/** For the one-time link of a hub without people: its first person, who may do everything. */
export function FirstAdmin() {
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const nameField = useRef<HTMLInputElement>(null);
  const passwordField = useRef<HTMLInputElement>(null);
  const fault = newPasswordFault(password, again);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (name === '') return nameField.current?.focus();
    if (fault !== undefined) return passwordField.current?.focus();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await createFirstAdmin({ name, password, ...(displayName.trim() === '' ? {} : { displayName: displayName.trim() }) });
    } catch (error) {
      const refusal = asProblem(error);
      setProblem(refusal);
      setBusy(false);
      (passwordRefused(refusal) ? passwordField : nameField).current?.focus();
    }
  };
  const nameRefused = problem?.code === 'ACCESS_NAME_INVALID';
  return (
    <Sheet>
      <h1 data-testid="screen-sentence">Make the first administrator.</h1>
      <p className="prose t2">
        Nobody can sign in to this hub with a password yet. The first administrator may do everything, and adds the others.
      </p>
      <form
        onSubmit={(e) => {
          void submit(e);
        }}
      >
        <TextField
          label="Name to sign in with"
          name="username"
          autoComplete="username"
          autoFocus
          maxLength={64}
          inputRef={nameField}
          value={name}
          hint="Small letters, digits and . _ @ -"
          fault={
            nameRefused
              ? `${problem.message} ${problem.next ?? ''}`
              : tried && name === ''
                ? 'Choose the name you sign in with.'
                : undefined
          }
          change={(v) => {
            setName(v.toLowerCase().trim());
            if (nameRefused) setProblem(undefined);
          }}
        />
        <TextField
          label="Full name, if lists shall show it"
          name="displayName"
          autoComplete="name"
          maxLength={100}
          value={displayName}
          change={setDisplayName}
        />
        <NewPasswordFields
          password={password}
          again={again}
          inputRef={passwordField}
          tried={tried}
          refused={passwordRefused(problem)}
          change={(next) => {
            setPassword(next.password);
            setAgain(next.again);
            if (passwordRefused(problem) !== undefined) setProblem(undefined);
          }}
        />
        {problem === undefined || nameRefused || passwordRefused(problem) !== undefined ? null : <FormProblem error={problem} />}
        <div className="act">
          <button type="submit" className="btn primary" data-testid="create-first-admin" aria-busy={busy}>
            {busy ? 'Making the administrator' : 'Make the administrator and sign in'}
          </button>
          {problem?.code === 'ACCESS_FIRST_ADMIN_OVER' ? (
            <button
              type="button"
              className="btn"
              onClick={() => {
                void signOut();
              }}
            >
              Go to the sign-in
            </button>
          ) : null}
        </div>
      </form>
    </Sheet>
  );
}
