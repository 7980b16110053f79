import { Link } from '@tanstack/react-router';
import { useClients } from '../../api/queries.ts';
import { count, num } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';

/** The first of those who are connected to the broker; the Broker screen has them all. */
export function Clients() {
  const clients = useClients();
  return (
    <Panel
      title="Broker clients"
      meta={clients.data === undefined ? undefined : num(clients.data.total)}
      right={
        <Link to="/broker/$tab" params={{ tab: 'clients' }} data-testid="all-clients">
          All clients
        </Link>
      }
      flush
    >
      {clients.isError && clients.data === undefined ? (
        <div style={{ padding: 12 }}>
          <ErrorSay error={clients.error} />
        </div>
      ) : clients.data === undefined ? (
        <Skeleton rows={3} />
      ) : clients.data.total === 0 ? (
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
              {clients.data.clients.map((c) => (
                <tr key={c.clientId} className={c.connected ? '' : 'isstale'}>
                  <td title={`${c.peer}, ${c.listener}`}>
                    <Glyph name={c.connected ? 'run' : 'stopped'} /> {c.clientId}
                  </td>
                  <td className="t3">{c.protocol}</td>
                  <td className="mono t3" title={c.subscriptions.map((s) => s.filter).join('\n')}>
                    {c.subscriptionCount === 1 ? c.subscriptions[0]!.filter : count(c.subscriptionCount, 'filter')}
                  </td>
                  <td className="num">{num(c.messagesIn)}</td>
                  <td className="num">{num(c.messagesOut)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {clients.data.total > clients.data.clients.length ? (
            <p className="meta" style={{ padding: '8px 14px' }}>
              and {count(clients.data.total - clients.data.clients.length, 'more client', 'more clients')}
            </p>
          ) : null}
        </div>
      )}
    </Panel>
  );
}
