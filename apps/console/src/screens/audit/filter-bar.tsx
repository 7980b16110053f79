import { useEffect, useMemo, useState } from 'react';
import { useRoles, useUsers } from '../../api/access.ts';
import { may } from '../../app/session.ts';
import { Icon } from '../../ui/glyph.tsx';
import type { AuditFilter } from './audit-store.ts';
import { otherVerbs, times } from './audit-words.ts';

const settleMs = 350;

/** A text that is told to the others once its typist rests. */
function Typed({
  value,
  change,
  label,
  placeholder,
  testid,
  list,
  icon = false,
}: {
  value: string;
  change: (value: string) => void;
  label: string;
  placeholder: string;
  testid: string;
  list?: string;
  icon?: boolean;
}) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  useEffect(() => {
    if (draft.trim() === value) return;
    const timer = setTimeout(() => change(draft.trim()), settleMs);
    return () => clearTimeout(timer);
  }, [draft, value, change]);
  return (
    <div className="field sm">
      {icon ? <Icon name="search" /> : null}
      <input
        {...(icon ? { 'data-filter': true } : {})}
        {...(list === undefined ? {} : { list })}
        data-testid={testid}
        aria-label={label}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        maxLength={200}
        value={draft}
        onChange={(e) => setDraft(e.target.value)}
      />
    </div>
  );
}

/** `2026-11-23T07:30` of this browser's zone to RFC 3339, and back; empty when it is no time. */
const toInstant = (local: string): string => {
  const ms = Date.parse(local);
  return Number.isFinite(ms) ? new Date(ms).toISOString() : '';
};
const toLocal = (instant: string | undefined): string => {
  const ms = instant === undefined ? NaN : Date.parse(instant);
  return Number.isFinite(ms) ? new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : '';
};

/** Everything the log is filtered by, in one line; the address holds it. */
export function FilterBar({ filter, change }: { filter: AuditFilter; change: (next: AuditFilter) => void }) {
  const roles = useRoles();
  const users = useUsers(may('users.read'));
  const [between, setBetween] = useState(filter.to !== undefined || (filter.from !== undefined && !filter.from.startsWith('now')));
  const put = useMemo(() => {
    const one = (name: keyof AuditFilter) => (value: string) => change({ [name]: value === '' ? undefined : value });
    return { who: one('who'), verb: one('verb'), what: one('what'), result: one('result'), from: one('from'), to: one('to') };
  }, [change]);
  const verbs = [...otherVerbs, ...(roles.data?.verbs.map((v) => v.verb) ?? [])];
  const active = Object.values(filter).some((v) => v !== undefined);
  return (
    <div className="row auditbar" role="search" aria-label="Filter the audit log">
      <Typed icon value={filter.what ?? ''} change={put.what} label="On what" placeholder="On what" testid="audit-what" />
      <Typed value={filter.who ?? ''} change={put.who} label="Who" placeholder="Who" testid="audit-who" list="audit-people" />
      <Typed
        value={filter.verb ?? ''}
        change={put.verb}
        label="What was done"
        placeholder="What was done"
        testid="audit-verb"
        list="audit-verbs"
      />
      <datalist id="audit-verbs">
        {verbs.map((v) => (
          <option key={v} value={v} />
        ))}
      </datalist>
      <datalist id="audit-people">
        {(users.data ?? []).slice(0, 500).map((u) => (
          <option key={u.name} value={u.name}>
            {u.displayName}
          </option>
        ))}
      </datalist>
      <div className="field sm">
        <select aria-label="Result" data-testid="audit-result" value={filter.result ?? ''} onChange={(e) => put.result(e.target.value)}>
          <option value="">Any result</option>
          <option value="ok">Done</option>
          <option value="refused">Refused</option>
          <option value="failed">Failed</option>
        </select>
      </div>
      <div className="field sm">
        <select
          aria-label="When"
          data-testid="audit-time"
          value={between ? 'between' : (filter.from ?? '')}
          onChange={(e) => {
            const range = e.target.value;
            setBetween(range === 'between');
            if (range !== 'between') change({ from: range === '' ? undefined : range, to: undefined });
          }}
        >
          {times.map((t) => (
            <option key={t.id} value={t.id}>
              {t.title}
            </option>
          ))}
          <option value="between">Between</option>
        </select>
      </div>
      {between ? (
        <>
          <div className="field sm when">
            <input
              type="datetime-local"
              aria-label="From"
              data-testid="audit-from"
              value={toLocal(filter.from)}
              onChange={(e) => put.from(toInstant(e.target.value))}
            />
          </div>
          <div className="field sm when">
            <input
              type="datetime-local"
              aria-label="To"
              data-testid="audit-to"
              value={toLocal(filter.to)}
              onChange={(e) => put.to(toInstant(e.target.value))}
            />
          </div>
        </>
      ) : null}
      {active ? (
        <button
          type="button"
          className="btn quiet sm"
          data-testid="audit-clear"
          onClick={() => {
            setBetween(false);
            change({ who: undefined, verb: undefined, what: undefined, result: undefined, from: undefined, to: undefined });
          }}
        >
          Clear
        </button>
      ) : null}
    </div>
  );
}
