import { useId } from 'react';
import { useRoles } from '../../api/access.ts';
import { useSession } from '../../app/session.ts';
import { FaultLine } from '../../app/sheet.tsx';
import { Icon } from '../../ui/glyph.tsx';
import { ErrorSay, Skeleton } from '../../ui/panel.tsx';
import { joinPermission, mayHandOn, splitPermission, type Grant } from './grants.ts';

/** A role with its sentence, or permissions one by one. Offers only what one has oneself. */
export function GrantPicker({
  value,
  change,
  fault,
  label = 'May do',
}: {
  value: Grant;
  change: (grant: Grant) => void;
  fault?: string | undefined;
  label?: string;
}) {
  const name = useId();
  const roles = useRoles();
  const session = useSession();
  if (roles.data === undefined || session.state !== 'in') return roles.isError ? <ErrorSay error={roles.error} /> : <Skeleton rows={4} />;
  const { me } = session;
  const single = 'permissions' in value;
  return (
    <fieldset className="grant">
      <legend className="lb">{label}</legend>
      {roles.data.roles
        .filter((r) => mayHandOn(me, r.permissions) || ('role' in value && value.role === r.name))
        .map((r) => (
          <label key={r.name} className="choice">
            <input
              type="radio"
              name={name}
              data-testid={`role-${r.name}`}
              checked={!single && value.role === r.name}
              onChange={() => change({ role: r.name })}
            />
            <span>
              <b>{r.name}</b>
              <span className="t2">{r.meaning}</span>
            </span>
          </label>
        ))}
      <label className="choice">
        <input
          type="radio"
          name={name}
          data-testid="role-permissions"
          checked={single}
          onChange={() =>
            change({
              permissions: single ? value.permissions : [...(roles.data.roles.find((r) => r.name === value.role)?.permissions ?? [])],
            })
          }
        />
        <span>
          <b>permissions one by one</b>
          <span className="t2">Each is a verb, everywhere or below one subtree.</span>
        </span>
      </label>
      {single ? (
        <Permissions
          value={value.permissions}
          verbs={roles.data.verbs.filter(
            (v) => me.permissions.includes('*') || me.permissions.some((p) => splitPermission(p).verb === v.verb),
          )}
          every={me.permissions.includes('*')}
          change={(permissions) => change({ permissions })}
        />
      ) : null}
      {fault === undefined ? null : <FaultLine>{fault}</FaultLine>}
    </fieldset>
  );
}

function Permissions({
  value,
  verbs,
  every,
  change,
}: {
  value: readonly string[];
  verbs: readonly { verb: string; meaning: string }[];
  every: boolean;
  change: (next: readonly string[]) => void;
}) {
  const put = (at: number, next: string): void => change(value.map((p, i) => (i === at ? next : p)));
  const offered = every ? [...verbs, { verb: '*', meaning: 'Everything there is.' }] : verbs;
  const free = offered.find((v) => !value.includes(v.verb)) ?? offered[0];
  return (
    <div className="perms">
      <ul>
        {value.map((permission, i) => {
          const { verb, subtree } = splitPermission(permission);
          const meaning = offered.find((v) => v.verb === verb)?.meaning;
          return (
            <li key={i}>
              <div className="field sm">
                <select
                  aria-label={`Verb of permission ${i + 1}`}
                  value={verb}
                  title={meaning}
                  onChange={(e) => put(i, joinPermission({ verb: e.target.value, subtree }))}
                >
                  {meaning === undefined ? <option value={verb}>{verb}</option> : null}
                  {offered.map((v) => (
                    <option key={v.verb} value={v.verb}>
                      {v.verb === '*' ? 'every verb' : v.verb}
                    </option>
                  ))}
                </select>
              </div>
              <div className="field sm mono">
                <input
                  aria-label={`Subtree of permission ${i + 1}`}
                  placeholder="everywhere"
                  spellCheck={false}
                  value={subtree}
                  onChange={(e) => put(i, joinPermission({ verb, subtree: e.target.value }))}
                />
              </div>
              <button
                type="button"
                className="btn quiet sm iconbtn"
                aria-label={`Remove ${permission}`}
                title="Remove"
                onClick={() => change(value.filter((_, at) => at !== i))}
              >
                <Icon name="close" />
              </button>
              <p className="meta">{meaning ?? 'A verb that you do not have.'}</p>
            </li>
          );
        })}
      </ul>
      <button
        type="button"
        className="btn sm"
        data-testid="add-permission"
        onClick={() => {
          if (free !== undefined) change([...value, free.verb]);
        }}
      >
        <Icon name="plus" />
        Add a permission
      </button>
      <p className="meta">
        A subtree is a topic filter such as <code>acme/line1/#</code>; left empty, the verb holds everywhere.
      </p>
    </div>
  );
}
