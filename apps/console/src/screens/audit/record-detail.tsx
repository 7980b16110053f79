import type { AuditRow } from '@omh/api';
import { Fragment } from 'react';
import { useRoles } from '../../api/access.ts';
import { clockTenths, day, num } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import type { AuditFilter } from './audit-store.ts';
import { kindWord, resultClass, resultGlyph, resultWord } from './audit-words.ts';

/** One record whole; each of its names filters the list. */
export function RecordDetail({ record: r, filter, close }: { record: AuditRow; filter: (next: AuditFilter) => void; close: () => void }) {
  const roles = useRoles();
  const meaning = roles.data?.verbs.find((v) => v.verb === r.verb)?.meaning;
  const ms = Date.parse(r.at);
  return (
    <Panel
      title={`Record ${num(r.seq)}`}
      right={
        <button type="button" className="btn quiet sm" onClick={close}>
          Close
        </button>
      }
      data-testid="audit-detail"
      className="recordpanel"
    >
      <dl className="kv">
        <dt>When</dt>
        <dd>
          {day(ms)} {new Date(ms).getFullYear()}, {clockTenths(ms)}
          <span className="meta block">{r.at}</span>
        </dd>
        <dt>Who</dt>
        <dd>
          <button type="button" className="link" onClick={() => filter({ who: r.who })} title="Only what this one did">
            {r.who}
          </button>
          <span className="meta block">{kindWord[r.kind]}</span>
        </dd>
        <dt>Result</dt>
        <dd className={resultClass[r.result]}>
          <Glyph name={resultGlyph[r.result]} /> {resultWord[r.result]}
        </dd>
        <dt>What</dt>
        <dd>
          <button type="button" className="link" onClick={() => filter({ verb: r.verb })} title="Only records of this">
            {r.verb}
          </button>
          {meaning === undefined ? null : <span className="meta block">{meaning}</span>}
        </dd>
        <dt>On</dt>
        <dd className="mono wrap">
          <button type="button" className="link" onClick={() => filter({ what: r.what })} title="Only records about this">
            {r.what}
          </button>
        </dd>
        {r.from === undefined ? null : (
          <>
            <dt>From</dt>
            <dd className="mono">{r.from}</dd>
          </>
        )}
        {Object.entries(r.detail ?? {}).map(([key, value]) => (
          <Fragment key={key}>
            <dt>{key}</dt>
            <dd className="wrap">{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </Fragment>
        ))}
      </dl>
    </Panel>
  );
}
