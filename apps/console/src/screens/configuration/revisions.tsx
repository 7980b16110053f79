import { Link } from '@tanstack/react-router';
import type { ConfigAnswer, Revision } from '../../api/types.ts';
import type { PlanRequest } from '../../plan/plan.ts';
import { hubNow, useTick } from '../../live/live-store.ts';
import { count, moment, num, span } from '../../ui/format.ts';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { DiffView } from './diff-view.tsx';
import { useDiff, useRevisions } from './queries.ts';

const shownChanges = 100;

export interface RevisionsProps {
  config: ConfigAnswer;
  /** The one that is open; the running one when absent. */
  revision: number | undefined;
  /** What its text is compared with; the revision before when absent. */
  against: number | undefined;
  /** undefined where this role or the file does not allow it. */
  plan: ((request: PlanRequest) => void) | undefined;
}

/** What was applied, by whom and why; each with its text and the way back to it. */
export function Revisions({ config, revision, against, plan }: RevisionsProps) {
  const revisions = useRevisions();
  useTick(5_000);
  const open = revision ?? config.revision;
  if (revisions.data === undefined)
    return revisions.isError ? (
      <ErrorSay
        error={revisions.error}
        retry={() => {
          void revisions.refetch();
        }}
      />
    ) : (
      <Panel>
        <Skeleton />
      </Panel>
    );
  const found = revisions.data.find((r) => r.revision === open);
  return (
    <div className="listside">
      <Panel flush className="clip rulelist revlist">
        <ul aria-label="Revisions" data-testid="revisions">
          {revisions.data.map((r) => (
            <RevisionLine key={r.revision} revision={r} running={r.revision === config.revision} selected={r.revision === open} />
          ))}
        </ul>
        {revisions.hasNextPage ? (
          <button
            type="button"
            className="btn quiet revmore"
            data-testid="revisions-more"
            disabled={revisions.isFetchingNextPage}
            onClick={() => {
              void revisions.fetchNextPage();
            }}
          >
            {revisions.isFetchingNextPage ? 'Reading older ones' : 'Show older ones'}
          </button>
        ) : null}
      </Panel>
      <Detail config={config} open={open} revision={found} against={against} plan={plan} />
    </div>
  );
}

const RevisionLine = ({ revision: r, running, selected }: { revision: Revision; running: boolean; selected: boolean }) => (
  <li className={selected ? 'sel' : ''}>
    <Link
      to="/configuration"
      search={{ view: 'revisions', revision: String(r.revision) }}
      data-testid={`revision-${r.revision}`}
      aria-current={selected ? 'true' : undefined}
    >
      <div className="row">
        <b>{num(r.revision)}</b>
        {running ? <span className="chip on">runs</span> : null}
        <span className="meta right ell" title={`${r.by}, ${moment(Date.parse(r.at))}`}>
          {r.by}
        </span>
        <span className="meta nowrap">{span(hubNow() - Date.parse(r.at))} ago</span>
      </div>
      <p className="revsay t2">{r.comment === '' ? (r.changes[0]?.sentence ?? 'Comments and layout only') : r.comment}</p>
    </Link>
  </li>
);

function Detail({
  config,
  open,
  revision: r,
  against,
  plan,
}: {
  config: ConfigAnswer;
  open: number;
  revision: Revision | undefined;
  against: number | undefined;
  plan: RevisionsProps['plan'];
}) {
  const running = open === config.revision;
  // Before the first one there is nothing: its text is its diff.
  const before = open === 1 ? 0 : undefined;
  const diff = useDiff({ revision: open, against: against ?? before });
  const withRunning = against === config.revision && !running;
  return (
    <div className="cfgside">
      <Panel
        title={`Revision ${num(open)}`}
        meta={running ? 'runs' : undefined}
        data-testid="revision-detail"
        className="revdetail"
        right={
          running || plan === undefined ? undefined : (
            <button
              type="button"
              className="btn sm"
              data-testid="revision-back"
              onClick={() => plan({ base: config.revision, revision: open })}
            >
              Go back to this
            </button>
          )
        }
      >
        {r === undefined ? (
          <p className="t2">Who made it and why stands further down the list of revisions.</p>
        ) : (
          <>
            <p className="t2">
              {r.by}, {moment(Date.parse(r.at))}
              {r.comment === '' ? '' : `: ${r.comment}`}
            </p>
            {r.changes.length === 0 ? null : (
              <ul className="revchanges">
                {r.changes.slice(0, shownChanges).map((c) => (
                  <li key={c.kind + c.path + c.sentence}>{c.sentence}</li>
                ))}
              </ul>
            )}
            {r.changes.length > shownChanges ? (
              <p className="meta">and {count(r.changes.length - shownChanges, 'more change', 'more changes')}</p>
            ) : null}
          </>
        )}
      </Panel>
      <Panel
        title="Text"
        meta={
          against !== undefined
            ? `from revision ${num(against)} to ${num(open)}`
            : before === 0
              ? 'as it began'
              : 'against the revision before'
        }
        className="revtext"
        right={
          running ? undefined : (
            <Link
              className="btn sm"
              to="/configuration"
              search={{
                view: 'revisions',
                revision: String(open),
                ...(withRunning ? {} : { against: String(config.revision) }),
              }}
              data-testid="revision-compare"
            >
              {withRunning ? 'Against the one before' : `Against revision ${num(config.revision)}, which runs`}
            </Link>
          )
        }
      >
        {diff.isError ? (
          <ErrorSay error={diff.error} />
        ) : diff.data === undefined ? (
          <Skeleton rows={4} />
        ) : (
          <DiffView files={diff.data} nothing="The text is the same." />
        )}
      </Panel>
    </div>
  );
}
