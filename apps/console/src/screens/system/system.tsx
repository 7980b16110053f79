import { Link } from '@tanstack/react-router';
import { may, signOut } from '../../app/session.ts';
import { hubNow, useFlow, useStatus, useTick } from '../../live/live-store.ts';
import { all, count, num, span } from '../../ui/format.ts';
import { Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { Clients } from './clients.tsx';
import { Parts } from './parts.tsx';

/** What the hub is made of and who is connected. */
export function System() {
  const status = useStatus();
  const flow = useFlow();
  useTick(1_000);
  if (status === undefined)
    return (
      <div className="screen">
        <Head sentence="System" />
        <Panel>
          <Skeleton />
        </Panel>
      </div>
    );
  const up = hubNow() - Date.parse(status.hub.startedAt);
  const running = status.parts.filter((p) => p.state === 'running').length;
  return (
    <div className="screen sys">
      <Head
        sentence={
          running === status.parts.length ? `${all(running)} parts run.` : `${num(running)} of ${count(status.parts.length, 'part')} run.`
        }
        sub={`omh ${status.hub.version} has run for ${span(up)}${flow === undefined ? '' : `, uses ${num(flow.rssMb)} MB of memory and answers at most ${num(flow.loop.p99Ms, flow.loop.p99Ms < 10 ? 1 : 0)} ms late, 99 times of 100`}.`}
      >
        <button
          type="button"
          className="btn"
          onClick={() => {
            void signOut();
          }}
        >
          Sign out
        </button>
      </Head>
      <Parts status={status} />
      <Panel title="Configuration" data-testid="system-config">
        <p>
          Revision {num(status.hub.revision)} runs
          {status.hub.drift ? '; the files on disk were changed by hand since' : ''}.{' '}
          {may('config.read') ? <Link to="/configuration">Files, revisions and what changed</Link> : null}
        </p>
      </Panel>
      {may('clients.read') ? <Clients /> : null}
    </div>
  );
}
