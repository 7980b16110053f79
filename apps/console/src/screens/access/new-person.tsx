import type { UserAnswer, UserRow } from '@omh/api';
import { useRef, useState, type FormEvent } from 'react';
import { accessChanged } from '../../api/access.ts';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { FormProblem, TextField } from '../../app/sheet.tsx';
import { Panel } from '../../ui/panel.tsx';
import { GrantPicker } from './grant-picker.tsx';
import type { Grant } from './grants.ts';

/** A new person gets a password from the hub, told once. */
export function NewPerson({ known, made }: { known: readonly UserRow[]; made: (name: string, password: string | undefined) => void }) {
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [grant, setGrant] = useState<Grant>({ role: 'operator' });
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const nameField = useRef<HTMLInputElement>(null);
  const taken = known.some((u) => u.name === name);
  const grantRefused = problem?.code.startsWith('ACCESS_PERMISSION') === true || problem?.code === 'ACCESS_GRANT_TOO_WIDE';
  const nameFault = taken
    ? `There is already somebody called ${name}.`
    : problem?.code === 'ACCESS_NAME_INVALID'
      ? `${problem.message} ${problem.next ?? ''}`
      : tried && name === ''
        ? 'Write the name to sign in with.'
        : undefined;
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (name === '' || taken) return nameField.current?.focus();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await api<UserAnswer>(`/users/${encodeURIComponent(name)}`, {
        method: 'PUT',
        body: { ...grant, newPassword: true, ...(displayName.trim() === '' ? {} : { displayName: displayName.trim() }) },
      });
      await accessChanged();
      made(name, answer.password);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Panel title="New person">
      <form
        className="narrow"
        onSubmit={(e) => {
          void submit(e);
        }}
      >
        <TextField
          label="Name to sign in with"
          name="name"
          autoComplete="off"
          autoFocus
          maxLength={64}
          inputRef={nameField}
          value={name}
          hint="Small letters, digits and . _ @ -"
          fault={nameFault}
          change={(v) => {
            setName(v.toLowerCase().trim());
            setProblem(undefined);
          }}
        />
        <TextField
          label="Full name, if lists shall show it"
          name="displayName"
          autoComplete="off"
          maxLength={100}
          value={displayName}
          change={setDisplayName}
        />
        <GrantPicker
          value={grant}
          change={(next) => {
            setGrant(next);
            setProblem(undefined);
          }}
          fault={grantRefused ? `${problem.message} ${problem.next ?? ''}` : undefined}
        />
        {problem === undefined || grantRefused || problem.code === 'ACCESS_NAME_INVALID' ? null : <FormProblem error={problem} />}
        <p className="meta hint">The hub makes a password and shows it once; it is changed at the first sign-in.</p>
        <div className="row formact">
          <button type="submit" className="btn primary" data-testid="person-add" aria-busy={busy}>
            {busy ? 'Adding' : `Add ${name === '' ? 'the person' : name}`}
          </button>
        </div>
      </form>
    </Panel>
  );
}
