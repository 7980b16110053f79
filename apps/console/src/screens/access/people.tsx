import type { UserRow } from '@omh/api';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useRoles, useUsers } from '../../api/access.ts';
import { may } from '../../app/session.ts';
import { count, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Empty, Panel } from '../../ui/panel.tsx';
import { AccessHead, Loading, useFind } from './access-head.tsx';
import { grantWords } from './grants.ts';
import { NameList } from './name-list.tsx';
import { NewPerson } from './new-person.tsx';
import { PersonDetail } from './person-detail.tsx';
import { SecretOnce } from './secret-once.tsx';

const draftName = '~new';

function sentenceOf(users: readonly UserRow[]): string {
  const off = users.filter((u) => u.disabled).length;
  const waiting = users.filter((u) => u.mustChange && !u.disabled).length;
  if (users.length === 0) return 'Nobody has a name and a password here yet.';
  const rest = [
    ...(off > 0 ? [`${num(off)} ${off === 1 ? 'is' : 'are'} disabled`] : []),
    ...(waiting > 0 ? [`${num(waiting)} ${waiting === 1 ? 'has' : 'have'} yet to choose a password`] : []),
  ];
  const all = count(users.length, 'person', 'people');
  return rest.length === 0 ? `${all} may sign in.` : `${all}; ${rest.join(', ')}.`;
}

/** Who may sign in, and what each may do. */
export function People({ name }: { name: string | undefined }) {
  const users = useUsers();
  const roles = useRoles();
  const navigate = useNavigate();
  const { find, setFind } = useFind();
  const [told, setTold] = useState<{ name: string; password: string; again: boolean }>();
  const shown = useMemo(() => {
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    return (users.data ?? []).filter((u) => {
      const hay = `${u.name} ${u.displayName} ${u.role ?? 'permissions'} ${u.disabled ? 'disabled' : ''}`.toLowerCase();
      return words.every((w) => hay.includes(w));
    });
  }, [users.data, find]);
  if (users.data === undefined) return <Loading title="People" query={users} tab="people" />;
  const open = (next: string): void => {
    void navigate({ to: '/access/$tab/$name', params: { tab: 'people', name: next }, search: (s) => s, replace: true });
  };
  const drafting = name === draftName;
  const chosen = drafting ? undefined : name === undefined ? shown[0] : users.data.find((u) => u.name === name);
  return (
    <div className="screen acc">
      <AccessHead
        tab="people"
        sentence={sentenceOf(users.data)}
        sub="Each person has a role, or permissions one by one; the hub asks for one at every step."
      >
        {may('users.write') ? (
          <Link className="btn" to="/access/$tab/$name" params={{ tab: 'people', name: draftName }} data-testid="person-new">
            <Icon name="plus" />
            New person
          </Link>
        ) : (
          <span className="meta">Administrators can change people.</span>
        )}
      </AccessHead>
      <div className={`listside${users.data.length === 0 ? ' alone' : ''}${drafting ? ' drafting' : ''}`}>
        <NameList
          rows={shown.map((u) => ({
            name: u.name,
            state: <Glyph name={u.disabled ? 'stopped' : u.mustChange ? 'wait' : 'run'} />,
            first: u.role ?? grantWords(u.permissions, roles.data),
            second: u.disabled ? 'disabled' : u.mustChange ? 'password handed out' : u.displayName === u.name ? '' : u.displayName,
          }))}
          chosen={chosen?.name}
          choose={open}
          find={find}
          setFind={setFind}
          label="People"
          none="Nobody is called that."
        />
        <div className="ru">
          {told === undefined || (told.name !== chosen?.name && !drafting) ? null : (
            <SecretOnce
              title={`${told.again ? 'The new password' : 'The password'} of ${told.name}, to be handed over:`}
              secret={told.password}
              done={() => setTold(undefined)}
            >
              <p>
                {told.name} signs in at <code>{location.origin}</code> with it and chooses another at once.
              </p>
            </SecretOnce>
          )}
          {drafting ? (
            <NewPerson
              known={users.data}
              made={(user, password) => {
                if (password !== undefined) setTold({ name: user, password, again: false });
                open(user);
              }}
            />
          ) : chosen !== undefined ? (
            <PersonDetail
              key={chosen.name}
              user={chosen}
              told={(password) => setTold({ name: chosen.name, password, again: true })}
              removed={() => {
                void navigate({ to: '/access/$tab', params: { tab: 'people' } });
              }}
            />
          ) : (
            <Panel>
              <Empty
                title={
                  name === undefined
                    ? users.data.length === 0
                      ? 'Everybody comes in by link.'
                      : 'Nobody is called that.'
                    : `There is no ${name}.`
                }
                action={
                  users.data.length === 0 && may('users.write') ? (
                    <Link className="btn primary" to="/access/$tab/$name" params={{ tab: 'people', name: draftName }}>
                      Add the first person
                    </Link>
                  ) : undefined
                }
              >
                A person signs in with a name and a password. What people do stands in the audit log under their own name; what somebody
                does by link stands there without one.
              </Empty>
            </Panel>
          )}
        </div>
      </div>
    </div>
  );
}
