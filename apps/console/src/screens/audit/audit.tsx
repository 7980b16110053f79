import type { AuditVerifyAnswer } from '@omh/api';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useRef, useState } from 'react';
import { asProblem } from '../../api/client.ts';
import { hubNow } from '../../live/live-store.ts';
import { count, num, span } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { auditCsv, download } from './audit-csv.ts';
import { readAll, useAudit, useRecord, verify, type AuditFilter, type AuditView } from './audit-store.ts';
import './audit.css';
import { FilterBar } from './filter-bar.tsx';
import { RecordDetail } from './record-detail.tsx';
import { RecordList } from './record-list.tsx';

const route = getRouteApi('/audit');

function sentenceOf(view: AuditView, filtered: boolean): string {
  const newest = view.records[0];
  if (newest === undefined)
    return filtered
      ? view.cursor === undefined
        ? 'No record is like that.'
        : 'None among the newest is like that.'
      : 'Nothing is recorded yet.';
  const ms = hubNow() - Date.parse(newest.at);
  const ago = ms < 60_000 ? 'just now' : `${span(ms)} ago`;
  if (filtered)
    return `${view.cursor === undefined ? '' : 'More than '}${count(view.records.length, 'record')} ${view.records.length === 1 ? 'is' : 'are'} like that, the newest ${ago}.`;
  return `${count(newest.seq, 'record')}; ${newest.who} did the newest ${ago}.`;
}

/** Who did what: accepted changes, writes, sign-ins, and refusals that matter. */
export function Audit() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { record: recordText, ...filter } = search;
  const view = useAudit(filter);
  const chain = useChain();
  const filtered = Object.values(filter).some((v) => v !== undefined);
  // What comes while the list is scrolled waits above it, so that nothing moves under the pointer.
  const [away, setAway] = useState(false);
  const top = useRef(0);
  if (!away) top.current = view.records[0]?.seq ?? 0;
  const waiting = away ? view.records.filter((r) => r.seq > top.current).length : 0;
  const shown = waiting > 0 ? view.records.slice(waiting) : view.records;
  const seq = Number(recordText);
  const held = view.records.find((r) => r.seq === seq);
  const far = useRecord(Number.isSafeInteger(seq) && seq > 0 && held === undefined ? seq : undefined);
  const chosen = held ?? far;
  const refine = useCallback(
    (next: AuditFilter): void => {
      void navigate({
        search: (s) => Object.fromEntries(Object.entries({ ...s, ...next, record: undefined }).filter(([, v]) => v !== undefined)),
        replace: true,
      });
      setAway(false);
    },
    [navigate],
  );
  const choose = (seq: number | undefined): void => {
    void navigate({
      search: ({ record, ...rest }) => (seq === undefined || record === String(seq) ? rest : { ...rest, record: String(seq) }),
      replace: true,
    });
  };
  return (
    <div className="screen audit">
      <Head
        sentence={view.loaded ? sentenceOf(view, filtered) : 'Audit'}
        sub={chain.verdict ?? 'Each record holds the hash of the one before; none is ever removed.'}
      >
        {chain.button}
        <Export filter={filter} empty={view.records.length === 0} />
      </Head>
      <FilterBar filter={filter} change={refine} />
      {/* A silent hub is told above every screen. */}
      {view.problem !== undefined && view.problem.status !== 0 && view.loaded ? <ErrorSay error={view.problem} /> : null}
      <div className={`side${chosen === undefined ? ' alone' : ''}`}>
        <Panel flush className="clip">
          {waiting > 0 ? (
            <button type="button" className="newrows" data-testid="audit-new" onClick={() => setAway(false)}>
              {count(waiting, 'new record')}, show
            </button>
          ) : null}
          {!view.loaded ? (
            view.problem === undefined ? (
              <Skeleton rows={10} />
            ) : (
              <div style={{ padding: 12 }}>
                <ErrorSay error={view.problem} />
              </div>
            )
          ) : shown.length === 0 ? (
            <Empty
              title={
                filtered
                  ? view.cursor === undefined
                    ? 'No record is like that.'
                    : 'None so far is like that.'
                  : 'Nothing is recorded yet.'
              }
              action={
                view.cursor === undefined ? undefined : (
                  <button type="button" className="btn" onClick={view.older} aria-busy={view.busy}>
                    {view.busy ? 'Looking' : 'Look further back'}
                  </button>
                )
              }
            >
              {view.cursor === undefined
                ? filtered
                  ? 'Take a part of the filter away. A name finds the person and the tokens of that person.'
                  : 'Sign-ins, changes and refusals appear here as they happen.'
                : `The newest records back to number ${num(Number(view.cursor))} were looked at.`}
            </Empty>
          ) : (
            <RecordList
              key={waiting === 0 && !away ? 'top' : 'held'}
              records={shown}
              chosen={chosen?.seq}
              choose={choose}
              more={view.cursor !== undefined}
              older={view.busy || view.problem !== undefined ? nothing : view.older}
              away={setAway}
            />
          )}
        </Panel>
        {chosen === undefined ? null : <RecordDetail record={chosen} filter={refine} close={() => choose(undefined)} />}
      </div>
    </div>
  );
}
const nothing = (): void => {};

/** The button that has every byte checked, and what came of it. */
function useChain() {
  const [state, setState] = useState<'busy' | { answer: AuditVerifyAnswer } | { problem: unknown }>();
  const run = async (): Promise<void> => {
    setState('busy');
    try {
      setState({ answer: await verify() });
    } catch (problem) {
      setState({ problem });
    }
  };
  const verdict =
    state === undefined || state === 'busy'
      ? undefined
      : 'problem' in state
        ? asProblem(state.problem).message
        : state.answer.ok
          ? `The chain is whole: ${count(state.answer.count ?? 0, 'record')}, each as it was written.`
          : `The chain is broken at record ${num(state.answer.at ?? 0)}: ${state.answer.reason ?? 'it is not as it was written'}.`;
  const sound = typeof state === 'object' && 'answer' in state && state.answer.ok;
  return {
    verdict:
      verdict === undefined ? undefined : (
        <span className={sound ? 't2' : 'bad'} role="status" data-testid="audit-verdict">
          <Glyph name={sound ? 'check' : 'bad'} /> {verdict}
        </span>
      ),
    button: (
      <button
        type="button"
        className="btn"
        data-testid="audit-verify"
        aria-busy={state === 'busy'}
        onClick={() => {
          if (state !== 'busy') void run();
        }}
      >
        {state === 'busy' ? 'Checking every byte' : 'Check the chain'}
      </button>
    ),
  };
}

function Export({ filter, empty }: { filter: AuditFilter; empty: boolean }) {
  const [read, setRead] = useState<number>();
  const [fault, setFault] = useState('');
  const stop = useRef<AbortController>(undefined);
  const run = async (): Promise<void> => {
    stop.current?.abort();
    if (read !== undefined) return setRead(undefined);
    const control = new AbortController();
    stop.current = control;
    setFault('');
    setRead(0);
    try {
      const records = await readAll(filter, setRead, control.signal);
      download(`omh-audit-${new Date(hubNow()).toISOString().slice(0, 10)}.csv`, auditCsv(records));
    } catch (error) {
      if (!control.signal.aborted) setFault(asProblem(error).message);
    }
    setRead(undefined);
  };
  return (
    <>
      {fault === '' ? null : (
        <span className="bad row">
          <Glyph name="bad" />
          {fault}
        </span>
      )}
      <button
        type="button"
        className="btn"
        data-testid="audit-csv"
        disabled={empty}
        onClick={() => {
          void run();
        }}
      >
        <Icon name="save" />
        {read === undefined ? 'Save as CSV' : `Stop, ${num(read)} read`}
      </button>
    </>
  );
}
