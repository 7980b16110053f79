import type { SubscriptionRow } from '@omh/api';
import { count } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { BrokerHead, Find, Loading, usePlace } from './broker-head.tsx';
import { useSubscriptionPages } from './broker-queries.ts';
import { ClientDetail } from './client-detail.tsx';
import { RowTable, type Column } from './row-table.tsx';

const flags = (s: SubscriptionRow): string =>
  [
    ...(s.noLocal ? ['not its own'] : []),
    ...(s.retainAsPublished ? ['retain as published'] : []),
    ...(s.id === undefined ? [] : [`id ${s.id}`]),
  ].join(', ');
const columns: readonly Column<SubscriptionRow>[] = [
  { title: 'Filter', width: 'minmax(160px, 2fr)', className: 'mono', cell: (s) => s.filter, hint: (s) => s.filter },
  {
    title: 'Client',
    width: 'minmax(140px, 1.4fr)',
    cell: (s) => (
      <>
        <Glyph name={s.connected ? 'run' : 'stopped'} /> {s.clientId}
      </>
    ),
    hint: (s) => (s.connected ? 'Connected' : 'Away'),
  },
  { title: 'QoS', width: '60px', num: true, cell: (s) => s.qos, phone: 'titled' },
  { title: 'Options', width: 'minmax(80px, 1fr)', className: 't3', cell: flags },
];
const keyOf = (s: SubscriptionRow): string => `${s.clientId}\n${s.filter}`;

/** Who is subscribed to what. */
export function Subscriptions() {
  const { find = '', item, put } = usePlace();
  const { rows, more, older, query } = useSubscriptionPages(find);
  if (rows === undefined || (query.isError && find !== '' && rows.length === 0)) {
    return <Loading title="Subscriptions" query={query} tab="subscriptions" />;
  }
  const all = `${more ? 'More than ' : ''}${count(rows.length, 'subscription')}`;
  const client = item?.slice(0, item.lastIndexOf('\n'));
  return (
    <div className="screen brk">
      <BrokerHead
        tab="subscriptions"
        sentence={rows.length === 0 ? (find === '' ? 'Nobody reads anything over MQTT.' : 'No subscription is like that.') : `${all}.`}
        sub="A filter finds itself and every subscription within it: plant/# finds plant/+/state."
      />
      <div className={`side${client === undefined ? ' alone' : ''}`}>
        <Panel flush className="clip">
          <div className="row findrow">
            <Find
              label="Filter of subscriptions"
              placeholder="Topic filter, such as plant/#"
              value={find}
              find={(text) => put({ find: text })}
            />
            {query.isError ? <FilterFault error={query.error} /> : null}
          </div>
          <RowTable
            label="Subscriptions"
            rows={rows}
            keyOf={keyOf}
            columns={columns}
            chosen={item}
            choose={(key) => put({ item: key === item ? undefined : key })}
            more={more}
            older={older}
            testid="subscription"
            none="Clients that subscribe appear here at once."
          />
        </Panel>
        {client === undefined ? null : <ClientDetail key={client} id={client} close={() => put({ item: undefined })} />}
      </div>
    </div>
  );
}

/** What the hub says of a filter that is none, beside the field. */
export const FilterFault = ({ error }: { error: unknown }) => (
  <span className="bad row" role="alert">
    <Glyph name="bad" />
    {error instanceof Error ? error.message : ''}
  </span>
);
