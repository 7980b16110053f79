import type { ClientRow } from '@omh/api';
import { hubNow } from '../../live/live-store.ts';
import { count, moment, num, span } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { BrokerHead, Find, Loading, usePlace } from './broker-head.tsx';
import { useClient, useClientPages } from './broker-queries.ts';
import { ClientDetail } from './client-detail.tsx';
import { departureWords } from './departure-words.ts';
import { RowTable, type Column } from './row-table.tsx';

const nameColumns: readonly Column<ClientRow>[] = [
  { title: 'Client', width: 'minmax(140px, 2fr)', className: 'med', cell: (c) => c.clientId, hint: (c) => c.clientId },
  {
    title: 'State',
    width: '118px',
    cell: (c) => (
      <>
        <Glyph name={c.connected ? 'run' : 'stopped'} /> {c.connected ? 'Connected' : 'Away'}
      </>
    ),
  },
  {
    title: 'Since',
    width: '82px',
    className: 't2',
    cell: (c) => span(hubNow() - Date.parse(c.since)),
    hint: (c) => moment(Date.parse(c.since)),
  },
];
const wideColumns: readonly Column<ClientRow>[] = [
  { title: 'User', width: 'minmax(80px, 1fr)', className: 't2', cell: (c) => c.username ?? '', phone: 'hidden' },
  { title: 'MQTT', width: '66px', className: 't3', cell: (c) => c.protocol, phone: 'hidden' },
  { title: 'Listener', width: '80px', className: 't3', cell: (c) => c.listener, phone: 'hidden' },
  { title: 'Address', width: 'minmax(150px, 1fr)', className: 'mono t3', cell: (c) => c.peer, phone: 'hidden' },
  {
    title: 'Reads',
    width: 'minmax(90px, 1.2fr)',
    className: 'mono t3',
    cell: (c) => (c.subscriptionCount === 1 ? c.subscriptions[0]!.filter : count(c.subscriptionCount, 'filter')),
    hint: (c) => c.subscriptions.map((s) => s.filter).join('\n'),
    phone: 'hidden',
  },
];
const countColumns: readonly Column<ClientRow>[] = [
  { title: 'In', width: '76px', num: true, cell: (c) => num(c.messagesIn), phone: 'titled' },
  { title: 'Out', width: '76px', num: true, cell: (c) => num(c.messagesOut), phone: 'titled' },
  {
    title: 'Waiting',
    width: '76px',
    num: true,
    cell: (c) => <span className={c.queued > 0 ? 'strong' : 't3'}>{num(c.queued)}</span>,
    phone: 'titled',
  },
  {
    title: 'Dropped',
    width: '78px',
    num: true,
    cell: (c) => <span className={c.dropped > 0 ? 'unc' : 't3'}>{num(c.dropped)}</span>,
    phone: 'titled',
  },
];

function sentenceOf(total: number, connected: number, filtered: boolean): string {
  if (filtered) return total === 0 ? 'No client is like that.' : `${count(total, 'client')} ${total === 1 ? 'is' : 'are'} like that.`;
  if (total === 0) return 'Nobody is connected over MQTT.';
  const away = total - connected;
  const there = connected === 0 ? 'No client is connected' : `${count(connected, 'client')} ${connected === 1 ? 'is' : 'are'} connected`;
  return away === 0
    ? `${there}.`
    : `${there}; ${count(away, 'session')} ${away === 1 ? 'waits for its client' : 'wait for their clients'}.`;
}

/** Everybody the broker knows, and one of them whole. */
export function Clients() {
  const { find = '', state = '', item, put } = usePlace();
  const { rows, answer, more, older, query } = useClientPages(find, state);
  if (rows === undefined || answer === undefined) return <Loading title="MQTT clients" query={query} tab="clients" />;
  const open = item !== undefined;
  return (
    <div className="screen brk">
      <BrokerHead
        tab="clients"
        sentence={sentenceOf(answer.total, answer.connected, find !== '' || state !== '')}
        sub="A session that outlives its connection keeps what comes for its client, up to a bound."
      />
      <div className={`side${open ? '' : ' alone'}`}>
        <Panel flush className="clip">
          <div className="row findrow">
            <Find label="Find clients" placeholder="Find by id, user or address" value={find} find={(text) => put({ find: text })} />
            <div className="field sm statefield">
              <select aria-label="State" data-testid="client-state" value={state} onChange={(e) => put({ state: e.target.value })}>
                <option value="">All</option>
                <option value="connected">Connected</option>
                <option value="away">Away</option>
              </select>
            </div>
            <span className="meta">{rows.length < answer.total ? `${num(rows.length)} of ${num(answer.total)} read` : ''}</span>
          </div>
          <RowTable
            label="MQTT clients"
            rows={rows}
            keyOf={(c) => c.clientId}
            columns={[...nameColumns, ...(open ? [] : wideColumns), ...countColumns]}
            chosen={item}
            choose={(id) => put({ item: id === item ? undefined : id })}
            more={more}
            older={older}
            testid="client"
            touchHeight={88}
            none={find === '' ? 'The address to connect to stands under System, with the broker.' : <Gone id={find} />}
          />
        </Panel>
        {item === undefined ? null : <ClientDetail key={item} id={item} close={() => put({ item: undefined })} />}
      </div>
    </div>
  );
}

/** Somebody who is looked for and not there may have been, within the hour. */
function Gone({ id }: { id: string }) {
  const { data } = useClient(id);
  const went = data?.departure;
  return went === undefined ? (
    <>Nobody has a name or an address with that in it.</>
  ) : (
    <span data-testid="client-gone">
      <b className="med">{id}</b> went {span(hubNow() - Date.parse(went.time))} ago from {went.peer}: {departureWords(went.reason)}.
    </span>
  );
}
