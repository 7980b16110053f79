import type { NewTokenAnswer, TokenBody, TokenRow } from '@omh/api';
import { useRef, useState, type FormEvent } from 'react';
import { accessChanged } from '../../api/access.ts';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { useSession } from '../../app/session.ts';
import { FormProblem, TextField } from '../../app/sheet.tsx';
import { hubNow } from '../../live/live-store.ts';
import { day } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { GrantPicker } from './grant-picker.tsx';
import type { Grant } from './grants.ts';

const lives = [
  { id: '7', title: '7 days', days: 7 },
  { id: '30', title: '30 days', days: 30 },
  { id: '90', title: '90 days', days: 90 },
  { id: '365', title: '1 year', days: 365 },
  { id: 'never', title: 'when it is revoked', days: undefined },
] as const;
const expiresOf = (days: number | undefined): string | undefined =>
  days === undefined ? undefined : new Date(hubNow() + days * 86_400_000).toISOString();

/** A token of one's own: for a program that acts with one's permissions, or with fewer. */
export function NewToken({
  known,
  made,
  leave,
}: {
  known: readonly TokenRow[];
  made: (name: string, secret: string) => void;
  leave: () => void;
}) {
  const session = useSession();
  const mine = session.state === 'in' ? session.me.role : undefined;
  const [name, setName] = useState('');
  const [grant, setGrant] = useState<Grant>({ role: mine === 'operator' || mine === 'viewer' ? mine : 'viewer' });
  const [life, setLife] = useState<(typeof lives)[number]['id']>('90');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const nameField = useRef<HTMLInputElement>(null);
  const days = lives.find((l) => l.id === life)!.days;
  const expires = expiresOf(days);
  const taken = known.some((t) => t.name === name);
  const ofName = problem?.code === 'ACCESS_NAME_INVALID' || problem?.code === 'ACCESS_NAME_TAKEN';
  const nameFault = taken
    ? `There is already a token ${name}.`
    : ofName
      ? `${problem.message} ${problem.next ?? ''}`
      : tried && name === ''
        ? 'Write what uses it, such as grafana.'
        : undefined;
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (name === '' || taken) return nameField.current?.focus();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const body = { name, ...grant, ...(expires === undefined ? {} : { expires }) } as TokenBody;
      const answer = await api<NewTokenAnswer>('/tokens', { body });
      await accessChanged();
      made(name, answer.secret);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Panel title="New token" className="formpanel">
      <form
        className="narrow"
        onSubmit={(e) => {
          void submit(e);
        }}
      >
        <TextField
          label="Name"
          name="name"
          autoComplete="off"
          autoFocus
          maxLength={64}
          inputRef={nameField}
          value={name}
          hint="What uses it, in small letters, such as grafana"
          fault={nameFault}
          change={(v) => {
            setName(v.toLowerCase().trim());
            setProblem(undefined);
          }}
        />
        <GrantPicker value={grant} change={setGrant} />
        <div className="fieldrow">
          <label className="lb" htmlFor="token-life">
            Ends
          </label>
          <div className="field short">
            <select id="token-life" data-testid="token-life" value={life} onChange={(e) => setLife(e.target.value as typeof life)}>
              {lives.map((l) => (
                <option key={l.id} value={l.id}>
                  {l.days === undefined ? l.title : `in ${l.title}`}
                </option>
              ))}
            </select>
          </div>
          <p className="meta hint">
            {expires === undefined
              ? 'It works until somebody revokes it, or its owner goes.'
              : `It works until ${day(Date.parse(expires))} ${expires.slice(0, 4)}, and never longer than its owner.`}
          </p>
        </div>
        {problem === undefined || ofName ? null : <FormProblem error={problem} />}
        <div className="row formact">
          <button type="submit" className="btn primary" data-testid="token-add" aria-busy={busy}>
            {busy ? 'Making the token' : 'Make the token'}
          </button>
          <button type="button" className="btn" onClick={leave}>
            Cancel
          </button>
        </div>
      </form>
    </Panel>
  );
}
