import { useMediaQuery } from '@mantine/hooks';
import { Link, useSearch } from '@tanstack/react-router';
import { useEffect, useState, type ReactNode } from 'react';
import type { ApiProblem } from '../../api/client.ts';
import { useConfig } from '../../api/queries.ts';
import type { ConfigAnswer } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { useStatus } from '../../live/live-store.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import type { PlanAnswer, PlanRequest } from '../../plan/plan.ts';
import { count, list, num } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { PlanText } from './diff-view.tsx';
import { discard, useDrafts } from './drafts.ts';
import { DriftBanner } from './drift.tsx';
import { Files } from './files.tsx';
import { useDrift } from './queries.ts';
import { Revisions } from './revisions.tsx';
import './configuration.css';

/** The hub's files as text, what was applied before, and what somebody changed by hand. */
export function Configuration() {
  const config = useConfig();
  const running = useStatus()?.hub.revision;
  // A revision that somebody else applied is read as soon as the hub tells of it.
  const { data, isFetching, refetch } = config;
  useEffect(() => {
    if (running !== undefined && data !== undefined && running > data.revision && !isFetching) void refetch();
  }, [running, data, isFetching, refetch]);
  if (config.data !== undefined) return <Loaded config={config.data} />;
  return (
    <div className="screen">
      <Head sentence="Configuration" />
      {config.isError ? (
        <ErrorSay
          error={config.error}
          retry={() => {
            void config.refetch();
          }}
        />
      ) : (
        <Panel>
          <Skeleton />
        </Panel>
      )}
    </div>
  );
}

function Loaded({ config }: { config: ConfigAnswer }) {
  const search: { view?: string; file?: string; revision?: string; against?: string } = useSearch({ strict: false });
  const phone = useMediaQuery('(max-width: 599px)') ?? false;
  const drafts = useDrafts();
  const drift = useDrift();
  const [asked, setAsked] = useState<PlanRequest>();
  const [refused, setRefused] = useState<{ problem: ApiProblem; typed: boolean }>();
  const drifted = drift.data ?? [];
  const main = config.files[0]!.name;
  const open = config.files.some((f) => f.name === search.file) ? search.file! : main;
  const viewRevisions = search.view === 'revisions';
  const locked =
    config.readOnly ?? (!may('config.write') ? 'Engineers can change this.' : phone ? 'Editing needs a wider screen.' : undefined);
  const writable = locked === undefined;
  useKeepDrafts(drafts.size > 0);
  const plan = (request: PlanRequest): void => {
    setRefused(undefined);
    setAsked(request);
  };
  const typedOne = asked !== undefined && 'files' in asked;
  return (
    <div className="screen cfg">
      <Head
        sentence={sentenceOf(
          config,
          drifted.map((f) => f.file),
          drafts.size,
        )}
        sub={<span className="mono cfgpath">{config.file}</span>}
      />
      {config.readOnly === undefined ? null : (
        <div className="say calm" data-testid="config-readonly">
          <Glyph name="stopped" />
          <div>
            <p className="strong">{config.readOnly}</p>
            <p>
              It is shown as it is. Make it writable for the user that runs omh, or change it where it is kept; that shows here as a hand
              edit.
            </p>
          </div>
        </div>
      )}
      {config.pending.length === 0 ? null : (
        <div className="say calm" data-testid="config-pending">
          <Glyph name="wait" />
          <div>
            <p className="strong">
              {count(config.pending.length, 'applied change takes', 'applied changes take')} effect when the hub starts again.
            </p>
            {config.pending.slice(0, 5).map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
            {config.pending.length > 5 ? <p>and {num(config.pending.length - 5)} more</p> : null}
          </div>
        </div>
      )}
      {drifted.length === 0 ? null : (
        <DriftBanner
          files={drifted}
          revision={config.revision}
          plan={may('config.write') && !phone ? () => plan({ base: config.revision, disk: true }) : undefined}
        />
      )}
      {refused !== undefined && (viewRevisions || (!refused.typed && drifted.length > 0)) ? <ErrorSay error={refused.problem} /> : null}
      {drift.isError ? <ErrorSay error={drift.error} /> : null}
      <nav className="tabs" aria-label="Parts of the configuration">
        <Link to="/configuration" search={{}} aria-selected={!viewRevisions} data-testid="tab-files">
          Files <small>{num(config.files.length)}</small>
        </Link>
        <Link to="/configuration" search={{ view: 'revisions' }} aria-selected={viewRevisions} data-testid="tab-revisions">
          Revisions <small>{num(config.revision)}</small>
        </Link>
      </nav>
      {viewRevisions ? (
        <Revisions
          config={config}
          revision={numberOf(search.revision)}
          against={numberOf(search.against)}
          plan={writable ? plan : undefined}
        />
      ) : (
        <Files
          config={config}
          open={open}
          edited={drifted.some((f) => f.file === open)}
          locked={locked}
          refused={refused?.typed === true ? refused.problem : undefined}
          plan={plan}
          forget={() => setRefused(undefined)}
        />
      )}
      {asked === undefined ? null : (
        <PlanSheet
          request={asked}
          title={'revision' in asked ? `Back to revision ${asked.revision}` : undefined}
          onApplied={() => {
            setAsked(undefined);
            if (typedOne) discard();
          }}
          onClose={() => setAsked(undefined)}
          onRefused={(problem) => {
            setAsked(undefined);
            // Places in a text that is not the one in the editor are told, not marked.
            setRefused({ problem, typed: typedOne });
          }}
          detail={textOf}
        />
      )}
    </div>
  );
}

const textOf = ({ planId }: PlanAnswer): ReactNode => <PlanText planId={planId} />;
const numberOf = (text: string | undefined): number | undefined => (text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined);

function sentenceOf(config: ConfigAnswer, drifted: readonly string[], drafts: number): string {
  if (drifted.length > 0) return `${list(drifted)} ${drifted.length === 1 ? 'was' : 'were'} changed by hand and not applied.`;
  if (drafts > 0) return `${drafts === 1 ? 'A change is' : `Changes in ${num(drafts)} files are`} typed and not applied.`;
  return `Revision ${num(config.revision)} runs, as the ${config.files.length === 1 ? 'file says' : 'files say'}.`;
}

/** The browser asks before a page with typed text is closed. */
function useKeepDrafts(dirty: boolean): void {
  useEffect(() => {
    if (!dirty) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [dirty]);
}
