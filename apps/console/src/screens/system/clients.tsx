import { useClients } from '../../api/queries.ts';
import { count, num } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';

const shownClients = 200;

/** Who is connected to the broker, what they read, and how much goes each way. */
export function Clients() {
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
              {clients.data.slice(0, shownClients).map((c) => (
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
          {clients.data.length > shownClients ? (
            <p className="meta" style={{ padding: '8px 14px' }}>
              and {count(clients.data.length - shownClients, 'more client', 'more clients')}
            </p>
          ) : null}
        </div>
      )}
    </Panel>
  );
}
