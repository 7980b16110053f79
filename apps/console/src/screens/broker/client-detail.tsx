import type { ClientAnswer } from '@omh/api';
import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { api, asProblem } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { hubNow } from '../../live/live-store.ts';
import { bytes, count, moment, num, span } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';
import { brokerChanged, useClient } from './broker-queries.ts';
import { departureWords } from './departure-words.ts';

/** One client: its session, its queue, what it reads, why it went. */
export function ClientDetail({ id, close }: { id: string; close: () => void }) {
  const { data, error } = useClient(id);
  return (
    <Panel
      title={<span className="ell">{id}</span>}
      right={
        <button type="button" className="btn quiet sm" onClick={close}>
          Close
        </button>
      }
      className="detailpanel"
      data-testid="client-detail"
    >
      {data === undefined ? (
        error === null ? (
          <Skeleton />
        ) : asProblem(error).status === 404 ? (
          <p className="t2">It is not here, and was not within the hour.</p>
        ) : (
          <ErrorSay error={error} />
        )
      ) : (
        <Shown answer={data} />
      )}
    </Panel>
  );
}

function Shown({ answer: { clientId, client: c, departure } }: { answer: ClientAnswer }) {
  return (
    <>
      {c === undefined ? null : may('clients.write') || may('bans.write') || may('traces.write') ? (
        <div className="row detailacts">
          {may('clients.write') ? <SendAway id={clientId} connected={c.connected} /> : null}
          {may('bans.write') ? (
            <Link className="btn" to="/broker/$tab" params={{ tab: 'banned' }} search={{ item: '~new', kind: 'client', value: clientId }}>
              Ban
            </Link>
          ) : null}
          {may('traces.write') ? (
            <Link className="btn" to="/broker/$tab" params={{ tab: 'traces' }} search={{ item: '~new', kind: 'client', value: clientId }}>
              Trace
            </Link>
          ) : null}
        </div>
      ) : null}
      <dl className="kv">
        {c === undefined ? null : (
          <>
            <dt>State</dt>
            <dd>
              <Glyph name={c.connected ? 'run' : 'stopped'} /> {c.connected ? 'Connected' : 'Away'} for{' '}
              {span(hubNow() - Date.parse(c.since))}
              <span className="meta block">since {moment(Date.parse(c.since))}</span>
            </dd>
            <dt>Address</dt>
            <dd className="mono">{c.peer}</dd>
            <dt>Through</dt>
            <dd>
              {c.listener}, MQTT {c.protocol}, {c.keepAlive === 0 ? 'no keep-alive' : `keep-alive ${num(c.keepAlive)} s`}
            </dd>
            {c.username === undefined ? null : (
              <>
                <dt>User</dt>
                <dd>{c.username}</dd>
              </>
            )}
            {c.principal === undefined || c.principal === c.username ? null : (
              <>
                <dt>May do as</dt>
                <dd>{c.principal}</dd>
              </>
            )}
            <dt>Session</dt>
            <dd>{c.sessionExpiry === 0 ? 'ends with its connection' : `is kept ${span(c.sessionExpiry * 1000)} without a connection`}</dd>
            <dt>Messages</dt>
            <dd>
              {num(c.messagesIn)} in, {num(c.messagesOut)} out
              {c.dropped === 0 ? null : <span className="unc">, {num(c.dropped)} dropped</span>}
            </dd>
            <dt>On its way</dt>
            <dd>
              {num(c.queued)} waiting, {num(c.inflight)} not acknowledged
              {c.awaitingRelease === 0 ? '' : `, ${num(c.awaitingRelease)} without PUBREL`}
              {c.outBytes === 0 ? '' : `, ${bytes(c.outBytes)} in its socket`}
            </dd>
          </>
        )}
        {departure === undefined ? null : (
          <>
            <dt>Went</dt>
            <dd data-testid="client-departure">
              {span(hubNow() - Date.parse(departure.time))} ago: {departureWords(departure.reason)}
              <span className="meta block">from {departure.peer}</span>
            </dd>
          </>
        )}
      </dl>
      {c === undefined ? null : (
        <>
          <h3 className="sub">{c.subscriptionCount === 0 ? 'It reads nothing' : `Reads ${count(c.subscriptionCount, 'filter')}`}</h3>
          <ul className="filterlist mono">
            {c.subscriptions.map((s) => (
              <li key={s.filter}>
                {s.filter} <span className="t3">QoS {s.qos}</span>
              </li>
            ))}
          </ul>
          {c.subscriptions.length < c.subscriptionCount ? <p className="meta">These are the first of them.</p> : null}
        </>
      )}
    </>
  );
}

function SendAway({ id, connected }: { id: string; connected: boolean }) {
  const field = useId();
  const [reason, setReason] = useState('');
  const [end, setEnd] = useState(false);
  return (
    <AskFirst
      button={connected ? 'Disconnect' : 'End its session'}
      deed={connected ? 'Disconnect it' : 'End it'}
      danger
      testid="client-kick"
      act={async () => {
        const q = new URLSearchParams({ session: end || !connected ? 'end' : 'keep', ...(reason === '' ? {} : { reason }) });
        await api(`/clients/${encodeURIComponent(id)}?${q}`, { method: 'DELETE' });
        await brokerChanged();
      }}
    >
      {connected ? (
        <>
          It may come back at once; a ban keeps it out.
          <label className="lb asked" htmlFor={field}>
            Reason, which 5.0 clients are told
          </label>
          <span className="field">
            <input id={field} data-testid="kick-reason" maxLength={200} value={reason} onChange={(e) => setReason(e.target.value)} />
          </span>
          <label className="tick">
            <input type="checkbox" checked={end} onChange={(e) => setEnd(e.target.checked)} /> End its session and drop what waits
          </label>
        </>
      ) : (
        'What waits for it is dropped, and its subscriptions end.'
      )}
    </AskFirst>
  );
}
