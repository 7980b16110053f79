import { useApps, useClients, useConfig } from '../../api/queries.ts';
import { may, signOut } from '../../app/session.ts';
import { Editor } from '../../editor/editor.tsx';
import { hubNow, useFlow, useStatus, useTick } from '../../live/live-store.ts';
import { all, bytes, count, countdown, moment, num, span } from '../../ui/format.ts';
import { Glyph, partGlyph, partWord } from '../../ui/glyph.tsx';
import { ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';

/** Every part of the hub, who is connected, and the file it runs from. */
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
      <Panel title="Parts" meta={status.hub.dataDir} flush>
        <table className="parts">
          <colgroup>
            <col style={{ width: 190 }} />
            <col style={{ width: 110 }} />
            <col />
            <col style={{ width: 220 }} />
            <col style={{ width: 84 }} />
          </colgroup>
          <thead>
            <tr>
              <th>Part</th>
              <th>State</th>
              <th>Why</th>
              <th>Address</th>
              <th className="num">Since</th>
            </tr>
          </thead>
          <tbody>
            {status.parts.map((p) => (
              <tr key={p.id} data-state={p.state}>
                <td className="med">{p.id}</td>
                <td>
                  <span className={`q ${p.state === 'lost' || p.state === 'failed' ? 'bad' : p.state === 'degraded' ? 'unc' : ''}`}>
                    <Glyph name={partGlyph[p.state]} />
                    {partWord[p.state]}
                  </span>
                </td>
                <td className="t2" title={p.reason.text}>
                  {p.reason.text}
                  {p.nextTry === undefined ? '' : ` Next try in ${countdown(Date.parse(p.nextTry) - hubNow())}.`}
                </td>
                <td className="mono t3">{p.address ?? ''}</td>
                <td className="num t3" title={moment(Date.parse(p.since))}>
                  {span(hubNow() - Date.parse(p.since))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
      <div className="side half">
        {may('clients.read') ? <Clients /> : null}
        {may('apps.read') ? <Apps /> : null}
      </div>
      {may('config.read') ? <Config /> : null}
    </div>
  );
}

function Clients() {
  const clients = useClients();
  return (
    <Panel title="Broker clients" meta={clients.data === undefined ? undefined : num(clients.data.length)} flush>
      {clients.isError && clients.data === undefined ? (
        <div style={{ padding: 12 }}>
          <ErrorSay error={clients.error} />
        </div>
      ) : clients.data === undefined ? (
        <Skeleton rows={3} />
      ) : clients.data.length === 0 ? (
        <p className="meta" style={{ padding: '4px 14px 12px' }}>
          Nobody is connected over MQTT; the address stands above, with the broker.
        </p>
      ) : (
        <div className="tablewrap">
          <table>
            <colgroup>
              <col />
              <col style={{ width: 80 }} />
              <col style={{ width: 130 }} />
              <col style={{ width: 70 }} />
              <col style={{ width: 70 }} />
            </colgroup>
            <thead>
              <tr>
                <th>Client</th>
                <th>MQTT</th>
                <th>Reads</th>
                <th className="num">In</th>
                <th className="num">Out</th>
              </tr>
            </thead>
            <tbody>
              {clients.data.slice(0, 200).map((c) => (
                <tr key={c.clientId} className={c.connected ? '' : 'isstale'}>
                  <td title={`${c.peer}, ${c.listener}`}>
                    <Glyph name={c.connected ? 'run' : 'stopped'} /> {c.clientId}
                  </td>
                  <td className="t3">{c.protocol}</td>
                  <td className="mono t3" title={c.subscriptions.map((s) => s.filter).join('\n')}>
                    {c.subscriptions.length === 1 ? c.subscriptions[0]!.filter : count(c.subscriptions.length, 'filter')}
                  </td>
                  <td className="num">{num(c.messagesIn)}</td>
                  <td className="num">{num(c.messagesOut)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Apps() {
  const apps = useApps();
  return (
    <Panel title="Apps" meta="send values on" flush>
      {apps.isError && apps.data === undefined ? (
        <div style={{ padding: 12 }}>
          <ErrorSay error={apps.error} />
        </div>
      ) : apps.data === undefined ? (
        <Skeleton rows={3} />
      ) : apps.data.length === 0 ? (
        <p className="meta" style={{ padding: '4px 14px 12px' }}>
          No app publishes values yet.
        </p>
      ) : (
        <div className="tablewrap">
          <table>
            <colgroup>
              <col style={{ width: 150 }} />
              <col />
              <col style={{ width: 90 }} />
              <col style={{ width: 70 }} />
            </colgroup>
            <thead>
              <tr>
                <th>App</th>
                <th>Topics</th>
                <th className="num">Messages</th>
                <th className="num">Failed</th>
              </tr>
            </thead>
            <tbody>
              {apps.data.map((a) => (
                <tr key={a.name}>
                  <td title={a.reason.text}>
                    <Glyph name={partGlyph[a.state]} /> {a.name}
                  </td>
                  <td className="mono t3" title={a.subscriptions.map((s) => s.topic).join('\n')}>
                    {a.subscriptions.map((s) => s.topic).join(', ')}
                  </td>
                  <td className="num">{num(a.messages)}</td>
                  <td className={`num${a.failed > 0 ? ' bad' : ''}`}>{num(a.failed)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Config() {
  const config = useConfig();
  return (
    <Panel
      title="hub.yaml"
      meta={
        config.data === undefined ? undefined : `${config.data.file}, revision ${config.data.revision}, ${bytes(config.data.text.length)}`
      }
      flush
      className="yaml"
    >
      {config.isError && config.data === undefined ? (
        <div style={{ padding: 12 }}>
          <ErrorSay error={config.error} />
        </div>
      ) : config.data === undefined ? (
        <Skeleton />
      ) : (
        <Editor language="yaml" value={config.data.text} readOnly label="hub.yaml" />
      )}
    </Panel>
  );
}
