import type { UserAnswer, UserBody, UserRow } from '@omh/api';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { accessChanged, useRoles, useSessions, useTokens } from '../../api/access.ts';
import { api } from '../../api/client.ts';
import { may, useSession } from '../../app/session.ts';
import { FormProblem, TextField } from '../../app/sheet.tsx';
import { count, moment } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AskFirst } from './ask-first.tsx';
import { GrantPicker } from './grant-picker.tsx';
import { sameGrant, splitPermission, type Grant } from './grants.ts';

const grantOf = (user: UserRow): Grant => (user.role === undefined ? { permissions: user.permissions } : { role: user.role });

/** One person: what the person may do, password, sessions, and the way out. */
export function PersonDetail({ user, told, removed }: { user: UserRow; told: (password: string) => void; removed: () => void }) {
  const session = useSession();
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const self = session.state === 'in' && session.me.name === user.name;
  const path = `/users/${encodeURIComponent(user.name)}`;
  const put = async (body: UserBody, after: string): Promise<void> => {
    const answer = await api<UserAnswer>(path, { method: 'PUT', body });
    if (answer.password !== undefined) told(answer.password);
    setSaid(after);
    setProblem(undefined);
    await accessChanged();
  };
  const state = user.disabled
    ? 'Disabled: no password, token or session of this person opens anything.'
    : user.mustChange
      ? 'Has a password that was handed out; nothing opens before it is changed.'
      : 'May sign in.';
  return (
    <>
      <Panel className="persontop">
        <div className="row persontitle">
          <div className="grow">
            <h2 className="objname ell">{user.displayName}</h2>
            <p className="t2">
              <Glyph name={user.disabled ? 'stopped' : user.mustChange ? 'wait' : 'run'} /> <span data-testid="person-state">{state}</span>
              {self ? ' This is you.' : ''}
            </p>
          </div>
          {may('users.write') && !self ? (
            <div className="row right actions">
              <AskFirst
                button="New password"
                deed={`Make one for ${user.name}`}
                testid="person-password"
                act={() => put({ newPassword: true }, '')}
              >
                The hub makes a password and shows it once. The old one and all sessions of {user.name} end; the new one has to be changed
                at the first sign-in.
              </AskFirst>
              {user.disabled ? (
                <button
                  type="button"
                  className="btn"
                  data-testid="person-enable"
                  onClick={() => {
                    put({ disabled: false }, `${user.name} may sign in again.`).catch(setProblem);
                  }}
                >
                  Enable
                </button>
              ) : (
                <AskFirst
                  button="Disable"
                  deed={`Disable ${user.name}`}
                  testid="person-disable"
                  act={() => put({ disabled: true }, `${user.name} is disabled; all sessions ended.`)}
                >
                  All sessions of {user.name} end and API tokens stop working until {user.name} is enabled again. Nothing is lost.
                </AskFirst>
              )}
              <AskFirst
                button="Remove"
                deed={`Remove ${user.name}`}
                name={user.name}
                danger
                testid="person-remove"
                act={async () => {
                  await api(path, { method: 'DELETE' });
                  await accessChanged();
                  removed();
                }}
              >
                All sessions and API tokens of {user.name} end for good. What {user.name} did stays in the audit log.
              </AskFirst>
            </div>
          ) : self ? (
            <div className="row right actions">
              <Link className="btn" to="/account/$tab" params={{ tab: 'password' }}>
                Change password
              </Link>
            </div>
          ) : null}
        </div>
        {said === '' ? null : (
          <p className="said" role="status" data-testid="person-said">
            <Glyph name="check" /> {said}
          </p>
        )}
        {problem === undefined ? null : <FormProblem error={problem} />}
        <dl className="kv tight facts2">
          <dt>Signs in as</dt>
          <dd className="mono">{user.name}</dd>
          <dt>Since</dt>
          <dd>{moment(Date.parse(user.created), false)}</dd>
          <dt>Password of</dt>
          <dd>{moment(Date.parse(user.passwordSet), false)}</dd>
          <Belongings name={user.name} />
        </dl>
      </Panel>
      {may('users.write') ? <Change user={user} put={put} /> : <Allowed user={user} />}
    </>
  );
}

function Belongings({ name }: { name: string }) {
  const sessions = useSessions();
  const tokens = useTokens(may('access.write'));
  const own = sessions.data?.filter((s) => s.user === name).length ?? 0;
  const keys = tokens.data?.filter((t) => t.owner === name).length ?? 0;
  const session = useSession();
  const self = session.state === 'in' && session.me.name === name;
  return (
    <>
      <dt>Sessions</dt>
      <dd className="row" data-testid="person-sessions">
        {own === 0 ? (
          'none open'
        ) : (
          <Link to="/access/$tab" params={{ tab: 'sessions' }} search={{ find: name }}>
            {count(own, 'open session')}
          </Link>
        )}
        {own > 0 && may('users.write') && !self ? (
          <AskFirst
            small
            button="End all"
            deed="End all sessions"
            testid="person-end-sessions"
            act={async () => {
              await api(`/sessions?user=${encodeURIComponent(name)}`, { method: 'DELETE' });
              await accessChanged();
            }}
          >
            {name} is signed out everywhere and may sign in again.
          </AskFirst>
        ) : null}
      </dd>
      {may('access.write') ? (
        <>
          <dt>API tokens</dt>
          <dd>
            {keys === 0 ? (
              'none'
            ) : (
              <Link to="/access/$tab" params={{ tab: 'tokens' }} search={{ find: name }}>
                {count(keys, 'token')}
              </Link>
            )}
          </dd>
        </>
      ) : null}
      {may('audit.read') ? (
        <>
          <dt>Did</dt>
          <dd>
            <Link to="/audit" search={{ who: name }}>
              in the audit log
            </Link>
          </dd>
        </>
      ) : null}
    </>
  );
}

function Change({ user, put }: { user: UserRow; put: (body: UserBody, after: string) => Promise<void> }) {
  const before = grantOf(user);
  const [grant, setGrant] = useState<Grant>(before);
  const [displayName, setDisplayName] = useState(user.displayName);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const otherGrant = !sameGrant(grant, before);
  const otherName = displayName.trim() !== user.displayName && displayName.trim() !== '';
  const save = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await put(
        { ...(otherGrant ? (grant as UserBody) : {}), ...(otherName ? { displayName: displayName.trim() } : {}) },
        otherGrant ? `${user.name} ${'role' in grant ? `is ${grant.role}` : 'has the permissions below'} from now on.` : 'Saved.',
      );
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return (
    <Panel title="What this person may do" className="personmay">
      <form
        className="narrow"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <GrantPicker value={grant} change={setGrant} label="Role" />
        <TextField label="Full name" name="displayName" autoComplete="off" maxLength={100} value={displayName} change={setDisplayName} />
        {problem === undefined ? null : <FormProblem error={problem} />}
        {otherGrant || otherName ? (
          <div className="row formact">
            <button type="submit" className="btn primary" data-testid="person-save" aria-busy={busy}>
              {otherGrant && 'role' in grant ? `Make ${user.name} ${grant.role}` : otherGrant ? 'Save the permissions' : 'Save the name'}
            </button>
            <button
              type="button"
              className="btn"
              onClick={() => {
                setGrant(before);
                setDisplayName(user.displayName);
                setProblem(undefined);
              }}
            >
              Leave it
            </button>
            <span className="meta">Holds at once, in open sessions too.</span>
          </div>
        ) : null}
      </form>
    </Panel>
  );
}

const Allowed = ({ user }: { user: UserRow }) => {
  const roles = useRoles();
  return (
    <Panel title="What this person may do" meta={user.role}>
      <dl className="kv tight">
        {user.permissions.map((p) => {
          const { verb, subtree } = splitPermission(p);
          return [
            <dt key={p} className="mono">
              {verb === '*' ? 'every verb' : verb} {subtree}
            </dt>,
            <dd key={`${p} meaning`} className="t2">
              {roles.data?.verbs.find((v) => v.verb === verb)?.meaning ?? 'Everything there is.'}
            </dd>,
          ];
        })}
      </dl>
    </Panel>
  );
};
