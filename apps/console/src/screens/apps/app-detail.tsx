import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { AppStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import type { Schema } from '../../form/schema.ts';
import { useHeld } from '../../form/use-held.ts';
import { hubNow, useTick } from '../../live/live-store.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { pathOf, type PlanRequest } from '../../plan/plan.ts';
import { count, countdown, moment, num } from '../../ui/format.ts';
import { Glyph, Icon, partGlyph } from '../../ui/glyph.tsx';
import { Panel, Skeleton } from '../../ui/panel.tsx';
import type { Plant } from '../devices/plant.ts';
import { AppForm } from './app-form.tsx';
import { QueuePanel } from './queue-panel.tsx';
import { Subscriptions } from './subscriptions.tsx';

/** One app: its link in a sentence, which groups it sends to which topics, and its settings. */
export function AppDetail({
  status,
  plant,
  schema,
  revision,
}: {
  status: AppStatus;
  plant: Plant | undefined;
  schema: Schema | undefined;
  revision: number | undefined;
}) {
  useTick(1_000);
  const navigate = useNavigate();
  const [removal, setRemoval] = useState<PlanRequest>();
  const settings = useHeld(revision);
  const groups = useHeld(revision);
  const editable = may('config.write');
  const { state, name } = status;
  const wrong = state === 'lost' || state === 'failed';
  const ready = plant !== undefined && schema !== undefined && revision !== undefined && plant.apps[name] !== undefined;
  return (
    <div className="dvdet appdet">
      <Link to="/apps" className="dvback">
        <Icon name="back" />
        All apps
      </Link>
      <div className="row rulehead">
        <div className="grow">
          <h2 className="objname ell">{name}</h2>
          <p className="t2 ell">
            {status.type}
            {status.target === undefined || status.target === '' ? '' : `, to ${status.target}`}
          </p>
        </div>
        {editable && ready ? (
          <button
            type="button"
            className="btn"
            data-testid="app-delete"
            onClick={() => setRemoval({ base: revision, ops: [{ op: 'remove', path: pathOf('apps', name) }] })}
          >
            Delete
          </button>
        ) : null}
      </div>
      <div className={`say ${wrong ? 'badb' : state === 'degraded' ? 'uncb' : 'calm'}`} data-testid="app-state" data-state={state}>
        <Glyph name={partGlyph[state]} />
        <div className="grow">
          <p className="med">{status.reason.text}</p>
          <p>
            {status.nextTry === undefined ? '' : `Next try in ${countdown(Date.parse(status.nextTry) - hubNow())}. `}
            Since {moment(Date.parse(status.since))}.
          </p>
        </div>
        <dl className="linkfacts">
          <div>
            <dt>Messages</dt>
            <dd data-testid="app-messages">{num(status.messages)}</dd>
          </div>
          <div>
            <dt>Failed</dt>
            <dd className={status.failed > 0 ? 'bad' : ''}>{num(status.failed)}</dd>
          </div>
          {status.requests === undefined ? null : (
            <div>
              <dt>Requests</dt>
              <dd title={`${num(status.requests.refused)} refused`}>{num(status.requests.answered)}</dd>
            </div>
          )}
        </dl>
      </div>
      <div className="appcols">
        {status.queue === undefined ? null : <QueuePanel queue={status.queue} told={status.state !== 'running'} />}
        <Panel title="Sends" meta={count(status.subscriptions.length, 'group')} className="appsubs">
          {editable && ready ? (
            <Subscriptions
              key={groups.key}
              app={name}
              plant={plant}
              revision={revision}
              onEditing={groups.onEditing}
              onDone={groups.release}
            />
          ) : (
            <ul className="sublist">
              {status.subscriptions.map((s) => (
                <li key={`${s.device}/${s.group}/${s.topic}`}>
                  <span className="med">
                    {s.device}/{s.group}
                  </span>{' '}
                  <span className="mono t2">{s.topic}</span>
                </li>
              ))}
              {status.subscriptions.length === 0 ? <li className="t2">No group is sent yet.</li> : null}
            </ul>
          )}
          {status.subscriptions.length > 0 && may('mqtt.subscribe') ? (
            <p className="meta" style={{ marginTop: 10 }}>
              <Link to="/messages" search={{ filter: status.subscriptions[0]!.topic }}>
                Watch the messages
              </Link>
            </p>
          ) : null}
        </Panel>
        {may('config.read') ? (
          <Panel title="Settings" flush>
            {ready ? (
              <AppForm
                key={settings.key}
                schema={schema}
                plant={plant}
                revision={revision}
                name={name}
                readOnly={!editable}
                onEditing={settings.onEditing}
                onDone={settings.release}
              />
            ) : (
              <Skeleton />
            )}
          </Panel>
        ) : null}
      </div>
      {removal === undefined ? null : (
        <PlanSheet
          request={removal}
          title={`Delete ${name}`}
          action={`Delete ${name}`}
          confirm={name}
          onClose={() => setRemoval(undefined)}
          onApplied={() => {
            setRemoval(undefined);
            void navigate({ to: '/apps' });
          }}
        >
          <p>
            Takes {name} with {count(status.subscriptions.length, 'subscription')} out of the hub file. Its topics get no more messages; the
            devices are read on.
          </p>
        </PlanSheet>
      )}
    </div>
  );
}
